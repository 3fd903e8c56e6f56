package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of reading ahead, and times of a consumer.
const (
	readAheadMessages = 2048
	readAheadBytes    = 16 << 20

	// heartbeat is how often the server says that there is nothing to read. After two that are
	// missing the stream is read anew.
	heartbeat = 2 * time.Second

	// consumerTime is how long the servers keep a consumer that nobody reads.
	consumerTime = time.Minute

	// maxRetryWait bounds how long reading is not tried after it has failed several times.
	maxRetryWait = 2 * time.Second

	// moveTime is how long a server may be in trouble before another one is tried. It may be cut
	// off from the others.
	moveTime = 5 * time.Second
)

// keepReading reads the stream until ctx is done. Whenever that is interrupted it goes on behind
// the last message that was read.
func (j *Journal) keepReading(ctx context.Context) {
	pause, moved := retryWait, time.Now()
	for ctx.Err() == nil {
		began := time.Now()
		session := j.sessions.begin(ctx)
		err := j.read(session)
		if reason := context.Cause(session); reason != nil {
			err = reason
		}
		j.sessions.end(err, 0)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errReconnected), errors.Is(err, errSuspect):
			continue // perhaps nothing is wrong
		}
		err = j.because(err)
		j.health.trouble(err)
		if errors.Is(err, store.ErrRecordVersion) || errors.Is(err, nats.ErrPermissionViolation) {
			j.fail(err)
		}
		if j.health.away(moveTime) != nil && time.Since(moved) > moveTime && j.conn.IsConnected() {
			moved = time.Now()
			_ = j.conn.ForceReconnect()
		}
		if pause = min(2*pause, maxRetryWait); time.Since(began) > 2*maxRetryWait {
			pause = retryWait
		}
		j.rest(ctx, pause)
	}
}

// rest waits for a time, or until the connection is a new one.
func (j *Journal) rest(ctx context.Context, d time.Duration) {
	session := j.sessions.begin(ctx)
	wait(session, d)
	j.sessions.end(nil, 0)
}

// fail has Open fail, if it has not returned yet.
func (j *Journal) fail(err error) {
	select {
	case j.failed <- err:
	default:
	}
}

// read reads what is in the stream behind the last message that was read, and then whatever
// comes, until ctx is done or something goes wrong.
func (j *Journal) read(ctx context.Context) error {
	stream, err := j.look(ctx)
	if err != nil {
		return err
	}
	if err := j.probe(ctx); err != nil {
		return err
	}
	last := stream.CachedInfo().State.LastSeq
	request, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	consumer, err := stream.CreateConsumer(request, natsjs.ConsumerConfig{
		DeliverPolicy: natsjs.DeliverByStartSequencePolicy, OptStartSeq: j.position.Load() + 1,
		AckPolicy: natsjs.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: consumerTime,
	})
	if err != nil {
		return fmt.Errorf("reading the stream: %w", err)
	}
	defer j.wg.Go(func() { j.drop(stream, consumer) })
	messages, err := consumer.Messages(natsjs.PullMaxMessagesWithBytesLimit(readAheadMessages, readAheadBytes), natsjs.PullHeartbeat(heartbeat))
	if err != nil {
		return fmt.Errorf("reading the stream: %w", err)
	}
	defer messages.Stop()
	return j.take(ctx, messages, last, consumer.CachedInfo().NumPending == 0)
}

// ask asks how the stream is. It is made anew if it is gone.
func (j *Journal) ask(ctx context.Context) (natsjs.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	s := j.settings
	s.Limits = j.limits.get()
	stream, err := openStream(ctx, j.js, &s)
	if err != nil {
		return nil, err
	}
	j.stream.Store(stream.CachedInfo())
	return stream, nil
}

