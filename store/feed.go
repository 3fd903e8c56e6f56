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
	}
	if own != nil {
		own.changed = n
	}
	if e.Record.Kind == MessagesRemoved {
		b.trimLog(e.Position)
	} else {
		b.trimLog()
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
		j.gone, j.trimmed = nil, 0
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
// the oldest message, and deletions, which are positions of records. The bucket must not be
// locked.
func (b *Bucket) trimLog(deletions ...uint64) {
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
	t := Trim{Before: j.position + 1, Deletions: deletions}
	if b.ring.n > 0 {
		t.Before = b.oldestPosition()
	}
	gone := j.gone
	j.gone = gone[:0]
	for _, at := range gone {
		if at >= t.Before {
			t.Messages = append(t.Messages, at)
		}
	}
	told := t.Before == j.trimmed && len(t.Messages)+len(t.Deletions) == 0
	j.trimmed = t.Before
	b.mu.Unlock()
	if !told {
		j.journal.Trim(t)
	}
}

// oldestPosition is that of the oldest message in the log, or the next one's if there is
// none, as all are of an earlier log.
func (b *Bucket) oldestPosition() uint64 {
	j := b.log
	if at := b.ring.at(place{}).ID.logPosition(j.log); at != 0 {
		return at
	}
	p := b.ring.search(func(_ uint64, m *Message) bool { return m.ID.logPosition(j.log) != 0 })
	if p.chunk == len(b.ring.chunks) {
		return j.position + 1
	}
	return b.ring.at(p).ID.logPosition(j.log)
}
