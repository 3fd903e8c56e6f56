package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// codeText is a text that codes are looked for in.
type codeText struct {
	text string // digits and capitals of ASCII in place of those of other scripts
	head int    // where the body begins, after the subject

	years []string // the first digits of four-digit numbers that may be years
}

// newCodeText joins a subject and a body, both cut to what is searched.
func newCodeText(subject, body string) codeText {
	t := codeText{years: []string{"19", "20"}}
	subject = cutText(strings.TrimSpace(subject), maxCodeSubject)
	if subject != "" {
		t.text = t.plain(subject) + "\n"
	}
	t.head = len(t.text)
	t.text += t.plain(cutText(body, maxCodeText))
	return t
}

// plain returns a text with digits of any script and full-width letters replaced by those
// of ASCII, without characters that only control the direction of writing or the joining of
// letters.
func (t *codeText) plain(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case unicode.Is(unicode.Nd, r):
			t.calendar(r)
			return '0' + digitValue(r)
		case '\uff21' <= r && r <= '\uff3a':
			return r - '\uff21' + 'A'
		case '\uff41' <= r && r <= '\uff5a':
			return r - '\uff41' + 'a'
		case r != '\u200c' && unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// calendar records the years of other calendars, which are used along with digits of other
// scripts: 14xx in Arabic and Persian, 25xx in Thai.
func (t *codeText) calendar(digit rune) {
	switch {
	case len(t.years) > 2:
	case '\u0660' <= digit && digit <= '\u0669', '\u06f0' <= digit && digit <= '\u06f9':
		t.years = append(t.years, "13", "14")
	case '\u0e50' <= digit && digit <= '\u0e59':
		t.years = append(t.years, "25")
	}
}

// digitValue returns the value of a decimal digit of any script. In Unicode each script's
// digits are in a row, from zero to nine.
func digitValue(r rune) rune {
	for _, in := range unicode.Nd.R16 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	for _, in := range unicode.Nd.R32 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// splits reports whether a word ends between two letters or digits: between an ASCII digit
// and a letter that is not ASCII, and between an ASCII letter and one of a script without
// blanks.
func splits(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return false
	}
	if a < utf8.RuneSelf {
		a, b = b, a
	}
	if b >= utf8.RuneSelf {
		return false
	}
	return isDigit(byte(b)) || withoutBlanks(a) || unicode.In(a, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
