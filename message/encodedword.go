package message

import (
	"strings"
	"unicode/utf8"
)

// DecodeHeader decodes the value of a header field for people to read: folded
// lines are unfolded (RFC 5322 2.2.3), encoded words decoded (RFC 2047) and raw
// 8-bit text taken as UTF-8 (RFC 6532) or else as windows-1252. The result is
// valid UTF-8 without CR or LF, at most three times as long as s.
//
// It reads more than RFC 2047 allows: words next to text without a space,
// inside quotes, longer than 75 bytes, with spaces or "?" in them, with a
// language (RFC 2231 5). White space between two words goes; a character split
// over words of the same charset is put together. A word that is malformed stays
// as it is. The time is linear in len(s), and plain ASCII is returned as it is,
// without allocating.
func DecodeHeader(s string) string {
	if isPlain(s) {
		return s
	}
	s = unfold(s)
	var d wordDecoder
	d.out.Grow(len(s))
	literal, at := 0, 0 // where the text not yet written, and the search, begin
	for {
		i := strings.Index(s[at:], "=?")
		if i < 0 {
			break
		}
		start := at + i
		w, size := parseWord(s[start:])
		data, ok := w.decode()
		if size == 0 || !ok {
			at = start + 2
			continue
		}
		d.literal(s[literal:start])
		d.word(w.charset, data)
		literal, at = start+size, start+size
	}
	d.literal(s[literal:])
	d.flush()
	return d.out.String()
}

// decodeWords decodes s like DecodeHeader; whole reports whether it is nothing but encoded
// words.
func decodeWords(s string) (decoded string, whole bool) {
	if !strings.HasPrefix(s, "=?") || !strings.HasSuffix(s, "?=") {
		return "", false
	}
	for rest := s; rest != ""; rest = strings.TrimLeft(rest, " \t") {
		if !strings.HasPrefix(rest, "=?") {
			return "", false
		}
		_, size := parseWord(rest)
		if size == 0 {
			return "", false
		}
		rest = rest[size:]
	}
	return DecodeHeader(s), true
}

// isPlain reports whether DecodeHeader would not change s.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf, c == '\r', c == '\n':
			return false
		case c == '?' && i > 0 && s[i-1] == '=':
			return false
		}
	}
	return true
}

// unfold removes the line ends of folded lines. Any other CR or LF becomes a
// space, so that a value is always one line.
func unfold(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			continue
		}
		if c != '\r' && c != '\n' {
			b = append(b, c)
			continue
		}
		if c == '\n' && i+1 < len(s) && isBlank(s[i+1]) {
			continue
		}
		b = append(b, ' ')
	}
	return string(b)
}

// encodedWord is one word as sent: =?charset*language?encoding?text?=
type encodedWord struct {
	charset string
	base64  bool // encoding B, else Q
	text    string
}

// parseWord reads the word that s, which begins with "=?", begins with. The
// size is its length in s, 0 when it is malformed. It looks no further than the
// next "=?", so that a caller that tries each of them in turn stays linear.
func parseWord(s string) (w encodedWord, size int) {
	rest := s[2:]
	mark := strings.IndexByte(rest[:min(len(rest), maxCharsetName+1)], '?')
	if mark <= 0 || len(rest) < mark+3 || rest[mark+2] != '?' {
		return w, 0
	}
	w.charset = rest[:mark]
	if strings.ContainsAny(w.charset, " \t=\"(),:;<>@[\\]") {
		return w, 0
	}
	if star := strings.IndexByte(w.charset, '*'); star >= 0 {
		w.charset = w.charset[:star]
	}
	switch rest[mark+1] {
	case 'B', 'b':
		w.base64 = true
	case 'Q', 'q':
	default:
		return w, 0
	}
	text := rest[mark+3:]
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '?' && text[i+1] == '=':
			w.text = text[:i]
			return w, 2 + mark + 3 + i + 2
		case text[i] == '=' && text[i+1] == '?' && (i+2 >= len(text) || text[i+2] != '='):
			return w, 0
		}
	}
	return w, 0
}

// decode gives the bytes that the text stands for; ok is false when its base64
// is malformed. Missing padding is not.
func (w encodedWord) decode() (data []byte, ok bool) {
	if w.base64 {
		data, fault := appendBase64(nil, w.text)
		return data, fault != faultBase64 && fault != faultBase64Tail
	}
	data = make([]byte, 0, len(w.text))
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		if c == '_' {
			c = ' '
		} else if c == '=' {
			if v, ok := hexByte(w.text[i+1:]); ok {
				c = v
				i += 2
			}
		}
		data = append(data, c)
	}
	return data, true
}

// wordDecoder writes literal text and decoded words. The bytes of neighbouring
// words of one charset wait in pending, to be converted together.
type wordDecoder struct {
	out     strings.Builder
	pending []byte
	charset string // of the word before, in lower case; "" when literal text came before
	between string // blanks after that word: nothing, when another word follows
}

// literal writes text that is no encoded word.
func (d *wordDecoder) literal(s string) {
	if d.charset != "" && isAllBlank(s) {
		d.between = s
		return
	}
	d.flush()
	d.out.WriteString(guessCharset(s))
}

// word adds one encoded word.
func (d *wordDecoder) word(charset string, data []byte) {
	charset = strings.ToLower(charset)
	d.between = ""
	if charset != d.charset || stateful(charset) {
		d.flush()
	}
	d.pending, d.charset = append(d.pending, data...), charset
}

// stateful reports whether a charset has shift states. Each encoded word begins in the
// initial state, so that words in such a charset are converted one by one.
func stateful(charset string) bool {
	return strings.HasSuffix(charset, "utf-7") || strings.HasPrefix(charset, "hz") ||
		strings.HasPrefix(charset, "iso-2022-kr") || strings.HasPrefix(charset, "iso-2022-cn")
}

// flush converts the pending words, and writes the blanks that turned out not
// to be between two of them.
func (d *wordDecoder) flush() {
	if len(d.pending) > 0 {
		text, _ := decodeCharset(string(d.pending), d.charset)
		d.writeLine(text)
	}
	d.out.WriteString(d.between)
	d.pending, d.charset, d.between = d.pending[:0], "", ""
}

// writeLine writes decoded text with blanks for its line ends, which could forge header
// fields.
func (d *wordDecoder) writeLine(s string) {
	if strings.ContainsAny(s, "\r\n") {
		s = lineEnds.Replace(s)
	}
	d.out.WriteString(s)
}

var lineEnds = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trimBlanks takes the blanks off both ends.
func trimBlanks(s string) string {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isAllBlank(s string) bool { return strings.Trim(s, " \t") == "" }
