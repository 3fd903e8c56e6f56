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

	watches   *watches
	key       key
	ends      chan struct{} // C
	condition *condition    // nil if any message with the key ends the watch
}

// watches are those of a bucket. They have a lock of their own, so that waiting does not
// hold up reading and appending.
type watches struct {
	mu       sync.Mutex
	keys     map[key]*watched
	kinds    [watchKinds]int // keys of each kind
	closed   bool
	bucket   *Bucket // once a watch has begun
	arrivals arrivals
	lists    uint64 // how many lists of conditional watches have been made

	// waiting is the number of keys. A message becomes visible before this is read,
	// so if it is 0 then, any watch that begins later finds the message by searching.
	waiting atomic.Int64
}

// watched is the watches with one key. An arrival costs the same however many wait for
// other keys.
type watched struct {
	// any is closed by the next message with the key, whichever it is. The watches that
	// share it are counted.
	any     chan struct{}
	sharing int

	// conditional are the watches with further conditions. Listed is the number of the last
	// list that they were put on.
	conditional []*Watch
	listed      uint64
}

// Watch begins to wait. Stop must be called if C is not waited for until it closes.
//
// An arrival ends the watches of its sender, its recipients, their domains, its login, and
// those whose queries name none of these. Of several, the query's recipient counts, then
// its sender, its login, the recipient's domain, and the sender's domain. If the query names
// several, or has a Match, the arrival is compared with all of them before it ends the
// watch, but not with the bounds of time and ID. Match is then called by a goroutine of
// the bucket.
func (b *Bucket) Watch(q Query) *Watch {
	w := &b.watches
	watch := &Watch{watches: w, key: key{kind: anyMessage}}
	keys := q.keys()
	if len(keys) > 0 {
		watch.key, keys = keys[0], keys[1:]
	}
	if len(keys) > 0 || q.Match != nil {
		watch.condition = &condition{bucket: b, keys: keys, match: q.Match}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bucket = b
	switch {
	case w.closed:
		watch.ends = make(chan struct{})
		close(watch.ends)
	case watch.condition != nil:
		watch.ends = make(chan struct{})
		at := w.at(watch.key)
		watch.condition.place = len(at.conditional)
		at.conditional = append(at.conditional, watch)
	default:
		at := w.at(watch.key)
		if at.any == nil {
			at.any = make(chan struct{})
		}
		at.sharing++
		watch.ends = at.any
	}
	watch.C = watch.ends
	return watch
}

// Stop ends the wait. It must be called at most once, before or after C is closed.
func (watch *Watch) Stop() {
	w := watch.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-watch.C:
		return // nothing of it is left
	default:
	}
	at := w.keys[watch.key]
	switch {
	case at == nil: // it is about to be closed
	case watch.condition != nil:
		w.forget(watch)
	case at.any == watch.ends:
		if at.sharing--; at.sharing == 0 {
			at.any = nil
			w.tidy(watch.key)
		}
	}
}

// Watching is the number of watches that wait.
func (b *Bucket) Watching() int {
	w := &b.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, at := range w.keys {
		n += at.sharing + len(at.conditional)
	}
	return n
}

// at is the watches with a key, to which one is about to be added.
func (w *watches) at(k key) *watched {
	at := w.keys[k]
	if at == nil {
		if w.keys == nil {
			w.keys = make(map[key]*watched)
		}
		at = new(watched)
		w.keys[k] = at
		w.kinds[k.kind]++
		w.waiting.Add(1)
	}
	return at
}

// tidy forgets a key if there is no watch left with it.
func (w *watches) tidy(k key) {
	if at := w.keys[k]; at.any == nil && len(at.conditional) == 0 {
		delete(w.keys, k)
		w.kinds[k.kind]--
		w.waiting.Add(-1)
	}
}

// forget takes out a conditional watch, and reports whether it was there.
func (w *watches) forget(watch *Watch) bool {
	at, place := w.keys[watch.key], watch.condition.place
	if at == nil || place >= len(at.conditional) || at.conditional[place] != watch {
		return false
	}
	last := len(at.conditional) - 1
	at.conditional[place] = at.conditional[last]
	at.conditional[place].condition.place = place
	at.conditional[last] = nil
	at.conditional = at.conditional[:last]
	w.tidy(watch.key)
	return true
}

// wake ends the watches whose queries may match m, which must be visible already.
func (w *watches) wake(m *Message) {
	if w.waiting.Load() == 0 {
		return
	}
	// The channels are closed without holding the lock, as closing one takes time for
	// each goroutine that it wakes.
	for _, ends := range w.take(m) {
		close(ends)
	}
}

// take removes the watches that m ends and returns their channels. It has m looked at for
// those with conditions.
func (w *watches) take(m *Message) (ended []chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conditional := false
	w.eachOf(m, func(k key, at *watched) {
		conditional = conditional || len(at.conditional) > 0
		if at.any != nil {
			ended = append(ended, at.any)
			at.any, at.sharing = nil, 0
			w.tidy(k)
		}
	})
	if !conditional || w.arrivals.add(w.bucket, m) {
		return ended
	}
	// It is too large to be compared here, so those who wait search for themselves.
	for _, watch := range w.conditionalOf(m, nil) {
		w.forget(watch)
		ended = append(ended, watch.ends)
	}
	return ended
}

// eachOf calls f for the keys of m that there are watches with, for some perhaps more than
// once.
func (w *watches) eachOf(m *Message, f func(key, *watched)) {
	look := func(k key) {
		if w.kinds[k.kind] > 0 {
			if at := w.keys[k]; at != nil {
				f(k, at)
			}
		}
	}
	look(key{kind: anyMessage})
	m.eachKey(look)
}

// conditionalOf adds the conditional watches with keys of m to list, each once.
func (w *watches) conditionalOf(m *Message, list []*Watch) []*Watch {
	w.lists++
	w.eachOf(m, func(_ key, at *watched) {
		if at.listed != w.lists {
			at.listed = w.lists
			list = append(list, at.conditional...)
		}
	})
	return list
}

// close ends all watches, and makes those that begin later end at once.
func (w *watches) close() {
	w.mu.Lock()
	ended := w.keys
	w.keys, w.kinds, w.closed = nil, [watchKinds]int{}, true
	w.waiting.Store(0)
	w.mu.Unlock()
	for _, at := range ended {
		if at.any != nil {
			close(at.any)
		}
		for _, watch := range at.conditional {
			close(watch.ends)
		}
	}
}
