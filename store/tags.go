package store

// SetTags gives a message tags in the place of those that it came with, for as long as it is
// held, and reports whether it is. The memory for them counts towards MaxBytes. Whoever
// calls it bounds them, and does not change them afterwards.
func (b *Bucket) SetTags(id ID, tags []string) bool {
	if !b.setTags(id, tags) {
		return false
	}
	for !b.keepLimits() {
	}
	return true
}

func (b *Bucket) setTags(id ID, tags []string) bool {
	defer b.unlock(b.lock())
	seq, ok := b.ring.byID(id)
	if b.closed || !ok {
		return false
	}
	more := tagsSize(tags)
	if before, given := b.tags[id]; given {
		more -= tagsSize(before)
	}
	if b.tags == nil {
		b.tags = make(map[ID][]string)
	}
	b.tags[id] = tags
	b.ring.message(seq).cost += more
	b.bytes += more
	return true
}

// tagsSize is the memory that tags take, in bytes, rounded up.
func tagsSize(tags []string) int64 {
	n := 96
	for _, tag := range tags {
		n += 16 + 16 + len(tag)
	}
	return int64(n)
}

// Tags are those that SetTags gave a message, and whether it did. They must not be changed.
func (b *Bucket) Tags(id ID) (tags []string, given bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	tags, given = b.tags[id]
	return tags, given
}
