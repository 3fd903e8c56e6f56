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

// derivedCost is what the bookkeeping of a kept value takes, in bytes.
const derivedCost = 64

// Keep keeps a value beside m, for which it takes as many bytes of MaxBytes as cost
// says. It is a cache: nothing is kept for which there is no room, or of a message
// that is not held, and what is kept makes room for mail, the first that was kept
// first.
func (b *Bucket) Keep(m *Message, kind Derived, value any, cost int64) {
	cost += derivedCost
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || m.derived[kind].Load() != nil || b.limits.MaxBytes > 0 && b.bytes+cost > b.limits.MaxBytes {
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

// kept is where values are kept, in the order in which they were, and how many still
// are: some of the messages have gone.
type kept struct {
	values []keptValue
	held   int
}

type keptValue struct {
	seq  uint64
	kind Derived
}

// keeper is the message that keeps a value, if it is held.
func (b *Bucket) keeper(v keptValue) *Message {
	p, ok := b.ring.find(v.seq)
	if !ok || b.ring.at(p).derived[v.kind].Load() == nil {
		return nil
	}
	return b.ring.at(p)
}

// tidyKept forgets where values were kept whose messages have gone.
func (b *Bucket) tidyKept() {
	values := make([]keptValue, 0, b.kept.held)
	for _, v := range b.kept.values {
		if b.keeper(v) != nil {
			values = append(values, v)
		}
	}
	b.kept.values = values
}

// forgetKept forgets the value that has been kept longest, and reports whether there
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

// goes counts what m kept, which is being removed.
func (k *kept) goes(m *Message) {
	for kind := range m.derived {
		if m.derived[kind].Load() != nil {
			k.held--
		}
	}
}
