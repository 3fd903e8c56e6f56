package store

import "time"

// Limits bound what a bucket holds. Zero is no limit.
type Limits struct {
	// MaxMessages is the number of messages.
	MaxMessages int
	// MaxBytes is the memory for messages, envelopes, index and history, in bytes.
	MaxBytes int64
	// MaxAge is how long after its arrival a message is held, by the machine's clock.
	MaxAge time.Duration
	// PerBox bounds the number of messages of one login, recipient or sender.
	PerBox BoxLimits
}

// SetLimits changes the limits and evicts the oldest messages until the bucket is
// within them. Readers and writers are not held up meanwhile, and see messages
// disappear batch by batch; those older than MaxAge are hidden from the start.
func (b *Bucket) SetLimits(l Limits) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	boxes := l.PerBox != b.limits.PerBox
	b.limits = l
	b.stopExpiry()
	b.mu.Unlock()
	for from, done := uint64(0), !boxes; !done; {
		from, done = b.keepBoxLimits(from)
	}
	for !b.keepLimits() {
	}
	b.trimLog()
}

// keepLimits removes a batch of messages if the bucket exceeds its limits, and reports
// whether it is within them now.
func (b *Bucket) keepLimits() bool {
	defer b.unlock(b.lock())
	if b.closed {
		return true
	}
	if !b.makeRoom(0, 0) || !b.expire() {
		return false
	}
	b.armExpiry()
	return true
}

// makeRoom drops what is kept beside messages, and then evicts the oldest messages,
// until so many more messages, of so many bytes in all, can be held within the limits.
// It removes no more than a batch, and reports whether that was enough.
func (b *Bucket) makeRoom(messages int, bytes int64) bool {
	l := &b.limits
	for work := 0; b.ring.n > 0; {
		if (l.MaxMessages <= 0 || b.ring.n+messages <= l.MaxMessages) && b.hasRoom(bytes) {
			return true
		}
		if work >= batchWork {
			return false
		}
		if (l.MaxMessages <= 0 || b.ring.n+messages <= l.MaxMessages) && b.forgetKept() {
			work++
			continue
		}
		work += b.evict(b.ring.first())
	}
	return true
}

// hasRoom is whether so many bytes more are within the limit, beside the messages and the
// history. With a journal the history counts as if it were full: whoever reads the log
// then evicts the same messages, however long it has been running.
func (b *Bucket) hasRoom(bytes int64) bool {
	history := b.history.size()
	if b.log != nil {
		history = int64(b.mostHistory()) * changeSize
	}
	return b.limits.MaxBytes <= 0 || b.bytes+history+bytes <= b.limits.MaxBytes
}

// expiredBefore is the time of arrival before which messages have reached MaxAge, even
// if the timer has not yet removed them.
func (b *Bucket) expiredBefore() int64 {
	if b.limits.MaxAge <= 0 {
		return 0
	}
	return max(0, b.now().Add(-b.limits.MaxAge).UnixMilli())
}

// expire removes messages that have reached MaxAge, but no more than a batch, and
// reports whether none are left.
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
			m, _ := b.remove(seq, Expired)
			b.stats.Expired++
			work += m.work()
		}
	}
	return true
}

// maxTimer bounds how long the expiry timer is set for. The clock may be changed
// meanwhile, or the machine may sleep.
const maxTimer = time.Hour

// armExpiry sets the bucket's only timer for the message that expires first, unless it
// is set already. The timer may go off too early; then it is set again.
func (b *Bucket) armExpiry() {
	if b.limits.MaxAge <= 0 || b.expiry != nil || b.ring.n == 0 {
		return
	}
	age := max(0, b.now().Sub(time.UnixMilli(b.ring.earliest())))
	// A message is held until its last millisecond is over.
	left := min(maxTimer, max(0, b.limits.MaxAge-age)) + time.Millisecond
	var t timer
	t = b.afterFunc(left, func() {
		for !b.expireBatch(t) {
		}
		b.trimLog()
	})
	b.expiry = t
}

// expireBatch removes a batch of expired messages when timer t has gone off, and
// reports whether none are left.
func (b *Bucket) expireBatch(t timer) bool {
	defer b.unlock(b.lock())
	if b.expiry != t {
		return true // another timer has been set since
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
