package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecodeHeader(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Hello, world", "Hello, world"},
		{"empty", "", ""},
		{"Q", "=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
		{"B", "=?UTF-8?B?w6l0w6k=?=", "été"},
		{"lower-case encodings", "=?utf-8?q?=c3=a9?= =?utf-8?b?w6k?=", "éé"},
		{"text around", "Re: =?utf-8?Q?=C3=A9?= end", "Re: é end"},
		{"blanks between words go", "=?utf-8?Q?a?=   =?utf-8?Q?b?=", "ab"},
		{"folded between words", "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\n\t=?utf-8?Q?c?=", "abc"},
		{"blanks before text stay", "=?utf-8?Q?a?=  b", "a  b"},
		{"blanks at the end stay", "=?utf-8?Q?a?= ", "a "},
		{"blanks between charsets go", "=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E9?=", "éé"},
		{"character split over words", "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "€"},
		{"character split over B words", "=?utf-8?B?4oI=?= =?UTF-8?B?rA==?=", "€"},
		{"no space before and after", "a=?utf-8?Q?b?=c", "abc"},
		{"in quotes", `"=?utf-8?Q?=C3=A9?=" <a@b.test>`, `"é" <a@b.test>`},
		{"language", "=?utf-8*fr?Q?=C3=A9?=", "é"},
		{"spaces in a word", "=?utf-8?Q?a b c?=", "a b c"},
		{"question mark in a word", "=?utf-8?Q?what? now?=", "what? now"},
		{"equals before the end", "=?utf-8?Q?a=?=", "a="},
		{"bad hex stays", "=?utf-8?Q?100=ZZ?=", "100=ZZ"},
		{"empty word", "a =?utf-8?Q??= b", "a  b"},
		{"no padding", "=?utf-8?B?w6l0w6k?=", "été"},
		{"bad base64 stays", "=?utf-8?B?***?=", "=?utf-8?B?***?="},
		{"unknown encoding stays", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"no end stays", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"no charset stays", "=??Q?abc?=", "=??Q?abc?="},
		{"word after an unfinished one", "=?utf-8?Q?abc =?utf-8?Q?d?=", "=?utf-8?Q?abc d"},
		{"only the mark", "=?", "=?"},
		{"marks", "=?=?=?", "=?=?=?"},
		{"iso-8859-1 is windows-1252", "=?iso-8859-1?Q?=80?=", "€"},
		{"us-ascii with 8-bit", "=?us-ascii?Q?=C3=A9?=", "é"},
		{"iso-2022-jp", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"},
		{"shift_jis", "=?Shift_JIS?B?k/qWe4zq?=", "日本語"},
		{"euc-kr", "=?ks_c_5601-1987?B?x9Gxub7u?=", "한국어"},
		{"koi8-r", "=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"gb18030", "=?gb18030?B?1tDOxA==?=", "中文"},
		{"big5", "=?big5?B?pKSk5Q==?=", "中文"},
		{"utf-7", "=?utf-7?Q?Hi_+AOk-!?=", "Hi é!"},
		{"utf-16 big-endian", "=?utf-16?B?AGEAYg==?=", "ab"},
		{"utf-16 with mark", "=?utf-16?B?//5hAGIA?=", "ab"},
		{"unknown charset, valid UTF-8", "=?x-klingon?Q?=C3=A9?=", "é"},
		{"unknown charset, other", "=?x-klingon?Q?=E9?=", "é"},
		{"invalid UTF-8", "=?utf-8?Q?a=FFb?=", "a\ufffdb"},
		{"raw UTF-8", "été", "été"},
		{"raw windows-1252", "\xe9t\xe9 \x80", "été €"},
		{"line end in a word", "=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"},
		{"folded text", "a\r\n b\n\tc", "a b\tc"},
		{"stray line ends", "a\rb\nc\r\nd\r\n", "a b c d "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := DecodeHeader(tt.in); got != tt.want {
				t.Errorf("DecodeHeader(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestDecodeHeaderPlainAllocatesNothing(t *testing.T) {
	const subject = "Your order 4711 = on its way? Yes = 1?"
	if n := testing.AllocsPerRun(100, func() { DecodeHeader(subject) }); n != 0 {
		t.Errorf("%v allocations for plain ASCII", n)
	}
}

// Each of these takes minutes when a word is searched for from every "=?" to
// the end of the text.
func TestDecodeHeaderIsLinear(t *testing.T) {
	const size = 1 << 20
	for _, unit := range []string{"=?", "=?u?q?", "=?u?q?x", "=?u?b?", "=?utf-8?Q?a?= ", "?=", "=?u?q?=?=", "=?u?q?\xff?=\xff", "=?utf-8", "\r\n ", "=?u?b?AA=A?="} {
		s := strings.Repeat(unit, size/len(unit))
		if got := DecodeHeader(s); len(got) > 3*len(s) || !utf8.ValidString(got) {
			t.Errorf("%q repeated: %d bytes became %d", unit, len(s), len(got))
		}
	}
}

func FuzzDecodeHeader(f *testing.F) {
	for _, s := range []string{"", "plain", "=?utf-8?Q?=C3=A9?= =?utf-8?B?w6k=?=", "=?utf-7?Q?+AOk?=", "a\r\n b", "\xff=?", "=?hz?Q?~{VPND~}?=", "=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?Q?=1B(B?="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := DecodeHeader(s)
		if !utf8.ValidString(got) {
			t.Errorf("DecodeHeader(%q) = %q is not UTF-8", s, got)
		}
		if strings.ContainsAny(got, "\r\n") {
			t.Errorf("DecodeHeader(%q) = %q has a line end", s, got)
		}
		if len(got) > 3*len(s)+8 {
			t.Errorf("DecodeHeader(%q) grew to %d bytes", s, len(got))
		}
		if isPlain(s) && got != s {
			t.Errorf("DecodeHeader(%q) = %q changed plain text", s, got)
		}
	})
}

func BenchmarkDecodeHeader(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"plain", "Your order 4711 is on its way to you, it arrives tomorrow"},
		{"words", "=?utf-8?Q?caf=C3=A9_au_lait?= =?utf-8?B?w6l0w6k=?="},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				DecodeHeader(bb.in)
			}
		})
	}
}
