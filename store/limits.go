package store

import "time"

// Limits bound what a bucket holds. Zero is no limit.
type Limits struct {
	// MaxMessages is the number of messages.
	MaxMessages int
	// MaxBytes is the memory for messages, envelopes and index, in bytes.
	MaxBytes int64
	// MaxAge is how long after its arrival a message is held, by the machine's clock.
	MaxAge time.Duration
}

// SetLimits changes the limits and evicts what is over them. It returns when the
// limits are kept. Meanwhile readers and writers go on, and see the oldest messages
// go bit by bit; those over MaxAge are not seen any more from the start.
func (b *Bucket) SetLimits(l Limits) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.limits = l
	b.stopExpiry()
	b.mu.Unlock()
	for !b.keepLimits() {
	}
}

// keepLimits removes a batch of what is over the limits, and reports whether that
// was the rest.
func (b *Bucket) keepLimits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return true
	}
	if !b.makeRoom(0, 0) || !b.expire() {
		return false
	}
	b.armExpiry()
	return true
}

// makeRoom forgets what is kept beside messages, and then evicts the oldest of them,
// until as many more, of as many bytes, can be held within the limits. It reports whether they can: it removes no more than a batch.
func (b *Bucket) makeRoom(messages int, bytes int64) bool {
	l := &b.limits
	for work := 0; b.ring.n > 0; {
		if (l.MaxMessages <= 0 || b.ring.n+messages <= l.MaxMessages) && (l.MaxBytes <= 0 || b.bytes+bytes <= l.MaxBytes) {
			return true
		}
		if work >= batchWork {
			return false
		}
		if (l.MaxMessages <= 0 || b.ring.n+messages <= l.MaxMessages) && b.forgetKept() {
			work++
			continue
		}
		m, _ := b.remove(b.ring.first())
		b.stats.Evicted++
		b.stats.Replaced += m.cost
		work += m.work()
	}
	return true
}

// expiredBefore is the arrival before which messages have reached their age,
// also when the timer has not yet removed them.
func (b *Bucket) expiredBefore() int64 {
	if b.limits.MaxAge <= 0 {
		return 0
	}
	return max(0, b.now().Add(-b.limits.MaxAge).UnixMilli())
}

// expire removes messages that have reached their age, but no more than a batch,
// and reports whether those were all.
func (b *Bucket) expire() bool {
	before := b.expiredBefore()
	if before == 0 {
		return true
	}
	work := 0
	for _, s := range b.ring.spans(b.ring.all(), 0, before) {
		for {
			seq := b.ring.numberAt(b.ring.locate(s.lo))
			if seq >= s.hi {
				break
			}
			if work >= batchWork {
				return false
			}
			m, _ := b.remove(seq)
			b.stats.Expired++
			work += m.work()
		}
	}
	return true
}

// lookAgain is the most that is waited before the clock is looked at again, as it
// may have been set meanwhile, or the machine have slept.
const lookAgain = time.Hour

// armExpiry sets the bucket's one timer for the message that expires first, unless
// it is set. It may go off too early, and is then set again.
func (b *Bucket) armExpiry() {
	if b.limits.MaxAge <= 0 || b.expiry != nil || b.ring.n == 0 {
		return
	}
	age := max(0, b.now().Sub(time.UnixMilli(b.ring.earliest())))
	// A message is held to the end of the millisecond.
	left := min(lookAgain, max(0, b.limits.MaxAge-age)) + time.Millisecond
	var t timer
	t = b.afterFunc(left, func() {
		for !b.expireBatch(t) {
		}
	})
	b.expiry = t
}

// expireBatch removes a batch of what has reached its age for a timer that has gone
// off, and reports whether that was the rest.
func (b *Bucket) expireBatch(t timer) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.expiry != t {
		return true // another has been set since
	}
	if !b.expire() {
		return false
	}
	b.expiry = nil
	b.armExpiry()
	return true
}

func (b *Bucket) stopExpiry() {
	if b.expiry != nil {
		b.expiry.Stop()
		b.expiry = nil
	}
}
