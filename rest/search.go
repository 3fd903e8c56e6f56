package rest

import (
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// text is a text that is looked for in any case.
type text struct{ *message.Search }

func newText(s string) text { return text{message.NewSearch(s)} }

func (t text) inSubject(m *store.Message) bool { return t.In(message.DecodeHeader(m.Subject)) }

func (t text) inFrom(m *store.Message) bool { return t.In(message.DecodeHeader(m.From)) }

func (t text) inTo(m *store.Message) bool { return t.In(message.DecodeHeader(m.To)) }

// inHeader is whether any field of that name contains the text.
func (t text) inHeader(name string) func(m *store.Message) bool {
	named := message.NewSearch(name)
	return func(m *store.Message) bool {
		if !named.In(m.Raw) {
			return false
		}
		for _, value := range message.Parse(m.Raw).Header().All(name) {
			if t.In(value) {
				return true
			}
		}
		return false
	}
}

// anywhere looks where a reader would: in the subject, the addresses, and the
// text and HTML.
func (t text) anywhere(m *store.Message) bool {
	if t.inSubject(m) || t.In(m.Sender) || t.inFrom(m) || t.inTo(m) {
		return true
	}
	for _, r := range m.Recipients {
		if t.In(r) {
			return true
		}
	}
	return t.InBody(m.Raw)
}

// pattern is an address in which * stands for any text.
type pattern []string

func newPattern(s string) pattern { return strings.Split(strings.ToLower(s), "*") }

// matches reports whether the pattern is all of s, in any case. The leftmost place
// for each piece is enough to try.
func (p pattern) matches(s string) bool {
	s = strings.ToLower(s)
	first, last := p[0], p[len(p)-1]
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
