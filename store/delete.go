package store

import (
	"context"
	"fmt"
)

// Delete removes the message with that ID and reports whether it was there.
func (b *Bucket) Delete(id ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	seq, ok := b.ring.byID(id)
	if !ok {
		return false
	}
	b.remove(seq)
	b.stats.Deleted++
	return true
}

// DeleteMatching removes all that q matches, its paging aside, and returns how
// many that were. Messages that arrive meanwhile stay. If ctx is done, the error is
// ctx's and the rest stays too; a closed bucket gives ErrClosed. Readers and writers
// are not held up meanwhile, and see the messages disappear batch by batch.
func (b *Bucket) DeleteMatching(ctx context.Context, q Query) (int, error) {
	var seqs []uint64
	q.Ascending = true
	err := b.scan(ctx, &q, func(seq uint64, _ *Message) bool {
		seqs = append(seqs, seq)
		return true
	})
	if err != nil {
		return 0, err
	}
	deleted := 0
	for len(seqs) > 0 {
		if err := ctx.Err(); err != nil {
			return deleted, fmt.Errorf("deleting from a bucket: %w", err)
		}
		var n int
		n, seqs = b.deleteBatch(seqs)
		deleted += n
	}
	return deleted, nil
}

// deleteBatch removes the first of the messages with these numbers. It returns how
// many were there, and the numbers that are left.
func (b *Bucket) deleteBatch(seqs []uint64) (deleted int, left []uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for work := 0; work < batchWork && len(seqs) > 0; seqs = seqs[1:] {
		work++
		if m, ok := b.remove(seqs[0]); ok {
			work += m.work()
			deleted++
		}
	}
	b.stats.Deleted += uint64(deleted)
	return deleted, seqs
}
