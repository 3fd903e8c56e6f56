package store

import (
	"context"
	"fmt"
)

// Delete removes the message with that ID and reports whether it was there. Its errors are
// those of DeleteIDs.
func (b *Bucket) Delete(ctx context.Context, id ID) (bool, error) {
	n, err := b.DeleteIDs(ctx, []ID{id})
	return n > 0, err
}

// delete removes the message with that number, if it is there, as somebody wants it
// removed.
func (b *Bucket) delete(seq uint64) bool {
	_, ok := b.remove(seq, Deleted)
	if ok {
		b.stats.Deleted++
	}
	return ok
}

// DeleteIDs removes the messages with these IDs and returns how many were there. Readers
// and writers are not held up meanwhile, and see the messages disappear batch by batch.
// Only with a journal there may be an error: that the journal cannot be written or reached,
// or ctx's. Some of the messages may be gone then, and others go later.
func (b *Bucket) DeleteIDs(ctx context.Context, ids []ID) (int, error) {
	if b.log != nil {
		return b.writeHeld(ctx, Record{Kind: MessagesRemoved}, ids)
	}
	return b.changeIDs(ids, b.deleter), nil
}

// deleter is the change that removes a message.
func (b *Bucket) deleter(seq uint64, _ *Message) bool { return b.delete(seq) }

// DeleteMatching removes all that q matches, its paging aside, and returns how
// many that were. Messages that arrive meanwhile stay. If ctx is done, the error is
// ctx's and the rest stays too; a closed bucket gives ErrClosed; with a journal there are
// those of DeleteIDs. Readers and writers are not held up meanwhile, and see the messages
// disappear batch by batch.
func (b *Bucket) DeleteMatching(ctx context.Context, q Query) (int, error) {
	return b.changeMatching(ctx, q, Record{Kind: MessagesRemoved}, b.deleter)
}

// change does something to a message, which is held, and to the bucket, which is locked.
// It reports whether that changed anything.
type change func(seq uint64, m *Message) bool

// changeMatching changes all that q matches when it is called: by f, or with a journal by
// records like r.
func (b *Bucket) changeMatching(ctx context.Context, q Query, r Record, f change) (int, error) {
	var seqs []uint64
	var ids []ID
	q.Ascending = true
	err := b.scan(ctx, &q, func(seq uint64, m *Message) bool {
		if b.log != nil {
			ids = append(ids, m.ID)
		} else {
			seqs = append(seqs, seq)
		}
		return true
	})
	if err != nil {
		return 0, err
	}
	if b.log != nil {
		return b.writeHeld(ctx, r, ids)
	}
	changed := 0
	for len(seqs) > 0 {
		if err := ctx.Err(); err != nil {
			return changed, fmt.Errorf("changing messages of a bucket: %w", err)
		}
		n, done := b.changeBatch(len(seqs), func(i int) (uint64, bool) { return seqs[i], true }, f)
		changed, seqs = changed+n, seqs[done:]
	}
	return changed, nil
}

// changeIDs changes the messages with these IDs that are there.
func (b *Bucket) changeIDs(ids []ID, f change) int {
	changed := 0
	for len(ids) > 0 {
		n, done := b.changeBatch(len(ids), func(i int) (uint64, bool) { return b.ring.byID(ids[i]) }, f)
		changed, ids = changed+n, ids[done:]
	}
	return changed
}

// changeBatch changes the first of n messages, whose numbers number gives. It returns
// how many did change, and at how many it looked.
func (b *Bucket) changeBatch(n int, number func(i int) (seq uint64, ok bool), f change) (changed, done int) {
	defer b.unlock(b.lock())
	for work := 0; work < batchWork && done < n; done++ {
		work++
		seq, ok := number(done)
		if !ok {
			continue
		}
		if p, ok := b.ring.find(seq); ok {
			m := b.ring.at(p)
			if work += m.work(); f(seq, m) {
				changed++
			}
		}
	}
	return changed, done
}
