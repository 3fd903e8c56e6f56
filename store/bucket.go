// Package store keeps mail in memory, in buckets which are bounded by number,
// bytes and age: the oldest messages make room for new ones.
//
//	b := store.New(store.Limits{MaxMessages: 1000})
//	err := b.Append(ctx, &store.Message{Sender: "a@example.com", Recipients: to, Raw: raw})
//	page, err := b.Find(ctx, store.Query{Recipient: "b@example.com", Limit: 10})
//
// bucket.go appends and evicts, query.go finds and deletes, watch.go waits for
// arrivals, and ring.go has the data structures. Nothing here reads mail: who
// appends a message says what its header fields are.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrClosed is the error of appending to a closed bucket, and of searching it.
	ErrClosed = errors.New("the bucket is closed")

	// ErrTooLarge is the error of appending a message that alone exceeds MaxBytes.
	ErrTooLarge = errors.New("the message is larger than the bucket")
)

// Limits bound what a bucket holds. Zero is no limit.
type Limits struct {
	// MaxMessages is the number of messages.
	MaxMessages int
	// MaxBytes is the memory for messages, envelopes and index, in bytes.
	MaxBytes int64
	// MaxAge is how long after its arrival a message is held.
	MaxAge time.Duration
}

// Stats are a bucket's counters since it was made, and what it holds now.
type Stats struct {
	Received uint64 // appended
	Evicted  uint64 // made room for newer ones, or for lower limits
	Expired  uint64 // reached MaxAge
	Deleted  uint64 // by Delete and DeleteMatching
	Refused  uint64 // as told by Refuse
	Freed    int64  // bytes of those that were removed
	Replaced int64  // bytes of those among them that were evicted

	Messages int
	Bytes    int64
	Oldest   int64 // arrival of the oldest, milliseconds since 1970, 0 if none
	Limits   Limits
}

// Bucket holds messages. Its methods may be called from any goroutine.
type Bucket struct {
	mu         sync.RWMutex
	limits     Limits
	ring       ring
	senders    index
	recipients index
	bytes      int64
	stats      Stats // the counters only
	newest     ID
	signals    map[watchKey]*signal
	expiry     *time.Timer
	closed     bool

	refused atomic.Uint64
}

// New makes an empty bucket.
func New(l Limits) *Bucket {
	b := &Bucket{limits: l}
	b.reset()
	return b
}

func (b *Bucket) reset() {
	b.ring = ring{}
	b.senders, b.recipients = make(index), make(index)
	b.bytes = 0
}

// Append gives m its ID and stores it; m must not be
// changed afterwards. When it returns nil, every reader sees m. When it returns an
// error, m is not stored: ErrClosed, ErrTooLarge, or ctx's if that is done.
func (b *Bucket) Append(ctx context.Context, m *Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storing a message: %w", err)
	}
	m.cost = m.footprint()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if b.limits.MaxBytes > 0 && m.cost > b.limits.MaxBytes {
		return ErrTooLarge
	}
	id, err := newID()
	if err != nil {
		return err
	}
	m.ID = id
	b.newest = id
	b.insert(m)
	b.stats.Received++
	b.evict()
	b.wake(m)
	return nil
}

func (b *Bucket) insert(m *Message) {
	seq := b.ring.push(m)
	b.senders.add(strings.ToLower(m.Sender), seq)
	for _, r := range m.Recipients {
		b.recipients.add(strings.ToLower(r), seq)
	}
	b.bytes += m.cost
}

// remove takes the message with that sequence number out.
func (b *Bucket) remove(seq uint64) {
	m := b.ring.at(seq)
	b.senders.remove(strings.ToLower(m.Sender), seq)
	for _, r := range m.Recipients {
		b.recipients.remove(strings.ToLower(r), seq)
	}
	b.bytes -= m.cost
	b.stats.Freed += m.cost
	b.ring.remove(seq)
	if b.ring.sparse() {
		b.compact()
	}
}

// compact makes the ring and the indexes anew without the empty slots. That is
// as much work as there are messages, after at least as many were removed.
func (b *Bucket) compact() {
	old := b.ring
	b.reset()
	for seq := old.head; seq < old.tail; seq++ {
		if m := old.at(seq); m != nil {
			b.insert(m)
		}
	}
}

// evict removes the oldest messages until the limits are kept, and sees to it
// that the next one expires in time.
func (b *Bucket) evict() {
	l := b.limits
	for b.ring.live > 0 && (l.MaxMessages > 0 && b.ring.live > l.MaxMessages || l.MaxBytes > 0 && b.bytes > l.MaxBytes) {
		b.stats.Replaced += b.oldest().cost
		b.remove(b.ring.head)
		b.stats.Evicted++
	}
	if l.MaxAge <= 0 {
		return
	}
	now := time.Now()
	for b.ring.live > 0 {
		left := b.oldest().Time().Add(l.MaxAge).Sub(now)
		if left > 0 {
			b.expireAfter(left)
			return
		}
		b.remove(b.ring.head)
		b.stats.Expired++
	}
}

// expireAfter arms the bucket's one timer, unless it is armed: it may go off too
// early, and is then armed again.
func (b *Bucket) expireAfter(d time.Duration) {
	if b.expiry != nil {
		return
	}
	b.expiry = time.AfterFunc(d, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.expiry = nil
		b.evict()
	})
}

func (b *Bucket) oldest() *Message { return b.ring.at(b.ring.head) }

// SetLimits changes the limits and evicts at once what is over them.
func (b *Bucket) SetLimits(l Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.limits = l
	b.stopExpiry()
	b.evict()
}

func (b *Bucket) stopExpiry() {
	if b.expiry != nil {
		b.expiry.Stop()
		b.expiry = nil
	}
}

// Refuse counts a message that was turned away before it could be appended.
func (b *Bucket) Refuse() { b.refused.Add(1) }

// Stats returns the counters and what the bucket holds.
func (b *Bucket) Stats() Stats {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.stats
	s.Refused = b.refused.Load()
	s.Messages, s.Bytes, s.Limits = b.ring.live, b.bytes, b.limits
	if s.Messages > 0 {
		s.Oldest = b.oldest().UnixMilli()
	}
	return s
}

// Close drops all messages and lets no further one in. It may be called twice.
func (b *Bucket) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.stopExpiry()
	b.reset()
	for key := range b.signals {
		b.fire(key)
	}
}
