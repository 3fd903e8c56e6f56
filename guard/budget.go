package guard

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

// Budget bounds the memory of all requests together, in bytes. Requests for which there
// is none wait in the order in which they came.
type Budget struct {
	size  int64
	most  time.Duration
	bytes *semaphore.Weighted
	freed func(bytes int64)
}

// largeShare is the size, in bytes, from which on memory that is given back is reported.
const largeShare = 1 << 20

// NewBudget makes a budget of that size. Most is the longest wait. Freed, unless it is
// nil, is called with the size of each large share that is given back, in bytes.
func NewBudget(size int64, most time.Duration, freed func(bytes int64)) *Budget {
	return &Budget{size: size, most: most, bytes: semaphore.NewWeighted(size), freed: freed}
}

// Take waits for so many bytes, but for no more than the whole budget. The caller must
// give back the share it returns. The error is ErrBusy when the wait was too
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

// Share is a part of a budget. It is not safe for concurrent use.
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

// Release gives all of it back, and reports the memory as freed. It may be called more
// than once.
func (s *Share) Release() {
	if s.bytes > 0 {
		s.budget.Freed(s.bytes)
	}
	s.Shrink(0)
}

// Freed reports memory of requests that is no longer needed, in bytes.
func (b *Budget) Freed(bytes int64) {
	if b.freed != nil && bytes >= largeShare {
		b.freed(bytes)
	}
}
