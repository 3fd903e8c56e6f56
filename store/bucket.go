// Package store keeps mail in memory, in buckets which are bounded by number,
// bytes and age: the oldest messages make room for new ones.
//
//	b := store.New(store.Limits{MaxMessages: 1000})
//	err := b.Append(ctx, &store.Message{Sender: "a@example.com", Recipients: to, Raw: raw})
//	page, err := b.Find(ctx, store.Query{Recipient: "b@example.com", Limit: 10})
//
// bucket.go appends, limits.go and boxes.go evict, query.go finds, delete.go deletes,
// mark.go marks what has been read, release.go remembers what was sent on, and tags.go keeps
// tags. history.go remembers what was removed and marked, position.go has the places in that,
// and follow.go reads it together with the arrivals. watch.go waits for arrivals, and conditional.go compares them with what
// is waited for. view.go shows a part of the bucket only, and removed.go has what is needed
// to tell of removals from such a part.
//
// A bucket that [Open] makes is fed by a log: journal.go says what a [Journal] is, record.go
// what is written into it; journaled.go writes, and feed.go does to the bucket what the log
// says.
//
// Below them, ring.go holds the messages in order of arrival, index.go finds them by the
// keys of key.go, and list.go is the data structure that both are built on. Nothing here
// parses mail: whoever appends a message supplies its header fields, and readers may keep
// values beside a message that they worked out of it, with derived.go.
package store

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrClosed is the error of appending to a closed bucket, and of searching it.
	ErrClosed = errors.New("the bucket is closed")

	// ErrTooLarge is the error of appending a message that alone exceeds MaxBytes.
	ErrTooLarge = errors.New("the message is larger than the bucket")
)

// Stats are a bucket's counters since it was made, and what it holds now.
type Stats struct {
	Received uint64 // appended
	Evicted  uint64 // removed to make room for newer ones, or because limits were lowered
	Expired  uint64 // reached MaxAge
	Deleted  uint64 // by Delete, DeleteIDs and DeleteMatching
	Refused  uint64 // counted by Refuse
	Freed    int64  // bytes of all messages that were removed, also by Close
	Replaced int64  // bytes of those that were evicted, which Freed includes

	Messages int
	Unread   int // of Messages
	Bytes    int64
	Oldest   int64 // arrival of the oldest, milliseconds since 1970, 0 if none
	Limits   Limits
}

// Bucket holds messages. Its methods may be called from any goroutine.
type Bucket struct {
	mu       sync.RWMutex
	limits   Limits
	ring     ring
	indexes  [indexKinds]index
	bytes    int64
	unread   int
	stats    Stats // only its counters are in use
	newest   ID
	kept     kept
	history  history
	numbers  cipher.Block // for those of changes, where they are shown
	removed  removed
	releases map[ID][]Release // of messages that are held
	tags     map[ID]given     // that messages were given
	expiry   timer
	arrived  uint64     // how many messages came
	log      *journaled // nil without a journal
	closed   bool

	now       func() time.Time
	afterFunc func(time.Duration, func()) timer
	watches   watches
	changed   alarm
	refused   atomic.Uint64
}

// timer is a *time.Timer.
type timer interface{ Stop() bool }

// New makes an empty bucket.
func New(l Limits) *Bucket {
	return &Bucket{limits: l, history: newHistory(), numbers: newNumbers(), now: time.Now, afterFunc: func(d time.Duration, f func()) timer {
		return time.AfterFunc(d, f)
	}}
}

// Append sets m's ID and time of arrival and stores it. The caller must not change m or
// its Recipients afterwards. When Append returns nil, every reader sees m. When it
// returns an error, m is not stored: ErrClosed, ErrTooLarge, or ctx's error if ctx is
// done.
func (b *Bucket) Append(ctx context.Context, m *Message) error {
	m.shareText()
	m.cost = m.footprint()
	if b.log != nil {
		return b.appendToLog(ctx, m)
	}
	random, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("making a message id: %w", err)
	}
	m.ID = ID(random)
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("storing a message: %w", err)
		}
		stored, err := b.appendOrMakeRoom(m, true)
		if err != nil {
			return err
		}
		if stored {
			b.watches.wake(m)
			return nil
		}
	}
}

