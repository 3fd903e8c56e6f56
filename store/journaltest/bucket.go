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
		list = append(list, fmt.Sprintf("%s at %d, read %v: %q", m.ID, m.Arrived, m.Read(), text))
	}
	return list
}

// testBucket has a bucket evict, and compares what the next one holds.
func testBucket(t *testing.T, journal func() store.Journal) {
	limits := store.Limits{MaxMessages: 30}
	b := openBucket(t, limits, journal())
	for round := range 3 {
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
		}
		if n := b.Stats().Messages; n != 30 {
			t.Fatalf("%d messages, want 30", n)
		}
		held := describe(t, b)
		closeBucket(t, b)
		b = openBucket(t, limits, journal())
		again := describe(t, b)
		if len(held) != 30 || len(again) != len(held) {
			t.Fatalf("%d messages, and then %d, want 30", len(held), len(again))
		}
		for i := range held {
			if again[i] != held[i] {
				t.Errorf("message %d is\n%s\nand was\n%s", i, again[i], held[i])
			}
		}
	}
}
