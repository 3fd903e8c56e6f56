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

// TestKeysKeepNoMessage looks whether a key that outlives the message it came with
// keeps that in memory.
func TestKeysKeepNoMessage(t *testing.T) {
	b := New(Limits{})
	address := "r@x" + string(make([]byte, 1<<20))
	before := heapInUse()
	for i := range 50 {
		part := []byte(address)
		copy(part, fmt.Sprintf("r%02d@x", i))
		whole := string(part)
		first := mustAppend(t, b, mail(whole[:5], whole[:5]))
		mustAppend(t, b, mail(fmt.Sprintf("r%02d@x", i), fmt.Sprintf("r%02d@x", i)))
		b.Delete(first.ID)
	}
	if held := heapInUse() - before; held > 10<<20 {
		t.Errorf("50 short messages hold %d bytes", held)
	}
	if n := b.Stats().Messages; n != 50 {
		t.Errorf("%d messages", n)
	}
}
