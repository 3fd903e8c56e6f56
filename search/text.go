package search

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// text is a text that is looked for in any case.
type text struct {
	*message.Search
	plus *message.Search // what it was if its blanks were plus signs, nil if it has none
}

func newText(s string) text { return text{Search: message.NewSearch(s)} }

// forgivingText is a text whose blanks may have been plus signs, which somebody did
// not escape in a query string.
func forgivingText(s string) text {
	t := newText(s)
	if s = strings.TrimSpace(s); strings.Contains(s, " ") {
		t.plus = message.NewSearch(strings.ReplaceAll(s, " ", "+"))
	}
	return t
}

// In tells that s contains the text.
func (t text) In(s string) bool { return t.Search.In(s) || t.plus != nil && t.plus.In(s) }

func textCondition(cost cost, t text, in func(text, *candidate) bool) condition {
	return condition{cost: cost, matches: func(c *candidate) bool { return in(t, c) }}
}

func (t text) inSubject(c *candidate) bool { return t.In(message.DecodeHeader(c.Subject)) }

func (t text) inFrom(c *candidate) bool { return t.In(message.DecodeHeader(c.From)) }

func (t text) inTo(c *candidate) bool { return t.In(message.DecodeHeader(c.To)) }

func (t text) inCc(c *candidate) bool { return t.inFields(c, "Cc") }

// inBcc looks at the recipients of the envelope too whom no field names.
func (t text) inBcc(c *candidate) bool {
	if t.inFields(c, "Bcc") {
		return true
	}
	for _, r := range c.Recipients {
		if t.In(r) && !c.names(r) {
			return true
		}
	}
	return false
}

func (t text) inReplyTo(c *candidate) bool { return t.inFields(c, "Reply-To") }

// inAddressed looks where the mail has an address.
func (t text) inAddressed(c *candidate) bool {
	return t.inFrom(c) || t.inTo(c) || t.inCc(c) || t.inBcc(c) || t.inReplyTo(c)
}

// inFields tells that a field of that name contains the text.
func (t text) inFields(c *candidate, name string) bool {
	return fieldName(name).In(c.Raw) && slices.ContainsFunc(c.mail().Header().All(name), t.In)
}

func (t text) inMessageID(c *candidate) bool { return t.inFields(c, "Message-ID") }

func (t text) inSender(c *candidate) bool { return t.In(c.Sender) }

func (t text) inRecipients(c *candidate) bool { return slices.ContainsFunc(c.Recipients, t.In) }

func (t text) inLogin(c *candidate) bool { return t.In(c.login()) }

func (t text) inFiles(c *candidate) bool { return c.hasFile(t) }

// anywhere looks where a reader would: in the subject, the addresses, the text, the
// HTML, and the names of the attachments.
func (t text) anywhere(c *candidate) bool {
	return t.inSubject(c) || t.In(c.Sender) || t.inFrom(c) || t.inTo(c) || t.inRecipients(c) ||
		t.InBody(c.Raw) || t.plus != nil && t.plus.InBody(c.Raw) || t.inFiles(c)
}

// fieldName looks for a field's name in a raw mail, which tells without parsing that
// there is no such field.
func fieldName(name string) *message.Search { return message.NewSearch(name) }

// headerCondition matches messages with such a text in a field of that name.
func headerCondition(name string, t text) condition {
	named := fieldName(name)
	return condition{cost: costStructure, matches: func(c *candidate) bool {
		return named.In(c.Raw) && slices.ContainsFunc(c.mail().Header().All(name), t.In)
	}}
}

// names tells that a field of the header names an address as a recipient.
func (c *candidate) names(address string) bool {
	e := c.entry()
	for _, list := range [][]message.Address{e.To, e.Cc, e.Bcc} {
		if slices.ContainsFunc(list, func(a message.Address) bool { return strings.EqualFold(a.Address, address) }) {
			return true
		}
	}
	return false
}
