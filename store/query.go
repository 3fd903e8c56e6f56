package store

import (
	"context"
	"fmt"
	"slices"
)

// Query says which messages to find. Its zero value matches all of them.
type Query struct {
	// Sender is the envelope's sender, in any case; nil is any sender, and ""
	// the null one.
	Sender *string
	// Recipient is one of the envelope's recipients, in any case; "" is any.
	Recipient string
	// Login is the name that the client was logged in with, in any case; nil is any, and ""
	// none.
	Login *string
	// SenderDomain is what follows the last at sign of the sender, in any case, and
	// RecipientDomain that of one of the recipients, not necessarily of the one that
	// Recipient names; "" is any.
	SenderDomain, RecipientDomain string
	// Since and Until bound the time of arrival, in milliseconds since 1970:
	// not before Since, before Until. 0 is no bound.
	Since, Until int64
	// After and Before are IDs that messages have to be newer and older than;
	// zero is no bound.
	After, Before ID
	// Read is whether the messages have been read; nil is either.
	Read *bool
	// Match is a further condition on messages of the bucket. It is called without the
	// bucket's lock, and by several goroutines at once if the query is watched.
	Match func(*Bucket, *Message) bool

	more []key // further keys that messages must have

	// Ascending gives the oldest first.
	Ascending bool
	// Offset is how many messages to skip, Limit how many to return at most; with
	// a Limit of 0 only the total is found.
	Offset, Limit int
}

// looksAtEach is what LooksAtEach of a view of everything reports.
func (q *Query) looksAtEach() bool { return q.Match != nil || q.Read != nil }

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
	seq, ok := b.ring.byID(id)
	if !ok {
		return nil, false
	}
	m := b.ring.message(seq)
	return m, m.Arrived >= b.expiredBefore()
}

// Err is ErrClosed if the bucket is closed.
func (b *Bucket) Err() error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return ErrClosed
	}
	return nil
}

// Find returns the messages that q matches among those held when it is called,
// the newest first unless q says otherwise. It returns ErrClosed if the bucket is
// closed, and ctx's error if ctx is done before the search is.
//
// With Match or Read, or two conditions on addresses, it looks at one message after the
// other without the lock: those that are removed meanwhile may be found or not.
func (b *Bucket) Find(ctx context.Context, q Query) (Page, error) {
	keys := q.keys()
	if !q.looksAtEach() && len(keys) < 2 {
		return b.findByKey(keys, &q)
	}
	var p Page
	err := b.scan(ctx, &q, func(_ uint64, m *Message) bool {
		if n := p.Total - q.Offset; q.Offset >= 0 && n >= 0 && n < q.Limit {
			p.Messages = append(p.Messages, m)
		}
		p.Total++
		return true
	})
	if err != nil {
		return Page{}, err
	}
	return p, nil
}

// findByKey answers a query for which one index, or none, is enough.
func (b *Bucket) findByKey(keys []key, q *Query) (Page, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return Page{}, ErrClosed
	}
	l := b.rarest(keys)
	if l == nil {
		return Page{}, nil
	}
	var p Page
	spans := b.spans(q)
	for _, s := range spans {
		p.Total += l.count(s)
	}
	if q.Offset < 0 || q.Offset >= p.Total || q.Limit <= 0 {
		return p, nil
	}
	p.Messages = make([]*Message, 0, min(q.Limit, p.Total-q.Offset))
	skip := q.Offset
	for _, s := range spans {
		if n := l.count(s); skip >= n {
			skip -= n
			continue
		}
		b.eachIn(l, s, q.Ascending, skip, cap(p.Messages)-len(p.Messages), func(_ uint64, m *Message) {
			p.Messages = append(p.Messages, m)
		})
		skip = 0
	}
	return p, nil
}

// rarest is the messages that have the rarest of the keys, all if there is none, or
// nil if no message has one of them.
func (b *Bucket) rarest(keys []key) *list {
	if len(keys) == 0 {
		return &b.ring.list
	}
	var rarest *list
	for _, k := range keys {
		l := b.indexes[k.kind].get(k.text)
		if l == nil {
			return nil
		}
		if rarest == nil || l.n < rarest.n {
			rarest = l
		}
	}
	return rarest
}