// look asks how the stream is, and finds out whether it goes on where reading ended.
func (j *Journal) look(ctx context.Context) (natsjs.Stream, error) {
	stream, err := j.ask(ctx)
	if err != nil {
		return nil, err
	}
	info, read := stream.CachedInfo(), j.position.Load()
	switch made := info.Created.UnixMilli(); {
	case made < j.log.Load():
		return nil, fmt.Errorf("stream %s is not the one that has been read but an earlier one, perhaps from a backup; a restart reads it",
			j.settings.Stream)
	case made > j.log.Load():
		j.settings.Logger().Warn("the stream has been made anew: what it had is held in memory only",
			zap.String("stream", j.settings.Stream), zap.Time("made", info.Created))
		j.parts, j.next, j.skippedFrom, j.first, read = unfinished{}, 1, 0, 1, 0
		j.needed.reset()
		j.trim.reset()
		j.position.Store(0)
		j.newest.Store(0)
		j.log.Store(made)
	}
	if err := j.checkEnd(ctx, stream, read); err != nil {
		return nil, err
	}
	first, intact := info.State.FirstSeq, j.next
	if j.next == 0 {
		j.first = first
	}
	if j.skips.Swap(false) {
		intact = j.skippedFrom
	}
	if j.ready() && first > intact {
		j.logBegins(first)
	}
	j.next = max(read+1, first)
	j.known(info.State.LastSeq)
	return stream, nil
}

// checkEnd finds out whether the stream still has the message that was read last, unless it has
// been removed since. A server that lost it in a power cut may by now have another one in its
// place, which another machine has written.
func (j *Journal) checkEnd(ctx context.Context, stream natsjs.Stream, read uint64) error {
	if last := stream.CachedInfo().State.LastSeq; last < read {
		return fmt.Errorf("stream %s has lost its end, perhaps in a power cut: it has messages up to %d, and %d has been read; a restart reads it anew",
			j.settings.Stream, last, read)
	}
	if read == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	m, err := stream.GetMsg(ctx, read)
	switch {
	case errors.Is(err, natsjs.ErrMsgNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("looking for the message that was read last: %w", err)
	case !m.Time.Equal(j.readAt):
		return fmt.Errorf("stream %s has lost its end, perhaps in a power cut, and another message is now at %d, which has been read; a restart reads it anew",
			j.settings.Stream, read)
	}
	return nil
}

// logBegins tells the bucket that other machines removed from the stream what was not read here,
// such as deletions, up to where it begins now.
func (j *Journal) logBegins(first uint64) {
	j.deletes.Store(false)
	j.feed(store.Entry{Log: j.log.Load(), Position: first, Record: store.Record{Kind: store.LogBegins}})
}

// takeBegins does what announce announces.
func (j *Journal) takeBegins(position string) error {
	first, err := strconv.ParseUint(position, 10, 64)
	if err != nil {
		return fmt.Errorf("a malformed header %s: %w", beginsHeader, err)
	}
	j.logBegins(first)
	return nil
}

// probe finds out whether this client may write, by a message that the stream must refuse.
func (j *Journal) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := j.js.Publish(ctx, j.settings.logSubject(), nil, natsjs.WithExpectLastSequence(math.MaxUint64))
	if isWrongSequence(err) {
		return nil
	}
	if err == nil {
		err = errors.New("a message was taken that should not have been")
	}
	return fmt.Errorf("trying whether stream %s can be written: %w", j.settings.Stream, err)
}

// isWrongSequence reports whether the stream refused a message that was to come right behind another one.
func isWrongSequence(err error) bool {
	var api *natsjs.APIError
	return errors.As(err, &api) && (api.ErrorCode == natsjs.JSErrCodeStreamWrongLastSequence || api.ErrorCode == natsjs.JSErrCodeStreamWrongLastSequenceConstant)
}

// drop removes a consumer that is not read any more. If the servers do not answer they remove
// it by themselves.
func (j *Journal) drop(stream natsjs.Stream, consumer natsjs.Consumer) {
	ctx, cancel := context.WithTimeout(context.Background(), retryWait)
	defer cancel()
	_ = stream.DeleteConsumer(ctx, consumer.CachedInfo().Name)
}

var errGap = errors.New("messages were lost on the way")

