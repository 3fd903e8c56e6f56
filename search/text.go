package search

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// text is a text to look for without regard to case and to the kind of white space.
type text struct {
	needle *needle
	plus   *needle // the text with plus signs for its blanks, nil if it has no blanks
	code   code
}

// newText returns a text that is also looked for with plus signs for its blanks, as plus
// signs that are not escaped in a query string become blanks.
func newText(s string) text {
	t := text{needle: newNeedle(s)}
	if strings.Contains(t.needle.text, " ") {
		t.plus = newNeedle(strings.ReplaceAll(t.needle.text, " ", "+"))
	}
	t.code = newCode(t.needle)
	return t
}

// in reports whether s contains the text.
func (t text) in(s string) bool { return t.needle.in(s) || t.plus != nil && t.plus.in(s) }

func textCondition(cost cost, t text, in func(text, *candidate) bool) condition {
	return condition{cost: cost, matches: func(c *candidate) bool { return in(t, c) }}
}

func (t text) inSubject(c *candidate) bool { return t.in(message.DecodeHeader(c.Subject)) }

func (t text) inFrom(c *candidate) bool { return t.in(message.DecodeHeader(c.From)) }

func (t text) inTo(c *candidate) bool { return t.in(message.DecodeHeader(c.To)) }

var inCc, inBccField, inReplyTo = inField("Cc"), inField("Bcc"), inField("Reply-To")

// inBcc also looks at those recipients of the envelope that are in no field.
func (t text) inBcc(c *candidate) bool {
	if inBccField(t, c) {
		return true
	}
	for _, r := range c.Recipients {
		if t.in(r) && !c.names(r) {
			return true
		}
	}
	return false
}

// inAddressed looks at the addresses in the header and the blind-copied recipients.
func (t text) inAddressed(c *candidate) bool {
	return t.inFrom(c) || t.inTo(c) || inCc(t, c) || t.inBcc(c) || inReplyTo(t, c)
}

func (t text) inSender(c *candidate) bool { return t.in(c.Sender) }

func (t text) inRecipients(c *candidate) bool { return slices.ContainsFunc(c.Recipients, t.in) }

func (t text) inLogin(c *candidate) bool { return t.in(c.Login()) }

func (t text) inFiles(c *candidate) bool { return c.hasFile(t) }

// anywhere looks where a reader would: in the subject, the addresses, the text, the HTML
// and its source, the names of the attachments, and the codes.
func (t text) anywhere(c *candidate) bool {
	return c.contains(t.needle) || t.plus != nil && c.contains(t.plus) || t.code != "" && t.code.in(c)
}

// inField looks in the fields of that name.
func inField(name string) func(text, *candidate) bool {
	named := newNeedle(name)
	return func(t text, c *candidate) bool { return t.inNamed(c, named, name) }
}

// inNamed looks in the fields of a name, which is also given as a needle. That rules out
// most mails without such a field, so that they are not parsed.
func (t text) inNamed(c *candidate, named *needle, name string) bool {
	return (!named.ascii || named.inASCII(c.Raw)) && slices.ContainsFunc(c.mail().Header().All(name), t.in)
}

// headerCondition matches messages with such a text in a field of that name.
func headerCondition(name string, t text) condition {
	named := newNeedle(name)
	return condition{cost: costStructure, matches: func(c *candidate) bool { return t.inNamed(c, named, name) }}
}

// names reports whether a field of the header names an address as a recipient.
func (c *candidate) names(address string) bool {
	e := c.entry()
	for _, list := range [][]message.Address{e.To, e.Cc, e.Bcc} {
		if slices.ContainsFunc(list, func(a message.Address) bool { return strings.EqualFold(a.Address, address) }) {
			return true
		}
	}
	return false
}
