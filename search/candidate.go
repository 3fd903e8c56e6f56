package search

import (
	"slices"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// candidate is a message that is being checked against the conditions. It is parsed at most
// once, when a condition needs that.
type candidate struct {
	*store.Message
	bucket   *store.Bucket
	parsed   *message.Message
	mailText *mailText // once it was needed
}

func (c *candidate) meets(conditions []condition) bool {
	for _, condition := range conditions {
		if !condition.matches(c) {
			return false
		}
	}
	return true
}

func (c *candidate) mail() *message.Message {
	if c.parsed == nil {
		c.parsed = message.Parse(c.Raw)
	}
	return c.parsed
}

func (c *candidate) entry() *ListEntry { return Entry(c.bucket, c.Message) }

func (c *candidate) hasAttachments() bool { return c.entry().Attachments > 0 }

// hasInline reports whether the HTML shows some of the attachments.
func (c *candidate) hasInline() bool {
	return message.HasAttachments(c.Raw) && len(c.mail().Attachments()) > c.entry().Attachments
}

// hasProblem reports whether anything was wrong with how the message was sent, or with the
// message itself.
func (c *candidate) hasProblem() bool {
	return len(c.Message.Problems()) > 0 || len(c.mail().Problems()) > 0
}

// hasFile reports whether an attachment has such a name.
func (c *candidate) hasFile(t text) bool {
	return message.HasAttachments(c.Raw) && slices.ContainsFunc(c.mail().Attachments(), func(p *message.Part) bool { return t.in(p.Filename()) })
}

func (c *candidate) tags() []string { return Tags(c.bucket, c.Message) }
