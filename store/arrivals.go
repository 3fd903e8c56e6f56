package store

import (
	"context"
	"fmt"
)

// Arrival is a message with its number in the order of arrival. The messages of a bucket
// are numbered one by one, those that are no longer held included. Numbers are those of
// the process: after a restart they are others.
type Arrival struct {
	Number  uint64
	Message *Message
}

// NextNumber is the number that the next message to arrive gets.
func (b *Bucket) NextNumber() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.ring.next
}

// NumberAfter is the number of the first message that is held and newer than the one with
// that ID, or else of the next one to arrive.
func (b *Bucket) NumberAfter(id ID) uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.ring.after(id)
}

// Arrivals returns messages that are held from a number on, at most limit of them, and the
// number to go on with. Numbers that are left out are of messages that are no longer held.
// A closed bucket gives ErrClosed.
func (b *Bucket) Arrivals(from uint64, limit int) (arrivals []Arrival, next uint64, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return nil, from, ErrClosed
	}
	before := b.expiredBefore()
	b.ring.pieces(span{from, b.ring.next}, true, 0, limit, func(c chunk) {
		for i, m := range c.messages {
			if from = c.seqs[i] + 1; m.Arrived >= before {
				arrivals = append(arrivals, Arrival{c.seqs[i], m})
			}
			limit--
		}
	})
	if limit > 0 {
		from = max(from, b.ring.next)
	}
	return arrivals, from, nil
}

// AwaitArrivals is Arrivals once a message with the number from, or a later one, has arrived.
// If ctx is done before that, the error is ctx's.
func (b *Bucket) AwaitArrivals(ctx context.Context, from uint64, limit int) (arrivals []Arrival, next uint64, err error) {
	for {
		// Who has more to read need not wait, and costs those who append nothing.
		if arrivals, next, err = b.Arrivals(from, limit); err != nil || next > from {
			return arrivals, next, err
		}
		watch := b.Watch(Query{})
		if arrivals, next, err = b.Arrivals(from, limit); err != nil || next > from {
			watch.Stop()
			return arrivals, next, err
		}
		select {
		case <-watch.C:
		case <-ctx.Done():
			watch.Stop()
			return nil, from, fmt.Errorf("waiting for messages: %w", ctx.Err())
		}
	}
}
