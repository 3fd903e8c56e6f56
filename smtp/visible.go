package smtp

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// appendVisible appends text with its control characters escaped: what a client sent
// must not begin another line of a transcript or a log, move the cursor of a terminal, or
// reverse the direction of text.
func appendVisible[T string | []byte](b []byte, text T) []byte {
	plain := 0 // text up to here is appended
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c < 0x7f {
			i++
			continue
		}
		r, n := decodeRune(text[i:])
		if !isInvisible(r, n) {
			i += n
			continue
		}
		b = append(b, text[plain:i]...)
		switch {
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < utf8.RuneSelf || n == 1:
			b = fmt.Appendf(b, `\x%02x`, text[i])
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		i += n
		plain = i
	}
	return append(b, text[plain:]...)
}

func decodeRune[T string | []byte](text T) (rune, int) {
	return utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
}

// isInvisible reports whether r, of n bytes, is malformed UTF-8 (then n is 1), a control
// character, a line separator, or a character that controls the direction of text.
func isInvisible(r rune, n int) bool {
	return r == utf8.RuneError && n == 1 || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) ||
		r == '\u2028' || r == '\u2029'
}

// visible is appendVisible for what is logged, and at most 200 bytes of it.
func visible(text string) string {
	return string(appendVisible(nil, cutText(text, 200)))
}

// visibleSome are the first ten of texts, for what is logged.
func visibleSome(texts []string) []string {
	shown := make([]string, 0, 11)
	for i, text := range texts {
		if i == 10 {
			return append(shown, "...")
		}
		shown = append(shown, visible(text))
	}
	return shown
}

// cutText is text, or as many of its characters as fit into n bytes.
func cutText[T string | []byte](text T, n int) T {
	if len(text) <= n {
		return text
	}
	for end := n; end > n-utf8.UTFMax && end > 0; end-- {
		if utf8.RuneStart(text[end]) {
			return text[:end]
		}
	}
	return text[:n] // it is not UTF-8
}
