package guard

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

// Budget bounds memory, in bytes, over all requests that take some. Those that there
// is no room for wait in the order in which they came.
type Budget struct {
	size  int64
	most  time.Duration
	bytes *semaphore.Weighted
	freed func(bytes int64)
}

// largeShare is from which size on memory that is given back is worth telling of, in
// bytes.
const largeShare = 1 << 20

// NewBudget makes a budget of that size. Who waits does so as long as most says. Large
// shares that are given back are told to freed, in bytes, unless it is nil.
func NewBudget(size int64, most time.Duration, freed func(bytes int64)) *Budget {
	return &Budget{size: size, most: most, bytes: semaphore.NewWeighted(size), freed: freed}
}

// Take waits for so many bytes; what is more than all there are counts as those. The
// share it returns has to be given back. The error is ErrBusy when the wait was too
// long, and ctx's when ctx is done.
func (b *Budget) Take(ctx context.Context, bytes int64) (*Share, error) {
	bytes = min(bytes, b.size)
	if b.bytes.TryAcquire(bytes) {
		return &Share{b, bytes}, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.most, ErrBusy)
	defer cancel()
	if b.bytes.Acquire(ctx, bytes) != nil {
		return nil, context.Cause(ctx)
	}
	return &Share{b, bytes}, nil
}

// Share is a part of a budget that somebody holds. It is not for concurrent use.
type Share struct {
	budget *Budget
	bytes  int64
}

// Shrink gives back what is held beyond so many bytes.
func (s *Share) Shrink(bytes int64) {
	if more := s.bytes - bytes; more > 0 {
		s.budget.bytes.Release(more)
		s.bytes = bytes
	}
}

// Release gives all back, as memory that nobody needs any more. It may be called again.
func (s *Share) Release() {
	if s.bytes > 0 {
		s.budget.Freed(s.bytes)
	}
	s.Shrink(0)
}

// Freed tells of memory of requests that nobody needs any more, in bytes.
func (b *Budget) Freed(bytes int64) {
	if b.freed != nil && bytes >= largeShare {
		b.freed(bytes)
	}
}
