package search

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailText is the text that a reader may see of a mail that cannot be searched in its raw
// form. It is worked out once, and kept with the mail if there is room.
type mailText struct {
	// folded has the header fields, the envelope, the names of attachments, the text and
	// the HTML, with NUL between them.
	folded string
	// source has the HTML, as pieces of the raw mail in ASCII without NUL, if it can be
	// searched in that form.
	source []string

	signature signature
}

// contains reports whether a reader may see the needle.
func (t *mailText) contains(n *needle) bool {
	if !t.signature.mayHave(n.text) {
		return false
	}
	return n.inFolded(t.folded) || n.ascii && slices.ContainsFunc(t.source, n.inASCII)
}

// cost is at least how many bytes it takes.
func (t *mailText) cost() int64 {
	const fixed = 128
	n := fixed + len(t.folded) + 16*cap(t.source) + 8*len(t.signature)
	return int64(n + n/8)
}

// text gives the text of the candidate.
func (c *candidate) text() *mailText {
	if c.mailText != nil {
		return c.mailText
	}
	if t, ok := c.Derived(store.SearchText).(*mailText); ok {
		c.mailText = t
		return t
	}
	c.mailText = newMailText(c)
	c.bucket.Keep(c.Message, store.SearchText, c.mailText, c.mailText.cost())
	return c.mailText
}

// visibleFields are the header fields that a reader sees.
var visibleFields = [...]string{"Subject", "From", "To", "Cc", "Bcc", "Reply-To"}

func newMailText(c *candidate) *mailText {
	mail := c.mail()
	var b textBuilder
	for _, name := range visibleFields {
		for _, value := range mail.Header().All(name) {
			b.add(value)
			if name != "Subject" && strings.Contains(value, `\`) { // an escape, which hides the name
				for _, a := range message.ParseAddresses(value) {
					b.add(a.Name)
				}
			}
		}
	}
	b.add(c.Sender)
	for _, r := range c.Recipients {
		b.add(r)
	}
	for _, p := range mail.Attachments() {
		b.add(p.Filename())
	}
	if mail.HasText() {
		b.add(mail.Text())
	}
	var source []string
	if mail.HasHTML() {
		source = b.addPage(mail)
	}
	t := &mailText{folded: string(b.folded), source: source}
	t.signature = newSignature(t)
	return t
}

// textBuilder collects folded texts with NUL between them.
type textBuilder struct{ folded []byte }

func (b *textBuilder) add(s string) {
	if s == "" {
		return
	}
	if len(b.folded) > 0 {
		b.folded = append(b.folded, 0)
	}
	b.folded = appendFold(b.folded, s)
}

// addPage adds the text that the HTML of a mail shows, and also its source if that cannot
// be searched in the raw mail. Otherwise it returns the pieces of the source.
func (b *textBuilder) addPage(mail *message.Message) (source []string) {
	page, raw, same := mail.HTMLSource()
	text, references := message.PageText(page)
	b.add(text)
	b.add(references)
	if same && strings.IndexByte(raw, 0) < 0 {
		return slices.Clip(message.PageSource(raw))
	}
	for _, piece := range message.PageSource(page) {
		b.add(piece)
	}
	return nil
}
