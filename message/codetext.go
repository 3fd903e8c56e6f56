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

	years []string // what numbers of four digits begin with that may be years
}

// newCodeText makes one of a subject and a body, which is cut.
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

// plain gives a text with digits of any script and full-width letters as those of
// ASCII, without marks that only turn the direction of writing or join letters.
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

// calendar takes note of years of another calendar than ours, which go with digits
// of other scripts: 14xx in Arabic and Persian, 25xx in Thai.
func (t *codeText) calendar(digit rune) {
	switch {
	case len(t.years) > 2:
	case '\u0660' <= digit && digit <= '\u0669', '\u06f0' <= digit && digit <= '\u06f9':
		t.years = append(t.years, "13", "14")
	case '\u0e50' <= digit && digit <= '\u0e59':
		t.years = append(t.years, "25")
	}
}

// digitValue gives what a decimal digit of any script stands for. Unicode has them
// in tens, each from zero to nine.
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

// splits tells that a word ends between two letters or digits: beside a digit, and
// beside a letter of ASCII, text of scripts without blanks goes on as it does with
// them.
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
