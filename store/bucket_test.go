package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func mail(sender string, recipients ...string) *Message {
	return &Message{
		Sender: sender, Recipients: recipients,
		Raw: "Subject: " + sender + "\r\n\r\nbody\r\n", HeaderFields: HeaderFields{Subject: sender},
	}
}

func mustAppend(t testing.TB, b *Bucket, m *Message) *Message {
	t.Helper()
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func senders(messages []*Message) string {
	var names []string
	for _, m := range messages {
		names = append(names, m.Sender)
	}
	return strings.Join(names, " ")
}

func everything(t testing.TB, b *Bucket) string {
	t.Helper()
	return senders(mustFind(t, b, Query{Limit: 1 << 30, Ascending: true}).Messages)
}

func mustFind(t testing.TB, b *Bucket, q Query) Page {
	t.Helper()
	page, err := b.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestOldestMessagesMakeRoom(t *testing.T) {
	cost := mail("1", "r").footprint()
	for name, limits := range map[string]Limits{
		"by number":        {MaxMessages: 3},
		"by bytes":         {MaxBytes: 3*cost + 20},
		"by the first met": {MaxMessages: 3, MaxBytes: 100 * cost},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(limits)
			first := mustAppend(t, b, mail("1", "r"))
			for i := 2; i <= 5; i++ {
				mustAppend(t, b, mail(fmt.Sprint(i), "r"))
			}
			if got := everything(t, b); got != "3 4 5" {
				t.Errorf("held: %s", got)
			}
			if _, ok := b.Get(first.ID); ok {
				t.Error("an evicted message was found by its ID")
			}
			if n := mustFind(t, b, Query{Recipient: "R"}).Total; n != 3 {
				t.Errorf("%d by recipient", n)
			}
			if s := b.Stats(); s.Received != 5 || s.Evicted != 2 || s.Messages != 3 {
				t.Errorf("stats: %+v", s)
			}
		})
	}
}

func TestMessageLargerThanTheBucketEvictsNothing(t *testing.T) {
	b := New(Limits{MaxBytes: 2000})
	mustAppend(t, b, mail("1", "r"))
	if err := b.Append(t.Context(), &Message{Raw: strings.Repeat("x", 2000)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	if got := everything(t, b); got != "1" {
		t.Errorf("held: %s", got)
	}
}

func TestMessagesExpireUnasked(t *testing.T) {
	b := New(Limits{MaxAge: 30 * time.Millisecond})
	defer b.Close()
	for round := range uint64(3) {
		mustAppend(t, b, mail("1", "r"))
		waitFor(t, func() bool {
			s := b.Stats()
			return s.Expired == round+1 && s.Messages == 0 && s.Bytes == 0
		})
	}
}

func TestMessageOverItsAgeIsNotFoundEvenIfNotYetRemoved(t *testing.T) {
	b := New(Limits{})
	m := mustAppend(t, b, mail("1", "r"))
	b.mu.Lock()
	b.limits.MaxAge = time.Nanosecond // with no timer to act on it
	b.mu.Unlock()
	waitFor(t, func() bool {
		_, ok := b.Get(m.ID)
		return !ok && mustFind(t, b, Query{}).Total == 0
	})
}

// waitFor looks at a condition until it is met, for five minutes at most.
func waitFor(t *testing.T, met func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited for five minutes")
		}
	}
}

func TestLowerLimitsEvictAtOnce(t *testing.T) {
	b := New(Limits{})
	for i := range 1000 {
		mustAppend(t, b, mail(fmt.Sprint(i), "r"))
	}
	b.SetLimits(Limits{MaxMessages: 2})
	if got := everything(t, b); got != "998 999" {
		t.Errorf("held: %s", got)
	}
	if len(b.ring.ids) > minRing {
		t.Errorf("the ring keeps %d slots for 2 messages", len(b.ring.ids))
	}
}

func TestClosedBucketTakesAndHoldsNothing(t *testing.T) {
	b := New(Limits{})
	m := mustAppend(t, b, mail("1", "r"))
	b.Close()
	b.Close()
	if err := b.Append(t.Context(), mail("2", "r")); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if _, ok := b.Get(m.ID); ok || b.Delete(m.ID) {
		t.Error("a closed bucket holds messages")
	}
	if _, ok := b.First(t.Context(), Query{}); ok {
		t.Error("a closed bucket has a first message")
	}
	for name, match := range map[string]func(*Message) bool{"all": nil, "a condition": func(*Message) bool { return true }} {
		if _, err := b.Find(t.Context(), Query{Match: match}); !errors.Is(err, ErrClosed) {
			t.Errorf("finding %s: error %v", name, err)
		}
		if _, err := b.DeleteMatching(t.Context(), Query{Match: match}); !errors.Is(err, ErrClosed) {
			t.Errorf("deleting %s: error %v", name, err)
		}
	}
}

