package message

import (
	"strings"
	"testing"
)

func TestSearchFindsWhatAReaderSees(t *testing.T) {
	for _, test := range []struct {
		name, raw, text string
		found           bool
	}{
		{"plain text", "Subject: a\r\n\r\nHello World\r\n", "hello w", true},
		{"a header that nobody reads", "X-A: needle\r\n\r\nHello\r\n", "needle", false},
		{"base64", "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8gV29ybGQ=\r\n", "o world", true},
		{"what base64 looks like", "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8gV29ybGQ=\r\n", "SGVsbG8", false},
		{"Cc", "Cc: =?utf-8?q?Zo=C3=AB?= <z@x>\r\n\r\nHi\r\n", "ZOË", true},
		{"HTML", "Content-Type: text/html\r\n\r\n<p>Caf&eacute;", "<P>", true},
		{"another charset", "Content-Type: text/plain; charset=latin1\r\n\r\nCaf\xe9\r\n", "CAFÉ", true},
		{"an attachment", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b\r\nContent-Disposition: attachment\r\n\r\nneedle\r\n--b--\r\n", "needle", false},
	} {
		if found := NewSearch(test.text).InBody(test.raw); found != test.found {
			t.Errorf("%s: found %v, want %v", test.name, found, test.found)
		}
	}
}

func TestHasAttachments(t *testing.T) {
	for raw, want := range map[string]bool{
		"Subject: a\r\n\r\nbody":                                     false,
		"Content-Type: text/html\r\n\r\n<p>":                         false,
		"Content-Type: application/pdf\r\n\r\n%PDF":                  true,
		"Content-Disposition: attachment; filename=a.txt\r\n\r\na":   true,
		"Subject: a\r\n\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n": false,
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n": false,
	} {
		if got := HasAttachments(raw); got != want {
			t.Errorf("%q: %v, want %v", raw, got, want)
		}
	}
}

// FuzzSearch compares the search for ASCII with a plain one.
func FuzzSearch(f *testing.F) {
	f.Add("Hello World", "o w")
	f.Add("aaaaab", "aab")

	f.Fuzz(func(t *testing.T, s, sub string) {
		want := NewSearch(sub)
		if !want.ascii || strings.ToValidUTF8(s, "") != s {
			return
		}
		lower := strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, s)
		if want.In(s) != strings.Contains(lower, want.lower) {
			t.Errorf("%q in %q: %v", sub, s, want.In(s))
		}
	})
}