// appendOrMakeRoom stores m, unless so many messages have to be removed for it that
// other goroutines should get the lock in between. Then it reports false. Received is
// whether it counts as received. With a journal it has its ID and its time of arrival.
func (b *Bucket) appendOrMakeRoom(m *Message, received bool) (stored bool, err error) {
	defer b.unlock(b.lock())
	if b.closed {
		return false, ErrClosed
	}
	if b.limits.MaxBytes > 0 && m.cost > b.limits.MaxBytes {
		return false, ErrTooLarge
	}
	if !b.makeRoomInBoxes(m) || !b.makeRoom(1, m.cost) {
		return false, nil
	}
	if b.log == nil {
		m.Arrived = b.now().UnixMilli()
	}
	if b.log == nil || m.ID.compare(b.newest) <= 0 {
		m.ID = m.ID.after(b.newest, m.Arrived)
	}
	b.insert(m)
	if received {
		b.stats.Received++
	}
	b.armExpiry()
	return true, nil
}

// insert adds m, which has its ID and its time of arrival, as the newest message.
func (b *Bucket) insert(m *Message) {
	seq := b.ring.add(m)
	m.eachKey(func(k key) { b.indexes[k.kind].add(k.text, seq) })
	b.bytes += m.cost
	b.arrived++
	if !m.Read() {
		b.unread++
	}
	if b.newest = m.ID; b.history.oldest == (ID{}) {
		b.history.oldest = m.ID
	}
}

// remove takes the message with that sequence number out, if it is there. Why is what that
// counts as.
func (b *Bucket) remove(seq uint64, why ChangeKind) (*Message, bool) {
	m, ok := b.ring.remove(seq)
	if !ok {
		return nil, false
	}
	m.eachKey(func(k key) { b.indexes[k.kind].remove(k.text, seq) })
	b.kept.goes(m)
	delete(b.releases, m.ID)
	b.forgetTags(m)
	b.bytes -= m.cost
	if !m.Read() {
		b.unread--
	}
	b.stats.Freed += m.cost
	b.record(why, m)
	b.remember(m)
	if b.log != nil {
		b.log.goes(m)
	}
	return m, true
}

// batchWork bounds how much is removed at once while the lock is held, in messages
// and recipients: it takes well under a millisecond.
const batchWork = 512

// work is what removing m counts for in a batch, see batchWork.
func (m *Message) work() int { return 1 + len(m.Recipients) }

// Refuse counts a message that was turned away before it could be appended.
func (b *Bucket) Refuse() { b.refused.Add(1) }

// Stats returns the counters and what the bucket holds.
func (b *Bucket) Stats() Stats {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.stats
	s.Refused = b.refused.Load()
	s.Messages, s.Unread, s.Bytes, s.Limits = b.ring.n, b.unread, b.bytes, b.limits
	if s.Messages > 0 {
		s.Oldest = b.ring.at(place{}).Arrived
	}
	return s
}

// Newest is the ID of the message that came last, even if it is no longer held; it is
// zero if none has come.
func (b *Bucket) Newest() ID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.newest
}

// Close drops all messages and makes Append fail from then on. It may be called more
// than once. With a journal it closes that, which has them, and the error is the journal's.
func (b *Bucket) Close() error {
	b.mu.Lock()
	b.closed = true
	b.stopExpiry()
	b.stats.Freed += b.bytes
	b.bytes, b.unread, b.ring, b.indexes, b.kept = 0, 0, ring{}, [indexKinds]index{}, kept{}
	b.history.changes, b.history.first, b.releases, b.tags = nil, b.history.next, nil, nil
	b.removed = removed{followers: b.removed.followers}
	b.mu.Unlock()
	b.watches.close()
	b.changed.close()
	return b.closeJournal()
}
