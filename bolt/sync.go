package bolt

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// Sync says when what was written is put on disk, so that it outlives the machine's failure.
// It outlives the process's in any case. A positive number is how often that is done: what
// was written since the last time may be lost then, but nothing that was written before.
type Sync time.Duration

const (
	// Always is before Write returns.
	Always Sync = -1
	// Never leaves it to the operating system. What was written shortly before the machine
	// fails may be lost, and some of what was written earlier.
	Never Sync = -2

	// maxUnsynced is how much is written without a sync at most, in bytes, unless Never.
	maxUnsynced = 32 << 20

	defaultSync = Sync(time.Second)
	minSync     = Sync(10 * time.Millisecond)
	maxSync     = Sync(time.Hour)
)

// ParseSync reads "always", "never" or a duration such as "1s".
func ParseSync(text string) (Sync, error) {
	switch text {
	case "always":
		return Always, nil
	case "never":
		return Never, nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || Sync(every) < minSync || Sync(every) > maxSync {
		return 0, fmt.Errorf("expected always, never or a time from 10ms to 1h, not %q", text)
	}
	return Sync(every), nil
}

// interval is how often to sync, 0 for not at all.
func (s Sync) interval() time.Duration {
	switch {
	case s == 0:
		return time.Duration(defaultSync)
	case s < 0:
		return 0
	}
	return time.Duration(s)
}

// pins keep the pages of what is on disk from being used for anything else. The operating
// system may write pages in any order, so that only a part of what was written since the
// last sync may be on disk when the machine fails. The tree of the last sync is whole then:
// salvage finds its records, even where neither meta page leads to it any more.
//
// A pin is a transaction that reads. bbolt cannot map a larger file into memory while there
// is one, so the mapping is made large from the start, see mapSize.
type pins struct {
	// unsynced is how much was written since the last sync, in bytes, and limit how much
	// may be: the pages of that much may be kept from being used.
	unsynced atomic.Int64
	limit    int64

	syncing sync.Mutex
	mu      sync.Mutex
	pinned  *bbolt.Tx
	room    int64 // how large the file may become while there is a pin, 0 if there is none
}

// mapSize is how much address space to map for a file, in bytes, 0 where that takes memory
// or there is little: it is no memory otherwise, and no disk space.
func mapSize(file int64) int64 {
	if bits.UintSize < 64 || runtime.GOOS == "windows" {
		return 0
	}
	return max(16<<30, 4*file)
}

// syncAll puts on disk what was written until the journal is closed.
func (j *Journal) syncAll() {
	ticker := time.NewTicker(j.options.Sync.interval())
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if j.pins.unsynced.Load() > 0 {
				j.sync()
			}
		case <-j.stop:
			return
		}
	}
}

// wrote notes that a group has been written, and puts it on disk if it is to be there before
// Write returns, or if it is too much. After a failure a pin is needed again.
//
// With Always one sync serves the pages of a commit and the meta page that leads to them: bbolt
// writes over no page that the commit before leads to. If the machine fails when only some of
// them are on disk, salvage finds the records of that one.
func (j *Journal) wrote(group []*pending, again bool) error {
	bytes := int64(4 * pageSize) // of those that lead to the records
	for _, w := range group {
		bytes += int64(w.bytes)
	}
	unsynced := j.pins.unsynced.Add(bytes)
	switch {
	case j.options.Sync == Always:
		return j.trySync()
	case j.options.Sync.interval() > 0 && (again || unsynced > j.pins.limit):
		j.sync() // the group does not fail if that does, as it is in the file
	}
	return nil
}

// sync puts on disk what was written until now, and pins it.
func (j *Journal) sync() {
	err := j.trySync()
	if err != nil {
		err = fmt.Errorf("syncing %s: %w", j.options.Path, err)
	}
	j.report(&j.state.sync, err, true)
}

func (j *Journal) trySync() error {
	j.pins.syncing.Lock()
	defer j.pins.syncing.Unlock()
	unsynced := j.pins.unsynced.Load()
	tx, err := j.pins.read(j.db.DB)
	if err == nil {
		if err = j.db.sync(); err == nil {
			j.pins.replace(tx)
			j.pins.unsynced.Add(-unsynced)
			return nil
		}
		_ = rollback(tx)
	}
	return err
}

// read begins to read what is to be pinned, unless the file is too large for that.
func (p *pins) read(db *bbolt.DB) (*bbolt.Tx, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room == 0 {
		return nil, nil
	}
	return db.Begin(false)
}

// replace pins what tx reads instead of what was pinned; nothing, if tx is nil.
func (p *pins) replace(tx *bbolt.Tx) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room == 0 {
		_ = rollback(tx)
		tx = nil
	}
	_ = rollback(p.pinned) // which can only fail if it has ended
	p.pinned = tx
}

// unpin lets go of what is pinned if it is all that was written. After a commit that failed,
// for instance as the disk is full, the pages that the one before has freed may be the only
// ones to write to. With Always nothing is pinned, and it is an error if what was written
// cannot be put on disk: the next commit would write over what was there before.
func (j *Journal) unpin() error {
	if j.options.Sync == Never {
		return nil
	}
	if j.pins.unsynced.Load() > 0 {
		if err := j.trySync(); err != nil {
			if j.options.Sync == Always {
				return err
			}
			return nil
		}
	}
	j.pins.replace(nil)
	return nil
}

// fit gives up pinning if a file of that size is near the end of its mapping.
func (p *pins) fit(size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if size > p.room/2 && p.room > 0 {
		_ = rollback(p.pinned)
		p.pinned, p.room = nil, 0
	}
}

func rollback(tx *bbolt.Tx) error {
	if tx == nil {
		return nil
	}
	return tx.Rollback()
}
