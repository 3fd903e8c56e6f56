package message

import "strings"

// maxTags is how many tags are read of a header.
const maxTags = 100

// Tags gives what the fields named X-Tags have between their commas, in order, each
// tag once in any case and with one blank for all white space in it. There are at
// most 100.
func (h Header) Tags() []string {
	var tags []string
	seen := make(map[string]bool)
	for _, value := range h.All("X-Tags") {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.Join(strings.Fields(tag), " ")
			if lower := strings.ToLower(tag); tag != "" && !seen[lower] && len(tags) < maxTags {
				seen[lower] = true
				tags = append(tags, strings.Clone(tag)) // so that it does not keep the raw bytes in memory
			}
		}
	}
	return tags
}
