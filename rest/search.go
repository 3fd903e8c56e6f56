package rest

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// candidate is a message while it is looked at. It is parsed once, if a condition needs
// that.
type candidate struct {
	*store.Message
	parsed *message.Message
}

func (c *candidate) mail() *message.Message {
	if c.parsed == nil {
		c.parsed = message.Parse(c.Raw)
	}
	return c.parsed
}

func (c *candidate) hasAttachments() bool {
	if c.parsed == nil {
		return message.HasAttachments(c.Raw)
	}
	return len(c.parsed.Attachments()) > 0
}

// condition is one that no index answers.
type condition struct {
	cost    cost
	matches func(*candidate) bool
}

// cost is how much work a condition is: those that are less come first.
type cost int

const (
	costEnvelope    cost = iota
	costField            // a field of the header is decoded
	costParsed           // the structure of the mail is looked at
	costAttachments      // that, and which parts are shown
	costBody             // its text is decoded
)

// match is whether all conditions hold.
func (q *query) match(m *store.Message) bool {
	c := candidate{Message: m}
	for _, condition := range q.conditions {
		if !condition.matches(&c) {
			return false
		}
	}
	return true
}

// text is a text that is looked for in any case.
type text struct{ *message.Search }

func newText(s string) text { return text{message.NewSearch(s)} }

func (t text) inSubject(c *candidate) bool { return t.In(message.DecodeHeader(c.Subject)) }

func (t text) inFrom(c *candidate) bool { return t.In(message.DecodeHeader(c.From)) }

func (t text) inTo(c *candidate) bool { return t.In(message.DecodeHeader(c.To)) }

// inHeader is whether any field of that name contains the text.
func (t text) inHeader(name string) func(c *candidate) bool {
	named := message.NewSearch(name)
	return func(c *candidate) bool {
		return named.In(c.Raw) && slices.ContainsFunc(c.mail().Header().All(name), t.In)
	}
}

// anywhere looks where a reader would: in the subject, the addresses, and the
// text and HTML.
func (t text) anywhere(c *candidate) bool {
	return t.inSubject(c) || t.In(c.Sender) || t.inFrom(c) || t.inTo(c) || slices.ContainsFunc(c.Recipients, t.In) || t.InBody(c.Raw)
}

// pattern is an address in which * stands for any text.
type pattern []string

// newPattern takes several asterisks in a row for one.
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

// domain is the domain of all addresses that the pattern matches, "" if it may be
// different ones, and whether the pattern is any address in that domain.
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
