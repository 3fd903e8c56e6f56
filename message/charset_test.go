package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCharsets(t *testing.T) {
	tests := []struct {
		name, charset, in, want string
		fault                   charsetFault
	}{
		{"UTF-8", "UTF-8", "é", "é", charsetFine},
		{"UTF-8 mark", "utf-8", "\xef\xbb\xbfé", "é", charsetFine},
		{"UTF-8 invalid", "utf8", "a\xffb", "a\ufffdb", charsetMalformed},
		{"none", "", "plain", "plain", charsetFine},
		{"none, UTF-8", "", "é", "é", charsetMalformed},
		{"ASCII, windows-1252", "us-ascii", "\xe9\x80", "é€", charsetMalformed},
		{"quoted name", `"iso-8859-15"`, "\xa4", "€", charsetFine},
		{"unknown", "x-klingon", "\xe9", "é", charsetUnknown},
		{"long name", strings.Repeat("x", 100), "\xe9", "é", charsetUnknown},
		{"ISO-2022-KR", "iso-2022-kr", "abc", "abc", charsetFine},
		{"UTF-16 with mark", "utf-16", "\xff\xfea\x00\xe9\x00", "aé", charsetFine},
		{"UTF-16 big-endian", "utf-16", "\x00a\x00b", "ab", charsetFine},
		{"UTF-16 little-endian without mark", "utf-16", "a\x00b\x00", "ab", charsetFine},
		{"UTF-16LE", "utf-16le", "a\x00", "a", charsetFine},
		{"UTF-16BE", "utf-16be", "\x00a", "a", charsetFine},
		{"UTF-16 odd", "utf-16be", "\x00a\x00", "a\ufffd", charsetMalformed},
		{"UTF-32", "utf-32", "\x00\x00\x00a", "a", charsetFine},
		{"UTF-32LE", "utf-32le", "a\x00\x00\x00", "a", charsetFine},
		{"UTF-32BE", "utf-32be", "\x00\x00\x00a", "a", charsetFine},
		{"HZ", "hz-gb-2312", "~{VPND~}", "中文", charsetFine},
		{"GB2312", "gb2312", "\xd6\xd0", "中", charsetFine},
		{"EUC-JP", "euc-jp", "\xc6\xfc", "日", charsetFine},
		{"CP932", "cp932", "\x93\xfa", "日", charsetFine},
		{"ISO-2022-JP-MS", "iso-2022-jp-ms", "\x1b$BF|\x1b(B", "日", charsetFine},
		{"CP850", "cp850", "\x82", "é", charsetFine},
		{"Macintosh", "x-mac-roman", "\x8e", "é", charsetFine},
		{"TIS-620", "tis-620", "\xa1", "ก", charsetFine},
		{"UTF-7", "utf-7", "Hi Mom +Jjo-!+-+AGE", "Hi Mom ☺!+a", charsetFine},
		{"UTF-7 pair", "utf-7", "+2D3eAA-", "😀", charsetFine},
		{"UTF-7 half a pair", "utf-7", "+2D0-x", "\ufffd\ufffdx", charsetMalformed},
		{"UTF-7 bad run", "utf-7", "+A+!", "\ufffd!", charsetMalformed},
		{"UTF-7 8-bit", "utf-7", "\xe9", "é", charsetMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault := decodeCharset(tt.in, tt.charset)
			if got != tt.want || fault != tt.fault {
				t.Errorf("%q in %q gave %q, fault %d, want %q, fault %d", tt.in, tt.charset, got, fault, tt.want, tt.fault)
			}
		})
	}
}

func TestHTMLNamesItsCharset(t *testing.T) {
	for page, want := range map[string]string{
		"<meta charset='koi8-r'>\xd0": "<meta charset='koi8-r'>п",
		"<META http-equiv=Content-Type content=\"text/html; CHARSET=iso-8859-2\">\xb1": "<META http-equiv=Content-Type content=\"text/html; CHARSET=iso-8859-2\">ą",
		"<meta charset=utf-16>é":                                "<meta charset=utf-16>é",
		"charset=koi8-r \xe9":                                   "charset=koi8-r é",
		"<meta charset=koi8-r":                                  "<meta charset=koi8-r",
		strings.Repeat(" ", 1024) + "<meta charset=koi8-r>\xe9": strings.Repeat(" ", 1024) + "<meta charset=koi8-r>é",
	} {
		if got := Parse("Content-Type: text/html\r\n\r\n" + page).HTML(); got != want {
			t.Errorf("%q gave %q, want %q", page, got, want)
		}
	}
	if got := Parse("Content-Type: text/html; charset=utf-8\r\n\r\n<meta charset=koi8-r>é").HTML(); !strings.HasSuffix(got, "é") {
		t.Errorf("the field does not go before the page: %q", got)
	}
}

