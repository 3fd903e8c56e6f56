package search

import "math/bits"

// signature is a Bloom filter that rules out most texts that a mail does not contain: it
// has a bit set for each three bytes in a row in the mail's text. Different ones may share
// a bit. Its length is a power of two.
type signature []uint64

// Bounds of a signature, in words of 64 bits.
const (
	minSignature = 16
	maxSignature = 2048
)

// newSignature makes the signature of a text.
func newSignature(t *mailText) signature {
	n := len(t.folded)
	for _, piece := range t.source {
		n += len(piece)
	}
	const bytesPerWord = 160 // of English in HTML, which sets about a fourth of the bits
	s := make(signature, min(max(1<<bits.Len(uint(n/bytesPerWord)), minSignature), maxSignature))
	s.add(t.folded)
	for _, piece := range t.source {
		s.addSource(piece)
	}
	return s
}

// add adds a folded text.
func (s signature) add(text string) {
	for i := 0; i+3 <= len(text); i++ {
		s.set(text[i], text[i+1], text[i+2])
	}
}

// addSource adds a text in ASCII that is not folded.
func (s signature) addSource(text string) {
	var a, b byte
	for i := range len(text) {
		c := lower(text[i])
		if isSpace(c) {
			if c = ' '; b == ' ' {
				continue
			}
		}
		s.set(a, b, c)
		a, b = b, c
	}
}

func (s signature) set(a, b, c byte) {
	word, bit := s.place(a, b, c)
	s[word] |= bit
}

func (s signature) place(a, b, c byte) (word int, bit uint64) {
	h := (uint32(a)<<16 | uint32(b)<<8 | uint32(c)) * 0x9e3779b1
	h ^= h >> 15
	return int(h>>6) & (len(s) - 1), 1 << (h & 63)
}

// mayHave reports whether a mail with that signature may contain a folded text.
func (s signature) mayHave(text string) bool {
	for i := 0; i+3 <= len(text); i++ {
		if word, bit := s.place(text[i], text[i+1], text[i+2]); s[word]&bit == 0 {
			return false
		}
	}
	return true
}
