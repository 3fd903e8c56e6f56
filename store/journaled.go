package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

// ErrJournalFailed is the error of changing a bucket whose journal cannot be written, for
// instance as the disk is full.
var ErrJournalFailed = errors.New("the bucket's journal cannot be written")

// OfJournal reports whether an error says that a bucket's journal cannot be written or reached
// for now. Trying again later may help.
func OfJournal(err error) bool {
	return errors.Is(err, ErrJournalAway) || errors.Is(err, ErrJournalFailed)
}

// journaled is what a bucket with a journal has beside the others.
type journaled struct {
	journal Journal
	faults  func(document []byte)

	opening sync.Mutex  // held while the journal is opened and closed
	open    atomic.Bool // whether it has been opened and not closed

	// What the bucket has been fed with. The bucket's lock guards it.
	log      int64          // the log of the last record
	position uint64         // of the last record
	done     uint64         // of the last one that has been obeyed: the one after it may be on its way
	faultsAt uint64         // of the last one of kind FaultsSet
	tagged   map[uint64]int // how many messages have the tags of a record, by its ticks

	// What is no longer needed. The bucket's lock guards it too.
	gone     []uint64 // positions of messages of which the journal has not been told yet
	obsolete []uint64 // those of other records
	trimmed  uint64   // what it was last told, as Trim.Before

	trimming sync.Mutex           // keeps the calls of the journal's Trim in their order
	sessions map[Session]*Session // the last ones that were read from the log; only feed uses it

	mu      sync.Mutex
	pending map[ID]*pending // by the record's ID
}

// pending is a record that this bucket is writing.
type pending struct {
	message *Message // of a message that came
	changed int      // how many messages it changed, set when it has been fed
}

// maxSharedSessions is of how many sessions the messages share their description when a log
// is read. Otherwise each message would have one of its own.
const maxSharedSessions = 64

// maxRecordIDs is how many messages one record removes or marks at most.
const maxRecordIDs = 4096

// NewJournaled makes a bucket that is fed by a journal, which OpenJournal has to open: until
// then the bucket is empty, and what would change it fails with ErrJournalAway. Faults, unless
// it is nil, is called with the document of each SetFaults, also of those in the log. Closing
// the bucket closes the journal.
func NewJournaled(l Limits, j Journal, faults func(document []byte)) *Bucket {
	b := New(l)
	if faults == nil {
		faults = func([]byte) {}
	}
	b.log = &journaled{journal: j, faults: faults, tagged: make(map[uint64]int), sessions: make(map[Session]*Session), pending: make(map[ID]*pending)}
	return b
}

// Open makes a bucket that is fed by a journal, and opens that.
func Open(ctx context.Context, l Limits, j Journal, faults func(document []byte)) (*Bucket, error) {
	b := NewJournaled(l, j, faults)
	if err := b.OpenJournal(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// OpenJournal opens the bucket's journal, if it has one that is not open yet. It returns when
// the bucket has what the log had: messages with their IDs, times and marks. Its counters
// begin then, and count as received what it writes itself.
func (b *Bucket) OpenJournal(ctx context.Context) error {
	j := b.log
	if j == nil {
		return nil
	}
	j.opening.Lock()
	defer j.opening.Unlock()
	if j.open.Load() {
		return nil
	}
	if b.isClosed() {
		return ErrClosed
	}
	if err := j.journal.Open(ctx, b.feed); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	b.mu.Lock()
	b.stats = Stats{}
	b.mu.Unlock()
	j.open.Store(true)
	return nil
}

func (b *Bucket) isClosed() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.closed
}

// closeJournal closes the journal if it is open. The bucket is closed already.
func (b *Bucket) closeJournal() error {
	j := b.log
	if j == nil {
		return nil
	}
	j.opening.Lock()
	defer j.opening.Unlock()
	if !j.open.Swap(false) {
		return nil
	}
	if err := j.journal.Close(); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}

var errNotOpen = fmt.Errorf("%w: it has not been read yet", ErrJournalAway)

// Journal is the state of the bucket's journal, and whether it has one.
func (b *Bucket) Journal() (state JournalState, ok bool) {
	switch {
	case b.log == nil:
		return JournalState{}, false
	case !b.log.open.Load():
		return JournalState{Err: errNotOpen}, true
	}
	return b.log.journal.State(), true
}

// SetFaults writes a document with faults into the journal, and returns when the bucket's
// function for faults has been called with it. The document must not change afterwards. The
// bucket must have a journal.
func (b *Bucket) SetFaults(ctx context.Context, document []byte) error {
	_, err := b.write(ctx, &Record{Kind: FaultsSet, Faults: document}, nil)
	return err
}

// write writes a record, and returns how many messages it changed.
func (b *Bucket) write(ctx context.Context, r *Record, m *Message) (changed int, err error) {
	switch {
	case b.isClosed():
		return 0, ErrClosed
	case !b.log.open.Load():
		return 0, errNotOpen
	}
	random, err := uuid.NewRandom()
	if err != nil {
		return 0, fmt.Errorf("making a record's id: %w", err)
	}
	r.ID, r.Message = ID(random), m
	j, p := b.log, &pending{message: m}
	j.mu.Lock()
	j.pending[r.ID] = p
	j.mu.Unlock()
	err = j.journal.Write(ctx, r)
	j.mu.Lock()
	delete(j.pending, r.ID)
	j.mu.Unlock()
	switch {
	case err == nil:
		return p.changed, nil
	case errors.Is(err, ErrClosed), errors.Is(err, ErrJournalAway), ctx.Err() != nil:
		return 0, fmt.Errorf("writing the journal: %w", err)
	}
	return 0, fmt.Errorf("%w: %w", ErrJournalFailed, err)
}

// appendToLog is Append with a journal.
func (b *Bucket) appendToLog(ctx context.Context, m *Message) error {
	b.mu.RLock()
	tooLarge := !b.closed && b.limits.MaxBytes > 0 && m.cost > b.limits.MaxBytes
	b.mu.RUnlock()
	if tooLarge {
		return ErrTooLarge
	}
	_, err := b.write(ctx, &Record{Kind: MessageCame}, m)
	return err
}

// writeHeld writes records like r for those messages that are held and not as it says
// already, and returns how many it changed.
func (b *Bucket) writeHeld(ctx context.Context, r Record, ids []ID) (changed int, err error) {
	for len(ids) > 0 {
		some := ids[:min(len(ids), maxRecordIDs)]
		ids = ids[len(some):]
		record := r
		if record.IDs = b.worthChanging(&r, some); len(record.IDs) == 0 {
			continue
		}
		n, err := b.write(ctx, &record, nil)
		if changed += n; err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// worthChanging are the IDs of messages that r would change, each once.
func (b *Bucket) worthChanging(r *Record, ids []ID) []ID {
	known := make(map[ID]struct{}, len(ids))
	var worth []ID
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, id := range ids {
		seq, held := b.ring.byID(id)
		if _, twice := known[id]; twice || !held {
			continue
		}
		known[id] = struct{}{}
		if b.isNews(r, b.ring.message(seq)) {
			worth = append(worth, id)
		}
	}
	return worth
}

// isNews is whether r would change a message that is held.
func (b *Bucket) isNews(r *Record, m *Message) bool {
	switch r.Kind {
	case MessagesMarked:
		return m.Read() != r.Read
	case TagsSet:
		before, has := b.tags[m.ID]
		return !has || !slices.Equal(before.tags, r.Tags)
	}
	return true
}