func TestCharsetNames(t *testing.T) {
	for want, names := range map[string]string{
		"":             "unknown-8bit x-unknown 8bit default x-user-defined",
		"us-ascii":     "US-ASCII us_ascii ascii ANSI_X3.4-1968 iso646-us 646 cp367 us-ascii-7bit windows-20127",
		"utf-8":        "utf-8 UTF8 utf_8 utf-8mb4 UTF-8; \"utf-8\" 'utf8' x-unicode-2-0-utf-8 cp65001 cesu-8 utf-8, charset=utf-8",
		"utf-7":        "utf-7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 csUnicode11UTF7 cp65000",
		"utf-16":       "utf-16 ucs-2 unicode iso-10646-ucs-2 csUnicode",
		"windows-1252": "iso-8859-1 ISO_8859-1:1987 iso8859-1 iso88591 8859_1 latin1 latin-1 l1 cp1252 win-1252 windows1252 cp819 ansi ansi_x3.110-1983 iso-8859-1-windows-3.1-latin-1",
		"iso-8859-2":   "iso-8859-2 iso8859_2 latin2 isolatin2 8859-2 iso_8859-2:1987 cp912 windows-28592",
		"iso-8859-15":  "iso-8859-15 iso8859-15 latin9 latin-9 l9 cp923",
		"iso-8859-8-i": "iso-8859-8-i ISO-8859-8I csISO88598I windows-38598",
		"windows-1251": "windows-1251 win-1251 win1251 cp1251 cp-1251 x-cp1251 windows1251 ms1251 ansi-1251",
		"windows-1254": "iso-8859-9 latin5 windows-1254 iso-8859-9-windows-latin-5",
		"windows-874":  "tis-620 tis620.2533 windows-874 iso-8859-11 cp874 ms874 csTIS620",
		"ibm850":       "cp850 cp-850 ibm850 ibm-850 850 dos850 oem850 codepage850 ccsid00850",
		"ibm866":       "cp866 ibm-866 866 dos-866 csIBM866",
		"cp737":        "cp737 ibm737 737",
		"koi8-r":       "koi8-r koi8r koi8 koi cp20866 csKOI8R koi8_r",
		"koi8-u":       "koi8-u koi8-ru koi8u cp21866",
		"macintosh":    "macintosh mac x-mac-roman macroman csMacintosh cp10000",
		"shift_jis":    "shift_jis Shift-JIS sjis x-sjis cp932 ms932 windows-31j csWindows31J MS_Kanji cp943c shift_jisx0213 ibm-943 sjis-win x-ms-cp932",
		"euc-jp":       "euc-jp eucjp-win eucJP-ms x-euc-jp euc_jp ujis cp51932 cp20932 eucjp-open euc-jisx0213",
		"iso-2022-jp":  "iso-2022-jp iso2022jp iso-2022-jp-ms iso-2022-jp-3 cp50220 cp50221 cp50222 jis csISO2022JP iso-2022-jp-2004 windows-50221",
		"iso-2022-kr":  "iso-2022-kr csISO2022KR cp50225",
		"iso-2022-cn":  "iso-2022-cn ISO-2022-CN-EXT cp50227",
		"euc-kr":       "euc-kr ks_c_5601-1987 KSC5601 ks_c_5601 uhc cp949 x-windows-949 ms949 korean iso-ir-149 ks_x_1001",
		"gb18030":      "gb2312 GB_2312-80 gbk x-gbk cp936 ms936 gb18030 gb18030-2000 euc-cn x-euc-cn cn-gb windows-936 gb2312-80 ibm-1386",
		"hz-gb-2312":   "hz-gb-2312 hz hz-gb2312 cp52936",
		"big5":         "big5 cp950 big5-hkscs x-x-big5 cn-big5 big5-eten ms950 windows-950 csBig5 big5hkscs:2004",
		"viscii":       "viscii VISCII csVISCII x-viscii",
		"x-none-such":  "x-none-such",
	} {
		for name := range strings.FieldsSeq(names) {
			if got := charsetName(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if _, known := decodeNamed("a", want); !known && want != "" && want != "utf-8" && want != "utf-7" && want != "us-ascii" && want != "x-none-such" {
				t.Errorf("%s has no decoder", want)
			}
		}
	}
}

func TestSevenBitCharsetsWithEightBits(t *testing.T) {
	for _, tt := range []struct{ charset, in, want string }{
		{"iso-2022-jp", "ほげ", "ほげ"}, {"utf-7", "é", "é"}, {"hz", "中", "中"}, {"us-ascii", "é", "é"}, {"iso-2022-kr", "한", "한"},
		{"iso-2022-jp", "\x93\xfa\x96\x7b", "日本"}, {"iso-2022-jp", "\xc6\xfc\xcb\xdc\xa1\xa3", "日本。"}, {"iso-2022-kr", "\xc7\xd1", "한"}, {"hz-gb-2312", "\xd6\xd0", "中"},
		{"gb2312", "你好，世界。", "你好，世界。"}, {"utf-16", "plain", "plain"},
	} {
		if got, fault := decodeCharset(tt.in, tt.charset); got != tt.want || fault != charsetMalformed {
			t.Errorf("%q in %s gave %q, fault %d, want %q", tt.in, tt.charset, got, fault, tt.want)
		}
	}
}

func TestOtherCharsets(t *testing.T) {
	for _, tt := range []struct{ charset, in, want string }{
		{"cp950", "\xad\xbb\xb4\xe4", "香港"}, {"win-1251", "\xd2\xe5\xf1\xf2", "Тест"}, {"eucjp-win", "\xc6\xfc\xcb\xdc", "日本"},
		{"gb2312", "\x81\x30\x81\x30", "\u0080"}, {"gbk", "\xfe\x50", "⺁"}, {"cp737", "\x80\x88", "ΑΙ"}, {"koi8-ru", "\xa4", "є"},
		{"iso-2022-kr", "\x1b$)C\x0eGQ1[\x0f abc\n\x0eGQ\x0f", "한글 abc\n한"}, {"iso-2022-cn", "\x1b$)A\x0eVPND\x0f!", "中文!"}, {"iso-2022-kr", "\x0eGQ 1[\n", "한 글\n"},
		{"viscii", "Vi\xaet", "Việt"}, {"mac-ce", "\x8a", "ä"}, {"x-mac-ukrainian", "\xb6", "ґ"}, {"iso-8859-1", "\xef\xbb\xbfé", "é"},
		{"utf-8", "\xef\xbb\xbf", ""}, {"cp1125", "\xf2", "Ґ"},
	} {
		if got, fault := decodeCharset(tt.in, tt.charset); got != tt.want || fault != charsetFine {
			t.Errorf("%q in %s gave %q, fault %d, want %q", tt.in, tt.charset, got, fault, tt.want)
		}
	}
	if got, fault := decodeCharset("\x1b$)G\x0eDc\x0f", "iso-2022-cn"); got != "\ufffd" || fault != charsetMalformed {
		t.Errorf("CNS 11643 gave %q, fault %d", got, fault)
	}
}

func TestMojibake(t *testing.T) {
	for _, tt := range []struct {
		charset, raw string
		want         bool
	}{
		{"iso-8859-1", "Grüße", true}, {"iso-8859-1", "Gr\xfc\xdfe", false}, {"koi8-r", "Тест", true}, {"windows-1252", "plain", false},
		{"utf-8", "Grüße", false}, {"shift_jis", "日本", false}, {"", "é", false}, {"cp737", "é", true}, {"x-none", "é", false},
	} {
		if got := mojibake(tt.raw, tt.charset); got != tt.want {
			t.Errorf("%q in %s: %v", tt.raw, tt.charset, got)
		}
	}
	for text, want := range map[string]bool{
		"GrÃ¼ÃŸe": true, "itâ€™s": true, "Grüße": false, "NÃO": false, "plain": false, "日本": false, "GrÃ¼ÃŸe, Jürgen": false, "Ð¢ÐµÑ\u0081Ñ‚": true,
	} {
		if got := encodedTwice(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzCharset(f *testing.F) {
	for _, name := range []string{"iso-2022-kr", "iso-2022-cn", "utf-7", "viscii", "utf-16", "hz", "x-none", "big5"} {
		f.Add("\x1b$)A\x0eVPND\x0f\n\xff+Jjo-", name)
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		text, _ := decodeCharset(s, name)
		if !utf8.ValidString(text) || len(text) > 3*len(s)+8 {
			t.Errorf("%q in %q gave %q", s, name, text)
		}
		mojibake(s, name)
		encodedTwice(text)
	})
}
