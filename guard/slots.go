package guard

import (
	"context"
	"errors"
	"time"
)

// ErrBusy is the error when there was no slot or no memory in time.
var ErrBusy = errors.New("the server is busy with other requests: ask again")

// Slots bound how many pieces of work are done at once.
type Slots struct {
	free chan struct{}
	line chan struct{} // has an element for each that waits
	most time.Duration
}

// NewSlots makes so many slots. Line is how many callers may wait for one, and most how
// long each may wait.
func NewSlots(slots, line int, most time.Duration) *Slots {
	return &Slots{free: make(chan struct{}, slots), line: make(chan struct{}, line), most: most}
}

// Take waits for a slot, which the caller gives back by calling release. It returns
// ErrBusy when too many are waiting or the wait is too long, and ctx's error when ctx is
// done.
func (s *Slots) Take(ctx context.Context) (release func(), err error) {
	select {
	case s.free <- struct{}{}:
		return s.release, nil
	default:
	}
	select {
	case s.line <- struct{}{}:
		defer func() { <-s.line }()
	default:
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.most, ErrBusy)
	defer cancel()
	return s.Await(ctx)
}

// Await is like Take, but waits until ctx is done, whatever the number of those waiting.
// It is for calls that wait for mail anyway.
func (s *Slots) Await(ctx context.Context) (release func(), err error) {
	select {
	case s.free <- struct{}{}:
		return s.release, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *Slots) release() { <-s.free }
