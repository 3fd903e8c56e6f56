package message

import "strings"

// decodeISO2022 decodes ISO-2022-KR (RFC 1557) and ISO-2022-CN (RFC 1922), which
// shift between ASCII and characters of two bytes. The characters of CNS 11643, which
// ISO-2022-CN has beside those of GB 2312, become U+FFFD.
func decodeISO2022(s, name string) string {
	wide := "gb18030"
	if name == "iso-2022-kr" {
		wide = "euc-kr"
	}
	const shiftOut, shiftIn, escape = 0x0e, 0x0f, 0x1b
	var b, run strings.Builder
	flush := func() {
		text, _ := decodeNamed(run.String(), wide)
		b.WriteString(text)
		run.Reset()
	}
	out, known := false, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == shiftOut:
			out = true
		case c == shiftIn:
			flush()
			out = false
		case c == escape && i+3 < len(s) && s[i+1] == '$' && (s[i+2] == ')' || s[i+2] == '*'):
			flush()
			known = s[i+2] == ')' && (s[i+3] == 'A' || s[i+3] == 'C')
			i += 3
		case c == '\n':
			flush()
			out = false // each line begins in ASCII
			b.WriteByte(c)
		case out && c > ' ' && c < 0x7f && known:
			run.WriteByte(c | 0x80)
		case out && c > ' ' && c < 0x7f:
			b.WriteString("\ufffd")
			i++
		default:
			flush()
			b.WriteByte(c)
		}
	}
	flush()
	return b.String()
}
