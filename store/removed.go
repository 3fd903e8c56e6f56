package store

// Bounds of the removed messages that are held on to: their number, and what part of
// MaxBytes they may take, but never more than so many bytes.
const (
	maxRemoved      = 4096
	removedShare    = 64
	maxRemovedBytes = 8 << 20
)

// removed holds on to the messages that were removed last, while somebody follows a view
// that is confined: whether a change is one of a message in the view can only be told by
// looking at the message.
type removed struct {
	followers int
	messages  []removedMessage // the oldest first
	bytes     int64
}

// removedMessage is a message with the number of the change that removed it.
type removedMessage struct {
	change  uint64
	message *Message
}

// add adds a message, and lets the oldest go where there would be too many. Most is how
// many bytes there may be.
func (r *removed) add(change uint64, m *Message, most int64) {
	r.messages = append(r.messages, removedMessage{change, m})
	r.bytes += m.cost
	gone := 0
	for ; gone < len(r.messages) && (len(r.messages)-gone > maxRemoved || r.bytes > most); gone++ {
		r.bytes -= r.messages[gone].message.cost
		r.messages[gone].message = nil
	}
	r.messages = r.messages[gone:]
}

// get is the message that a change removed, nil if it is no longer there.
func (r *removed) get(change uint64) *Message {
	if len(r.messages) == 0 {
		return nil
	}
	// Other changes than removals have numbers too.
	lo, hi := 0, len(r.messages)
	for lo < hi {
		if mid := (lo + hi) / 2; r.messages[mid].change < change {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(r.messages) || r.messages[lo].change != change {
		return nil
	}
	return r.messages[lo].message
}

// remember holds on to a message that is being removed. The bucket is locked, and the
// change was recorded last.
func (b *Bucket) remember(m *Message) {
	if b.removed.followers == 0 || b.closed {
		return
	}
	most := int64(maxRemovedBytes)
	if b.limits.MaxBytes > 0 {
		most = min(most, b.limits.MaxBytes/removedShare)
	}
	b.removed.add(b.history.next-1, m, most)
}

// follow begins or, with a negative number, ends to hold on to messages that are removed.
func (b *Bucket) follow(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.removed.followers += n; b.removed.followers == 0 {
		b.removed = removed{}
	}
}

// hidden are those messages of changes, of which the first has that number, that are not in
// the view. It reports false if that cannot be told of a message that was removed. What is
// marked and no longer held counts as hidden, unless its removal is among the changes.
func (v *View) hidden(first uint64, changes []Change) (ids map[ID]bool, known bool) {
	if v.part == all || len(changes) == 0 {
		return nil, true
	}
	messages, known := v.bucket.subjects(first, changes)
	if !known {
		return nil, false
	}
	ids = make(map[ID]bool)
	for i, m := range messages {
		if m != nil {
			ids[changes[i].ID] = !v.has(m)
		}
	}
	for i, m := range messages {
		if _, told := ids[changes[i].ID]; m == nil && !told {
			ids[changes[i].ID] = true
		}
	}
	return ids, true
}

// subjects returns the messages that changes are about, of which the first has that number:
// nil for a message that was marked and is no longer held. It reports false if a message that
// was removed is not there.
func (b *Bucket) subjects(first uint64, changes []Change) (messages []*Message, known bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	messages = make([]*Message, len(changes))
	for i, c := range changes {
		if c.Kind.Removed() {
			if messages[i] = b.removed.get(first + uint64(i)); messages[i] == nil {
				return nil, false
			}
		} else if seq, held := b.ring.byID(c.ID); held {
			messages[i] = b.ring.message(seq)
		}
	}
	return messages, true
}