// eachIn calls f for the messages of l in s, from the oldest on or from the newest
// back. It skips the first ones as skip says, and calls f at most limit times.
func (b *Bucket) eachIn(l *list, s span, ascending bool, skip, limit int, f func(uint64, *Message)) {
	l.pieces(s, ascending, skip, limit, func(c chunk) {
		for i := range c.seqs {
			if !ascending {
				i = len(c.seqs) - 1 - i
			}
			seq := c.seqs[i]
			if c.messages != nil {
				f(seq, c.messages[i])
			} else {
				f(seq, b.ring.message(seq))
			}
		}
	})
}

// spans are the sequence numbers of the messages within q's bounds, in q's order. They
// stay valid for as long as the bucket exists, as no number is used twice.
func (b *Bucket) spans(q *Query) []span {
	s := b.ring.all()
	if q.After != (ID{}) {
		s.lo = b.ring.after(q.After)
	}
	if q.Before != (ID{}) {
		s.hi = b.ring.before(q.Before)
	}
	since := max(q.Since, b.expiredBefore())
	if since <= 0 && q.Until == 0 {
		return []span{s}
	}
	spans := b.ring.spans(s, since, q.Until)
	if !q.Ascending {
		slices.Reverse(spans)
	}
	return spans
}

// First returns the first message that q matches, in q's order, without looking at
// those after it. It finds none once ctx is done.
func (b *Bucket) First(ctx context.Context, q Query) (*Message, bool) {
	var first *Message
	err := b.scan(ctx, &q, func(_ uint64, m *Message) bool {
		first = m
		return false
	})
	return first, err == nil && first != nil
}

// How many messages a search copies while it holds the lock, the first time and each
// time after that; and after how many messages and bytes of mail it looks whether its
// context is done.
const (
	scanFirst  = 8
	scanBatch  = 256
	checkEvery = 256
	checkBytes = 1 << 20
)

// scan calls found for each message that q matches, with its number and in q's order,
// until that returns false. It holds the lock only to copy a batch of messages.
func (b *Bucket) scan(ctx context.Context, q *Query, found func(uint64, *Message) bool) error {
	keys := q.keys()
	b.mu.RLock()
	spans := b.spans(q)
	b.mu.RUnlock()
	var batch chunk
	looked, bytes := 0, 0
	for size := scanFirst; ; size = scanBatch {
		if err := b.copyBatch(&batch, keys, spans, q.Ascending, size); err != nil || len(batch.seqs) == 0 {
			return err
		}
		for i, m := range batch.messages {
			if (len(keys) < 2 || m.hasAll(keys)) && (q.Read == nil || m.Read() == *q.Read) && (q.Match == nil || q.Match(b, m)) && !found(batch.seqs[i], m) {
				return nil
			}
			looked++
			if bytes += len(m.Raw); looked < checkEvery && bytes < checkBytes {
				continue
			}
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("searching a bucket: %w", err)
			}
			looked, bytes = 0, 0
		}
		spans = beyond(spans, batch.seqs[len(batch.seqs)-1], q.Ascending)
	}
}

// copyBatch replaces the content of batch by the first messages within spans, in order,
// that have the rarest of the keys.
func (b *Bucket) copyBatch(batch *chunk, keys []key, spans []span, ascending bool, size int) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return ErrClosed
	}
	batch.seqs, batch.messages = batch.seqs[:0], batch.messages[:0]
	l := b.rarest(keys)
	if l == nil {
		return nil
	}
	for _, s := range spans {
		b.eachIn(l, s, ascending, 0, size-len(batch.seqs), func(seq uint64, m *Message) {
			batch.seqs = append(batch.seqs, seq)
			batch.messages = append(batch.messages, m)
		})
	}
	return nil
}

// beyond is the part of spans that comes after the message with that number in the
// query's order. It overwrites spans.
func beyond(spans []span, seq uint64, ascending bool) []span {
	left := spans[:0]
	for _, s := range spans {
		if ascending {
			s.lo = max(s.lo, seq+1)
		} else {
			s.hi = min(s.hi, seq)
		}
		if s.lo < s.hi {
			left = append(left, s)
		}
	}
	return left
}
