package store

import (
	"context"
	"sync/atomic"
)

// mark is what is set of a message in a few bits. It is changed only while the bucket is
// locked, or before the bucket has the message, and may be looked at without.
type mark struct{ bits atomic.Uint32 }

const (
	markRead = 1 << iota
	markElsewhere
)

func (k *mark) set(bit uint32, on bool) {
	if on {
		k.bits.Or(bit)
	} else {
		k.bits.And(^bit)
	}
}

// Read reports whether a person has read m, or a program has said so.
func (m *Message) Read() bool { return m.mark.bits.Load()&markRead != 0 }

// CameElsewhere reports whether m did not come to this bucket but is from its journal: of an
// earlier process, or of another machine. What is to happen once for each message is not for
// this process to do then.
func (m *Message) CameElsewhere() bool { return m.mark.bits.Load()&markElsewhere != 0 }

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
		m.mark.set(markRead, read)
		b.unread += unread
		b.record(kind, m)
		return true
	}
}