// take takes in messages. All is true if there is nothing to read up to the position last.
func (j *Journal) take(ctx context.Context, messages natsjs.MessagesContext, last uint64, all bool) error {
	for delivered := uint64(1); ; delivered++ {
		if all {
			if err := j.all(ctx); err != nil {
				return err
			}
		}
		m, err := messages.Next(natsjs.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("reading the stream: %w", err)
		}
		place, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("reading the stream: %w", err)
		}
		if place.Sequence.Consumer != delivered || place.Sequence.Stream <= j.position.Load() {
			return errGap
		}
		if err := j.takeIn(m, place); err != nil {
			return err
		}
		all = place.NumPending == 0 || place.Sequence.Stream >= last
	}
}

// all notes that everything has been read that was in the stream when this was begun. At the
// first time it tells the bucket if the stream was trimmed meanwhile.
func (j *Journal) all(ctx context.Context) error {
	if j.ready() {
		j.health.well()
		return nil
	}
	stream, err := j.ask(ctx)
	if err != nil {
		return err
	}
	if first := stream.CachedInfo().State.FirstSeq; first > j.first {
		j.logBegins(first)
	}
	j.health.well()
	close(j.readAll)
	return nil
}

// takeIn gives the bucket what a message has, and tells its writer if that is this journal.
func (j *Journal) takeIn(m natsjs.Msg, place *natsjs.MsgMetadata) error {
	id, position := m.Headers().Get(nats.MsgIdHdr), place.Sequence.Stream
	if position > j.next && j.ready() && !j.skips.Load() {
		j.skippedFrom = j.next
		j.skips.Store(true)
	}
	j.next = position + 1
	data, parts, err := j.assemble(m, place)
	if begins := m.Headers().Get(beginsHeader); begins != "" {
		err = j.takeBegins(begins)
	} else if err == nil && data != nil {
		if len(parts) > 1 {
			j.needed.add(parts)
		}
		j.deletes.Store(!j.ready() || j.writes.has(id))
		err = j.feedRecord(m, data, place)
	}
	if err != nil {
		if errors.Is(err, store.ErrRecordVersion) {
			return fmt.Errorf("message %d of stream %s: %w", position, j.settings.Stream, err)
		}
		j.settings.Logger().Warn("a message of the stream is none of a bucket", zap.Uint64("sequence", position), zap.Error(err))
	}
	j.needed.unfinished(j.parts.oldest())
	j.readAt = place.Timestamp
	j.position.Store(position)
	j.known(position)
	if data != nil || err != nil {
		j.writes.done(id, err)
	}
	return nil
}

// ready reports whether everything has been read once that was in the stream at first.
func (j *Journal) ready() bool {
	select {
	case <-j.readAll:
		return true
	default:
		return false
	}
}

var errVoid = errors.New("a part of a record without those before it")

// assemble gives the record that a message completes, and the positions of its parts if it has
// several; nothing if more is to come.
func (j *Journal) assemble(m natsjs.Msg, place *natsjs.MsgMetadata) (data []byte, parts large, err error) {
	header := m.Headers().Get(partHeader)
	if header == "" {
		j.parts.expire(place.Timestamp)
		return m.Data(), nil, nil
	}
	p, ok := parsePart(header)
	if !ok {
		return nil, nil, fmt.Errorf("a malformed header %s", partHeader)
	}
	data, parts, ok = j.parts.add(p, m.Data(), place.Sequence.Stream, place.Timestamp)
	if !ok && p.number == p.count {
		return nil, nil, errVoid
	}
	return data, parts, nil
}

// feedRecord gives the bucket a record.
func (j *Journal) feedRecord(m natsjs.Msg, data []byte, place *natsjs.MsgMetadata) error {
	record, err := store.ParseRecord(data)
	if err != nil {
		return err
	}
	position := place.Sequence.Stream
	if record.Kind == store.FaultsSet && !j.needed.faults(position, m.Headers().Get(originHeader), data) {
		return nil // they were read before, and are only written again
	}
	j.feed(store.Entry{Log: j.log.Load(), Position: position, Time: place.Timestamp.UnixMilli(), Record: record})
	j.trim.fed()
	return nil
}

// known notes that the stream goes at least up to a position.
func (j *Journal) known(position uint64) {
	for {
		newest := j.newest.Load()
		if position <= newest || j.newest.CompareAndSwap(newest, position) {
			return
		}
	}
}
