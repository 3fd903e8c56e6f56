package store

import (
	"errors"
	"sort"
	"time"
	"unsafe"
)

// ChangeKind says what happened to a message after its arrival.
type ChangeKind uint8

// What happens to messages.
const (
	Deleted      ChangeKind = iota // by Delete, DeleteIDs or DeleteMatching
	Evicted                        // to make room, or because limits were lowered
	Expired                        // by MaxAge
	MarkedRead                     // by Mark or MarkMatching
	MarkedUnread                   // by Mark or MarkMatching
)

// Removed reports whether the message is gone.
func (k ChangeKind) Removed() bool { return k <= Expired }

// sort is the same for kinds that those who follow are told of together.
func (k ChangeKind) sort() ChangeKind {
	if k.Removed() {
		return Deleted
	}
	return k
}

// Change is something that happened to a message.
type Change struct {
	ID   ID // of the message
	Kind ChangeKind

	// Newest is the message that had arrived last when it happened, zero if none had.
	// Thus the change comes after that arrival, and before the next one.
	Newest ID
}

// ErrForgotten is the error of asking for changes of which some are no longer remembered.
var ErrForgotten = errors.New("what has happened since is no longer remembered")

// Bounds of a history: the number of changes, which take 33 bytes each, and what part of
// MaxBytes they may take.
const (
	maxHistory   = 32 << 10
	historyShare = 128
	changeSize   = int64(unsafe.Sizeof(Change{}))
)

// history is the last changes in the order in which they happened. Arrivals are not in it,
// as they are in the ring: a change names the arrival that it comes after.
type history struct {
	changes     []Change // a ring: the next one goes to end, and those before it are behind it
	end         int
	first, next uint64 // the numbers of those that are remembered are from first up to next

	// forgotten is the last change that is no longer remembered; its ID is zero if there
	// is none.
	forgotten Change
	oldest    ID // the first message that ever arrived
}

// newHistory makes an empty history. Its numbers begin with the time in nanoseconds, so that
// a position from before the process was started again is not taken for one of this one's.
func newHistory() history {
	n := max(1, uint64(time.Now().UnixNano()))
	return history{first: n, next: n}
}

// size is the memory that h takes, in bytes.
func (h *history) size() int64 { return int64(len(h.changes)) * changeSize }

// add adds a change, after which at most so many are remembered.
func (h *history) add(c Change, most int) {
	n := int(h.next - h.first)
	if len(h.changes) > most || n == len(h.changes) && n < most {
		h.resize(min(most, max(64, 2*n)))
		n = int(h.next - h.first)
	}
	h.next++
	if n == len(h.changes) {
		h.first++
		if h.forgotten = c; n == 0 {
			return
		}
		h.forgotten = h.changes[h.end]
	}
	h.changes[h.end] = c
	if h.end++; h.end == len(h.changes) {
		h.end = 0
	}
}

// at is the change with that number, which is remembered.
func (h *history) at(n uint64) *Change {
	i := h.end - int(h.next-n)
	if i < 0 {
		i += len(h.changes)
	}
	return &h.changes[i]
}

// resize makes room for so many changes.
func (h *history) resize(room int) {
	if n := int(h.next - h.first); n > room {
		h.first += uint64(n - room)
		h.forgotten = *h.at(h.first - 1)
	}
	changes := make([]Change, 0, room)
	for n := h.first; n < h.next; n++ {
		changes = append(changes, *h.at(n))
	}
	h.end = 0
	if len(changes) < room {
		h.end = len(changes)
	}
	h.changes = changes[:room]
}

// find is the number of the first change at a position or after it, and whether all of
// them are remembered. Newest is the last arrival.
func (h *history) find(p Position, newest ID) (n uint64, ok bool) {
	if p.After.ticks() > newest.ticks() {
		return 0, false // of another process
	}
	if p.Next != 0 {
		return p.Next, h.first <= p.Next && p.Next <= h.next
	}
	// IDs that are no UUIDs of version 7 stand for the beginning of all.
	if p.After.ticks() != 0 && p.After.ticks() < h.oldest.ticks() {
		return 0, false
	}
	if h.forgotten.ID != (ID{}) && h.forgotten.Newest.ticks() >= p.After.ticks() {
		return 0, false
	}
	return h.first + uint64(sort.Search(int(h.next-h.first), func(i int) bool {
		return h.at(h.first+uint64(i)).Newest.ticks() >= p.After.ticks()
	})), true
}

// record notes what happened to a message. The bucket must be locked.
func (b *Bucket) record(kind ChangeKind, m *Message) {
	b.history.add(Change{ID: m.ID, Kind: kind, Newest: b.newest}, b.mostHistory())
}

// mostHistory is how many changes may be remembered.
func (b *Bucket) mostHistory() int {
	if b.limits.MaxBytes > 0 {
		return int(min(maxHistory, b.limits.MaxBytes/historyShare/changeSize))
	}
	return maxHistory
}

// lock locks the bucket for what may change messages that it holds.
func (b *Bucket) lock() (before uint64) {
	b.mu.Lock()
	return b.history.next
}

// unlock is for what lock locked. It tells those who wait for changes if there were some.
func (b *Bucket) unlock(before uint64) {
	changed := b.history.next != before
	b.mu.Unlock()
	if changed {
		b.changed.wake()
	}
}

// Now is the position after all that has happened.
func (b *Bucket) Now() Position {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return Position{b.newest, b.history.next}
}

// Changes returns what has happened to messages from a position on, at most limit changes.
// To is the position after them and after those arrivals that come before whatever else
// has happened: who looks for the messages after from.After and up to to.After, and puts
// each change after the arrival of its Newest, has all in the order in which it happened.
//
// The bucket remembers the last 32,768 changes, and not more than take 1/128 of MaxBytes. If
// some from the position on have been forgotten, or the position is of an earlier process,
// the error is ErrForgotten and to is that of now. A closed bucket gives ErrClosed.
func (b *Bucket) Changes(from Position, limit int) (changes []Change, to Position, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	h := &b.history
	if b.closed {
		return nil, from, ErrClosed
	}
	n, ok := h.find(from, b.newest)
	if !ok {
		return nil, Position{b.newest, h.next}, ErrForgotten
	}
	to = Position{b.newest, min(h.next, n+uint64(max(0, limit)))}
	if to.Next > n {
		changes = make([]Change, 0, to.Next-n)
	}
	for ; n < to.Next; n++ {
		changes = append(changes, *h.at(n))
	}
	if to.Next < h.next {
		to.After = h.at(to.Next).Newest
	}
	return changes, to, nil
}

// WatchChanges gives a channel that is closed after the next change, and when the bucket is
// closed. All who wait share it, and need not tell when they no longer do.
func (b *Bucket) WatchChanges() <-chan struct{} { return b.changed.watch() }
