package guard

import (
	"context"
	"errors"
	"testing"
	"time"
)

// patience is how long a test waits for what has to come.
const testPatience = 5 * time.Minute

func TestSlotsAreTakenInTurn(t *testing.T) {
	s := NewSlots(1, 1, testPatience)
	release, err := s.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type taken struct {
		release func()
		err     error
	}
	next := make(chan taken)
	go func() {
		release, err := s.Take(t.Context())
		next <- taken{release, err}
	}()
	for len(s.line) == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := s.Take(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("the line is full: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Await(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("the client has gone: %v", err)
	}
	release()
	if got := <-next; got.err != nil {
		t.Error(got.err)
	} else {
		got.release()
	}
	if release, err := s.Await(t.Context()); err != nil {
		t.Error(err)
	} else {
		release()
	}
}

func TestSlotsAreNotWaitedForForEver(t *testing.T) {
	s := NewSlots(1, 1, time.Millisecond)
	if _, err := s.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
}

func TestBudgetIsGivenBack(t *testing.T) {
	var freed int64
	const size = 100 * largeShare
	b := NewBudget(size, time.Millisecond, func(bytes int64) { freed += bytes })
	first, err := b.Take(t.Context(), 10*size) // all there is
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Take(t.Context(), 1); !errors.Is(err, ErrBusy) {
		t.Errorf("beyond the budget: %v", err)
	}
	first.Shrink(60 * largeShare)
	second, err := b.Take(t.Context(), 40*largeShare-1)
	if err != nil {
		t.Fatal(err)
	}
	small, err := b.Take(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	first.Release()
	second.Release()
	small.Release()
	if all, err := b.Take(t.Context(), size); err != nil || freed != size-1 {
		t.Errorf("%v, %d freed", err, freed)
	} else {
		all.Release()
	}
}
