package store

// Version is a number that changes whenever a message comes, goes or is marked, so that
// whoever keeps what a query found need not look again while it stays the same. It is 0
// while the bucket is closed, and while it holds messages that have reached MaxAge: what
// queries find then changes with the time.
func (b *Bucket) Version() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed || b.ring.n > 0 && b.ring.earliest() < b.expiredBefore() {
		return 0
	}
	return b.history.next + b.arrived
}
