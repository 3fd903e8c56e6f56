package message

import (
	"strings"
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

// charsetFault says how far the decoded text can be trusted.
type charsetFault int

const (
	charsetFine      charsetFault = iota
	charsetUnknown                // the name is not known: the text is a guess
	charsetMalformed              // bytes outside the charset became U+FFFD, or were guessed (8-bit in US-ASCII)
)

// decodeCharset turns bytes in the named charset into valid UTF-8. It never fails: text in
// an unknown charset, or 8-bit bytes in a charset that has none, are guessed (UTF-8 when it
// is valid, else windows-1252 or the 8-bit charset that is used along with the named one).
// A byte order mark is removed, and takes precedence over the name. Like browsers and other
// mail readers it takes ISO-8859-1 for windows-1252 and GB2312 for GB18030.
func decodeCharset(s, name string) (string, charsetFault) {
	if len(name) > maxCharsetName {
		return guessCharset(s), charsetUnknown
	}
	name = charsetName(name)
	switch {
	case name == "utf-8":
		s = strings.TrimPrefix(s, "\ufeff")
		if utf8.ValidString(s) {
			return s, charsetFine
		}
		return strings.ToValidUTF8(s, "\ufffd"), charsetMalformed
	case name == "" || name == "us-ascii":
		if isASCII(s) {
			return s, charsetFine
		}
		return guessCharset(s), charsetMalformed
	case sevenBit[name] != "" && !isASCII(s):
		return decodeEightBit(s, sevenBit[name]), charsetMalformed
	case strings.HasPrefix(s, "\ufeff") && utf8.ValidString(s):
		return strings.TrimPrefix(s, "\ufeff"), charsetFine
	case name == "utf-7":
		return decodeUTF7(s)
	case strings.HasPrefix(name, "utf-16") && isASCII(s) && strings.IndexByte(s, 0) < 0:
		return s, charsetMalformed // text of two bytes a character is no plain ASCII
	}
	text, known := decodeNamed(s, name)
	switch {
	case !known:
		return guessCharset(s), charsetUnknown
	case !strings.Contains(text, "\ufffd"):
		return text, charsetFine
	case !isASCII(s) && utf8.ValidString(s):
		return s, charsetMalformed
	}
	return text, charsetMalformed
}

// decodeNamed decodes a charset by the name that charsetName gives it; known is
// false when there is no decoder for it.
func decodeNamed(s, name string) (text string, known bool) {
	if table := charsetTables[name]; table != nil {
		return decodeTable(s, table), true
	}
	switch name {
	case "iso-2022-kr", "iso-2022-cn":
		return decodeISO2022(s, name), true
	}
	enc := findEncoding(name, s)
	if enc == nil {
		return "", false
	}
	text, err := enc.NewDecoder().String(s)
	if err != nil {
		return guessCharset(s), true
	}
	return strings.ToValidUTF8(strings.TrimPrefix(text, "\ufeff"), "\ufffd"), true
}

// decodeTable decodes a charset of one byte a character.
func decodeTable(s string, table []rune) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/2)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			b.WriteRune(table[c-utf8.RuneSelf])
		}
	}
	return b.String()
}

// sevenBit are the charsets without 8-bit bytes, each with the 8-bit charset in which such
// bytes are read if they are not UTF-8.
var sevenBit = map[string]string{
	"iso-2022-jp": "shift_jis", "iso-2022-kr": "euc-kr", "iso-2022-cn": "gb18030", "hz-gb-2312": "gb18030", "utf-7": "windows-1252",
}

// decodeEightBit guesses 8-bit text that was sent in a charset of 7 bits.
func decodeEightBit(s, beside string) string {
	if utf8.ValidString(s) || mostlyUTF8(s) {
		return guessCharset(s)
	}
	names := []string{beside}
	if beside == "shift_jis" {
		names = append(names, "euc-jp")
	}
	for _, name := range names {
		if text, _ := decodeNamed(s, name); !strings.Contains(text, "\ufffd") {
			return text
		}
	}
	return guessCharset(s)
}

// oneByte reports whether a charset has one byte for each character, so that any bytes are
// valid text in it, even if they were written in another charset.
func oneByte(name string) bool {
	if charsetTables[name] != nil {
		return true
	}
	_, ok := findEncoding(name, "").(*charmap.Charmap)
	return ok
}

// mojibake reports whether bytes that are labelled with a charset are almost certainly
// UTF-8, so that a reader sees two or three characters for each one that is not ASCII.
func mojibake(raw, charset string) bool {
	return len(charset) <= maxCharsetName && !isASCII(raw) && utf8.ValidString(raw) && oneByte(charsetName(charset))
}

// encodedTwice reports whether UTF-8 was taken for windows-1252 and encoded once more,
// which must hold for all of the text that is not ASCII.
func encodedTwice(text string) bool {
	if isASCII(text) {
		return false
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok && r < 0xa0 {
			c, ok = byte(r), true // five bytes are undefined in windows-1252
		}
		if !ok {
			return false
		}
		b = append(b, c)
	}
	return utf8.Valid(b)
}

// findEncoding gives the decoder for a charset by the name that charsetName gives
// it, nil when there is none. The bytes to decode settle the byte order of UTF-16 and
// UTF-32.
func findEncoding(name, s string) encoding.Encoding {
	switch name {
	case "utf-16":
		return unicode.UTF16(utf16Order(s), unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "replacement", "x-user-defined", "iso-2022-cn-ext":
		// The WHATWG index knows these, but decodes them to nothing useful.
		return nil
	}
	if enc, err := htmlindex.Get(name); err == nil {
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

// guessCharset decodes bytes in an unknown charset: valid UTF-8 is kept, anything else is
// read as windows-1252, in which every byte stands for a character.
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

// mostlyUTF8 reports whether most of the text that is not ASCII is valid UTF-8. The rest
// may come from a text that was cut within a character.
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

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
