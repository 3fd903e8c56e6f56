package search

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// fold returns a text in the form in which searches compare it: without regard to case in
// any script, with one blank for all white space between words and none around the text,
// with composed letters (NFC), characters of normal width, ASCII digits, straight quotes
// and plain hyphens, and without invisible characters such as soft hyphens. It has no NUL.
func fold(s string) string { return string(appendFold(make([]byte, 0, len(s)), s)) }

// appendFold appends fold(s) to dst.
func appendFold(dst []byte, s string) []byte {
	if !isASCII(s) {
		if strings.IndexByte(s, 0xef) >= 0 { // the first byte of all that have another width
			s = width.Fold.String(s)
		}
		s = norm.NFC.String(s)
	}
	start, space := len(dst), false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isSpace(c):
			space = true
			i++
			continue
		case c == 0:
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if i += size; unicode.IsSpace(r) {
				space = true
				continue
			} else if unseen(r) {
				continue
			}
		} else {
			i++
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		if c < utf8.RuneSelf {
			dst = append(dst, lower(c))
		} else {
			dst = appendFoldedRune(dst, r)
		}
	}
	return dst
}

// unseen reports whether a character is invisible and only controls how others are shown.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || '\ufe00' <= r && r <= '\ufe0f' || r == '\u034f'
}

func appendFoldedRune(dst []byte, r rune) []byte {
	if '\u3040' <= r && r <= '\u9fff' || '\uac00' <= r && r <= '\ud7a3' {
		return utf8.AppendRune(dst, r) // of East Asia, whose scripts have no case
	}
	if digit, ok := digitOf(r); ok {
		return append(dst, digit)
	}
	if long := longFolds()[r]; long != "" {
		return append(dst, long...)
	}
	// By way of the capital letter, variants of a small letter, such as the Greek final
	// sigma, become the same.
	return utf8.AppendRune(dst, unicode.ToLower(unicode.ToUpper(plainRune(r))))
}

// digitOf returns the ASCII digit for a decimal digit of any script. In Unicode the digits
// of a script follow its zero.
func digitOf(r rune) (digit byte, ok bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, block := range unicode.Nd.R16 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + byte(r-rune(block.Lo))%10, true
		}
	}
	for _, block := range unicode.Nd.R32 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + byte(r-rune(block.Lo))%10, true
		}
	}
	return 0, false
}

// longFolds are the letters that case folding turns into several, such as "ß" into "ss".
var longFolds = sync.OnceValue(func() map[rune]string {
	folds := make(map[rune]string)
	fold := cases.Fold()
	for _, block := range [][2]rune{{'\u00df', '\u00df'}, {'\u0149', '\u01f0'}, {'\u0390', '\u03b0'}, {'\u0587', '\u0587'}, {'\u1e96', '\u1e9e'}, {'\u1f50', '\u1ffc'}, {'\ufb00', '\ufb17'}} {
		for r := block[0]; r <= block[1]; r++ {
			if s := fold.String(string(r)); utf8.RuneCountInString(s) > 1 {
				folds[r] = norm.NFC.String(s)
			}
		}
	}
	return folds
})

// plainRune returns the character that is typed on a keyboard for its typographic form.
func plainRune(r rune) rune {
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u02bc', '\u2032':
		return '\''
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2033':
		return '"'
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2212':
		return '-'
	}
	return r
}

func isASCII(s string) bool {
	for len(s) >= 8 {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&0x80 != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
