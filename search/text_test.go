package search

import (
	"github.com/caddy-mailbucket/mailbucket/store"
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
		if found := finds(t, test.raw, test.text); found != test.found {
			t.Errorf("%s: found %v, want %v", test.name, found, test.found)
		}
	}
}

func TestSearchLooksAsAReaderDoes(t *testing.T) {
	page := func(body string) string { return "Content-Type: text/html; charset=utf-8\r\n\r\n" + body }
	for _, tt := range []struct {
		name, raw, text string
		found           bool
	}{
		{"a reference", page("<p>Dear Mr O&#39;Brien, order&nbsp;no.&nbsp;77 &uuml;bel</p>"), "o'brien", true},
		{"no-break spaces", page("<p>order&nbsp;no.&nbsp;77"), "order no. 77", true},
		{"a letter as a reference", page("&uuml;bel"), "Übel", true},
		{"an ampersand", page("Tom &amp; Jerry"), "tom & jerry", true},
		{"a price", page("42,00&nbsp;&euro;"), "42,00 €", true},
		{"a price without a break", "\r\n42,00\u00a0€", "42,00 €", true},
		{"a narrow one", "\r\n1\u202f234 x", "1 234 X", true},
		{"a word split by a tag", page("<b>Wel</b>come, Wel<wbr>come"), "welcome", true},
		{"words split by tags and lines", page("<td>Order</td>\n\n<td>no.&#32;77"), "order no. 77", true},
		{"cells are apart", page("<td>Order</td><td>77"), "order77", false},
		{"words on two lines", "\r\nyour order\r\n  no. 77", "ORDER NO.", true},
		{"a soft hyphen", page("Wel&shy;come"), "welcome", true},
		{"a soft hyphen in text", "\r\nWel\u00adcome", "welcome", true},
		{"an apostrophe of typography", "\r\nO\u2019Brien", "o'brien", true},
		{"and the other way", "\r\nO'Brien", "O\u2019Brien", true},
		{"quotes", page("&ldquo;Hi&rdquo; &ndash; x"), `"hi" - X`, true},
		{"letters with marks", "\r\nu\u0308bel", "Übel", true},
		{"Greek capitals", "\r\nΚΩΔΙΚΟΣ", "κωδικός", false},
		{"Greek", "\r\nκωδικος", "ΚΩΔΙΚΟΣ", true},
		{"letters of Korean in pieces", "\r\n\u1112\u1161\u11ab\u1100\u1173\u11af", "한글", true},
		{"a capital ß", "\r\nGRO\u1e9eE", "große", true},
		{"ligatures, an old s, a Kelvin sign", "\r\nof\ufb01ce \u017ftreet 300 \u212a", "OFFICE street 300 k", true},
		{"Turkish", "\r\n\u0130stanbul", "istanbul", true},
		{"the source", page("<p class=teaser><a href='https://a.test/?b=1&amp;c=2'>x"), "class=teaser", true},
		{"a URL of the source", page("<p class=teaser><a href='https://a.test/?b=1&amp;c=2'>x"), "?b=1&c=2", true},
		{"an image's text", page("<img alt='O&#39;Brien'>"), "O'Brien", true},
		{"a comment of the source", page("<!-- needle -->"), "needle", true},
		{"a style sheet", page("<style>.needle { a: b }</style><p>x"), "needle", false},
		{"a style sheet in capitals", page("<STYLE type=a>.needle { a: b }</STYLE ><p>x"), "needle", false},
		{"a script", page("<script>needle</script>x<script src=a>needle"), "needle", false},
		{"beside style sheets", page("<style>needle</style>needle<style>needle</style>"), "needle", true},
		{"after both", page("<script>x</script><style>needle</style><styles>needle"), "needle", true},
		{"an attribute of a style", page("<style class=needle></style>"), "needle", true},
		{"where no script runs", page("<noscript><b>nee</b>dle</noscript>"), "needle", true},
		{"base64", "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nTyYjMzk7QnJpZW4=", "o'brien", true},
		{"an encoding written loosely", "Content-Transfer-Encoding: b64\r\n\r\nTydCcmllbg==", "o'brien", true},
		{"latin1", "Content-Type: text/plain; charset=latin1\r\n\r\n42,00\xa0EUR", "42,00 eur", true},
		{"no header", "Hello needle\r\n\r\nbye", "needle", true},
		{"UTF-16 in base64", "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\nRwByAPwA3wBlAA==", "GRÜSSE", true},
		{"soft line breaks", "Content-Transfer-Encoding: quoted-printable\r\n\r\nhttps://a.test/very=\r\n/long?a=3D1", "a.test/very/long?a=1", true},
		{"flowed", "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nnee \r\ndle\r\n", "needle", true},
		{"Japanese", "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$\"\x1b(B", "あ", true},
		{"blanks around", "\r\nHello", " hello ", true},
		{"another order", "\r\na b", "b a", false},
		{"long", "\r\n" + strings.Repeat("a ", 100), strings.Repeat("A\n", 99), true},
		{"longer", "\r\n" + strings.Repeat("a ", 100), strings.Repeat("A\n", 101), false},
		{"nothing", "\r\n", "", true},
	} {
		if found := finds(t, tt.raw, tt.text); found != tt.found {
			t.Errorf("%s: found %v, want %v", tt.name, found, tt.found)
		}
	}
}

// Each of these takes minutes when the work grows with the square of the size.
func TestSearchIsLinear(t *testing.T) {
	const size = 1 << 20
	for _, unit := range []string{"a", "a ", "<style", "<style>", "<script></style>", "&", "</style", " ", "\u00a0", "<b>a</b>", "ab"} {
		text := strings.Repeat(unit, size/len(unit))
		for _, query := range []string{strings.Repeat("a", 60) + "b", strings.Repeat("a ", 30) + "b", strings.Repeat("a", 5000) + "b", strings.Repeat("a ", 5000) + "b"} {
			if finds(t, "Content-Type: text/html\r\n\r\n"+text, query) {
				t.Errorf("%.20q in %.20q", query, text)
			}
		}
	}
}

// finds reports whether a text is found in a mail.
func finds(t *testing.T, raw, text string) bool {
	t.Helper()
	b := store.New(store.Limits{})
	c := candidate{Message: deliver(t, b, raw), bucket: b}
	return newText(text).anywhere(&c)
}
