package message

import (
	"strings"
	"testing"
)

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

func TestHTMLStandsInTheRawMail(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		same      bool
	}{
		{"all line ends", "Content-Type: text/html\r\n\r\n<p>\r\na\nb\rc\r\r\nd\r\re", true},
		{"in a multipart", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n", true},
		{"8 bits", "Content-Type: text/html; charset=utf-8\r\n\r\n<p>\u00fc", false},
		{"quoted-printable", "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<a=20b>", false},
		{"a charset with shifts", "Content-Type: text/html; charset=iso-2022-jp\r\n\r\n<p>\x1b$B$\"\x1b(B", false},
		{"UTF-7", "Content-Type: text/html; charset=utf-7\r\n\r\n<p>+AOQ-", false},
		{"two parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>\r\n--b--\r\n", false},
		{"no HTML", "\r\ntext", false},
	} {
		m := Parse(test.raw)
		if page, raw, same := m.HTMLSource(); same != test.same || page != m.HTML() || same && plainLineEnds(raw) != page {
			t.Errorf("%s: %q, %q, %v", test.name, page, raw, same)
		}
	}
}

// words are those of a text with a blank between them.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// FuzzPageText compares the words that searches find in HTML with those that
// TextFromHTML gives.
func FuzzPageText(f *testing.F) {
	f.Add("<p>a<b>b</b>c&amp;d<br>e<style>f</style><!-- g --><title>h</title>i<td x='>'>j")
	f.Add("a < b <1 </ <!x><?y></ z><textarea>k</textarea><a =\">\">l<!-->m<!--->n<!-- --!>o<plaintext></p>")
	f.Add("a<textarea>b</textarea") // no end tag, and so text
	f.Add("a<textarea>b</textarea\v>c</p\v>d")
	f.Fuzz(func(t *testing.T, page string) {
		shown, _ := PageText(page)
		if got, want := words(shown), words(TextFromHTML(page)); got != want {
			t.Errorf("%q: %q, want %q", page, got, want)
		}
	})
}
