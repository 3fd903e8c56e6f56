package journaltest

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func newID() store.ID { return store.ID(uuid.New()) }

// openBucket opens a bucket, which is closed when the test ends.
func openBucket(t *testing.T, l store.Limits, j store.Journal) *store.Bucket {
	t.Helper()
	b, err := store.Open(t.Context(), l, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBucket(t, b) })
	return b
}

func closeBucket(t *testing.T, b *store.Bucket) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// describe lists what a bucket holds, the oldest first.
func describe(t *testing.T, b *store.Bucket) (list []string) {
	t.Helper()
	page, err := b.Find(t.Context(), store.Query{Ascending: true, Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		r := store.Record{Kind: store.MessageCame, Message: m}
		text, err := r.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		tags, given := b.Tags(m.ID)
		list = append(list, fmt.Sprintf("%s at %d, read %v, tags %q %v: %q", m.ID, m.Arrived, m.Read(), tags, given, text))
	}
	return list
}

// change checks how many messages a call has changed.
func change(t *testing.T, want int) func(int, error) {
	return func(n int, err error) {
		t.Helper()
		if n != want || err != nil {
			t.Errorf("changed %d messages, %v, want %d", n, err, want)
		}
	}
}

// testBucket has a bucket evict, delete and mark, and compares what the next one holds.
func testBucket(t *testing.T, journal func() store.Journal) {
	limits := store.Limits{MaxMessages: 30}
	b := openBucket(t, limits, journal())
	for round := range 3 {
		var ids []store.ID
		for i := range 40 {
			m := came(fmt.Sprintf("%d of %d", i, round), 100).Message
			m.Session = &store.Session{Client: "192.0.2.1:99", Hello: "here", Extended: true, Preamble: "C: EHLO here\n"}
			m.Exchange = store.NewTranscript([]byte("C: MAIL FROM:<sender@example.com>\nS: 250 2.1.0 Sender OK\n"))
			if i%3 == 0 {
				m.Extras = &store.Extras{RecipientParameters: []string{"", "NOTIFY=NEVER"}, Problems: []string{"a bare CR"}}
			}
			if err := b.Append(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		if n := b.Stats().Messages; n != 30 {
			t.Fatalf("%d messages, want 30", n)
		}
		change(t, 5)(b.Mark(t.Context(), ids[30:35], true))
		change(t, 1)(b.Mark(t.Context(), ids[32:33], false))
		change(t, 0)(b.Mark(t.Context(), ids[:1], true)) // it has been evicted
		change(t, 2)(b.DeleteIDs(t.Context(), ids[34:36]))
		held := describe(t, b)
		closeBucket(t, b)
		b = openBucket(t, limits, journal())
		again := describe(t, b)
		if len(held) != 28 || len(again) != len(held) {
			t.Fatalf("%d messages, and then %d, want 28", len(held), len(again))
		}
		for i := range held {
			if again[i] != held[i] {
				t.Errorf("message %d is\n%s\nand was\n%s", i, again[i], held[i])
			}
		}
	}
}
