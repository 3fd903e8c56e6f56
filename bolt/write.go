package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// maxWaiting bounds the records that are being written, in bytes. A larger one is written
// alone.
const maxWaiting = 64 << 20

// A group is what is committed at once, at most: so many records, of so many bytes unless
// it is one record.
const (
	maxGroup      = 1024
	maxGroupBytes = 8 << 20
)

// pending is a record that is being written.
type pending struct {
	record *store.Record
	values [][]byte // of its chunks
	flags  byte     // of them
	bytes  int
	weight int64 // of it in Journal.room
	done   chan error
}

// Write implements store.Journal. Records that wait while others are written are committed
// together.
func (j *Journal) Write(ctx context.Context, r *store.Record) error {
	err := j.write(ctx, r)
	if err != nil {
		j.state.failed.Add(1)
	}
	return err
}

func (j *Journal) write(ctx context.Context, r *store.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("writing to the journal: %w", err)
	}
	weight := min(maxWaiting, 2*r.Size()) // large records are copied once more, see cut
	if err := j.room.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("waiting for the journal: %w", err)
	}
	w, err := newPending(r)
	if err == nil {
		w.weight = weight
		err = j.add(w)
	}
	if err != nil {
		j.room.Release(weight)
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		err := fmt.Errorf("waiting for the journal: %w", ctx.Err())
		if j.withdraw(w) {
			j.finish(w, err)
		}
		return err
	}
}

// finish ends the writing of a record.
func (j *Journal) finish(w *pending, err error) {
	j.room.Release(w.weight)
	w.done <- err
}

func newPending(r *store.Record) (*pending, error) {
	record, err := r.AppendTo(make([]byte, headSize, int64(headSize)+r.Size()))
	if err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	w := &pending{record: r, values: cut(record), bytes: len(record), done: make(chan error, 1)}
	if r.Kind == store.FaultsSet {
		w.flags = stays
	}
	return w, nil
}

// add lets a record wait for the next group.
func (j *Journal) add(w *pending) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return fmt.Errorf("writing to the journal: %w", store.ErrClosed)
	}
	j.waiting = append(j.waiting, w)
	j.wakeWriter()
	return nil
}

// wakeWriter lets the writing goroutine look for work.
func (j *Journal) wakeWriter() {
	select {
	case j.wake <- struct{}{}:
	default: // it is about to
	}
}

