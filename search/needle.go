package search

import (
	"strings"
	"unicode/utf8"
)

// needle is a text that is looked for. It is safe for concurrent use.
type needle struct {
	text  string   // folded
	ascii bool     // text is all ASCII
	words []string // of text, if ascii

	// The byte of text that is rarest in mails, which searches look for first: its place in
	// text, the word that it is in and its place in that word.
	at, word, inWord int
}

func newNeedle(s string) *needle {
	n := &needle{text: fold(s)}
	if n.ascii = isASCII(n.text); n.ascii {
		n.words = strings.Fields(n.text)
	}
	best, word, begin := byte(255), 0, 0
	for i := range len(n.text) {
		c := n.text[i]
		if n.ascii && c == ' ' {
			word, begin = word+1, i+1
			continue
		}
		if f := frequency[c]; f < best {
			best, n.at, n.word, n.inWord = f, i, word, i-begin
		}
	}
	return n
}

// in reports whether any text contains the needle.
func (n *needle) in(s string) bool {
	if isASCII(s) && strings.IndexByte(s, 0) < 0 {
		return n.ascii && n.inASCII(s)
	}
	return n.inFolded(fold(s))
}

// tooMuch is how many bytes may be compared without a match for each byte that is searched.
// A search that compares more continues with a method whose time is always linear.
const tooMuch = 4

// inFolded reports whether a folded text contains the needle.
func (n *needle) inFolded(s string) bool {
	if n.text == "" {
		return true
	}
	c, compared := n.text[n.at], 0
	for i := n.at; i < len(s); i++ {
		next := strings.IndexByte(s[i:], c)
		if next < 0 {
			return false
		}
		i += next
		from := i - n.at
		if len(s)-from < len(n.text) {
			return false
		}
		if s[from:from+len(n.text)] == n.text {
			return true
		}
		if compared += 8 + len(n.text)/16; compared > tooMuch*i+1024 {
			return strings.Contains(s[from:], n.text)
		}
	}
	return false
}

// inASCII reports whether a text in ASCII without NUL, which is not folded, contains the
// needle, which is in ASCII too.
func (n *needle) inASCII(s string) bool {
	if n.text == "" {
		return true
	}
	small := n.text[n.at]
	capital := small
	if 'a' <= small && small <= 'z' {
		capital = small - 'a' + 'A'
	}
	compared := 0
	next, nextCapital := indexFrom(s, small, 0), len(s)
	if capital != small {
		nextCapital = indexFrom(s, capital, 0)
	}
	for {
		at := min(next, nextCapital)
		if at == len(s) {
			return false
		}
		match, work := n.standsAt(s, at)
		if match {
			return true
		}
		if compared += work; compared > tooMuch*at+1024 {
			return strings.Contains(fold(s), n.text)
		}
		if at == next {
			next = indexFrom(s, small, at+1)
		} else {
			nextCapital = indexFrom(s, capital, at+1)
		}
	}
}

// indexFrom gives the first place of c in s from a place on, len(s) if there is none.
func indexFrom(s string, c byte, from int) int {
	at := strings.IndexByte(s[from:], c)
	if at < 0 {
		return len(s)
	}
	return from + at
}

// standsAt reports whether the needle is in s with its rarest byte at a given place,
// allowing any white space between its words. Work is how many bytes were looked at.
func (n *needle) standsAt(s string, at int) (match bool, work int) {
	begin := at - n.inWord
	end := begin + len(n.words[n.word])
	if begin < 0 || end > len(s) {
		return false, 1
	}
	if same := samePrefix(s[begin:end], n.words[n.word]); same < end-begin {
		return false, same + 1
	}
	work = end - begin
	for _, word := range n.words[n.word+1:] {
		from := end
		for from < len(s) && isSpace(s[from]) {
			from++
		}
		work += from - end + 1
		if from == end || len(s)-from < len(word) {
			return false, work
		}
		same := samePrefix(s[from:from+len(word)], word)
		if work += same; same < len(word) {
			return false, work
		}
		end = from + len(word)
	}
	for i := n.word - 1; i >= 0; i-- {
		word, to := n.words[i], begin
		for to > 0 && isSpace(s[to-1]) {
			to--
		}
		work += begin - to + 1
		if to == begin || to < len(word) {
			return false, work
		}
		begin = to - len(word)
		same := samePrefix(s[begin:to], word)
		if work += same; same < len(word) {
			return false, work
		}
	}
	return true, work
}

// samePrefix returns the length of the common prefix of two texts of the same length,
// without regard to the case of the first; the second is in lower case.
func samePrefix(s, small string) int {
	for i := range len(small) {
		if c := s[i]; c != small[i] && lower(c) != small[i] {
			return i
		}
	}
	return len(small)
}

// frequency ranks bytes by how often they occur in mails, from 0 for the rarest. The order
// need not be exact.
var frequency = func() (f [256]byte) {
	const order = "~^`|{}\\$!@#[]*\"'+?&%();_zjqxkvZQXJKVYW,<>:/=GHUBFNLPwbygOMRDICASTE98765432fmpuh10-.dclirsnoate "
	for i := range f {
		switch {
		case i < ' ' || i == 0x7f:
			f[i] = 0
		case i >= 0xc0: // the first byte of a character
			f[i] = 200
		case i >= utf8.RuneSelf:
			f[i] = 100
		default:
			f[i] = 50
		}
	}
	for i := range len(order) {
		f[order[i]] = byte(2 * i)
	}
	return f
}()
