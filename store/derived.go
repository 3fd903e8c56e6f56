package store

import "sync/atomic"

// Derived names what readers work out of a message once and keep beside it.
type Derived int

// What may be kept beside a message.
const (
	ListEntry  Derived = iota // what lists show of it
	SearchText                // what searches look in
	derivedKinds
)

// derived is what is kept beside a message. It may be read without a lock, and is
// set with that of the bucket.
type derived [derivedKinds]atomic.Pointer[derivation]

// derivation is a value with the memory that it takes, in bytes.
type derivation struct {
	value any
	cost  int64
}

// Derived is what was kept of a kind, or nil. It must not be changed.
func (m *Message) Derived(kind Derived) any {
	if d := m.derived[kind].Load(); d != nil {
		return d.value
	}
	return nil
}

// Hint is what a reader noted about the message in 32 bits, which are part of the memory
// that any message takes; 0 until then. Only package search does, and knows what it means.
func (m *Message) Hint() uint32 { return m.hint.Load() }

// SetHint notes something about the message.
func (m *Message) SetHint(hint uint32) { m.hint.Store(hint) }

// derivedCost is what the bookkeeping of a kept value takes, in bytes.
const derivedCost = 64

// Keep keeps a value beside m. The value takes cost bytes of memory, which count
// towards MaxBytes. This is a cache: a value is not kept where there is no room for it,
// or m is no longer held, and values are dropped to make room for mail, oldest first.
func (b *Bucket) Keep(m *Message, kind Derived, value any, cost int64) {
	cost += derivedCost
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || m.derived[kind].Load() != nil || !b.hasRoom(cost) {
		return
	}
	seq, ok := b.ring.byID(m.ID)
	if !ok || b.ring.message(seq) != m {
		return
	}
	m.derived[kind].Store(&derivation{value, cost})
	m.cost += cost
	b.bytes += cost
	b.kept.held++
	b.kept.values = append(b.kept.values, keptValue{seq, kind})
	if len(b.kept.values) > 2*b.kept.held+64 {
		b.tidyKept()
	}
}

// kept lists where values were kept, in that order, and counts how many still are. The
// list may name messages that have been removed since.
type kept struct {
	values []keptValue
	held   int
}

type keptValue struct {
	seq  uint64
	kind Derived
}

// keeper is the message beside which a value is kept, or nil if either has gone.
func (b *Bucket) keeper(v keptValue) *Message {
	p, ok := b.ring.find(v.seq)
	if !ok || b.ring.at(p).derived[v.kind].Load() == nil {
		return nil
	}
	return b.ring.at(p)
}

// tidyKept removes entries whose messages have gone from the list.
func (b *Bucket) tidyKept() {
	values := make([]keptValue, 0, b.kept.held)
	for _, v := range b.kept.values {
		if b.keeper(v) != nil {
			values = append(values, v)
		}
	}
	b.kept.values = values
}

// forgetKept drops the value that has been kept longest, and reports whether there
// was one.
func (b *Bucket) forgetKept() bool {
	for len(b.kept.values) > 0 {
		v := b.kept.values[0]
		b.kept.values = b.kept.values[1:]
		m := b.keeper(v)
		if m == nil {
			continue
		}
		d := m.derived[v.kind].Swap(nil)
		m.cost -= d.cost
		b.bytes -= d.cost
		b.stats.Freed += d.cost
		b.stats.Replaced += d.cost
		b.kept.held--
		return true
	}
	return false
}

// goes stops counting the values that are kept beside m, which is being removed.
func (k *kept) goes(m *Message) {
	for kind := range m.derived {
		if m.derived[kind].Load() != nil {
			k.held--
		}
	}
}
