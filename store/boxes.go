package store

// BoxLimits bound how many messages of one box a bucket holds, so that a flood into one
// box does not push out the messages of others. A box is what belongs to one login, to one
// recipient or to one sender, in any case; messages without a login have a box together,
// and so have those with the null sender. A message to several recipients counts in the box
// of each. Zero is no limit.
type BoxLimits struct{ Login, Recipient, Sender int }

// of is the limit of the boxes of a kind of key, 0 if there is none.
func (l *BoxLimits) of(kind keyKind) int {
	switch kind {
	case byLogin:
		return l.Login
	case byRecipient:
		return l.Recipient
	case bySender:
		return l.Sender
	}
	return 0
}

// makeRoomInBoxes evicts the oldest messages of the boxes that m is for, until m can be
// added within their limits. What goes depends on nothing but the messages that are held
// and their order. It removes no more than a batch, and reports whether that was enough.
func (b *Bucket) makeRoomInBoxes(m *Message) bool {
	if b.limits.PerBox == (BoxLimits{}) {
		return true
	}
	work := 0
	m.eachKey(func(k key) {
		limit := b.limits.PerBox.of(k.kind)
		for limit > 0 && work < batchWork && b.indexes[k.kind].count(k.text) >= limit {
			work += b.evict(b.indexes[k.kind].get(k.text).first())
		}
	})
	return work < batchWork
}

// keepBoxLimits evicts messages of which a box holds too many, the oldest first. It looks at
// a batch of them, from the number from on. It returns the number to go on with, and whether
// all have been looked at.
func (b *Bucket) keepBoxLimits(from uint64) (next uint64, done bool) {
	defer b.unlock(b.lock())
	for work := 0; work < batchWork; work++ {
		p := b.ring.locate(from)
		if b.closed || p.chunk == len(b.ring.chunks) {
			return from, true
		}
		m := b.ring.at(p)
		from = b.ring.numberAt(p) + 1
		work += len(m.Recipients)
		if b.overflows(m) {
			b.evict(from - 1)
		}
	}
	return from, false
}

// overflows reports whether one of the boxes that m is in holds too many messages.
func (b *Bucket) overflows(m *Message) (over bool) {
	m.eachKey(func(k key) {
		limit := b.limits.PerBox.of(k.kind)
		over = over || limit > 0 && b.indexes[k.kind].count(k.text) > limit
	})
	return over
}

// evict removes the message with that number, which must be held, to make room. It returns
// what that counts for in a batch.
func (b *Bucket) evict(seq uint64) (work int) {
	m, _ := b.remove(seq, Evicted)
	b.stats.Evicted++
	b.stats.Replaced += m.cost
	return m.work()
}
