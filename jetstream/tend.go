package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// tendInterval is how often what is not needed any more is removed from the stream, at most.
	tendInterval = time.Second

	// lookInterval is how often the stream is asked how many bytes it has.
	lookInterval = 10 * time.Second

	// maxDeletes bounds how many single messages wait to be deleted, and deletesAtOnce how many
	// are deleted in one interval. What is beyond goes when everything before it does.
	maxDeletes    = 100_000
	deletesAtOnce = 1000

	// originHeader is the position at which faults were set, in a message that has them anew.
	originHeader = "Mailbucket-Origin"

	// beginsHeader is in a message without a record: everything before that position is gone.
	beginsHeader = "Mailbucket-Begins"
)

// faultsHeader is the header of a message with faults, which does not expire. Origin is where
// they were set, or nothing if that is here.
func faultsHeader(origin string) nats.Header {
	h := nats.Header{natsjs.MsgTTLHeader: {"never"}}
	if origin != "" {
		h[originHeader] = []string{origin}
	}
	return h
}

// trimming is what need not be kept of the stream.
type trimming struct {
	before atomic.Uint64 // all before this position
	held   atomic.Bool   // nothing is removed for now, as before is of a stream that is gone

	mu      sync.Mutex
	deletes []uint64 // positions of single messages

	// What the bucket needed when the stream was looked at last, if the stream did not have it
	// then, and whether the log has been told that.
	missing uint64
	missed  bool

	// Only tend uses these.
	log   int64  // of which stream they are
	done  uint64 // up to which everything has been removed
	swept uint64 // up to which all but parts of large records has
	moved uint64 // the position of the faults that were last written again
}

// Trim implements store.Journal. Messages that were deleted are removed by the machine that
// deleted them; the records of deletions stay, as other machines may still have to read them.
func (j *Journal) Trim(t store.Trim) {
	for {
		before := j.trim.before.Load()
		if t.Before <= before || j.trim.before.CompareAndSwap(before, t.Before) {
			break
		}
	}
	if len(t.Messages) == 0 || !j.deletes.Load() {
		return
	}
	j.trim.mu.Lock()
	defer j.trim.mu.Unlock()
	room := maxDeletes - len(j.trim.deletes)
	j.trim.deletes = append(j.trim.deletes, t.Messages[:min(room, len(t.Messages))]...)
}

// reset forgets what need not be kept of a stream that is gone. Until the bucket has been fed
// from the new one, it may still call Trim for the old one.
func (t *trimming) reset() {
	t.held.Store(true)
	t.mu.Lock()
	t.deletes = nil
	t.mu.Unlock()
}

// fed notes that the bucket has been fed.
func (t *trimming) fed() {
	if t.held.Load() {
		t.before.Store(0)
		t.held.Store(false)
	}
}

// take takes some of the single messages that are to be deleted.
func (t *trimming) take() []uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.deletes), deletesAtOnce)
	some := t.deletes[:n:n]
	if t.deletes = t.deletes[n:]; len(t.deletes) == 0 {
		t.deletes = nil
	}
	return some
}

// giveBack undoes take.
func (t *trimming) giveBack(some []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deletes = append(some, t.deletes...)
}

// tend removes from the stream what is no longer needed, until ctx is done.
func (j *Journal) tend(ctx context.Context) {
	looked := time.Now()
	for wait(ctx, tendInterval) {
		if j.health.away(0) != nil {
			continue // all that follows would fail
		}
		if j.skips.Load() {
			j.sessions.end(errSuspect, 0) // the next one finds out what was skipped
		}
		if err := j.tendOnce(ctx); err != nil && ctx.Err() == nil {
			j.settings.Logger().Warn("trimming the journal", zap.Error(err))
		}
		if time.Since(looked) < lookInterval {
			continue
		}
		looked = time.Now()
		stream, err := j.ask(ctx)
		if err != nil {
			j.sessions.end(errSuspect, suspectTime)
			continue
		}
		j.compareLimits(ctx, stream.CachedInfo().Config)
		j.checkHeld(stream.CachedInfo().State)
	}
}