// withdraw takes a record back, and reports whether it was still waiting.
func (j *Journal) withdraw(w *pending) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.waiting {
		if j.waiting[i] == w {
			j.waiting = append(j.waiting[:i:i], j.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take takes the next group.
func (j *Journal) take() []*pending {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, bytes := 0, 0
	for n < len(j.waiting) && n < maxGroup && (n == 0 || bytes+j.waiting[n].bytes <= maxGroupBytes) {
		bytes += j.waiting[n].bytes
		n++
	}
	group := j.waiting[:n:n]
	if j.waiting = j.waiting[n:]; len(j.waiting) == 0 {
		j.waiting = nil
	}
	return group
}

// trimInterval is how often records are removed while none are written.
const trimInterval = time.Second

// writeAll commits what waits until the journal is closed.
func (j *Journal) writeAll() {
	ticker := time.NewTicker(trimInterval)
	defer ticker.Stop()
	for {
		select {
		case <-j.wake:
			j.work(false)
		case <-ticker.C:
			_ = j.inPlace() // for State
			j.work(true)
		case <-j.stop:
			j.work(false) // nothing is added any more
			return
		}
	}
}

// work commits groups until nothing waits. When idle it also trims everything, and
// tries to write again after what failed.
func (j *Journal) work(idle bool) {
	for {
		runtime.Gosched() // so that all that are about to write come into this group
		group := j.take()
		if len(group) == 0 && !(idle && (j.trim.due() || j.state.commit.Load() != nil)) {
			return
		}
		if err := j.writeGroup(group); err != nil && len(group) == 0 {
			return // it is tried again later
		}
	}
}

// writeGroup commits a group, feeds the bucket with it, and tells those who wait for it.
func (j *Journal) writeGroup(group []*pending) error {
	now := time.Now().UnixMilli()
	err := j.checkRoom(group)
	if err == nil {
		failed := j.failed
		err = j.commit(group, now)
		if err != nil && !failed {
			err = j.commit(group, now) // which has more pages to write to, see unpin
		}
	}
	if isFull(err) {
		removals, others := part(group)
		for _, w := range others {
			j.finish(w, err)
		}
		if group = removals; len(group) > 0 || j.trim.due() {
			j.reserve.giveUp()
			err = j.commit(group, now)
		}
	}
	for _, w := range group {
		if err == nil {
			j.position++
			j.tell(j.position, now, *w.record)
		}
		j.finish(w, err)
	}
	return err
}

// commit writes a group in one transaction. After an error nothing of it is fed, and what
// may have got into the file is removed by the next commit.
func (j *Journal) commit(group []*pending, now int64) error {
	if j.broken != nil {
		return j.broken
	}
	if err := j.inPlace(); err != nil {
		return err
	}
	again := j.failed
	if again {
		if err := j.unpin(); err != nil {
			return j.commitFailed(err, len(group))
		}
	}
	var removed *removal
	var c contents
	var size int64
	err := guarded(j.options.Path, func() error {
		return j.db.Update(func(tx *bbolt.Tx) (err error) {
			size = tx.Size() // before what this transaction adds
			if c, err = readContents(tx); err != nil {
				return err
			}
			log := tx.Bucket(logName)
			log.FillPercent = 1 // keys are added at the end only
			chunks, err := j.put(log, &c, group, now)
			if err != nil {
				return err
			}
			limit := removedAlone
			if chunks > 0 || again {
				limit = 2*chunks + removedWithGroup
			}
			if removed, err = j.remove(log, &c, limit); err != nil {
				return err
			}
			return c.write(tx)
		})
	})
	if err == nil {
		err = j.wrote(group, again)
	}
	if err != nil {
		return j.commitFailed(err, len(group))
	}
	j.failed = false
	j.trim.removed(removed.before, removed.single)
	j.state.written.Add(uint64(len(group)))
	j.state.records.Store(c.records)
	j.state.bytes.Store(max(j.state.bytes.Load(), size))
	j.pins.fit(size)
	j.report(&j.state.commit, nil, false)
	return nil
}

// commitFailed notes why a group of so many records could not be committed.
func (j *Journal) commitFailed(err error, records int) error {
	err = fmt.Errorf("writing to %s: %w", j.options.Path, err)
	if errors.Is(err, errPanic) {
		j.broken = err
	}
	j.position += uint64(records) // their positions are not used again
	j.failed = true
	j.report(&j.state.commit, err, records == 0)
	return err
}

// inPlace finds out whether the file is where it was.
func (j *Journal) inPlace() error {
	err := j.db.inPlace()
	j.report(&j.state.place, err, true)
	return err
}

// put puts a group into the log, at the positions after the last, and returns how many
// chunks it has.
func (j *Journal) put(log *bbolt.Bucket, c *contents, group []*pending, now int64) (chunks int, err error) {
	if j.failed {
		if err := removeAfter(log, c, j.fed); err != nil {
			return 0, err
		}
	}
	position, s := j.position, stamp{log: j.made, floor: j.trim.floor(), time: now}
	for _, w := range group {
		position++
		for i, value := range w.values {
			flags := w.flags
			if i+1 < len(w.values) {
				flags |= moreFollows
			}
			key := newKey(position, i)
			seal(key, value, flags, s)
			if err := log.Put(key, value); err != nil {
				return 0, err
			}
			c.add(key, value)
		}
		chunks += len(w.values)
	}
	return chunks, log.SetSequence(position)
}

// removeAfter removes the records after a position.
func removeAfter(log *bbolt.Bucket, contents *contents, position uint64) error {
	c, first := log.Cursor(), newKey(position+1, 0)
	for key, value := c.Seek(first); key != nil; key, value = c.Seek(first) {
		contents.remove(key, value)
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
