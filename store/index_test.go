package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzIndex gives messages keys and takes them, in an index and in a map.
func FuzzIndex(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint16(2000), uint8(1+seed*seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16, keys uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		var x index
		want := make(map[string][]uint64)
		for seq := range uint64(min(steps, 2000)) {
			key := fmt.Sprint("key", r.IntN(int(keys)+1))
			if held := want[key]; len(held) > 0 && r.IntN(3) > 0 {
				gone := held[r.IntN(len(held))]
				if r.IntN(2) == 0 {
					gone = held[0]
				}
				x.remove(key, gone)
				x.remove(key, gone) // as of an address named twice
				want[key] = slices.DeleteFunc(held, func(seq uint64) bool { return seq == gone })
			} else {
				x.add(key, seq)
				x.add(key, seq)
				want[key] = append(held, seq)
			}
			if got := numbers(&x, key); !slices.Equal(got, want[key]) {
				t.Fatalf("%s: %v, want %v", key, got, want[key])
			}
		}
		held := 0
		for key, seqs := range want {
			if got := numbers(&x, key); !slices.Equal(got, seqs) {
				t.Fatalf("%s: %v, want %v", key, got, seqs)
			}
			if len(seqs) > 0 {
				held++
			}
		}
		if n := x.keys(); n != held {
			t.Fatalf("%d keys, want %d", n, held)
		}
	})
}

func numbers(x *index, key string) (seqs []uint64) {
	if l := x.get(key); l != nil {
		l.pieces(span{0, 1 << 63}, true, 0, 1<<62, func(c chunk) { seqs = append(seqs, c.seqs...) })
	}
	return seqs
}

func (x *index) keys() int {
	n := 0
	for i := range x.shards {
		n += len(x.shards[i].postings)
	}
	return n
}

// TestKeysKeepNoMessage looks whether a key that outlives a message with it keeps that
// message's text in memory, whichever of the three that had the key it was.
func TestKeysKeepNoMessage(t *testing.T) {
	for large := range 3 {
		b := New(Limits{})
		before := heapInUse()
		for i := range 50 {
			address := fmt.Sprintf("r%02d@x%02d", i, i)
			for n := range 3 {
				own := address
				if n == large {
					own = (address + string(make([]byte, 1<<20)))[:len(address)]
				}
				mustAppend(t, b, mail(own, own))
			}
		}
		deleteLarge(t, b, large)
		if held := heapInUse() - before; held > 10<<20 {
			t.Errorf("100 short messages hold %d bytes after the large one of each 3, number %d, has gone", held, large)
		}
		if n := b.Stats().Messages; n != 100 {
			t.Errorf("%d messages", n)
		}
	}
}

// deleteLarge deletes one of each three messages.
func deleteLarge(t *testing.T, b *Bucket, number int) {
	t.Helper()
	i := 0
	n, err := b.DeleteMatching(t.Context(), Query{Match: func(*Bucket, *Message) bool {
		i++
		return (i-1)%3 == number
	}})
	if err != nil || n != 50 {
		t.Fatal(n, err)
	}
}
