package search

import "strings"

// maxStars bounds the asterisks in a pattern.
const maxStars = 8

// pattern is a text in which * stands for any text.
type pattern []string

// newPattern treats several asterisks in a row as one.
func newPattern(s string) pattern {
	pieces := strings.Split(strings.ToLower(s), "*")
	if len(pieces) == 1 {
		return pieces
	}
	p := pattern{pieces[0]}
	for _, piece := range pieces[1 : len(pieces)-1] {
		if piece != "" {
			p = append(p, piece)
		}
	}
	return append(p, pieces[len(pieces)-1])
}

func (p pattern) stars() int { return len(p) - 1 }

// domain returns the domain of all addresses that the pattern matches, "" if they may have
// different ones, and whether the pattern matches every address in that domain.
func (p pattern) domain() (domain string, whole bool) {
	last := p[len(p)-1]
	at := strings.LastIndexByte(last, '@')
	if at < 0 || at == len(last)-1 {
		return "", false
	}
	return last[at+1:], at == 0 && len(p) == 2 && p[0] == ""
}

// matches reports whether the pattern is all of s, in any case. The leftmost place
// for each piece is enough to try.
func (p pattern) matches(s string) bool {
	s = strings.ToLower(s)
	first, last := p[0], p[len(p)-1]
	if len(p) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, piece := range p[1 : len(p)-1] {
		_, rest, ok := strings.Cut(s, piece)
		if !ok {
			return false
		}
		s = rest
	}
	return true
}
