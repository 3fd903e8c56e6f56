package store

import (
	"context"
	"errors"
	"testing"
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
			err := work(ctx, Query{Limit: 10, Match: func(*Message) bool {
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
