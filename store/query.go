package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// Query says which messages to find. Its zero value matches all of them.
type Query struct {
	// Sender is the envelope's sender, in any case; nil is any sender, and ""
	// the null one.
	Sender *string
	// Recipient is one of the envelope's recipients, in any case; "" is any.
	Recipient string
	// Since and Until bound the time of arrival, in milliseconds since 1970:
	// not before Since, before Until. 0 is no bound.
	Since, Until int64
	// After and Before are IDs that messages have to be newer and older than;
	// zero is no bound.
	After, Before ID
	// Match is a further condition. It is called without the bucket's lock.
	Match func(*Message) bool

	// Ascending gives the oldest first.
	Ascending bool
	// Offset is how many messages to pass over, Limit how many to return at
	// most; with none, there is only the total.
	Offset, Limit int
}

// Page is a part of what a query matches.
type Page struct {
	Messages []*Message
	// Total is how many messages match, on all pages.
	Total int
}

// Get returns the message with that ID.
func (b *Bucket) Get(id ID) (*Message, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	seq, ok := b.ring.find(id)
	if !ok || id.UnixMilli() < b.expiredBefore() {
		return nil, false
	}
	return b.ring.at(seq), true
}

// expiredBefore is the arrival before which messages have reached their age,
// also when the timer has not yet removed them.
func (b *Bucket) expiredBefore() int64 {
	if b.limits.MaxAge <= 0 {
		return 0
	}
	return time.Now().Add(-b.limits.MaxAge).UnixMilli()
}

// Find returns the messages that q matches among those held when it is called,
// the newest first unless q says otherwise. It returns ErrClosed if the bucket is
// closed, and ctx's error if ctx is done before the search is.
func (b *Bucket) Find(ctx context.Context, q Query) (Page, error) {
	if q.Match == nil {
		b.mu.RLock()
		defer b.mu.RUnlock()
		if b.closed {
			return Page{}, ErrClosed
		}
		return b.candidates(&q).page(&q), nil
	}
	matching, err := b.matching(ctx, &q)
	if err != nil {
		return Page{}, err
	}
	return (&candidates{messages: matching}).page(&q), nil
}

// checkEvery is how many messages are looked at before a search asks whether
// anybody still waits for it.
const checkEvery = 256

// searchEnded is the error of a search that has looked at n messages, if ctx is done.
func searchEnded(ctx context.Context, n int) error {
	if n%checkEvery != 0 || ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("searching a bucket: %w", ctx.Err())
}

// matching is all that q matches, the oldest first. The lock is held only for
// copying the messages that come into question.
func (b *Bucket) matching(ctx context.Context, q *Query) ([]*Message, error) {
	b.mu.RLock()
	closed, all := b.closed, b.candidates(q).all()
	b.mu.RUnlock()
	if closed {
		return nil, ErrClosed
	}
	if q.Match == nil {
		return all, nil
	}
	matching := all[:0]
	for i, m := range all {
		if err := searchEnded(ctx, i+1); err != nil {
			return nil, err
		}
		if q.Match(m) {
			matching = append(matching, m)
		}
	}
	clear(all[len(matching):])
	return matching, nil
}

// First returns the first of the messages that q matches, in its order and without
// looking at those behind it. It finds none once ctx is done.
func (b *Bucket) First(ctx context.Context, q Query) (*Message, bool) {
	match := q.Match
	q.Match, q.Offset, q.Limit = nil, 0, 1
	if match != nil {
		q.Limit = math.MaxInt
	}
	page, err := b.Find(ctx, q)
	if err != nil {
		return nil, false
	}
	for i, m := range page.Messages {
		if searchEnded(ctx, i+1) != nil {
			return nil, false
		}
		if match == nil || match(m) {
			return m, true
		}
	}
	return nil, false
}

// candidates is a list of messages, the oldest first: of the sequence numbers
// seqs, or the messages themselves, or the ring from lo to hi.
type candidates struct {
	ring     *ring
	seqs     []uint64
	messages []*Message
	lo, hi   uint64
}