func TestFindPages(t *testing.T) {
	b := New(Limits{})
	var ids []ID
	for i := range 5 {
		ids = append(ids, mustAppend(t, b, mail(fmt.Sprint(i), "r")).ID)
	}
	null := ""
	for _, test := range []struct {
		name  string
		query Query
		want  string
		total int
	}{
		{"newest first", Query{Limit: 10}, "4 3 2 1 0", 5},
		{"oldest first", Query{Limit: 10, Ascending: true}, "0 1 2 3 4", 5},
		{"a page", Query{Limit: 2, Offset: 2}, "2 1", 5},
		{"the last page", Query{Limit: 2, Offset: 4}, "0", 5},
		{"past the end", Query{Limit: 2, Offset: 5}, "", 5},
		{"only the total", Query{}, "", 5},
		{"after", Query{Limit: 10, After: ids[2]}, "4 3", 2},
		{"after the newest", Query{Limit: 10, After: ids[4]}, "", 0},
		{"null sender", Query{Limit: 10, Sender: &null}, "", 0},
		{"match", Query{Limit: 1, Offset: 1, Match: func(m *Message) bool { return m.Sender != "3" }}, "2", 4},
		{"unknown recipient", Query{Limit: 10, Recipient: "x"}, "", 0},
		{"in the future", Query{Limit: 10, Since: time.Now().Add(time.Hour).UnixMilli()}, "", 0},
		{"in the past", Query{Limit: 10, Until: time.Now().Add(-time.Hour).UnixMilli()}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := mustFind(t, b, test.query)
			if got := senders(page.Messages); got != test.want || page.Total != test.total {
				t.Errorf("got %q of %d, want %q of %d", got, page.Total, test.want, test.total)
			}
		})
	}
}

// model is a bucket as a plain slice, the oldest first.
type model []*Message

func (m model) find(q Query) model {
	var found model
	for _, x := range m {
		is := func(r string) bool { return strings.EqualFold(r, q.Recipient) }
		switch {
		case q.Sender != nil && !strings.EqualFold(*q.Sender, x.Sender),
			q.Recipient != "" && !slices.ContainsFunc(x.Recipients, is),
			q.After != ID{} && x.ID.String() <= q.After.String(),
			q.Before != ID{} && x.ID.String() >= q.Before.String(),
			q.Since != 0 && x.UnixMilli() < q.Since,
			q.Until != 0 && x.UnixMilli() >= q.Until,
			q.Match != nil && !q.Match(x):
		default:
			found = append(found, x)
		}
	}
	return found
}

func (m model) without(gone model) model {
	return slices.DeleteFunc(slices.Clone(m), func(x *Message) bool { return slices.Contains(gone, x) })
}

func randomQuery(r *rand.Rand, m model) Query {
	var q Query
	if r.IntN(3) == 0 {
		sender := []string{"", "a@x", "B@X"}[r.IntN(3)]
		q.Sender = &sender
	}
	if r.IntN(3) == 0 {
		q.Recipient = []string{"r1@x", "R2@x", "none@x"}[r.IntN(3)]
	}
	if len(m) > 0 && r.IntN(3) == 0 {
		q.After = m[r.IntN(len(m))].ID
	}
	if len(m) > 0 && r.IntN(3) == 0 {
		q.Before = m[r.IntN(len(m))].ID
	}
	if len(m) > 0 && r.IntN(4) == 0 {
		q.Since = m[r.IntN(len(m))].UnixMilli()
	}
	if len(m) > 0 && r.IntN(4) == 0 {
		q.Until = m[r.IntN(len(m))].UnixMilli()
	}
	if r.IntN(4) == 0 {
		q.Match = func(x *Message) bool { return x.ID[15]&1 == 0 }
	}
	return q
}

// FuzzBucket does random things to a bucket and to a plain slice, and compares.
func FuzzBucket(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed, 200)
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps int) {
		r := rand.New(rand.NewPCG(seed, 0))
		b := New(Limits{})
		var m model
		limit := 1 << 30
		for range min(steps, 200) {
			switch r.IntN(12) {
			case 0:
				limit = 1 + r.IntN(300)
				b.SetLimits(Limits{MaxMessages: limit})
			case 1:
				q := randomQuery(r, m)
				gone := m.find(q)
				if n, err := b.DeleteMatching(t.Context(), q); err != nil || n != len(gone) {
					t.Fatalf("deleted %d, %v, want %d", n, err, len(gone))
				}
				m = m.without(gone)
			case 2, 3:
				if len(m) > 0 {
					x := m[r.IntN(len(m))]
					if !b.Delete(x.ID) || b.Delete(x.ID) {
						t.Fatal("a held message must be deleted once")
					}
					m = m.without(model{x})
				}
			default:
				sender := []string{"", "A@x", "b@x"}[r.IntN(3)]
				to := [][]string{{"r1@x"}, {"r2@X", "r1@x"}, {"R1@x", "r1@X"}}[r.IntN(3)]
				for range 1 + r.IntN(20) {
					m = append(m, mustAppend(t, b, mail(sender, to...)))
				}
			}
			m = m[max(0, len(m)-limit):]
			compare(t, b, m, randomQuery(r, m))
		}
	})
}

