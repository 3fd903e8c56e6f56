package search

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// The bits of a message's hint, which saves searches from working them out again: that the
// hint is set; that all that a reader sees, except for the envelope, is in the raw mail as
// plain ASCII; that the addresses of the envelope are there too; and where the body begins.
const (
	hintKnown = 1 << iota
	hintInPlace
	hintEnvelope
	hintBody      = iota // how far the offset of the body is shifted
	maxHintedBody = 1<<(32-hintBody) - 1
)

// maxHintedRecipients bounds the recipients of the envelope that are looked for in a raw
// mail.
const maxHintedRecipients = 4

// place returns the hint of the candidate, and sets it if it was not known.
func (c *candidate) place() uint32 {
	hint := c.Hint()
	if hint == 0 {
		hint = hintOf(c)
		c.SetHint(hint)
	}
	return hint
}

func hintOf(c *candidate) uint32 {
	header, body, plain := message.Plain(c.Raw)
	at := len(c.Raw) - len(body)
	if !plain || at > maxHintedBody || !isASCII(c.Raw) || strings.IndexByte(c.Raw, 0) >= 0 || strings.IndexByte(c.Raw, 0x1b) >= 0 || slices.ContainsFunc(header, func(f message.Field) bool {
		return isVisible(f.Name) && (strings.Contains(f.Raw, "=?") || strings.Contains(f.Raw, `\`))
	}) {
		return hintKnown
	}
	hint := uint32(hintKnown | hintInPlace | at<<hintBody)
	if len(c.Recipients) > maxHintedRecipients {
		return hint
	}
	for _, address := range append([]string{c.Sender}, c.Recipients...) {
		if n := newNeedle(address); !n.ascii || !n.inASCII(c.Raw) {
			return hint
		}
	}
	return hint | hintEnvelope
}

func isVisible(field string) bool {
	for _, name := range visibleFields {
		if len(name) == len(field) && strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// contains reports whether a reader may see the needle somewhere in the mail.
func (c *candidate) contains(n *needle) bool {
	hint := c.place()
	if hint&hintInPlace == 0 {
		return c.text().contains(n)
	}
	found := n.ascii && n.inASCII(c.Raw)
	if !found && hint&hintEnvelope != 0 {
		return false
	}
	if found {
		if n.inASCII(c.Raw[hint>>hintBody:]) || n.in(c.Subject) || n.in(c.From) || n.in(c.To) {
			return true
		}
		header, _, _ := message.Plain(c.Raw)
		if slices.ContainsFunc(header, func(f message.Field) bool { return isVisible(f.Name) && n.inASCII(f.Raw) }) {
			return true
		}
	}
	return n.in(c.Sender) || slices.ContainsFunc(c.Recipients, n.in)
}
