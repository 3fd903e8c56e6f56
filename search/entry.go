package search

import (
	"sync"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// ListEntry is what lists show of a mail beside its envelope. It must not be changed.
type ListEntry struct{ message.Summary }

// Keeper keeps values beside messages, as a bucket does and a view of it.
type Keeper interface {
	Keep(m *store.Message, kind store.Derived, value any, cost int64)
}

// Entry gives what lists show of m, which b holds. It is worked out once and kept beside m,
// where it counts in the memory that b may take. For a bucket that is full, the entries
// used last are kept outside of it.
func Entry(b Keeper, m *store.Message) *ListEntry {
	if e := keptEntry(m); e != nil {
		return e
	}
	if len(m.Raw) >= heavyMail {
		heavy.Lock()
		defer heavy.Unlock()
		if e := keptEntry(m); e != nil {
			return e
		}
	}
	e := &ListEntry{message.Summarize(m.Raw)}
	cost := e.cost()
	if b.Keep(m, store.ListEntry, e, cost); m.Derived(store.ListEntry) == nil {
		spare.add(m.ID, e, cost)
	}
	return e
}

// Tagger has the tags that mails were given.
type Tagger interface {
	Keeper
	Tags(id store.ID) (tags []string, given bool)
}

// Tags gives the tags of m, which b holds: those that it was given, or else those in its
// X-Tags fields. They must not be changed.
func Tags(b Tagger, m *store.Message) []string {
	if tags, given := b.Tags(m.ID); given {
		return tags
	}
	return Entry(b, m).Tags
}

func keptEntry(m *store.Message) *ListEntry {
	if e, ok := m.Derived(store.ListEntry).(*ListEntry); ok {
		return e
	}
	return spare.get(m.ID)
}

// heavyMail is the size, in bytes, from which on the entries of mails are worked out one at
// a time, so that lists of large mails do not take much memory at once.
const heavyMail = 256 << 10

var heavy sync.Mutex

// cost is at least how many bytes the entry takes.
func (e *ListEntry) cost() int64 {
	const fixed, mailbox, text = 224, 32, 16 // text is what the allocator adds to a short text
	n := fixed + len(e.MessageID) + len(e.Subject) + len(e.Snippet) + 3*text
	if e.From != nil {
		n += mailbox + len(e.From.Name) + len(e.From.Address) + 2*text
	}
	for _, list := range [][]message.Address{e.To, e.Cc, e.Bcc, e.ReplyTo} {
		for _, a := range list {
			n += mailbox + len(a.Name) + len(a.Address) + 2*text
		}
	}
	for _, tag := range e.Tags {
		n += len(tag) + 2*text
	}
	return int64(n + n/8)
}

// spare has the entries for which there was no room in their buckets.
var spare spareEntries

// spareEntries has the entries that were added last: up to twice spareBytes of them.
type spareEntries struct {
	mu         sync.RWMutex
	young, old map[store.ID]*ListEntry
	bytes      int64 // of the young ones
}

// spareBytes is how many bytes of entries are added before the old ones go.
const spareBytes = 1 << 20

func (s *spareEntries) get(id store.ID) *ListEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.young[id]; e != nil {
		return e
	}
	return s.old[id]
}

func (s *spareEntries) add(id store.ID, e *ListEntry, cost int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes += cost; s.young == nil || s.bytes > spareBytes {
		s.old, s.young, s.bytes = s.young, make(map[store.ID]*ListEntry), cost
	}
	s.young[id] = e
}
