package message

import (
	"iter"
	"strings"
)

// containsFold reports whether s contains lower, which is lower-case ASCII, in any case.
func containsFold(s, lower string) bool { return indexFold(s, lower) >= 0 }

// indexFold gives the first place of lower, which is lower-case ASCII, in s in any
// case, -1 if there is none.
func indexFold(s, lower string) int {
	for at := range placesFold(s, lower) {
		return at
	}
	return -1
}

// placesFold gives all places of lower in s. It looks for the first byte in both of
// its cases at once.
func placesFold(s, lower string) iter.Seq[int] {
	return func(yield func(int) bool) {
		if lower == "" {
			yield(0)
			return
		}
		first, other := lower[0], lower[0]
		if 'a' <= first && first <= 'z' {
			other = first - 'a' + 'A'
		}
		next, nextOther := strings.IndexByte(s, first), -1
		if other != first {
			nextOther = strings.IndexByte(s, other)
		}
		for next >= 0 || nextOther >= 0 {
			at := next
			if next < 0 || nextOther >= 0 && nextOther < next {
				at = nextOther
			}
			if len(s)-at < len(lower) || equalFold(s[at:at+len(lower)], lower) && !yield(at) {
				return
			}
			if at == next {
				next = indexAfter(s, first, at)
			} else {
				nextOther = indexAfter(s, other, at)
			}
		}
	}
}

func indexAfter(s string, c byte, at int) int {
	i := strings.IndexByte(s[at+1:], c)
	if i < 0 {
		return -1
	}
	return at + 1 + i
}

func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func isSpaceByte(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
