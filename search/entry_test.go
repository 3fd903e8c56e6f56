package search

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func deliver(t *testing.T, b *store.Bucket, raw string) *store.Message {
	t.Helper()
	m := &store.Message{Sender: "a@example.com", Recipients: []string{"b@example.com"}, Raw: raw}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEntryIsWorkedOutOnce(t *testing.T) {
	const small, large = "Subject: x\r\n\r\nHello", heavyMail + 1
	for name, test := range map[string]struct {
		raw  string
		full bool
	}{
		"in a bucket with room":    {small, false},
		"in a bucket that is full": {small, true},
		"a large mail":             {small + strings.Repeat(" Hello", large/6), false},
		"a large mail, no room":    {small + strings.Repeat(" Hello", large/6), true},
	} {
		t.Run(name, func(t *testing.T) {
			b := store.New(store.Limits{})
			m := deliver(t, b, test.raw)
			if test.full {
				b.SetLimits(store.Limits{MaxBytes: b.Stats().Bytes})
			}
			e := Entry(b, m)
			if e.Subject != "x" || !strings.HasPrefix(e.Snippet, "Hello") {
				t.Errorf("%+v", e)
			}
			if kept := m.Derived(store.ListEntry) != nil; kept == test.full {
				t.Errorf("kept beside the mail: %v", kept)
			}
			if again := Entry(b, m); again != e {
				t.Error("it was worked out again")
			}
		})
	}
}

func TestEntriesTakeNoMoreThanTheyCost(t *testing.T) {
	b := store.New(store.Limits{})
	const n = 5000
	messages := make([]*store.Message, n)
	for i := range messages {
		messages[i] = deliver(t, b, fmt.Sprintf("From: Ann %d <ann%d@example.com>\r\nTo: bob%d@example.com, c@example.com\r\nSubject: number %d\r\n\r\nHello %d, and some more words.\r\n", i, i, i, i, i))
	}
	before, told := heapInUse(), b.Stats().Bytes
	for _, m := range messages {
		Entry(b, m)
	}
	used, counted := heapInUse()-before, b.Stats().Bytes-told
	if used > counted || used < counted/3 {
		t.Errorf("%d entries are counted as %d bytes, and take %d", n, counted, used)
	}
	runtime.KeepAlive(b)
}

func heapInUse() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func TestSpareEntriesAreBounded(t *testing.T) {
	var s spareEntries
	e := new(ListEntry)
	const cost = 1 << 10
	for i := range 10 * spareBytes / cost {
		s.add(store.ID{byte(i), byte(i >> 8)}, e, cost)
	}
	if n := len(s.young) + len(s.old); n > 2*spareBytes/cost || n < spareBytes/cost {
		t.Errorf("%d entries", n)
	}
	last := 10*spareBytes/cost - 1
	if s.get(store.ID{byte(last), byte(last >> 8)}) != e {
		t.Error("the last one has gone")
	}
}
