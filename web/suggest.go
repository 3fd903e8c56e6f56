package web

import (
	"context"
	"slices"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of the suggestions: how many of the newest emails are looked at, how many
// addresses are suggested, and how long they may be, in bytes.
const (
	maxSeen       = 500
	maxSuggested  = 30
	maxSuggestion = 100
)

// searchWords are the beginnings of what may be searched for.
var searchWords = []string{
	"from:", "to:", "subject:", "has:attachment", "has:problem", "is:unread", "after:", "before:", "filename:", "-subject:",
}

// suggestions are what may be searched for: words of the language, and the addresses that
// received mail lately, of what q matches. If q has to look at each email, they are those
// of the page that was found.
func (s *Site) suggestions(ctx context.Context, q store.Query, found []*store.Message) []string {
	if !s.Bucket.LooksAtEach(q) {
		q.Limit, q.Offset = maxSeen, 0
		if lately, err := s.Bucket.Find(ctx, q); err == nil {
			found = lately.Messages
		}
	}
	list := slices.Clone(searchWords)
	known := make(map[string]bool)
	for _, m := range found {
		for _, recipient := range m.Recipients[:min(len(m.Recipients), maxSuggested)] {
			if len(known) == maxSuggested {
				return list
			}
			if !known[recipient] && len(recipient) <= maxSuggestion {
				known[recipient] = true
				list = append(list, "to:"+recipient)
			}
		}
	}
	return list
}
