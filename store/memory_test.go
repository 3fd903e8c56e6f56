package store

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestMaxBytesBoundsTheHeap turns a bucket over many times, with all that a session
// tells of a message, and looks at the heap.
func TestMaxBytesBoundsTheHeap(t *testing.T) {
	const limit = 8 << 20
	for name, test := range map[string]struct {
		size, recipients int
		keep             func(i int) bool // nil for all
		exchange         int              // bytes of the transcript beside a few hundred
		alike            int              // how many in a row have the same addresses, 0 for one
	}{
		"10 bytes":          {10, 2, nil, 0, 0},
		"1 KB":              {1000, 2, nil, 0, 0},
		"10 KB":             {10_000, 2, nil, 0, 0},
		"200 KB":            {200_000, 2, nil, 0, 0},
		"many recipients":   {10, 100, nil, 0, 0},
		"every second":      {10, 2, func(i int) bool { return i%2 == 0 }, 0, 0},
		"one in a chunk":    {10, 2, func(i int) bool { return i%chunkSize == 0 }, 0, 0},
		"long transcripts":  {10, 2, nil, 20_000, 0},
		"two of an address": {10, 2, nil, 0, 2},
		"ten of an address": {10, 2, nil, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(Limits{MaxBytes: limit})
			before := heapInUse()
			n := 3 * limit / (test.size + test.exchange + 1500 + 400*test.recipients)
			if test.keep != nil {
				n *= 5
			}
			for i := range n {
				m := messageOfItsOwn(i/max(1, test.alike), test.size, test.recipients)
				m.Exchange += Transcript(strings.Repeat("z", test.exchange))
				mustAppend(t, b, m)
				if test.keep != nil && !test.keep(i) {
					mustDelete(t, b, m.ID)
				}
			}
			held, told := heapInUse()-before, b.Stats().Bytes
			if held > told+1<<18 || test.keep == nil && held < told/2 {
				t.Errorf("a bucket of %d bytes says that %d messages hold %d, and they hold %d on the heap", limit, b.Stats().Messages, told, held)
			}
			runtime.KeepAlive(b)
		})
	}
}

// messageOfItsOwn shares no text with other messages, nor with another number addresses
// or domains.
func messageOfItsOwn(i, size, recipients int) *Message {
	address := fmt.Sprintf("user%d@example%d.com", i, i)
	m := &Message{
		Sender:         "s" + address,
		MailParameters: fmt.Sprintf("SIZE=%d", i),
		Raw:            fmt.Sprintf("Subject: %d\r\n folded\r\n\r\n", i) + strings.Repeat("x", size),
		Exchange:       Transcript(fmt.Sprintf("C: MAIL %d\n", i) + strings.Repeat("y", 300+i%200)),
		Extras:         new(Extras),
		Session:        &Session{Client: address, Hello: "h" + address, Preamble: fmt.Sprint(i) + strings.Repeat("z", 400)},
	}
	if i%2 == 0 {
		m.Session.AuthIdentity = "l" + address
	}
	for r := range recipients {
		m.Recipients = append(m.Recipients, fmt.Sprintf("r%d@r%dexample%d.com", r, r, i))
		m.Extras.RecipientParameters = append(m.Extras.RecipientParameters, fmt.Sprintf("NOTIFY=NEVER ORCPT=rfc822;%d", i))
	}
	return m
}

// TestDeletedMessagesLeaveNoMemory deletes all but a few of many messages, whose
// addresses are different or the same. What is remembered of the deletions has its own bound.
func TestDeletedMessagesLeaveNoMemory(t *testing.T) {
	const n = 50_000
	for name, address := range map[string]func(i int) string{
		"an address each": func(i int) string { return fmt.Sprintf("user%d@example%d.com", i, i) },
		"one address":     func(int) string { return "user@example.com" },
	} {
		t.Run(name, func(t *testing.T) {
			b := New(Limits{})
			before := heapInUse()
			for i := range n {
				mustAppend(t, b, &Message{Sender: address(i), Recipients: []string{address(i)}})
			}
			full := heapInUse() - before
			i := 0
			q := Query{Match: func(*Bucket, *Message) bool {
				i++
				return i%1000 != 0
			}}
			if deleted, err := b.DeleteMatching(t.Context(), q); err != nil || deleted != n-n/1000 {
				t.Fatal(deleted, err)
			}
			if left := heapInUse() - before - b.history.size(); left > full/20 {
				t.Errorf("%d bytes of %d are left for %d messages of %d", left, full, n/1000, n)
			}
			runtime.KeepAlive(b)
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what the first one found gone may be freed by the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