func compare(t *testing.T, b *Bucket, m model, q Query) {
	t.Helper()
	q.Ascending, q.Limit = true, 1<<30
	want := m.find(q)
	if page := mustFind(t, b, q); page.Total != len(want) || !slices.Equal(page.Messages, want) {
		t.Fatalf("found %d, want %d with %+v", page.Total, len(want), q)
	}
	for _, ascending := range []bool{true, false} {
		q.Ascending = ascending
		first, ok := b.First(t.Context(), q)
		if ok != (len(want) > 0) || ok && ascending && first != want[0] || ok && !ascending && first != want[len(want)-1] {
			t.Fatalf("first of %d: %v, %v with %+v", len(want), first, ok, q)
		}
	}
	var bytes int64
	for _, x := range m {
		bytes += x.cost
	}
	if s := b.Stats(); s.Messages != len(m) || s.Bytes != bytes {
		t.Fatalf("%+v, want %d messages of %d bytes", s, len(m), bytes)
	}
	if len(m) > 0 {
		if got, ok := b.Get(m[0].ID); !ok || got != m[0] {
			t.Fatal("the oldest message is not found by its ID")
		}
	}
	if span := b.ring.span(); span > 2*len(m)+minRing {
		t.Fatalf("the ring spans %d for %d messages", span, len(m))
	}
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	b := New(Limits{MaxMessages: 500})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				m := mail(fmt.Sprint(w), "r@x")
				if err := b.Append(t.Context(), m); err != nil {
					t.Error(err)
				}
				if i%7 == 0 {
					b.Delete(m.ID)
				}
			}
		})
		wg.Go(func() {
			for i := range 500 {
				q := Query{Recipient: "r@x", Limit: 100}
				if i%2 == 0 {
					q.Match = func(m *Message) bool { return m.Subject != "" }
				}
				page, err := b.Find(t.Context(), q)
				if err != nil {
					t.Error(err)
				}
				for j := 1; j < len(page.Messages); j++ {
					if string(page.Messages[j-1].ID[:]) <= string(page.Messages[j].ID[:]) {
						t.Error("not the newest first, or one twice")
					}
				}
				if i%100 == 0 {
					if _, err := b.DeleteMatching(t.Context(), Query{Recipient: "r@x", Until: time.Now().UnixMilli() - 5}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestMaxBytesBoundsTheHeap turns a bucket over many times, with all that a session
// tells of a message, and looks at the heap.
func TestMaxBytesBoundsTheHeap(t *testing.T) {
	const limit = 16 << 20
	for _, size := range []int{10, 1000, 10_000, 200_000} {
		b := New(Limits{MaxBytes: limit})
		before := heapInUse()
		for i := range 3 * limit / (size + 1500) {
			address := fmt.Sprintf("user%d@example.com", i)
			mustAppend(t, b, &Message{
				Sender:              "s" + address,
				MailParameters:      fmt.Sprintf("SIZE=%d", i),
				Recipients:          []string{address, "b" + address},
				RecipientParameters: []string{"", fmt.Sprintf("NOTIFY=NEVER ORCPT=rfc822;%d", i)},
				Raw:                 fmt.Sprintf("Subject: %d\r\n folded\r\n\r\n", i) + strings.Repeat("x", size),
				Exchange:            fmt.Sprintf("C: MAIL %d\n", i) + strings.Repeat("y", 300+i%200),
				HeaderFields:        HeaderFields{Subject: fmt.Sprintf("%d folded", i)},
				Session:             &Session{Client: address, Hello: "h" + address, Preamble: fmt.Sprint(i) + strings.Repeat("z", 400)},
			})
		}
		held, told := heapInUse()-before, b.Stats().Bytes
		if held > limit || held < told/2 {
			t.Errorf("a bucket of %d bytes with mails of %d says that it holds %d, and holds %d on the heap", limit, size, told, held)
		}
		runtime.KeepAlive(b)
	}
}

func heapInUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestIDs(t *testing.T) {
	b := New(Limits{})
	before := time.Now().UnixMilli()
	last := ""
	for range 1000 {
		m := mustAppend(t, b, mail("a", "b"))
		id := m.ID.String()
		if id <= last || len(id) != 32 || strings.ToLower(id) != id {
			t.Fatalf("id %s after %s", id, last)
		}
		if back, err := ParseID(strings.ToUpper(id)); err != nil || back != m.ID {
			t.Fatalf("%s read as %s, %v", id, back, err)
		}
		if at := m.UnixMilli(); at < before || at > time.Now().UnixMilli()+1000 {
			t.Fatalf("time %d, began at %d", at, before)
		}
		last = id
	}
	for _, bad := range []string{"", "x", strings.Repeat("g", 32), strings.Repeat("0", 33)} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%q was read as an ID", bad)
		}
	}
}
