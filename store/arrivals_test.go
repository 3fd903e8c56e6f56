package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// told is the subjects of arrivals with their numbers.
func told(arrivals []Arrival) (text string) {
	for _, a := range arrivals {
		text += fmt.Sprintf("%d:%s ", a.Number, a.Message.Subject)
	}
	return text
}

func TestArrivalsAreNumbered(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxMessages: 6, MaxAge: time.Hour})
	from := b.NextNumber()
	var ids []ID
	for i := range 8 {
		ids = append(ids, mustAppend(t, b, mail(fmt.Sprint("s", i), "r")).ID)
	}
	mustDelete(t, b, ids[4])
	for _, test := range []struct {
		from  uint64
		limit int
		want  string
		next  uint64
	}{
		{from, 3, "2:s2 3:s3 5:s5 ", from + 6},
		{from + 5, 100, "5:s5 6:s6 7:s7 ", from + 8},
		{from + 4, 1, "5:s5 ", from + 6},
		{from + 8, 100, "", from + 8},
		{from + 99, 100, "", from + 99},
		{b.NumberAfter(ids[2]), 1, "3:s3 ", from + 4},
		{b.NumberAfter(ids[0]), 1, "2:s2 ", from + 3},
		{b.NumberAfter(ids[7]), 1, "", from + 8},
	} {
		arrivals, next, err := b.Arrivals(test.from, test.limit)
		if err != nil || told(arrivals) != test.want || next != test.next {
			t.Errorf("from %d: %s, %d, %v, want %s, %d", test.from, told(arrivals), next, err, test.want, test.next)
		}
	}
	mustDelete(t, b, ids[7])
	if arrivals, next, err := b.Arrivals(from+7, 9); len(arrivals) > 0 || next != from+8 || err != nil {
		t.Errorf("the last one was deleted: %s, %d, %v", told(arrivals), next, err)
	}
	clock.ms.Add(time.Hour.Milliseconds() + 1)
	if arrivals, next, err := b.Arrivals(from, 100); len(arrivals) > 0 || next != from+8 || err != nil {
		t.Errorf("all have expired: %s, %d, %v", told(arrivals), next, err)
	}
}

func TestArrivalsAreWaitedFor(t *testing.T) {
	b := New(Limits{})
	type answer struct {
		text string
		next uint64
		err  error
	}
	answers := make(chan answer)
	wait := func(ctx context.Context, from uint64) {
		arrivals, next, err := b.AwaitArrivals(ctx, from, 10)
		answers <- answer{told(arrivals), next, err}
	}
	go wait(t.Context(), 0)
	waitFor(t, func() bool { return b.Watching() == 1 })
	mustAppend(t, b, mail("a", "r"))
	if got := <-answers; got != (answer{"0:a ", 1, nil}) {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go wait(ctx, 1)
	waitFor(t, func() bool { return b.Watching() == 1 })
	cancel()
	if got := <-answers; !errors.Is(got.err, context.Canceled) || got.next != 1 || b.Watching() != 0 {
		t.Errorf("%+v, and %d watches are left", got, b.Watching())
	}
	go wait(t.Context(), 1)
	waitFor(t, func() bool { return b.Watching() == 1 })
	b.Close()
	if got := <-answers; !errors.Is(got.err, ErrClosed) {
		t.Errorf("%+v", got)
	}
}
