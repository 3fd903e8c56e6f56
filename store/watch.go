package store

import (
	"sync"
	"sync/atomic"
)

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

	watches *watches
	signal  *signal
}

// watches are those of a bucket. They have a lock of their own, so that waiting does not
// hold up reading and appending.
type watches struct {
	mu      sync.Mutex
	signals map[key]*signal
	kinds   [watchKinds]int // signals of each kind
	closed  bool

	// waiting is the number of signals. A message becomes visible before this is read,
	// so if it is 0 then, any watch that begins later finds the message by searching.
	waiting atomic.Int64
}

// signal is shared by the watches with one key, so that an arrival costs the same
// however many wait for others.
type signal struct {
	key     key
	c       chan struct{}
	watches int
}

// Watch begins to wait. Stop must be called if C is not waited for until it closes.
//
// An arrival ends the watches of its sender, its recipients, their domains, and
// those whose queries name none of these. Of several, the query's recipient counts,
// then its sender, the recipient's domain, and the sender's domain.
func (b *Bucket) Watch(q Query) *Watch {
	k := key{kind: anyMessage}
	if keys := q.keys(); len(keys) > 0 {
		k = keys[0]
	}
	w := &b.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.signals[k]
	if s == nil {
		s = &signal{key: k, c: make(chan struct{})}
		if w.closed {
			close(s.c)
		} else {
			w.add(s)
		}
	}
	s.watches++
	return &Watch{C: s.c, watches: w, signal: s}
}

// Stop ends the wait. It must be called at most once, before or after C is closed.
func (w *Watch) Stop() {
	select {
	case <-w.C:
		return // the signal is gone
	default:
	}
	w.watches.mu.Lock()
	defer w.watches.mu.Unlock()
	if w.signal.watches--; w.signal.watches == 0 && w.watches.signals[w.signal.key] == w.signal {
		w.watches.remove(w.signal)
	}
}

// Watching is the number of watches that wait.
func (b *Bucket) Watching() int {
	b.watches.mu.Lock()
	defer b.watches.mu.Unlock()
	n := 0
	for _, s := range b.watches.signals {
		n += s.watches
	}
	return n
}

func (w *watches) add(s *signal) {
	if w.signals == nil {
		w.signals = make(map[key]*signal)
	}
	w.signals[s.key] = s
	w.kinds[s.key.kind]++
	w.waiting.Add(1)
}

func (w *watches) remove(s *signal) {
	delete(w.signals, s.key)
	w.kinds[s.key.kind]--
	w.waiting.Add(-1)
}

// wake ends the watches whose queries may match m, which must be visible already.
func (w *watches) wake(m *Message) {
	if w.waiting.Load() == 0 {
		return
	}
	// The channels are closed without holding the lock, as closing one takes time for
	// each goroutine that it wakes.
	for _, s := range w.take(m) {
		close(s.c)
	}
}

// take removes the signals of m's keys and returns them.
func (w *watches) take(m *Message) []*signal {
	w.mu.Lock()
	defer w.mu.Unlock()
	var taken []*signal
	take := func(k key) {
		if w.kinds[k.kind] == 0 {
			return
		}
		if s := w.signals[k]; s != nil {
			w.remove(s)
			taken = append(taken, s)
		}
	}
	take(key{kind: anyMessage})
	m.eachKey(take)
	return taken
}

// close ends all watches, and makes those that begin later end at once.
func (w *watches) close() {
	w.mu.Lock()
	ended := w.signals
	w.signals, w.kinds, w.closed = nil, [watchKinds]int{}, true
	w.waiting.Store(0)
	w.mu.Unlock()
	for _, s := range ended {
		close(s.c)
	}
}
