package rest

import (
	"strings"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// text is a text that is looked for in any case.
type text struct {
	lower string
	ascii bool // lower has nothing else
}

func newText(s string) *text {
	t := &text{lower: strings.ToLower(s), ascii: true}
	for i := range len(t.lower) {
		t.ascii = t.ascii && t.lower[i] < utf8.RuneSelf
	}
	return t
}

// in reports whether s contains the text.
func (t *text) in(s string) bool {
	if !t.ascii {
		return strings.Contains(strings.ToLower(s), t.lower)
	}
	return containsASCII(s, t.lower)
}

// containsASCII reports whether s contains lower, which is lower-case ASCII, in
// any case.
func containsASCII(s, lower string) bool { return indexASCII(s, lower) >= 0 }

// indexASCII is where s first contains lower, or -1. It looks for the first byte in
// both of its cases at once.
func indexASCII(s, lower string) int {
	if lower == "" {
		return 0
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
			return -1
		}
		if equalASCII(s[at:at+len(lower)], lower) {
			return at
		}
		if at == next {
			next = indexAfter(s, first, at)
		} else {
			nextOther = indexAfter(s, other, at)
		}
	}
	return -1
}

func indexAfter(s string, c byte, at int) int {
	i := strings.IndexByte(s[at+1:], c)
	if i < 0 {
		return -1
	}
	return at + 1 + i
}

func equalASCII(s, lower string) bool {
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

func (t *text) inSubject(m *store.Message) bool { return t.in(message.DecodeHeader(m.Subject)) }

func (t *text) inFrom(m *store.Message) bool { return t.in(message.DecodeHeader(m.From)) }

func (t *text) inTo(m *store.Message) bool { return t.in(message.DecodeHeader(m.To)) }

// inHeader is whether any field of that name contains the text.
func (t *text) inHeader(name string) func(m *store.Message) bool {
	lowerName := strings.ToLower(name)
	return func(m *store.Message) bool {
		if !containsASCII(m.Raw, lowerName) {
			return false
		}
		for _, value := range message.Parse(m.Raw).Header().All(name) {
			if t.in(value) {
				return true
			}
		}
		return false
	}
}

// anywhere looks where a reader would: in the subject, the addresses, and the
// text and HTML. Most mails need not be parsed for that.
func (t *text) anywhere(m *store.Message) bool {
	if t.inSubject(m) || t.in(m.Sender) || t.inFrom(m) || t.inTo(m) {
		return true
	}
	for _, r := range m.Recipients {
		if t.in(r) {
			return true
		}
	}
	if body, plain := plainBody(m.Raw); plain && (t.ascii || utf8.ValidString(body)) {
		return t.in(body)
	}
	parsed := message.Parse(m.Raw)
	for _, name := range []string{"Cc", "Bcc", "Reply-To"} {
		for _, value := range parsed.Header().All(name) {
			if t.in(value) {
				return true
			}
		}
	}
	return t.in(parsed.Text()) || t.in(parsed.HTML())
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
	for _, word := range []string{"base64", "quoted-printable", "multipart", "uuencode", "\nmessage/", "\ncc:", "\nbcc:", "\nreply-to:"} {
		if containsASCII(header, word) {
			return "", false
		}
	}
	return raw[end:], !strings.Contains(raw[end:], "\nbegin ")
}

// hasAttachment parses only what can have one: a mail of several parts, or one
// whose only part is not text or is said to be an attachment.
func hasAttachment(m *store.Message) bool {
	if _, plain := plainBody(m.Raw); plain && !containsASCII(m.Raw, "content-disposition") && !containsASCII(m.Raw, "content-type") {
		return false
	}
	return len(message.Parse(m.Raw).Attachments()) > 0
}

// pattern is an address in which * stands for any text.
type pattern []string

func newPattern(s string) pattern { return strings.Split(strings.ToLower(s), "*") }

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
