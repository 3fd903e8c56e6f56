package store

import "strings"

// Watch waits for a message that a query may match. It is good for one arrival:
//
//	for {
//		watch := b.Watch(q)
//		if page, err := b.Find(ctx, q); err != nil || page.Total > 0 {
//			watch.Stop()
//			return page, err
//		}
//		<-watch.C
//	}
//
// The watch is there before the search, so that no message comes unnoticed.
type Watch struct {
	// C is closed when a message that the query may match has become visible,
	// or the bucket is closed.
	C <-chan struct{}

	bucket *Bucket
	key    watchKey
	signal *signal
}

// watchKey is what arrivals are told apart by before any query is looked at: an
// address in lower case, or none.
type watchKey struct {
	of      keyKind
	address string
}

type keyKind uint8

const (
	anyMessage keyKind = iota
	bySender
	byRecipient
)

// signal is shared by the watches with one key, so that an arrival costs the same
// however many wait for it.
type signal struct {
	c       chan struct{}
	watches int
}

// Watch begins to wait. Stop must be called if C is not waited for until it closes.
func (b *Bucket) Watch(q Query) *Watch {
	var key watchKey
	switch {
	case q.Recipient != "":
		key = watchKey{byRecipient, strings.ToLower(q.Recipient)}
	case q.Sender != nil:
		key = watchKey{bySender, strings.ToLower(*q.Sender)}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.signals[key]
	if s == nil {
		s = &signal{c: make(chan struct{})}
		if b.closed {
			close(s.c)
		} else {
			if b.signals == nil {
				b.signals = make(map[watchKey]*signal)
			}
			b.signals[key] = s
		}
	}
	s.watches++
	return &Watch{C: s.c, bucket: b, key: key, signal: s}
}

// Stop ends the wait. It may be called after C has closed, but only once.
func (w *Watch) Stop() {
	w.bucket.mu.Lock()
	defer w.bucket.mu.Unlock()
	if w.signal.watches--; w.signal.watches == 0 && w.bucket.signals[w.key] == w.signal {
		delete(w.bucket.signals, w.key)
	}
}

// Watching is the number of watches that wait.
func (b *Bucket) Watching() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := 0
	for _, s := range b.signals {
		n += s.watches
	}
	return n
}

// wake ends the watches that m may be for. It is called with the lock held, when
// m is in its place.
func (b *Bucket) wake(m *Message) {
	if len(b.signals) == 0 {
		return
	}
	b.fire(watchKey{})
	b.fire(watchKey{bySender, strings.ToLower(m.Sender)})
	for _, r := range m.Recipients {
		b.fire(watchKey{byRecipient, strings.ToLower(r)})
	}
}

func (b *Bucket) fire(key watchKey) {
	if s := b.signals[key]; s != nil {
		close(s.c)
		delete(b.signals, key)
	}
}

// Newest is the ID of the message that came last, held or not; zero if none came.
func (b *Bucket) Newest() ID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.newest
}
