package store

import (
	"context"
	"strings"
)

// given are tags that a message was given.
type given struct {
	tags []string

	// record is the place of the record that gave them, as [Entry.ticks] has it; 0 without a
	// journal.
	record uint64
}

// SetTags gives the messages with these IDs tags in the place of those that they have, for as
// long as they are held, and returns how many are held; with a journal, for how many that is
// new. The memory for tags counts towards MaxBytes. Whoever calls it bounds them, and does
// not change them afterwards. Its errors are those of DeleteIDs.
func (b *Bucket) SetTags(ctx context.Context, ids []ID, tags []string) (int, error) {
	if b.log != nil {
		return b.writeHeld(ctx, Record{Kind: TagsSet, Tags: tags}, ids)
	}
	return b.giveTags(ids, given{tags: tags}), nil
}

// giveTags does what SetTags says.
func (b *Bucket) giveTags(ids []ID, g given) int {
	n := b.changeIDs(ids, b.tagger(g))
	for !b.keepLimits() {
	}
	return n
}

// tagger is the change that gives a message tags.
func (b *Bucket) tagger(g given) change {
	return func(_ uint64, m *Message) bool {
		more := tagsSize(g.tags)
		if before, has := b.tags[m.ID]; has {
			more -= tagsSize(before.tags)
			b.log.tagsGo(before)
		}
		if b.tags == nil {
			b.tags = make(map[ID]given)
		}
		b.tags[m.ID] = g
		b.log.tagsCome(g)
		m.cost += more
		b.bytes += more
		return true
	}
}

// forgetTags forgets the tags of a message that is being removed.
func (b *Bucket) forgetTags(m *Message) {
	if g, has := b.tags[m.ID]; has {
		delete(b.tags, m.ID)
		b.log.tagsGo(g)
	}
}

// tagsSize is the memory that tags take, in bytes, rounded up.
func tagsSize(tags []string) int64 {
	n := 104
	for _, tag := range tags {
		n += 16 + 16 + len(tag)
	}
	return int64(n)
}

// Tags are those that SetTags gave a message, and whether it did. They must not be changed.
func (b *Bucket) Tags(id ID) (tags []string, has bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	g, has := b.tags[id]
	return g.tags, has
}

// ownTags are copies of tags that are parts of a record, so that they do not keep all of it
// in memory.
func ownTags(tags []string) []string {
	own := make([]string, len(tags))
	for i, tag := range tags {
		own[i] = strings.Clone(tag)
	}
	return own
}
