package store

// condition is what the query of a watch asks of a message beside the key.
type condition struct {
	bucket *Bucket
	keys   []key
	match  func(*Bucket, *Message) bool // nil for none
	place  int                          // among the conditional watches with the key
}

// mayBe reports whether a message may meet the condition. A panic counts as yes: whoever
// waits then searches, and meets the panic where it can be handled.
func (c *condition) mayBe(m *Message) (may bool) {
	defer func() {
		if recover() != nil {
			may = true
		}
	}()
	return m.hasAll(c.keys) && (c.match == nil || c.match(c.bucket, m))
}

// Bounds of what waits to be compared with conditions.
const (
	largestLookedAt = 64 << 10 // bytes of a message; a larger one would hold up the next
	maxArrivals     = 1024
	maxArrivalBytes = 4 << 20
)

// arrivals are messages that wait to be compared with the conditions of watches. One
// goroutine of the bucket does that for all watches, and ends when there are no more
// messages. Without it every message would wake all who wait, and each of them would
// search, most of them in vain.
type arrivals struct {
	messages []*Message
	bytes    int
	missed   ID // of the first that there was no room for, zero if there was for all
	looking  bool
}

// add has m compared with the conditions, and reports false if m is too large for that. If
// too much is waiting already, m is found in the bucket when its turn comes.
func (a *arrivals) add(b *Bucket, m *Message) bool {
	size := len(m.Raw)
	if size > largestLookedAt {
		return false
	}
	if len(a.messages) >= maxArrivals || a.bytes+size > maxArrivalBytes {
		if a.missed == (ID{}) || m.ID.compare(a.missed) < 0 {
			a.missed = m.ID
		}
		return true
	}
	a.messages = append(a.messages, m)
	a.bytes += size
	if !a.looking {
		a.looking = true
		go b.look()
	}
	return true
}

// look compares messages with conditions until none waits any more.
func (b *Bucket) look() {
	w := &b.watches
	var messages []*Message
	var watches []*Watch
	for {
		w.mu.Lock()
		arrivals := &w.arrivals
		clear(messages)
		messages, arrivals.messages = arrivals.messages, messages[:0]
		missed := arrivals.missed
		arrivals.bytes, arrivals.missed = 0, ID{}
		if arrivals.looking = len(messages) > 0 || missed != (ID{}); !arrivals.looking {
			arrivals.messages = nil
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		for _, m := range messages {
			watches = w.lookAt(m, watches[:0])
		}
		if missed != (ID{}) {
			watches = b.catchUp(missed, watches)
		}
	}
}

// catchUp compares the messages from an ID on, which the bucket holds, with conditions. It
// uses the memory of list, and returns it for the next call.
func (b *Bucket) catchUp(from ID, list []*Watch) []*Watch {
	b.mu.RLock()
	spans := []span{{b.ring.before(from), b.ring.next}}
	b.mu.RUnlock()
	var batch chunk
	for {
		if err := b.copyBatch(&batch, nil, spans, true, scanBatch); err != nil || len(batch.seqs) == 0 {
			return list
		}
		for _, m := range batch.messages {
			if len(m.Raw) <= largestLookedAt {
				list = b.watches.lookAt(m, list[:0])
			}
		}
		spans = beyond(spans, batch.seqs[len(batch.seqs)-1], true)
	}
}

// lookAt ends the conditional watches that m may be for. It uses the memory of list, and
// returns it for the next call.
func (w *watches) lookAt(m *Message, list []*Watch) []*Watch {
	w.mu.Lock()
	list = w.conditionalOf(m, list)
	w.mu.Unlock()
	for _, watch := range list {
		if !watch.condition.mayBe(m) {
			continue
		}
		w.mu.Lock()
		ended := w.forget(watch)
		w.mu.Unlock()
		if ended {
			close(watch.ends)
		}
	}
	clear(list)
	return list
}
