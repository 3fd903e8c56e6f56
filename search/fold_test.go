package search

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextsThatLookAlikeAreTheSame(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"capitals", "Hello WORLD", "hello world"},
		{"white space", " a\t\r\n b\u00a0\u3000c\v", "a b c"},
		{"sharp s", "Stra\u00dfe STRA\u1e9eE", "strasse strasse"},
		{"a ligature", "\ufb01nd", "find"},
		{"Greek capitals and the end of a word", "ΚΩΔΙΚΟΣ κωδικος", "κωδικοσ κωδικοσ"},
		{"Cyrillic", "Привет ПРИВЕТ", "привет привет"},
		{"Turkish", "\u0130stanbul ISTANBUL", "istanbul istanbul"},
		{"the Kelvin sign", "\u212a", "k"},
		{"micro", "\u00b5 \u03bc", "\u03bc \u03bc"},
		{"composed letters", "u\u0308bel \u00fcbel", "\u00fcbel \u00fcbel"},
		{"wide Latin", "\uff21\uff22\uff23\uff11\uff12\uff20", "abc12@"},
		{"narrow Katakana", "\uff76\uff9e\uff77", "\u30ac\u30ad"},
		{"digits", "\u0664\u0665 \u0967 \U0001d7d9", "45 1 1"},
		{"typography", "\u201cO\u2019Brien\u201d \u2013 \u2212", `"o'brien" - -`},
		{"unseen characters", "So\u00adft\u200b\ufeff \u2764\ufe0f", "soft \u2764"},
		{"NUL", "a\x00b", "ab"},
		{"emoji", "\U0001f600", "\U0001f600"},
		{"Japanese", "\u65e5\u672c\u8a9e", "\u65e5\u672c\u8a9e"},
		{"Hangul", "\u1112\u1161\u11ab", "\ud55c"},
		{"no UTF-8", "a\xffb", "a\ufffdb"},
	} {
		if got := fold(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// FuzzNeedle compares the optimised searches with a plain one.
func FuzzNeedle(f *testing.F) {
	f.Add("Hello World", "o w")
	f.Add("aaaaab", "aab")
	f.Add("a \r\n b\tc aB", "A b C")
	f.Add("a\x00b", "ab")
	f.Add("a\u00a0 b\u2019\u00ad", "a b'")
	f.Add(strings.Repeat("ab ", 500)+"ac", strings.Repeat("ab ", 9)+"ac")
	f.Fuzz(func(t *testing.T, s, sub string) {
		n, folded := newNeedle(sub), fold(s)
		want := strings.Contains(folded, fold(sub))
		if got := n.in(s); got != want {
			t.Errorf("%q in %q: %v, want %v", sub, s, got, want)
		}
		if got := n.inFolded(folded); got != want {
			t.Errorf("%q in %q, folded: %v, want %v", sub, folded, got, want)
		}
		if strings.IndexByte(folded, 0) >= 0 || !utf8.ValidString(folded) {
			t.Errorf("%q is folded to %q", s, folded)
		}
		m := &mailText{folded: folded}
		m.signature = newSignature(m)
		if want && !m.signature.mayHave(n.text) {
			t.Errorf("the signature of %q does not have %q", folded, n.text)
		}
		if isASCII(s) && !strings.Contains(s, "\x00") {
			m = &mailText{source: []string{s}}
			m.signature = newSignature(m)
			if n.text != "" && want != m.contains(n) {
				t.Errorf("%q in the source %q: %v", sub, s, !want)
			}
		}
	})
}

// FuzzContains compares what is found in a raw mail with what is found in its mailText.
func FuzzContains(f *testing.F) {
	f.Add("Subject: Hello\r\n World\r\nTo: \"a\\b\" <c@d>\r\nX-A: unseen\r\n\r\nSome text\r\n", "hello world")
	f.Add("From: a@b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nb c", "b")
	f.Add("Cc: x@y.test, z\r\n\r\nb c", "y.test, Z")
	f.Add("\r\n\r\n", "c@d")
	f.Fuzz(func(t *testing.T, raw, sub string) {
		c := &candidate{Message: newMessage(raw), bucket: emptyBucket}
		n := newNeedle(sub)
		if got, want := c.contains(n), c.text().contains(n); got != want {
			t.Errorf("%q in %q: %v, and %v in its text %q", n.text, raw, got, want, c.mailText.folded)
		}
	})
}
