package store

import (
	"context"
	"encoding/binary"
	"errors"
)

// Journal is an ordered log of what happened to a bucket, which outlives the process. The
// bucket writes into it, and is fed by it in its order: what it holds is what the log says.
//
// Package journaltest has the tests that every journal has to pass.
type Journal interface {
	// Open opens the log and calls feed for every record that is in it, in ascending order
	// of their positions. It returns when feed has been called for all that were in the log
	// when Open was called. From then on until Close, feed is called for every further
	// record in order, by whoever it was written. It is never called twice at once, and
	// never for one position twice. What feed is given must not change afterwards.
	//
	// The last record of kind FaultsSet is kept even if Trim would allow it to go. It may
	// then come first, with position 0, but after no newer one of that kind.
	//
	// An error says what cannot be opened, such as the file; Open may then be called again.
	// Neither Write nor Close is called before Open has returned nil. Trim may be: within feed,
	// and when messages expire. Ctx is for Open alone.
	Open(ctx context.Context, feed func(Entry)) error

	// Write adds a record to the log. It returns nil when the log has it, as safely as the
	// journal promises, and feed has been called for it. It may be called by many
	// goroutines at once, and should then write what they have in one go. It must not keep
	// r after it has returned, but for what feed was given.
	//
	// When it returns an error, the record may be in the log or not, but it is never there
	// twice. An error that wraps ErrJournalAway says that it may be tried again later. It
	// returns soon after ctx is done, and then ctx's error.
	Write(ctx context.Context, r *Record) error

	// Trim says what is no longer needed. It may be called from any goroutine, but never
	// twice at once, within feed, and even after Close, so it must not wait. It may be obeyed late, and what was
	// said last not at all, but then the log takes more room; it must be obeyed in the order of
	// the calls, as a message that was evicted might otherwise be back when the log is read
	// again.
	Trim(t Trim)

	// State says how the journal is. It is called often, so it must not wait.
	State() JournalState

	// Close ends Write and feed, and returns when the log is as safe as it can be. It may be
	// called while records are written, whose Write then fails or not.
	Close() error
}

// Entry is a record with its place in a log.
type Entry struct {
	// Log is when the log was made, in milliseconds since 1970. It is the same for all of
	// its entries and everyone who reads it, and that of a log made later is greater.
	Log int64

	// Position is the record's place. Positions begin at 1 and ascend; there may be gaps.
	// They stay below 2 to the power of 48.
	Position uint64

	// Time is when the record came into the log, in milliseconds since 1970. It is the same
	// whenever and by whomever the log is read, and ascends unless a clock is set back.
	Time int64

	Record Record
}

// Trim is what a log need no longer have. What Before says must go no later than the rest.
type Trim struct {
	// Before says that no record at a position before it is needed.
	Before uint64

	// Messages are the positions, from Before on, of messages that have been removed.
	Messages []uint64

	// Obsolete are the positions, from Before on, of records that no longer say anything of
	// what is held: deletions that have been obeyed, and tags and faults in whose place are
	// newer ones. Only a reader that has not read them yet needs these, so they may go where
	// there is no other reader, not earlier than the Messages.
	Obsolete []uint64
}

// JournalState says how a journal is.
type JournalState struct {
	// Err says why nothing can be written or read for now, nil if all is well.
	Err error

	// Behind is how many records are in the log that feed has not been called for, as far
	// as is known. Some always are while records are written.
	Behind uint64

	// Records is how many records the log has, and Bytes what it takes on disk.
	Records uint64
	Bytes   int64

	// Written is how many calls of Write succeeded since Open, and Failed how many did not.
	Written, Failed uint64
}

// ErrJournalAway is the error of a journal that cannot be reached for now, such as one on
// another machine.
var ErrJournalAway = errors.New("the bucket's journal cannot be reached")

// id is the ID of a message: a UUID of version 7 whose time is that of the making of the log,
// counted up by the position. So IDs grow in the order of the log, and whoever reads it, from
// whichever position on, finds the same ones. Proposed gives the random bits.
func (e *Entry) id(proposed ID) ID {
	binary.BigEndian.PutUint64(proposed[:8], idTime(e.ticks()))
	return proposed
}

// ticks are those of the ID that a message has at this place, see [ID.ticks]. No entry of
// another log has the same.
func (e *Entry) ticks() uint64 { return uint64(e.Log)<<12 + e.Position }

// logPosition is the position of a message in the log that was made at that time, 0 if it is
// in none or in an earlier one.
func (id ID) logPosition(log int64) uint64 {
	return logPosition(id.ticks(), log)
}

// logPosition is the position of the entry with these ticks in the log that was made at that
// time, 0 if it is in none or in an earlier one.
func logPosition(ticks uint64, log int64) uint64 {
	if first := uint64(log) << 12; ticks > first {
		return ticks - first
	}
	return 0
}
