package bolt

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// reserveSize is how much room is reserved, in bytes. Each commit that removes records needs a
// part of that, and then there are pages in the file to write to.
const reserveSize = 1 << 20

// reserveInterval is how often the reserve is tried to be made while the disk is full.
const reserveInterval = time.Second

const reserveSuffix = ".reserve"

// reserve is room on the disk that is given up when the disk is full, so that what makes room
// can still be written: deletions, and the removal of what is not needed any more. It is a file
// beside the journal's. Only the goroutine that writes uses it.
type reserve struct {
	path   string
	there  bool
	tried  time.Time // when making it failed
	err    error     // then
	create func(path string) error
	remove func(path string) error
}

func newReserve(path string) reserve {
	return reserve{path: path + reserveSuffix, create: createReserve, remove: os.Remove}
}

// make makes the reserve if it is not there. What fails is not tried again for a while.
func (r *reserve) make() error {
	if r.there || time.Since(r.tried) < reserveInterval {
		return r.err
	}
	if r.err = r.create(r.path); r.err != nil {
		r.tried = time.Now()
		return r.err
	}
	r.there = true
	return nil
}

// giveUp lets others have the room.
func (r *reserve) giveUp() {
	if r.there {
		r.there = false
		_ = r.remove(r.path) // what is written next shows whether there is room
	}
}

// createReserve makes a file that takes that much room, whatever the file system compresses.
func createReserve(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() == reserveSize {
		return nil
	}
	b := make([]byte, reserveSize)
	_, _ = rand.Read(b) // which never fails
	err := os.WriteFile(path, b, 0o600)
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// isFull reports whether an error says that there is no room.
func isFull(err error) bool {
	const windowsDiskFull = syscall.Errno(112)
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) ||
		runtime.GOOS == "windows" && errors.Is(err, windowsDiskFull)
}

// checkRoom returns an error if there is so little room that only what makes room may be written,
// and the group has other records, or is empty.
func (j *Journal) checkRoom(group []*pending) error {
	if j.reserve.there {
		return nil
	}
	removals, others := part(group)
	if len(others) == 0 && len(removals) > 0 {
		return nil
	}
	err := j.reserve.make()
	if !isFull(err) {
		return nil // without a reserve, if that cannot be made for another reason
	}
	need := int64(reserveSize)
	for _, w := range others {
		need += 2 * int64(w.bytes)
	}
	_ = j.unpin()         // the commit finds out
	stats := j.db.Stats() // pages are pending until the next transaction
	if int64(stats.FreePageN+stats.PendingPageN)*pageSize >= need {
		return nil // in the room of what was removed
	}
	err = fmt.Errorf("writing to %s: %w", j.options.Path, err)
	j.report(&j.state.commit, err, len(group) == 0)
	return err
}

// part parts the records that make room from others.
func part(group []*pending) (removals, others []*pending) {
	for _, w := range group {
		if w.record.Kind == store.MessagesRemoved {
			removals = append(removals, w)
		} else {
			others = append(others, w)
		}
	}
	return removals, others
}
