package store

import "strings"

// feed does to the bucket what a record says. The journal calls it.
func (b *Bucket) feed(e Entry) {
	j := b.log
	j.mu.Lock()
	own := j.pending[e.Record.ID]
	j.mu.Unlock()
	switch e.Record.Kind {
	case FaultsSet:
		j.faults(e.Record.Faults)
	case LogBegins:
		b.evictBefore(&e)
		return
	}
	if !b.isNext(&e) {
		return
	}
	n := 0
	switch e.Record.Kind {
	case MessageCame:
		b.came(&e, own)
	case MessagesRemoved:
		n = b.changeIDs(e.Record.IDs, b.deleter)
	case MessagesMarked:
		n = b.changeIDs(e.Record.IDs, b.marker(e.Record.Read))
	case MessageReleased:
		if b.keepRelease(e.Record.IDs[0], *e.Record.Release) {
			n = 1
		}
	case TagsSet:
		n = b.giveTags(e.Record.IDs, given{ownTags(e.Record.Tags), e.ticks()})
	}
	if own != nil {
		own.changed = n
	}
	b.obeyed(&e, n)
	b.trimLog()
}

// obeyed notes that a record has been obeyed, which changed so many messages, and which
// records say nothing any more because of that.
func (b *Bucket) obeyed(e *Entry, changed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.log
	j.done = e.Position
	switch e.Record.Kind {
	case MessagesRemoved:
		j.obsolete = append(j.obsolete, e.Position)
	case MessagesMarked, MessageReleased, TagsSet:
		if changed == 0 {
			j.obsolete = append(j.obsolete, e.Position)
		}
	case FaultsSet:
		if j.faultsAt != 0 {
			j.obsolete = append(j.obsolete, j.faultsAt)
		}
		j.faultsAt = e.Position
	}
}

// tagsCome notes that a message has been given tags. The bucket is locked.
func (j *journaled) tagsCome(g given) {
	if j != nil {
		j.tagged[g.record]++
	}
}

// tagsGo notes that a message has no longer these tags. The bucket is locked.
func (j *journaled) tagsGo(g given) {
	if j == nil || j.tagged[g.record] == 0 {
		return // the record is of an earlier log
	}
	if j.tagged[g.record]--; j.tagged[g.record] == 0 {
		delete(j.tagged, g.record)
		j.obsolete = append(j.obsolete, logPosition(g.record, j.log))
	}
}

// evictBefore removes the messages of e's log that are before its position.
func (b *Bucket) evictBefore(e *Entry) {
	var ids []ID
	b.mu.RLock()
	b.eachIn(&b.ring.list, b.ring.all(), true, 0, b.ring.n, func(_ uint64, m *Message) {
		if at := m.ID.logPosition(e.Log); at != 0 && at < e.Position {
			ids = append(ids, m.ID)
		}
	})
	b.mu.RUnlock()
	b.changeIDs(ids, func(seq uint64, _ *Message) bool { return b.evict(seq) > 0 })
	b.trimLog()
}

// isNext notes an entry's position, and reports whether it is new.
func (b *Bucket) isNext(e *Entry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.log
	if b.closed || e.Log < j.log || e.Log == j.log && e.Position <= j.position {
		return false
	}
	if e.Log != j.log {
		j.gone, j.obsolete, j.trimmed, j.done, j.faultsAt = nil, nil, 0, 0, 0
		clear(j.tagged)
	}
	j.log, j.position = e.Log, e.Position
	return true
}

// came adds a message that came, by whoever received it.
func (b *Bucket) came(e *Entry, own *pending) {
	m := e.Record.Message
	if own != nil {
		m = own.message
	} else {
		m.Session = b.log.share(m.Session)
		m.cost = m.footprint()
		m.mark.set(markElsewhere, true)
	}
	m.Arrived, m.ID = e.Time, e.id(e.Record.ID)
	for stored := false; !stored; {
		var err error
		if stored, err = b.appendOrMakeRoom(m, own != nil); err != nil {
			return // as it is larger than this bucket, or the bucket has been closed
		}
	}
	b.watches.wake(m)
}

// share is a session like s that earlier messages have, or a copy that later ones may.
func (j *journaled) share(s *Session) *Session {
	if s == nil {
		return nil
	}
	if known, ok := j.sessions[*s]; ok {
		return known
	}
	shared := *s
	for _, text := range shared.texts() {
		*text = strings.Clone(*text)
	}
	if len(j.sessions) >= maxSharedSessions {
		clear(j.sessions)
	}
	j.sessions[shared] = &shared
	return &shared
}

// goes notes that a message has been removed. The bucket is locked.
func (j *journaled) goes(m *Message) {
	if at := m.ID.logPosition(j.log); at != 0 {
		j.gone = append(j.gone, at)
	}
}

// trimLog tells the journal what is no longer needed: messages that are gone, records before
// the oldest message, and others that are obsolete. The bucket must not be locked.
func (b *Bucket) trimLog() {
	j := b.log
	if j == nil {
		return
	}
	j.trimming.Lock()
	defer j.trimming.Unlock()
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	// The record after the last one that has been obeyed may be a message on its way.
	t := Trim{Before: j.done + 1}
	if b.ring.n > 0 {
		t.Before = b.oldestPosition()
	}
	t.Messages, t.Obsolete = from(t.Before, j.gone), from(t.Before, j.obsolete)
	j.gone, j.obsolete = j.gone[:0], j.obsolete[:0]
	told := t.Before == j.trimmed && len(t.Messages)+len(t.Obsolete) == 0
	j.trimmed = t.Before
	b.mu.Unlock()
	if !told {
		j.journal.Trim(t)
	}
}

// from are the positions from one on.
func from(first uint64, positions []uint64) (some []uint64) {
	for _, at := range positions {
		if at >= first {
			some = append(some, at)
		}
	}
	return some
}

// oldestPosition is that of the oldest message in the log. If there is none, as all are of an
// earlier log, it is the one after the last record that has been obeyed.
func (b *Bucket) oldestPosition() uint64 {
	j := b.log
	if at := b.ring.at(place{}).ID.logPosition(j.log); at != 0 {
		return at
	}
	p := b.ring.search(func(_ uint64, m *Message) bool { return m.ID.logPosition(j.log) != 0 })
	if p.chunk == len(b.ring.chunks) {
		return j.done + 1
	}
	return b.ring.at(p).ID.logPosition(j.log)
}
