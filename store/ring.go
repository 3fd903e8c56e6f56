package store

// ring holds messages in order of arrival under ascending sequence numbers, each of
// which is used only once.
type ring struct {
	list
	next uint64 // the number of the next message

	// runs are the numbers at which runs of messages with ascending times of arrival
	// begin. A new one begins when the clock has been set back, so that there is
	// usually only one.
	runs []uint64
	// latest is when the last message arrived, even if it is no longer held.
	latest int64
}

// add adds m, which has its ID and its time of arrival, and returns its number.
func (r *ring) add(m *Message) uint64 {
	if len(r.runs) > 1 && r.n > 0 && r.first() >= r.runs[1] {
		r.forgetRuns()
	}
	if n := len(r.runs); n == 0 || m.Arrived < r.latest {
		if n&(n-1) == 0 { // at powers of two, so that the work stays in proportion
			r.forgetRuns()
		}
		r.runs = append(r.runs, r.next)
	}
	seq := r.next
	r.push(seq, m)
	r.next++
	r.latest = m.Arrived
	return seq
}

// forgetRuns drops the runs of which no message is left.
func (r *ring) forgetRuns() {
	held := r.runs[:0]
	for i, from := range r.runs {
		if end := r.runEnd(i); r.count(span{from, end}) > 0 || end == r.next {
			held = append(held, from)
		}
	}
	r.runs = held
}

// runEnd is the number after the last of a run.
func (r *ring) runEnd(run int) uint64 {
	if run+1 < len(r.runs) {
		return r.runs[run+1]
	}
	return r.next
}

// all is the numbers of all messages.
func (r *ring) all() span { return span{0, r.next} }

// at is the message at p, which must not be the place after the last.
func (r *ring) at(p place) *Message { return r.chunks[p.chunk].messages[p.index] }

// message is the one with that number, which must be held.
func (r *ring) message(seq uint64) *Message {
	p, _ := r.find(seq)
	return r.at(p)
}

// numberAt is the number of the message at p, or the next one's at the end.
func (r *ring) numberAt(p place) uint64 {
	if p.chunk == len(r.chunks) {
		return r.next
	}
	return r.chunks[p.chunk].seqs[p.index]
}

// search is the place of the first message for which found is true; it must be
// false for all before it and true for all after it.
func (r *ring) search(found func(seq uint64, m *Message) bool) place {
	lo, hi := 0, len(r.chunks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		c := &r.chunks[mid]
		if last := len(c.seqs) - 1; found(c.seqs[last], c.messages[last]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(r.chunks) {
		return place{lo, 0}
	}
	c := &r.chunks[lo]
	first, last := 0, len(c.seqs)-1
	for first < last {
		if mid := int(uint(first+last) >> 1); found(c.seqs[mid], c.messages[mid]) {
			last = mid
		} else {
			first = mid + 1
		}
	}
	return place{lo, first}
}

// byID is the number of the message with that ID.
func (r *ring) byID(id ID) (seq uint64, ok bool) {
	p := r.search(func(_ uint64, m *Message) bool { return m.ID.compare(id) >= 0 })
	return r.numberAt(p), p.chunk < len(r.chunks) && r.at(p).ID == id
}

// after is the number from which on IDs are greater than id.
func (r *ring) after(id ID) uint64 {
	return r.numberAt(r.search(func(_ uint64, m *Message) bool { return m.ID.compare(id) > 0 }))
}

// before is the number up to which IDs are smaller than id.
func (r *ring) before(id ID) uint64 {
	return r.numberAt(r.search(func(_ uint64, m *Message) bool { return m.ID.compare(id) >= 0 }))
}

// arrived is the number of a run's first message that arrived at a time or later, in
// milliseconds since 1970; if there is none, it is one behind the run.
func (r *ring) arrived(run int, at int64) uint64 {
	from, end := r.runs[run], r.runEnd(run)
	return r.numberAt(r.search(func(seq uint64, m *Message) bool {
		return seq >= end || seq >= from && m.Arrived >= at
	}))
}

// spans are the parts of s with the messages that arrived at since or later and before
// until, in milliseconds since 1970; an until of 0 is no bound. They are in ascending
// order, at most one for each run.
func (r *ring) spans(s span, since, until int64) []span {
	var found []span
	for i, from := range r.runs {
		run := span{max(s.lo, from), min(s.hi, r.runEnd(i))}
		if since > 0 {
			run.lo = max(run.lo, r.arrived(i, since))
		}
		if until != 0 {
			run.hi = min(run.hi, r.arrived(i, until))
		}
		if run.lo < run.hi {
			found = append(found, run)
		}
	}
	return found
}

// earliest is the earliest time of arrival of the messages that are held. There must
// be at least one.
func (r *ring) earliest() int64 {
	at := r.at(place{}).Arrived
	for i, from := range r.runs {
		if p := r.locate(from); r.numberAt(p) < r.runEnd(i) {
			at = min(at, r.at(p).Arrived)
		}
	}
	return at
}
