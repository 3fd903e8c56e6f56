package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzList does random things to a list and to a plain slice, and compares.
func FuzzList(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed, uint16(30))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newTestList(r)
		for range min(steps, 30) {
			switch r.IntN(6) {
			case 0, 1:
				l.grow(r.IntN(3 * chunkSize))
			case 2:
				l.remove(t, 0, r.IntN(2*chunkSize), 1) // the oldest
			case 3:
				l.remove(t, r.IntN(len(l.seqs)+1), r.IntN(2*chunkSize), 1) // all in a row
			case 4:
				l.remove(t, 0, len(l.seqs), 2+r.IntN(5)) // every second, every third
			case 5:
				for range r.IntN(200) {
					l.remove(t, r.IntN(len(l.seqs)+1), 1, 1)
				}
			}
			l.check(t, r)
		}
	})
}

// testList is a list, and what it should hold.
type testList struct {
	list
	seqs     []uint64
	messages []*Message // nil if the list is of numbers only
	next     uint64
	gap      uint64
}

func newTestList(r *rand.Rand) *testList {
	l := &testList{next: uint64(r.IntN(1000)), gap: 1 + uint64(r.IntN(2))*uint64(r.IntN(50))}
	if r.IntN(2) == 0 {
		l.messages = []*Message{}
	}
	return l
}

func (l *testList) grow(n int) {
	for range n {
		var m *Message
		if l.messages != nil {
			m = new(Message)
			l.messages = append(l.messages, m)
		}
		l.push(l.next, m)
		l.seqs = append(l.seqs, l.next)
		l.next += l.gap
	}
}

// remove removes up to n elements, each step from the one before, and what is not
// there.
func (l *testList) remove(t *testing.T, from, n, step int) {
	t.Helper()
	for i := from; n > 0 && i < len(l.seqs); i, n = i+step-1, n-1 {
		m, ok := l.list.remove(l.seqs[i])
		if !ok || l.messages != nil && m != l.messages[i] {
			t.Fatalf("number %d of %d was not removed", i, len(l.seqs))
		}
		if _, ok := l.list.remove(l.seqs[i]); ok {
			t.Fatal("removed twice")
		}
		l.seqs = slices.Delete(l.seqs, i, i+1)
		if l.messages != nil {
			l.messages = slices.Delete(l.messages, i, i+1)
		}
	}
}

func (l *testList) check(t *testing.T, r *rand.Rand) {
	t.Helper()
	l.checkChunks(t)
	if l.n != len(l.seqs) {
		t.Fatalf("%d numbers, want %d", l.n, len(l.seqs))
	}
	for range 10 {
		s := span{uint64(r.Int64N(int64(l.next + 2))), uint64(r.Int64N(int64(l.next + 2)))}
		lo, _ := slices.BinarySearch(l.seqs, s.lo)
		hi, _ := slices.BinarySearch(l.seqs, s.hi)
		hi = max(lo, hi)
		if n := l.count(s); n != hi-lo {
			t.Fatalf("%d numbers in %v, want %d", n, s, hi-lo)
		}
		skip, limit, ascending := r.IntN(len(l.seqs)+2), r.IntN(1000), r.IntN(2) == 0
		wantLo, wantHi := min(hi, lo+skip), min(hi, lo+skip+limit)
		if !ascending {
			wantLo, wantHi = max(lo, hi-skip-limit), max(lo, hi-skip)
		}
		var seqs []uint64
		var messages []*Message
		l.pieces(s, ascending, skip, limit, func(c chunk) {
			if len(c.seqs) == 0 || l.messages != nil && len(c.messages) != len(c.seqs) {
				t.Fatalf("a piece of %d numbers and %d messages", len(c.seqs), len(c.messages))
			}
			if ascending {
				seqs, messages = append(seqs, c.seqs...), append(messages, c.messages...)
			} else {
				seqs, messages = append(slices.Clone(c.seqs), seqs...), append(slices.Clone(c.messages), messages...)
			}
		})
		if !slices.Equal(seqs, l.seqs[wantLo:wantHi]) {
			t.Fatalf("%d numbers in %v after %d, ascending %v; want %d", len(seqs), s, skip, ascending, wantHi-wantLo)
		}
		if l.messages != nil && !slices.Equal(messages, l.messages[wantLo:wantHi]) {
			t.Fatal("other messages than numbers")
		}
	}
}

// checkChunks checks that no chunk is so empty that looking over many costs much, or
// that their memory is much more than is used.
func (l *testList) checkChunks(t *testing.T) {
	t.Helper()
	for i, c := range l.chunks {
		switch n := len(c.seqs); {
		case n == 0 || n > chunkSize:
			t.Fatalf("a chunk of %d", n)
		case i < len(l.chunks)-1 && n >= 4 && cap(c.seqs) >= 4*n+8:
			t.Fatalf("a chunk of %d has memory for %d", n, cap(c.seqs))
		case i > 0 && n+len(l.chunks[i-1].seqs) <= chunkSize/2:
			t.Fatalf("neighbours of %d and %d", len(l.chunks[i-1].seqs), n)
		}
	}
}