// candidates are what matches all of q but Match, found by the indexes. They are
// valid as long as the lock is held.
func (b *Bucket) candidates(q *Query) *candidates {
	c := &candidates{ring: &b.ring}
	c.lo, c.hi = b.ring.head, b.ring.tail
	if since := max(q.Since, b.expiredBefore()); since > 0 {
		c.lo = max(c.lo, b.ring.search(floorID(since)))
	}
	if q.Until != 0 {
		c.hi = min(c.hi, b.ring.search(floorID(q.Until)))
	}
	if q.After != (ID{}) {
		after := b.ring.search(q.After)
		if after < b.ring.tail && b.ring.ids[b.ring.slot(after)] == q.After {
			after++
		}
		c.lo = max(c.lo, after)
	}
	if q.Before != (ID{}) {
		c.hi = min(c.hi, b.ring.search(q.Before))
	}
	c.hi = max(c.hi, c.lo)
	switch {
	case q.Sender != nil && q.Recipient != "":
		c.seqs = c.within(b.senders.live(strings.ToLower(*q.Sender)))
		c.seqs = intersect(c.seqs, c.within(b.recipients.live(strings.ToLower(q.Recipient))))
	case q.Sender != nil:
		c.seqs = c.within(b.senders.live(strings.ToLower(*q.Sender)))
	case q.Recipient != "":
		c.seqs = c.within(b.recipients.live(strings.ToLower(q.Recipient)))
	case b.ring.span() > b.ring.live:
		c.messages = c.all()
	default:
		return c
	}
	c.lo, c.hi = 0, 0
	return c
}

// within is the part of seqs from lo to hi.
func (c *candidates) within(seqs []uint64) []uint64 {
	lo := sort.Search(len(seqs), func(i int) bool { return seqs[i] >= c.lo })
	hi := sort.Search(len(seqs), func(i int) bool { return seqs[i] >= c.hi })
	return seqs[lo:hi]
}

// intersect is what both growing lists have, found by searching the longer one
// for each of the shorter.
func intersect(a, b []uint64) []uint64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	both := make([]uint64, 0, len(a))
	for _, seq := range a {
		i, found := slices.BinarySearch(b, seq)
		if b = b[i:]; found {
			both = append(both, seq)
		}
	}
	return both
}

func (c *candidates) len() int { return len(c.seqs) + len(c.messages) + int(c.hi-c.lo) }

func (c *candidates) at(i int) *Message {
	switch {
	case c.seqs != nil:
		return c.ring.at(c.seqs[i])
	case c.messages != nil:
		return c.messages[i]
	}
	return c.ring.at(c.lo + uint64(i))
}

// all copies the list, without the slots of deleted messages.
func (c *candidates) all() []*Message {
	messages := make([]*Message, 0, c.len())
	for i := range c.len() {
		if m := c.at(i); m != nil {
			messages = append(messages, m)
		}
	}
	return messages
}

// page is the part of the list that q asks for.
func (c *candidates) page(q *Query) Page {
	p := Page{Total: c.len()}
	if q.Offset < 0 || q.Offset >= p.Total || q.Limit <= 0 {
		return p
	}
	n := min(q.Limit, p.Total-q.Offset)
	p.Messages = make([]*Message, n)
	for i := range n {
		at := q.Offset + i
		if !q.Ascending {
			at = p.Total - 1 - at
		}
		p.Messages[i] = c.at(at)
	}
	return p
}

// Delete removes the message with that ID and reports whether it was there.
func (b *Bucket) Delete(id ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delete(id)
}

func (b *Bucket) delete(id ID) bool {
	seq, ok := b.ring.find(id)
	if !ok {
		return false
	}
	b.remove(seq)
	b.stats.Deleted++
	return true
}

// deleteBatch is how many messages are deleted before others get the lock.
const deleteBatch = 256

// DeleteMatching removes all that q matches, its paging aside, and returns how
// many that were. Messages that arrive meanwhile stay. If ctx is done, the error is
// ctx's and the rest stays too; a closed bucket gives ErrClosed.
func (b *Bucket) DeleteMatching(ctx context.Context, q Query) (int, error) {
	matching, err := b.matching(ctx, &q)
	if err != nil {
		return 0, err
	}
	deleted := 0
	for batch := range slices.Chunk(matching, deleteBatch) {
		if err := ctx.Err(); err != nil {
			return deleted, fmt.Errorf("deleting from a bucket: %w", err)
		}
		b.mu.Lock()
		for _, m := range batch {
			if b.delete(m.ID) {
				deleted++
			}
		}
		b.mu.Unlock()
	}
	return deleted, nil
}
