package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestWorkEndsWithItsContext ends the context while the first message is looked
// at: of 10,000, no more than a few hundred may be looked at after that.
func TestWorkEndsWithItsContext(t *testing.T) {
	b := New(Limits{})
	for range 10_000 {
		mustAppend(t, b, mail("s@x", "r@x"))
	}
	for name, work := range map[string]func(context.Context, Query) error{
		"find": func(ctx context.Context, q Query) error {
			_, err := b.Find(ctx, q)
			return err
		},
		"delete": func(ctx context.Context, q Query) error {
			_, err := b.DeleteMatching(ctx, q)
			return err
		},
		"first": func(ctx context.Context, q Query) error {
			if _, ok := b.First(ctx, q); ok {
				t.Error("a message was found")
			}
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			looked := 0
			err := work(ctx, Query{Limit: 10, Match: func(*Bucket, *Message) bool {
				looked++
				cancel()
				return false
			}})
			if !errors.Is(err, context.Canceled) || looked > 512 {
				t.Errorf("looked at %d messages, error %v", looked, err)
			}
			if n := b.Stats().Messages; n != 10_000 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

func TestNothingIsDoneInAContextThatIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := New(Limits{})
	mustAppend(t, b, mail("1", "r"))
	if err := b.Append(ctx, mail("2", "r")); !errors.Is(err, context.Canceled) {
		t.Errorf("appending: %v", err)
	}
	if n, err := b.DeleteMatching(ctx, Query{}); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("deleting: %d, %v", n, err)
	}
	if got := everything(t, b); got != "1" {
		t.Errorf("held: %s", got)
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
		{"match", Query{Limit: 1, Offset: 1, Match: func(_ *Bucket, m *Message) bool { return m.Sender != "3" }}, "2", 4},
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
