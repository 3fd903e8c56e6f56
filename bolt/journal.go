// Package bolt is a journal in a file: a log of what happened to a bucket, from which it is
// made anew after a restart. The file is a database of bbolt's.
//
//	j := bolt.New(bolt.Options{Path: "mail.db"})
//	err := j.Open(ctx, feed)
//	err = j.Write(ctx, &store.Record{Kind: store.MessageCame, Message: m})
//
// journal.go opens and closes the journal, write.go commits what waits to be written in
// groups, reserve.go keeps some of the disk for what makes room, trim.go removes what is no
// longer needed, and sync.go says when what was written is on disk. Below them, chunk.go is
// the form of a record in the file, replay.go reads all of them, and file.go opens the file.
// Before that, check.go looks for damage in it with page.go, and salvage.go makes a new file
// of what can be read of a damaged one; compact.go makes a smaller one of a file that is
// mostly empty.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Options say where a journal is and how it is kept.
type Options struct {
	// Path is the file's name. It and its folder are made if they are missing.
	Path string

	// Sync says when what was written is put on disk. The zero value is every second.
	Sync Sync

	// Logger is told of damage, and of failures in the background. Default: none.
	Logger *zap.Logger
}

// Journal implements store.Journal.
type Journal struct {
	options Options
	feed    func(store.Entry)
	room    *semaphore.Weighted // of records that are being written, in bytes

	db       *file
	made     int64  // when the log was made, in milliseconds since 1970
	position uint64 // of the last record that was written, or may have been
	fed      uint64 // of the last one that was fed
	failed   bool   // whether records after that one may be in the file
	faults   uint64 // of the last one of faults, 0 if there is none
	broken   error  // why the database cannot be used any more
	pins     pins
	reserve  reserve

	mu      sync.Mutex
	waiting []*pending
	closed  bool
	wake    chan struct{}
	stop    chan struct{}
	stopped sync.WaitGroup

	trim  trimming
	state state
}

// state is what State tells.
type state struct {
	bytes                    atomic.Int64
	records, written, failed atomic.Uint64
	commit, sync             atomic.Pointer[error] // how the last one went, nil if it succeeded
	place                    atomic.Pointer[error] // nil if the file is where it was
}

// New makes a journal. It is not opened yet.
func New(o Options) *Journal {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Journal{
		options: o, room: semaphore.NewWeighted(maxWaiting), pins: pins{limit: maxUnsynced}, reserve: newReserve(o.Path),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// Open implements store.Journal. It feeds all records that the file holds. Those that are
// damaged are left out, which is logged. A file that another process uses, that another
// program wrote or that has another version's format is an error that names it.
func (j *Journal) Open(ctx context.Context, feed func(store.Entry)) error {
	j.feed = feed
	if err := j.open(ctx); err != nil {
		if j.db != nil {
			_ = j.db.Close()
		}
		return err
	}
	_ = j.reserve.make() // what is written shows whether there is room
	j.stopped.Go(j.writeAll)
	if j.options.Sync.interval() > 0 {
		j.stopped.Go(j.syncAll)
	}
	return nil
}

func (j *Journal) open(ctx context.Context) (err error) {
	o := &j.options
	if j.db, err = openFile(o.Path, o.Logger); err != nil {
		return err
	}
	if o.Sync.interval() > 0 {
		j.pins.room = j.db.mapped
	}
	j.measure()
	if err := j.replay(ctx); err != nil {
		return err
	}
	if o.Sync == Never {
		return nil
	}
	// What another process left may not be on disk, and nothing may be written over before it is.
	if err := j.trySync(); err != nil {
		return fmt.Errorf("syncing %s: %w", o.Path, err)
	}
	return nil
}

// measure notes the size of the file.
func (j *Journal) measure() {
	if info, err := os.Stat(j.options.Path); err == nil {
		j.state.bytes.Store(info.Size())
	}
}

// State implements store.Journal.
func (j *Journal) State() store.JournalState {
	s := store.JournalState{
		Records: j.state.records.Load(), Bytes: j.state.bytes.Load(), Written: j.state.written.Load(), Failed: j.state.failed.Load(),
	}
	for _, err := range []*error{j.state.sync.Load(), j.state.commit.Load(), j.state.place.Load()} {
		if err != nil {
			s.Err = *err
		}
	}
	return s
}

// report notes how something went, in its part of the state, and logs the first error of
// several in a row if no call of Write returns it.
func (j *Journal) report(part *atomic.Pointer[error], err error, log bool) {
	if err == nil {
		if part.Load() != nil {
			part.Store(nil)
		}
		return
	}
	if part.Swap(&err) == nil && log {
		j.options.Logger.Error("a journal cannot be written", zap.Error(err))
	}
}

// Close writes what waits, puts everything on disk unless Sync is Never, and closes the
// file. Write fails from then on.
func (j *Journal) Close() error {
	j.mu.Lock()
	wasClosed := j.closed
	j.closed = true
	j.mu.Unlock()
	if wasClosed {
		return nil
	}
	close(j.stop)
	j.stopped.Wait()
	if j.db == nil {
		return nil
	}
	j.pins.replace(nil)
	if j.broken != nil {
		return fmt.Errorf("closing the journal: %w", j.broken) // bbolt may still hold its locks
	}
	var err error
	if j.options.Sync != Never {
		err = j.db.Sync()
	}
	if err = errors.Join(err, j.db.Close()); err != nil {
		return fmt.Errorf("closing %s: %w", j.options.Path, err)
	}
	return nil
}

var _ store.Journal = (*Journal)(nil)
