package search

import (
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxTags is how many tags of a mail are read.
const maxTags = 100

// Tags are the tags in a header: those between the commas of its fields X-Tags, each
// once in any case, and at most 100.
func Tags(h message.Header) []string {
	var tags []string
	seen := make(map[string]bool)
	for _, value := range h.All("X-Tags") {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.Join(strings.Fields(tag), " ")
			if lower := strings.ToLower(tag); tag != "" && !seen[lower] && len(tags) < maxTags {
				seen[lower] = true
				tags = append(tags, tag)
			}
		}
	}
	return tags
}
