package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Times of writing.
const (
	// writeTime is how long a message is tried to be written. It is shorter than half of
	// duplicateWindow, so that the stream knows a message that is tried again.
	writeTime = 14 * time.Second

	// writePartsTime is how long a record of many messages may take, see partsTime.
	writePartsTime = 2 * time.Minute

	// ackTime is how long the servers may take to answer.
	ackTime = 3 * time.Second

	// feedTime is how long it may take until a record that the stream has is read from it.
	feedTime = time.Second

	// maxWriting bounds the records that are being written, in bytes. A larger one is written
	// alone.
	maxWriting = 64 << 20

	// suspectTime is how long a session must have lasted before it is ended on suspicion.
	suspectTime = 2 * time.Second
)

// errSuspect ends a session in order to find out how the servers are.
var errSuspect = errors.New("the servers may be in trouble")

// writes are the records that are being written, by the id of the message that completes them.
type writes struct {
	mu      sync.Mutex
	pending map[string]chan error
}

// add adds a record. The channel is told when the bucket has been fed with it.
func (w *writes) add(id string) chan error {
	fed := make(chan error, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending == nil {
		w.pending = make(map[string]chan error)
	}
	w.pending[id] = fed
	return fed
}

func (w *writes) remove(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pending, id)
}

// has reports whether a record is being written here.
func (w *writes) has(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pending[id] != nil
}

// done tells whoever writes the record that its message has been read, if anybody does.
func (w *writes) done(id string, err error) {
	w.mu.Lock()
	fed := w.pending[id]
	delete(w.pending, id)
	w.mu.Unlock()
	if fed != nil {
		fed <- err
	}
}

// Write implements store.Journal. Records wait for servers that are changing their leader; if
// none has answered for a while, the error is store.ErrJournalAway at once.
func (j *Journal) Write(ctx context.Context, r *store.Record) error {
	err := j.writeRecord(ctx, r)
	if err != nil {
		j.errors.Add(1)
		return fmt.Errorf("writing to stream %s: %w", j.settings.Stream, err)
	}
	j.written.Add(1)
	return nil
}

func (j *Journal) writeRecord(ctx context.Context, r *store.Record) error {
	if err := j.refuses(); err != nil {
		return err
	}
	size := min(maxWriting, r.Size())
	if err := j.await(ctx, size); err != nil {
		return err
	}
	defer j.memory.Release(size)
	data, err := r.AppendTo(make([]byte, 0, r.Size()))
	if err != nil {
		return err
	}
	m := &nats.Msg{Subject: j.settings.logSubject(), Data: data}
	room := j.room()
	switch {
	case r.Kind == store.FaultsSet:
		if len(data) > room {
			return fmt.Errorf("%w: faults of %d bytes, and the servers take messages of at most %d", store.ErrTooLarge, len(data), room)
		}
		m.Subject = j.settings.faultsSubject()
		m.Header = faultsHeader("")
	case len(data) > room:
		return j.writeParts(ctx, m, room)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writeTime, errNoAnswer)
	defer cancel()
	return j.publishRecord(ctx, m)
}

// await waits until there is memory for a record of that size.
func (j *Journal) await(ctx context.Context, size int64) error {
	if j.memory.TryAcquire(size) {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writeTime, errNoAnswer)
	defer cancel()
	if j.memory.Acquire(ctx, size) != nil {
		return j.timeout(ctx)
	}
	return nil
}

// refuses is why nothing can be written now.
func (j *Journal) refuses() error {
	select {
	case <-j.closed:
		return store.ErrClosed
	default:
	}
	if err := j.health.away(j.health.patience); err != nil {
		return fmt.Errorf("%w: %w", store.ErrJournalAway, err)
	}
	return nil
}

// room is how many bytes of a record a message may have.
func (j *Journal) room() int {
	room := min(int64(maxPart), j.conn.MaxPayload()-headerRoom)
	if n := j.stream.Load().Config.MaxMsgSize; n > 0 {
		room = min(room, int64(n)-headerRoom)
	}
	return int(max(minPayload-headerRoom, room))
}

