package message

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// searchText gives a text as it is compared in a search: in lower case, with one
// blank for all white space between words, straight quotes and plain hyphens for
// those that typography has, composed letters (NFC), and without what cannot be
// seen, such as soft hyphens.
func searchText(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case r < utf8.RuneSelf:
		case unicode.Is(unicode.Cf, r):
			continue
		default:
			r = plainRune(r)
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// plainRune gives the character on keyboards for one that typography puts in its
// place.
func plainRune(r rune) rune {
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u02bc', '\u2032':
		return '\''
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2033':
		return '"'
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2212':
		return '-'
	case '\u03c2': // sigma at the end of a word
		return '\u03c3'
	}
	return r
}

// mayBecomeASCII tells that searchText makes ASCII of some of a text that is none,
// or takes characters out of it. It may be wrong in saying so.
func mayBecomeASCII(s string) bool {
	for _, begin := range []string{
		"\xe2",         // spaces, quotes, hyphens, and marks that cannot be seen
		"\xc2\xa0",     // a no-break space
		"\xc2\xad",     // a soft hyphen
		"\xc2\x85",     // next line
		"\xca\xbc",     // an apostrophe
		"\xe3\x80\x80", // an ideographic space
		"\xe1\x9a\x80", // an Ogham space
		"\xe1\xa0\x8e", // a Mongolian vowel separator
		"\xef\xbb\xbf", // a byte order mark
		"\xc4\xb0",     // a capital i with a dot
		"\xcd\xbe",     // a Greek question mark, which NFC makes a semicolon
		"\xe1\xbf\xaf", // a Greek accent, which it makes a grave one
		"\xd8\x9c",     // an Arabic letter mark
		"\xf0", "\xf3", // beyond the first plane: marks and tags
	} {
		if strings.Contains(s, begin) {
			return true
		}
	}
	return false
}

// containsWords tells that some lower-case words of ASCII, of which there are two
// at least, stand in s in any case with nothing but white space between them. Each
// run of white space is read at most once for each word.
func containsWords(s string, words []string) bool {
	for at := range placesFold(s, words[0]) {
		if wordsFollow(s[at+len(words[0]):], words[1:]) {
			return true
		}
	}
	return false
}

func wordsFollow(s string, words []string) bool {
	for _, word := range words {
		i := 0
		for i < len(s) && isSpaceByte(s[i]) {
			i++
		}
		if i == 0 || len(s)-i < len(word) || !equalFold(s[i:i+len(word)], word) {
			return false
		}
		s = s[i+len(word):]
	}
	return true
}

func isSpaceByte(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
