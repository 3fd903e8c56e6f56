// Package pattern matches texts, such as addresses, with patterns in which * stands for
// any text. Faults, filters and lists of recipients all use it, so that a pattern means
// the same everywhere.
package pattern

import (
	"errors"
	"fmt"
	"strings"
)

// MaxStars bounds the asterisks in a pattern of a request or a list. Several in a row are
// one.
const MaxStars = 8

// Pattern is a text in which * stands for any text, also for none. Case does not matter,
// unless it is made by Exact. The zero value matches only the empty text.
type Pattern struct {
	pieces []string // between them there are asterisks; in lower case, unless it is exact
	exact  bool
}

// Part is a part of the text of a pattern. In a plain part an asterisk stands for itself.
type Part struct {
	Text  string
	Plain bool
}

// New reads a pattern. Any text is one.
func New(s string) Pattern { return Of(Part{Text: s}) }

// Of makes a pattern of parts.
func Of(parts ...Part) Pattern { return join(parts, strings.ToLower) }

// Exact makes a pattern of parts for which case matters.
func Exact(parts ...Part) Pattern {
	p := join(parts, func(s string) string { return s })
	p.exact = true
	return p
}

func join(parts []Part, fold func(string) string) Pattern {
	pieces := []string{""}
	for _, part := range parts {
		texts := []string{fold(part.Text)}
		if !part.Plain {
			texts = strings.Split(texts[0], "*")
		}
		pieces[len(pieces)-1] += texts[0]
		pieces = append(pieces, texts[1:]...)
	}
	kept := []string{pieces[0]}
	for i, piece := range pieces[1:] {
		if piece != "" || i == len(pieces)-2 { // the last one
			kept = append(kept, piece)
		}
	}
	return Pattern{pieces: kept}
}

// List is patterns of which one has to match.
type List []Pattern

// NewList reads patterns. Each has to be there and to have at most MaxStars asterisks.
func NewList(texts ...string) (List, error) {
	list := make(List, 0, len(texts))
	for _, text := range texts {
		p := New(text)
		switch {
		case text == "":
			return nil, errors.New("empty pattern: expected a text such as *@example.com")
		case p.Stars() > MaxStars:
			return nil, fmt.Errorf("pattern %q: expected at most %d asterisks", text, MaxStars)
		}
		list = append(list, p)
	}
	return list, nil
}

// Match reports whether one of the patterns matches s.
func (l List) Match(s string) bool {
	for _, p := range l {
		if p.Matches(s) {
			return true
		}
	}
	return false
}

// String is the pattern, in lower case unless it is exact.
func (p Pattern) String() string { return strings.Join(p.pieces, "*") }

// Stars is how many asterisks the pattern has.
func (p Pattern) Stars() int { return max(0, len(p.pieces)-1) }

// Domain returns the domain of all addresses that the pattern matches, "" if they may have
// different ones, and whether the pattern matches every address in that domain.
func (p Pattern) Domain() (domain string, whole bool) {
	if len(p.pieces) == 0 {
		return "", false
	}
	last := p.pieces[len(p.pieces)-1]
	at := strings.LastIndexByte(last, '@')
	if at < 0 || at == len(last)-1 {
		return "", false
	}
	return last[at+1:], at == 0 && len(p.pieces) == 2 && p.pieces[0] == ""
}

// Matches reports whether the pattern is all of s, in any case unless it is exact. The
// leftmost place for each piece is enough to try.
func (p Pattern) Matches(s string) bool {
	if len(p.pieces) == 0 {
		return s == ""
	}
	if !p.exact {
		s = strings.ToLower(s)
	}
	first, last := p.pieces[0], p.pieces[len(p.pieces)-1]
	if len(p.pieces) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, piece := range p.pieces[1 : len(p.pieces)-1] {
		_, rest, ok := strings.Cut(s, piece)
		if !ok {
			return false
		}
		s = rest
	}
	return true
}