// writeParts writes a record that needs several messages.
func (j *Journal) writeParts(ctx context.Context, whole *nats.Msg, room int) error {
	if len(whole.Data) > maxUnfinished {
		return fmt.Errorf("%w: a record of %d bytes, and a stream takes %d", store.ErrTooLarge, len(whole.Data), maxUnfinished)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writePartsTime, errNoAnswer)
	defer cancel()
	select {
	case j.uploads <- struct{}{}:
		defer func() { <-j.uploads }()
	case <-ctx.Done():
		return j.timeout(ctx)
	}
	pieces := split(whole.Data, room)
	record := nuid.Next()
	for i, data := range pieces {
		m := &nats.Msg{Subject: whole.Subject, Data: data, Header: nats.Header{
			partHeader: {part{record, i + 1, len(pieces)}.String()},
		}}
		step, cancel := context.WithTimeoutCause(ctx, writeTime, errNoAnswer)
		var err error
		if i+1 < len(pieces) {
			m.Header.Set(nats.MsgIdHdr, nuid.Next())
			err = j.publish(step, m, nil)
		} else {
			err = j.publishRecord(step, m)
		}
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// publishRecord writes the message that completes a record, and waits until the bucket has been
// fed with it.
func (j *Journal) publishRecord(ctx context.Context, m *nats.Msg) error {
	id := nuid.Next()
	if m.Header == nil {
		m.Header = make(nats.Header, 1)
	}
	m.Header[nats.MsgIdHdr] = []string{id}
	fed := j.writes.add(id)
	defer j.writes.remove(id)
	return j.publish(ctx, m, fed)
}

// publish writes a message, and tries again until it is known whether the stream has it, which
// knows by its id whether it has it already. If fed is not nil it waits for that too.
func (j *Journal) publish(ctx context.Context, m *nats.Msg, fed chan error) error {
	sent := false // it may be in the stream
	for {
		future, err := j.js.PublishMsgAsync(m, natsjs.WithRetryAttempts(0))
		if err == nil {
			sent = true
			select {
			case err := <-fed:
				return err
			case ack := <-future.Ok():
				j.known(ack.Sequence)
				if fed == nil {
					return nil
				}
				return j.awaitFeed(ctx, fed)
			case err = <-future.Err():
			case <-ctx.Done():
				return j.timeout(ctx)
			case <-j.closed:
				return store.ErrClosed
			}
		}
		if !passes(err) && !isInProcess(err) && !errors.Is(err, natsjs.ErrAsyncPublishTimeout) && !errors.Is(err, natsjs.ErrNoStreamResponse) {
			return err
		}
		if j.conn.IsConnected() {
			j.sessions.end(errSuspect, suspectTime)
		}
		if !sent {
			if err := j.refuses(); err != nil {
				return err
			}
		}
		if err := j.pauseWrite(ctx, fed); err != errAgain {
			return err
		}
	}
}

var (
	errNoAnswer = errors.New("the servers do not answer in time")
	errAgain    = errors.New("try again")
)

// pauseWrite waits a little before a message is tried again. It returns errAgain, unless there
// is no need or no time to.
func (j *Journal) pauseWrite(ctx context.Context, fed chan error) error {
	pause := time.NewTimer(retryWait)
	defer pause.Stop()
	select {
	case <-pause.C:
		return errAgain
	case err := <-fed:
		return err
	case <-ctx.Done():
		return j.timeout(ctx)
	case <-j.closed:
		return store.ErrClosed
	}
}

// awaitFeed waits until the bucket has been fed with a record that the stream has.
func (j *Journal) awaitFeed(ctx context.Context, fed chan error) error {
	late := time.NewTimer(feedTime)
	defer late.Stop()
	for {
		select {
		case err := <-fed:
			return err
		case <-late.C:
			j.sessions.end(errSuspect, suspectTime)
			late.Reset(feedTime)
		case <-ctx.Done():
			return j.timeout(ctx)
		case <-j.closed:
			return store.ErrClosed
		}
	}
}

// timeout is the error of a write that has taken too long, or whose caller has given up.
func (j *Journal) timeout(ctx context.Context) error {
	err := context.Cause(ctx)
	if err != errNoAnswer {
		return ctx.Err()
	}
	if reason := j.health.away(0); reason != nil {
		err = reason
	}
	return j.because(fmt.Errorf("%w: %w", store.ErrJournalAway, err))
}

// isInProcess reports whether the servers are still busy with an earlier try of the same message.
func isInProcess(err error) bool {
	var api *natsjs.APIError
	return errors.As(err, &api) && api.ErrorCode == 10158
}