// tendOnce removes what can be removed now. Single messages go after what is before all that
// is needed: otherwise a message that was evicted would find room when the stream is read again.
func (j *Journal) tendOnce(ctx context.Context) error {
	if j.trim.held.Load() {
		return nil
	}
	log, deletes := j.log.Load(), j.trim.take()
	before := min(j.trim.before.Load(), j.position.Load()+1)
	limit, inWay := j.needed.limit(before)
	if log != j.trim.log {
		j.trim.log, j.trim.done, j.trim.swept, j.trim.moved = log, 0, 0, 0
	}
	changes := limit > j.trim.done || len(deletes) > 0
	sweep := before
	if inWay != nil {
		sweep = limit // once they are written again, all before goes at once and need not be announced
	}
	if err := j.removeBefore(ctx, log, limit, sweep); err != nil || j.trim.swept < before {
		j.trim.giveBack(deletes)
		if err != nil {
			return err
		}
	} else if err := j.deleteMessages(ctx, log, deletes); err != nil {
		return err
	}
	if inWay != nil && inWay.position != j.trim.moved {
		if err := j.writeAgain(ctx, inWay); err != nil {
			return err
		}
		j.trim.moved = inWay.position
	}
	if !changes {
		return nil
	}
	_, err := j.ask(ctx) // for State
	return err
}

// removeBefore removes everything before limit, and then up to before what is between the parts
// of large records. It notes how far it has come.
func (j *Journal) removeBefore(ctx context.Context, log int64, limit, before uint64) error {
	if limit > j.trim.done {
		if err := j.purge(ctx, log, limit); err != nil {
			return err
		}
		j.trim.done = limit
	}
	from := max(j.trim.swept, j.trim.done)
	positions, to := j.needed.between(from, before, deletesAtOnce)
	if len(positions) > 0 {
		if err := j.announce(ctx, before); err != nil {
			return err
		}
	}
	if err := j.deleteMessages(ctx, log, positions); err != nil {
		return err
	}
	j.trim.swept = max(from, to)
	return nil
}

// announce tells all who read the stream that nothing before a position is needed. They may not
// have read what is removed there, such as deletions, and cannot tell by where the stream begins,
// which is with a part of a large record.
func (j *Journal) announce(ctx context.Context, before uint64) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: j.settings.logSubject(), Header: nats.Header{
		beginsHeader: {strconv.FormatUint(before, 10)},
	}})
	if err != nil {
		return fmt.Errorf("announcing that nothing before %d is needed: %w", before, err)
	}
	return nil
}

// errOtherLog is why a position means nothing.
var errOtherLog = errors.New("the stream has been made anew")

// ofLog is the stream, if it is the one whose log is given.
func (j *Journal) ofLog(ctx context.Context, log int64) (natsjs.Stream, error) {
	stream, err := j.ask(ctx)
	if err == nil && stream.CachedInfo().Created.UnixMilli() != log {
		err = errOtherLog
	}
	return stream, err
}

// purge removes the messages before a position.
func (j *Journal) purge(ctx context.Context, log int64, before uint64) error {
	stream, err := j.ofLog(ctx, log)
	if err != nil {
		return err
	}
	if stream.CachedInfo().State.FirstSeq >= before {
		return nil // another machine has done it
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if err := stream.Purge(ctx, natsjs.WithPurgeSequence(before)); err != nil {
		return fmt.Errorf("purging up to %d: %w", before, err)
	}
	return nil
}

// deleteMessages deletes single messages, with all parts of large records.
func (j *Journal) deleteMessages(ctx context.Context, log int64, positions []uint64) error {
	if len(positions) == 0 {
		return nil
	}
	stream, err := j.ofLog(ctx, log)
	if err != nil {
		return err
	}
	for _, position := range positions {
		for _, part := range j.needed.remove(position) {
			if part < j.trim.done {
				continue
			}
			request, cancel := context.WithTimeout(ctx, requestTime)
			err := stream.DeleteMsg(request, part)
			cancel()
			if api := (*natsjs.APIError)(nil); err != nil && !errors.As(err, &api) {
				return fmt.Errorf("deleting message %d: %w", part, err)
			}
		}
	}
	return nil
}

// writeAgain writes faults at the end of the stream, so that what is before them can go. It
// does nothing if other ones have been set since, or if another machine has done so.
func (j *Journal) writeAgain(ctx context.Context, f *faults) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: j.settings.faultsSubject(), Data: f.data, Header: faultsHeader(f.origin)},
		natsjs.WithExpectLastSequencePerSubject(f.position))
	if err != nil && !isWrongSequence(err) {
		return fmt.Errorf("writing faults again: %w", err)
	}
	return nil
}
