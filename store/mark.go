package store

import (
	"context"
	"sync/atomic"
)

// mark is whether a message has been read. It is changed only while the bucket is
// locked, and may be looked at without.
type mark struct{ read atomic.Bool }

// Read reports whether a person has read m, or a program has said so.
func (m *Message) Read() bool { return m.mark.read.Load() }

// Mark sets whether the messages with these IDs have been read, and returns for how many
// that is new. IDs of messages that are not held are passed over. Readers and writers are
// not held up meanwhile, and see the marks batch by batch. Its errors are those of DeleteIDs.
func (b *Bucket) Mark(ctx context.Context, ids []ID, read bool) (int, error) {
	if b.log != nil {
		return b.writeHeld(ctx, Record{Kind: MessagesMarked, Read: read}, ids)
	}
	return b.changeIDs(ids, b.marker(read)), nil
}

// MarkMatching sets whether all that q matches, its paging aside, has been read, and
// returns for how many messages that is new. Those that arrive meanwhile stay unread. Its
// errors are those of DeleteMatching.
func (b *Bucket) MarkMatching(ctx context.Context, q Query, read bool) (int, error) {
	return b.changeMatching(ctx, q, Record{Kind: MessagesMarked, Read: read}, b.marker(read))
}

// marker is the change that sets whether a message has been read.
func (b *Bucket) marker(read bool) change {
	kind, unread := MarkedUnread, 1
	if read {
		kind, unread = MarkedRead, -1
	}
	return func(_ uint64, m *Message) bool {
		if m.Read() == read || m.Arrived < b.expiredBefore() {
			return false
		}
		m.mark.read.Store(read)
		b.unread += unread
		b.record(kind, m)
		return true
	}
}
