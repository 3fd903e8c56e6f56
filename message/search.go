package message

import (
	"strings"
	"unicode/utf8"
)

// Search looks for a text in any case. It is safe for concurrent use.
type Search struct {
	lower string
	ascii bool // lower has nothing else
}

// NewSearch makes a search for a text.
func NewSearch(text string) *Search {
	s := &Search{lower: strings.ToLower(text), ascii: true}
	for i := range len(s.lower) {
		s.ascii = s.ascii && s.lower[i] < utf8.RuneSelf
	}
	return s
}

// In tells that a text contains the one that is looked for.
func (s *Search) In(text string) bool {
	if !s.ascii {
		return strings.Contains(strings.ToLower(text), s.lower)
	}
	return containsFold(text, s.lower)
}

// InBody looks where a reader of a raw message would, below its subject, From and
// To: in the text and HTML, and in the fields with further addresses. Most mails
// need not be parsed for that.
func (s *Search) InBody(raw string) bool {
	if body, plain := plainBody(raw); plain && (s.ascii || utf8.ValidString(body)) {
		return s.In(body)
	}
	m := Parse(raw)
	for _, name := range []string{"Cc", "Bcc", "Reply-To"} {
		for _, value := range m.Header().All(name) {
			if s.In(value) {
				return true
			}
		}
	}
	return s.In(m.Text()) || s.In(m.HTML())
}

// HasAttachments tells whether a raw message has any. It parses only what can: a
// mail of several parts, or one whose only part is said to be something.
func HasAttachments(raw string) bool {
	if _, plain := plainBody(raw); plain && !containsFold(raw, "content-disposition") && !containsFold(raw, "content-type") {
		return false
	}
	return len(Parse(raw).Attachments()) > 0
}

// plainBody is the body of a mail of one part in no transfer encoding and with no
// further addresses, which can be searched as it stands.
func plainBody(raw string) (body string, plain bool) {
	end := strings.Index(raw, "\r\n\r\n")
	if end < 0 {
		if end = strings.Index(raw, "\n\n"); end < 0 {
			return "", false
		}
	}
	header := raw[:end+1]
	for _, word := range []string{"base64", "quoted-printable", "multipart", "uuencode", "message/"} {
		if containsFold(header, word) {
			return "", false
		}
	}
	for _, field := range []string{"\ncc:", "\nbcc:", "\nreply-to:"} {
		first := field[1:]
		if containsFold(header, field) || len(header) >= len(first) && equalFold(header[:len(first)], first) {
			return "", false
		}
	}
	return raw[end:], !strings.Contains(raw[end:], "\nbegin ")
}

// containsFold tells that s contains lower, which is lower-case ASCII, in any
// case. It looks for the first byte in both of its cases at once.
func containsFold(s, lower string) bool {
	if lower == "" {
		return true
	}
	first, other := lower[0], lower[0]
	if 'a' <= first && first <= 'z' {
		other = first - 'a' + 'A'
	}
	next := strings.IndexByte(s, first)
	nextOther := -1
	if other != first {
		nextOther = strings.IndexByte(s, other)
	}
	for next >= 0 || nextOther >= 0 {
		at := next
		if next < 0 || nextOther >= 0 && nextOther < next {
			at = nextOther
		}
		if len(s)-at < len(lower) {
			return false
		}
		if equalFold(s[at:at+len(lower)], lower) {
			return true
		}
		if at == next {
			next = indexAfter(s, first, at)
		} else {
			nextOther = indexAfter(s, other, at)
		}
	}
	return false
}

func indexAfter(s string, c byte, at int) int {
	i := strings.IndexByte(s[at+1:], c)
	if i < 0 {
		return -1
	}
	return at + 1 + i
}

func equalFold(s, lower string) bool {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
