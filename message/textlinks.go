package message

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextLink is a URL in plain text.
type TextLink struct {
	Start, End int    // its place in the text, in bytes
	URL        string // what stands there, with "http://" before one that begins with "www."
}

// TextLinks gives the URLs in a plain text in their order, at most [MaxLinks]. A URL has
// any scheme and "://", or is one of a few kinds without slashes, such as mailto and tel,
// or begins with "www.". It ends before blanks, quotes, brackets that were not opened
// within it, punctuation at its end, any punctuation that is not ASCII, and a Chinese,
// Japanese or Korean letter after one of ASCII. The work is linear in the size of the text.
func TextLinks(text string) []TextLink {
	var links []TextLink
	for link := range textLinks(cutText(text, MaxText)) {
		if len(links) == MaxLinks {
			break
		}
		links = append(links, link)
	}
	return links
}

// textLinks gives the URLs in a text one by one.
func textLinks(s string) iter.Seq[TextLink] {
	return func(yield func(TextLink) bool) {
		for at := 0; at < len(s); {
			link, next := nextTextLink(s, at)
			if next < 0 || link.URL != "" && len(link.URL) <= MaxURL && !yield(link) {
				return
			}
			at = next
		}
	}
}

// nextTextLink looks at what may be the next URL from a place on. It gives the
// place to go on from, or -1 if there is none.
func nextTextLink(s string, at int) (link TextLink, next int) {
	i := strings.IndexAny(s[at:], ":wW")
	if i < 0 {
		return link, -1
	}
	if i += at; s[i] != ':' {
		if end := wwwEnd(s, i); end > i {
			return TextLink{i, end, "http://" + s[i:end]}, end
		}
		return link, i + 1
	}
	start := schemeStart(s, at, i)
	if start == i || !startsWord(s, start) || !textScheme(s[start:i], s[i+1:]) {
		return link, i + 1
	}
	end := linkEnd(s, start, i+1)
	if linkable(s[start:end]) {
		link = TextLink{start, end, s[start:end]}
	}
	return link, max(end, i+1) // so that nothing is looked at twice
}

// schemeStart gives where the scheme before a colon begins, not before a place;
// that of the colon if there is none.
func schemeStart(s string, from, colon int) int {
	start := colon
	for start > from && colon-start < maxScheme && isSchemeByte(s[start-1]) {
		start--
	}
	for start < colon && !isLetter(s[start]) {
		start++
	}
	return start
}

// startsWord reports whether a word may begin at a place: no ASCII letter, digit or similar
// sign is right before it.
func startsWord(s string, at int) bool {
	return at == 0 || !(isLetter(s[at-1]) || isDigit(s[at-1]) || strings.IndexByte("@/_", s[at-1]) >= 0)
}

// opaqueSchemes are those of URLs without slashes that people write in text.
var opaqueSchemes = wordSet(`
	mailto sip sips xmpp geo news magnet skype bitcoin ethereum lightning matrix urn
`)

// textScheme reports whether a word and a colon begin a URL, given what follows: not every
// word before a colon is a scheme.
func textScheme(name, rest string) bool {
	name = strings.ToLower(name)
	if len(name) < 2 || schemesNotLinked[name] || rest == "" {
		return false
	}
	if strings.HasPrefix(rest, "//") {
		return true
	}
	switch name {
	case "tel", "sms", "smsto", "mms", "mmsto", "callto", "facetime", "facetime-audio", "whatsapp":
		return rest[0] == '+' || isDigit(rest[0])
	}
	return opaqueSchemes[name] && (isLetter(rest[0]) || isDigit(rest[0]) || rest[0] == '?')
}

// wwwEnd gives the end of a URL without a scheme that begins at a place, 0 if none
// does.
func wwwEnd(s string, at int) int {
	const www = "www."
	if len(s)-at <= len(www) || !equalFold(s[at:at+len(www)], www) || !startsWord(s, at) || at > 0 && strings.IndexByte(".-:", s[at-1]) >= 0 {
		return 0
	}
	// There must be a name and a top-level domain after it.
	dot, end := 0, at+len(www)
	for end < len(s) && end-at < maxHost && (isLetter(s[end]) || isDigit(s[end]) || s[end] == '-' || s[end] == '.' || s[end] >= utf8.RuneSelf) {
		if s[end] == '.' && end+2 < len(s) && (isLetter(s[end+1]) || s[end+1] >= utf8.RuneSelf) && s[end-1] != '.' {
			dot = end
		}
		end++
	}
	if dot == 0 {
		return 0
	}
	return linkEnd(s, at, at+len(www))
}

// maxHost is the longest name of a host, in bytes.
const maxHost = 255

// linkEnd gives the end of a URL in text that is read from a place on.
func linkEnd(s string, start, at int) int {
	end := urlEnd(s, at)
	if start > 0 && s[start-1] == '\'' {
		if quote := strings.IndexByte(s[at:end], '\''); quote >= 0 {
			return at + quote // it is quoted
		}
	}
	return end
}

// urlEnd gives the end of a URL in text. Punctuation at its end is the sentence's,
// and a closing bracket is only the URL's if it has the opening one.
func urlEnd(s string, at int) int {
	end := at
	before, inHost := rune('/'), true
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if endsURL(s[end+size:], r, before, inHost) {
			break
		}
		inHost = inHost && (r != '/' && r != '?' && r != '#' || end < at+2)
		before = r
		end += size
	}
	if end-at > MaxURL {
		return end
	}
	return at + len(trimURL(s[at:end]))
}

// endsURL reports whether a character is not part of the URL before it; after is what
// follows it.
func endsURL(after string, r, before rune, inHost bool) bool {
	switch {
	case r <= ' ' || r == 0x7f || r == utf8.RuneError:
		return true
	case r < utf8.RuneSelf:
		return strings.ContainsRune("<>\"`", r)
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.IsControl(r):
		return true
	case withoutBlanks(r):
		return !inHost || before < utf8.RuneSelf && before != '/' && before != '.' && before != '-' && before != '@'
	case r == '\u2019': // an apostrophe, or the end of a quotation
		next, _ := utf8.DecodeRuneInString(after)
		return !unicode.IsLetter(next) || withoutBlanks(next)
	case r == '\u00b7', r == '\u30fb', unicode.Is(unicode.Pd, r) && r < '\u3000':
		return withoutBlanks(before) // those that words have within them
	case unicode.IsPunct(r):
		return true
	}
	return false
}

// withoutBlanks reports whether a letter is of a script that is written without blanks
// beside URLs: Chinese, Japanese and Korean.
func withoutBlanks(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) || r == '\u30fc'
}

// trimURL cuts off what belongs to the sentence around a URL. It looks at brackets
// from the left, as the first that was not opened ends the URL.
func trimURL(url string) string {
	var open [3]int
	for i := range len(url) {
		kind := strings.IndexByte("([{", url[i])
		if kind >= 0 {
			open[kind]++
		} else if kind = strings.IndexByte(")]}", url[i]); kind >= 0 {
			if open[kind]--; open[kind] < 0 {
				url = url[:i]
				break
			}
		}
	}
	for len(url) > 0 {
		c := url[len(url)-1]
		if kind := strings.IndexByte("([{", c); kind >= 0 {
			url = url[:len(url)-1] // it was opened and not closed
			continue
		}
		r, size := utf8.DecodeLastRuneInString(url)
		if strings.IndexByte(".,;:!?'*_|\\", c) < 0 && !(r >= utf8.RuneSelf && unicode.IsPunct(r)) {
			break
		}
		url = url[:len(url)-size]
	}
	return url
}
