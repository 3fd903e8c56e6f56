package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
