package message

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Search looks for a text as a reader would: in any case, with any white space
// between words, and whichever of the quotes and hyphens that look alike it has. It
// is safe for concurrent use.
type Search struct {
	text  string   // as searchText gives it
	ascii bool     // text has nothing else
	words []string // of text, if ascii
}

// maxQuick is the longest text that is looked for without making a copy of what it
// is looked for in: that compares each byte with each of the text's at worst.
const maxQuick = 64

// NewSearch makes a search for a text.
func NewSearch(text string) *Search {
	s := &Search{text: searchText(text)}
	if s.ascii = isASCII(s.text); s.ascii {
		s.words = strings.Fields(s.text)
	}
	return s
}

// In tells that a text contains the one that is looked for.
func (s *Search) In(text string) bool {
	switch {
	case !s.ascii && isASCII(text):
		return false
	case !s.ascii, len(s.text) > maxQuick:
		return strings.Contains(searchText(text), s.text)

	case s.text == "", len(s.words) == 1 && containsFold(text, s.text), len(s.words) > 1 && containsWords(text, s.words):
		return true
	}
	return mayBecomeASCII(text) && strings.Contains(searchText(text), s.text)
}

// inPage tells that HTML contains the text: in what it shows, or in its source but
// for style sheets and scripts.
func (s *Search) inPage(page string) bool {
	if s.In(page) && s.inSource(page) {
		return true
	}
	read := readPageText(page)
	return s.In(read.text.String()) || s.In(read.tags.String())
}

// inSource tells that HTML contains the text outside of style sheets and scripts.
func (s *Search) inSource(page string) bool {
	for {
		tag, name := nextRawText(page)
		if tag < 0 {
			return s.In(page)
		}
		text := strings.IndexByte(page[tag:], '>')
		if text < 0 {
			return s.In(page)
		}
		if text += tag + 1; s.In(page[:text]) {
			return true
		}
		end := indexFold(page[text:], "</"+name)
		if end < 0 {
			return false
		}
		page = page[text+end:]
	}
}

// nextRawText gives the place of the next start tag of a style sheet or a script,
// -1 if there is none, and its name.
func nextRawText(page string) (at int, name string) {
	for at := range placesFold(page, "<s") {
		for _, name := range []string{"style", "script"} {
			after := at + 1 + len(name)
			if after <= len(page) && equalFold(page[at+1:after], name) && (after == len(page) || isSpaceByte(page[after]) || page[after] == '>' || page[after] == '/') {
				return at, name
			}
		}
	}
	return -1, ""
}

// InBody looks where a reader of a raw message would, below its subject, From and
// To: in the text and HTML, and in the fields with further addresses. Most mails
// need not be parsed for that.
func (s *Search) InBody(raw string) bool {
	if body, plain := plainBody(raw); plain {
		if s.ascii && s.In(body) {
			return true
		}
		if utf8.ValidString(body) {
			return !s.ascii && s.In(body)
		}
	}
	m := Parse(raw)
	for _, name := range []string{"Cc", "Bcc", "Reply-To"} {
		for _, value := range m.Header().All(name) {
			if s.In(value) {
				return true
			}
		}
	}
	return m.HasText() && s.In(m.Text()) || m.HasHTML() && s.inPage(m.HTML())
}

// HasAttachments tells whether a raw message has any. It parses only what can: a
// mail of several parts, or one whose only part is said to be something.
func HasAttachments(raw string) bool {
	if _, plain := plainBody(raw); plain && !containsFold(raw, "content-disposition") && !containsFold(raw, "content-type") {
		return false
	}
	return len(Parse(raw).Attachments()) > 0
}

// plainBody is the body of a mail of plain text in no transfer encoding and with no
// further addresses, which can be searched as it stands.
func plainBody(raw string) (body string, plain bool) {
	for at := 0; at < len(raw); {
		end := nextLine(raw, at)
		if line := raw[at:end]; line == "\n" || line == "\r\n" {
			return raw[at:], !strings.Contains(raw[end-1:], "\nbegin ")
		}
		for end < len(raw) && (raw[end] == ' ' || raw[end] == '\t') {
			end = nextLine(raw, end)
		}
		colon := strings.IndexByte(raw[at:end], ':')
		if colon <= 0 || !plainField(raw[at:at+colon], raw[at+colon+1:end]) {
			return "", false
		}
		at = end
	}
	return "", false
}

// plainField tells that a header field leaves the body as it is, and that no reader
// would look for a text in it.
func plainField(name, value string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	switch len(name) {
	case len("cc"), len("bcc"), len("reply-to"):
		return !equalFold(name, "cc") && !equalFold(name, "bcc") && !equalFold(name, "reply-to")
	case len("content-type"):
		return !equalFold(name, "content-type") || plainType(value)
	case len("content-transfer-encoding"):
		return !equalFold(name, "content-transfer-encoding") || identityEncodings[strings.ToLower(strings.TrimSpace(value))]
	}
	return true
}

var identityEncodings = wordSet("7bit 8bit binary")

// plainType tells that a Content-Type is plain text whose bytes below 128 are those
// of ASCII, with its lines as they are.
func plainType(value string) bool {
	if !containsFold(value[:min(len(value), 40)], "text/plain") {
		return false
	}
	for _, word := range []string{"delsp", "iso-2022", "utf-7", "utf-16", "utf-32", "ucs-", "hz", "ebcdic", "cp037", "ibm"} {
		if containsFold(value, word) {
			return false
		}
	}
	return true
}

// containsFold tells that s contains lower, which is lower-case ASCII, in any
// case.
func containsFold(s, lower string) bool { return indexFold(s, lower) >= 0 }

// indexFold gives the first place of lower, which is lower-case ASCII, in s in any
// case, -1 if there is none.
func indexFold(s, lower string) int {
	for at := range placesFold(s, lower) {
		return at
	}
	return -1
}

// placesFold gives all places of lower in s. It looks for the first byte in both of
// its cases at once.
func placesFold(s, lower string) iter.Seq[int] {
	return func(yield func(int) bool) {
		if lower == "" {
			yield(0)
			return
		}
		first, other := lower[0], lower[0]
		if 'a' <= first && first <= 'z' {
			other = first - 'a' + 'A'
		}
		next, nextOther := strings.IndexByte(s, first), -1
		if other != first {
			nextOther = strings.IndexByte(s, other)
		}
		for next >= 0 || nextOther >= 0 {
			at := next
			if next < 0 || nextOther >= 0 && nextOther < next {
				at = nextOther
			}
			if len(s)-at < len(lower) || equalFold(s[at:at+len(lower)], lower) && !yield(at) {
				return
			}
			if at == next {
				next = indexAfter(s, first, at)
			} else {
				nextOther = indexAfter(s, other, at)
			}
		}
	}
}

func indexAfter(s string, c byte, at int) int {
	i := strings.IndexByte(s[at+1:], c)
	if i < 0 {
		return -1
	}
	return at + 1 + i
}

func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
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
