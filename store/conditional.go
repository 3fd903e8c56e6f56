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
	missed   bool // others came that there was no room for
	looking  bool
}

// add has m compared with the conditions, and reports false if m is too large for that. If
// too much is waiting already, all who wait have to search once that is done: to wake
// them for each message would take more than comparing it.
func (a *arrivals) add(w *watches, m *Message) bool {
	size := len(m.Raw)
	if size > largestLookedAt {
		return false
	}
	if len(a.messages) >= maxArrivals || a.bytes+size > maxArrivalBytes {
		a.missed = true
		return true
	}
	a.messages = append(a.messages, m)
	a.bytes += size
	if !a.looking {
		a.looking = true
		go w.look()
	}
	return true
}

// look compares messages with conditions until none waits any more.
func (w *watches) look() {
	var messages []*Message
	var watches []*Watch
	for {
		w.mu.Lock()
		arrivals := &w.arrivals
		clear(messages)
		messages, arrivals.messages = arrivals.messages, messages[:0]
		missed := arrivals.missed
		arrivals.bytes, arrivals.missed = 0, false
		if arrivals.looking = len(messages) > 0 || missed; !arrivals.looking {
			arrivals.messages = nil
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		for _, m := range messages {
			watches = w.lookAt(m, watches[:0])
		}
		if missed {
			w.endConditional()
		}
	}
}

// endConditional ends all watches with conditions.
func (w *watches) endConditional() {
	w.mu.Lock()
	var ended []*Watch
	for k, at := range w.keys {
		if len(at.conditional) > 0 {
			ended = append(ended, at.conditional...)
			at.conditional = nil
			w.tidy(k)
		}
	}
	w.mu.Unlock()
	for _, watch := range ended {
		close(watch.ends)
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
