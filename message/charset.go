package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// maxCharsetName is the longest charset name looked up, in bytes.
const maxCharsetName = 64

// charsetAliases are names seen in mail that neither the WHATWG index nor the
// IANA registry has.
var charsetAliases = map[string]string{
	"ansi_x3.110-1983": "iso-8859-1",
	"cp932":            "shift_jis",
	"cp936":            "gbk",
	"cp949":            "euc-kr",
	"iso-2022-jp-1":    "iso-2022-jp",
	"iso-2022-jp-2":    "iso-2022-jp",
	"iso-2022-jp-3":    "iso-2022-jp",
	"iso-2022-jp-ms":   "iso-2022-jp",
	"cp50220":          "iso-2022-jp",
	"cp50221":          "iso-2022-jp",
	"ks_c_5601":        "euc-kr",
	"uhc":              "euc-kr",
	"utf8mb4":          "utf-8",
	"utf_8":            "utf-8",
	"cp65001":          "utf-8",
	"x-mac-roman":      "macintosh",
}

// charsetFault tells how far the decoded text can be trusted.
type charsetFault int

const (
	charsetFine      charsetFault = iota
	charsetUnknown                // the name is not known: the text is a guess
	charsetMalformed              // bytes outside the charset became U+FFFD, or were guessed (8-bit in US-ASCII)
)

// decodeCharset turns bytes in the named charset into valid UTF-8. It never
// fails: text in an unknown charset, or 8-bit bytes where US-ASCII was
// promised, is guessed (UTF-8 when it is valid, else windows-1252). A byte
// order mark is removed. Like browsers and other mail readers it takes
// ISO-8859-1 for windows-1252.
func decodeCharset(s, name string) (string, charsetFault) {
	if len(name) > maxCharsetName {
		return guessCharset(s), charsetUnknown
	}
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	if alias, ok := charsetAliases[name]; ok {
		name = alias
	}
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "us", "646":
		if isASCII(s) {
			return s, charsetFine
		}
		return guessCharset(s), charsetMalformed
	case "utf-8", "utf8":
		s = strings.TrimPrefix(s, "\ufeff")
		if utf8.ValidString(s) {
			return s, charsetFine
		}
		return strings.ToValidUTF8(s, "\ufffd"), charsetMalformed
	case "utf-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "csunicode11utf7":
		return decodeUTF7(s)
	}
	enc := findEncoding(name, s)
	if enc == nil {
		return guessCharset(s), charsetUnknown
	}
	text, err := enc.NewDecoder().String(s)
	if err != nil {
		return guessCharset(s), charsetMalformed
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "\ufffd"), charsetMalformed
	}
	if strings.Contains(text, "\ufffd") {
		return text, charsetMalformed
	}
	return text, charsetFine
}

// findEncoding gives the decoder for a lower-case charset name, nil when there
// is none. The bytes to decode settle the byte order of UTF-16 and UTF-32.
func findEncoding(name, s string) encoding.Encoding {
	switch name {
	case "utf-16", "csutf16", "iso-10646-ucs-2", "ucs-2", "unicode":
		return unicode.UTF16(utf16Order(s), unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "utf-32", "ucs-4", "iso-10646-ucs-4":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "hz-gb-2312", "hz":
		return simplifiedchinese.HZGB2312
	case "iso-2022-kr", "iso-2022-cn", "iso-2022-cn-ext", "replacement", "x-user-defined":
		// The WHATWG index knows these, but decodes them to nothing useful.
		return nil
	}
	if enc, err := htmlindex.Get(name); err == nil {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil && enc != nil {
		return enc
	}
	return nil
}

// utf16Order guesses the byte order of UTF-16 without a byte order mark. RFC
// 2781 4.3 says big-endian, but the other order is common: the one whose high
// bytes are more often zero is taken.
func utf16Order(s string) unicode.Endianness {
	s = s[:min(len(s), 4096)]
	var even, odd int
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	if odd > even {
		return unicode.LittleEndian
	}
	return unicode.BigEndian
}

// guessCharset decodes bytes in no known charset: valid UTF-8 is kept, anything
// else is taken for windows-1252, in which every byte means something.
func guessCharset(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	if utf8.ValidString(s) {
		return s
	}
	if mostlyUTF8(s) {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	for i := 0; i < len(s); i++ {
		b.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return b.String()
}

// mostlyUTF8 tells that few of the bytes that are not ASCII are not UTF-8, as in a
// text that was cut within a character.
func mostlyUTF8(s string) bool {
	valid, invalid := 0, 0
	for _, r := range s {
		if r == utf8.RuneError {
			invalid++
		} else if r >= utf8.RuneSelf {
			valid++
		}
	}
	return valid > 2*invalid
}

// utf7Base64 is the alphabet of RFC 2152, which has no padding.
var utf7Base64 = base64.RawStdEncoding

// decodeUTF7 decodes RFC 2152.
func decodeUTF7(s string) (string, charsetFault) {
	var b strings.Builder
	b.Grow(len(s))
	fault := charsetFine
	for len(s) > 0 {
		plus := strings.IndexByte(s, '+')
		if plus < 0 {
			plus = len(s)
		}
		direct := s[:plus]
		if !isASCII(direct) {
			direct, fault = guessCharset(direct), charsetMalformed
		}
		b.WriteString(direct)
		if s = s[plus:]; s == "" {
			break
		}
		s = s[1:]
		if strings.HasPrefix(s, "-") {
			b.WriteByte('+')
			s = s[1:]
			continue
		}
		n := 0
		for n < len(s) && isBase64(s[n]) {
			n++
		}
		if n == 0 || !writeUTF7Run(&b, s[:n]) {
			fault = charsetMalformed
		}
		s = strings.TrimPrefix(s[n:], "-")
	}
	return b.String(), fault
}

// writeUTF7Run decodes one run of modified base64, which holds UTF-16. It
// reports whether the run was well formed; else U+FFFD stands for it, or for
// the part of it that was not.
func writeUTF7Run(b *strings.Builder, run string) bool {
	well := true
	if len(run)%4 == 1 {
		run, well = run[:len(run)-1], false
	}
	raw, err := utf7Base64.DecodeString(run)
	if err != nil {
		b.WriteRune(utf8.RuneError)
		return false
	}
	well = well && len(raw)%2 == 0
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	for _, r := range utf16.Decode(units) {
		well = well && r != utf8.RuneError
		b.WriteRune(r)
	}
	if !well {
		b.WriteRune(utf8.RuneError)
	}
	return well
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
