package store

import "sort"

// ring holds messages in the order of arrival under growing sequence numbers,
// head being that of the oldest. A deleted message leaves an empty slot, which
// goes when it has become the oldest one.
type ring struct {
	ids        []ID       // circular, as messages; a power of two long
	messages   []*Message // nil where deleted
	head, tail uint64     // the next message gets tail
	live       int
}

const minRing = 64

func (r *ring) slot(seq uint64) int { return int(seq & uint64(len(r.ids)-1)) }

func (r *ring) span() int { return int(r.tail - r.head) }

func (r *ring) at(seq uint64) *Message { return r.messages[r.slot(seq)] }

// push appends m and returns its sequence number.
func (r *ring) push(m *Message) uint64 {
	if r.span() == len(r.ids) {
		r.grow()
	}
	seq := r.tail
	r.ids[r.slot(seq)] = m.ID
	r.messages[r.slot(seq)] = m
	r.tail++
	r.live++
	return seq
}

func (r *ring) grow() {
	old := *r
	n := max(minRing, 2*len(old.ids))
	r.ids, r.messages = make([]ID, n), make([]*Message, n)
	for seq := old.head; seq < old.tail; seq++ {
		r.ids[r.slot(seq)] = old.ids[old.slot(seq)]
		r.messages[r.slot(seq)] = old.messages[old.slot(seq)]
	}
}

// remove empties the slot of seq, which must hold a message.
func (r *ring) remove(seq uint64) {
	r.messages[r.slot(seq)] = nil
	r.live--
	for r.head < r.tail && r.at(r.head) == nil {
		r.head++
	}
}

// sparse reports whether the ring is so empty that it should be made anew.
func (r *ring) sparse() bool {
	return r.span() > 2*r.live+minRing || len(r.ids) > minRing && len(r.ids) > 8*(r.live+1)
}

// search is the sequence number of the first message whose ID is at least id.
func (r *ring) search(id ID) uint64 {
	n := sort.Search(r.span(), func(i int) bool {
		at := r.ids[r.slot(r.head+uint64(i))]
		return string(at[:]) >= string(id[:])
	})
	return r.head + uint64(n)
}

// find is the sequence number of the message with that ID.
func (r *ring) find(id ID) (uint64, bool) {
	seq := r.search(id)
	if seq == r.tail || r.ids[r.slot(seq)] != id || r.at(seq) == nil {
		return 0, false
	}
	return seq, true
}

// postings are the growing sequence numbers of the messages that have one
// address in common. They hold no pointers, for the garbage collector's sake.
type postings struct {
	seqs  []uint64
	first int // those before it are gone
}

func (p *postings) live() []uint64 { return p.seqs[p.first:] }

func (p *postings) push(seq uint64) { p.seqs = append(p.seqs, seq) }

// remove takes seq out, at no cost if it is the oldest.
func (p *postings) remove(seq uint64) {
	live := p.live()
	i := sort.Search(len(live), func(i int) bool { return live[i] >= seq })
	if i == len(live) || live[i] != seq {
		return
	}
	if i > 0 {
		p.seqs = append(p.seqs[:p.first+i], live[i+1:]...)
		return
	}
	p.first++
	if p.first > 32 && p.first > len(p.seqs)/2 {
		p.seqs = append([]uint64(nil), p.live()...)
		p.first = 0
	}
}

// index finds the messages of an address, whose case does not matter.
type index map[string]*postings

func (x index) add(key string, seq uint64) {
	p := x[key]
	if p == nil {
		p = new(postings)
		x[key] = p
	}
	if live := p.live(); len(live) > 0 && live[len(live)-1] == seq {
		return // an address named twice in one envelope
	}
	p.push(seq)
}

func (x index) remove(key string, seq uint64) {
	p := x[key]
	if p == nil {
		return
	}
	if p.remove(seq); len(p.live()) == 0 {
		delete(x, key)
	}
}

func (x index) live(key string) []uint64 {
	if p := x[key]; p != nil {
		return p.live()
	}
	return nil
}
