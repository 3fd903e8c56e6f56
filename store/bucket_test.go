package store

import (
	"errors"
	"fmt"
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

// mustDelete deletes messages, and returns how many were there.
func mustDelete(t testing.TB, b *Bucket, ids ...ID) int {
	t.Helper()
	n, err := b.DeleteIDs(t.Context(), ids)
	if err != nil {
		t.Error(err)
	}
	return n
}

// mustMark marks messages, and returns for how many that is new.
func mustMark(t testing.TB, b *Bucket, ids []ID, read bool) int {
	t.Helper()
	n, err := b.Mark(t.Context(), ids, read)
	if err != nil {
		t.Error(err)
	}
	return n
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

func TestClosedBucketTakesAndHoldsNothing(t *testing.T) {
	b := New(Limits{})
	m := mustAppend(t, b, mail("1", "r"))
	b.Close()
	b.Close()
	if err := b.Append(t.Context(), mail("2", "r")); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if _, ok := b.Get(m.ID); ok || mustDelete(t, b, m.ID) != 0 {
		t.Error("a closed bucket holds messages")
	}
	if _, ok := b.First(t.Context(), Query{}); ok {
		t.Error("a closed bucket has a first message")
	}
	for name, match := range map[string]func(*Bucket, *Message) bool{"all": nil, "a condition": func(*Bucket, *Message) bool { return true }} {
		if _, err := b.Find(t.Context(), Query{Match: match}); !errors.Is(err, ErrClosed) {
			t.Errorf("finding %s: error %v", name, err)
		}
		if _, err := b.DeleteMatching(t.Context(), Query{Match: match}); !errors.Is(err, ErrClosed) {
			t.Errorf("deleting %s: error %v", name, err)
		}
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
					mustDelete(t, b, m.ID)
				}
			}
		})
		wg.Go(func() {
			for i := range 500 {
				q := Query{Recipient: "r@x", Limit: 100}
				if i%2 == 0 {
					q.Match = func(_ *Bucket, m *Message) bool { return m.Subject != "" }
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
		if at := m.Arrived; at < before || at > time.Now().UnixMilli()+1000 {
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
