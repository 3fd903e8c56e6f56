package guard

import (
	"context"
	"errors"
	"time"
)

// ErrBusy says that there was no room in time.
var ErrBusy = errors.New("the server is busy with other requests: ask again")

// Slots bound how much work is done at once.
type Slots struct {
	free chan struct{}
	line chan struct{} // of those that wait
	most time.Duration
}

// NewSlots makes as many slots. As many as line says may wait for one, and each of
// them as long as most says.
func NewSlots(slots, line int, most time.Duration) *Slots {
	return &Slots{free: make(chan struct{}, slots), line: make(chan struct{}, line), most: most}
}

// Take waits for a slot, which the function it returns gives back. It returns
// ErrBusy when the line is full or the wait too long, and ctx's error when ctx is
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

// Await is Take for those that wait already, as long as their ctx lets them: they
// stand in no line.
func (s *Slots) Await(ctx context.Context) (release func(), err error) {
	select {
	case s.free <- struct{}{}:
		return s.release, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *Slots) release() { <-s.free }
