// Package jetstream keeps the log of a bucket in a stream of NATS JetStream. The bucket thus
// outlives its machine, and those of several machines with the same stream are one bucket.
//
//	j, err := jetstream.New(jetstream.Settings{Servers: []string{"nats://127.0.0.1:4222"}, Stream: "mail"})
//	err = j.Open(ctx, feed)
//
// module.go is the Caddy module, and settings.go what it says of servers and logins. journal.go
// opens and closes, stream.go makes the stream and checks one that is there, connection.go keeps
// in touch with the servers, read.go reads the stream in order, write.go writes to it, parts.go
// cuts large records into several messages, tend.go removes what is no longer needed, which
// needed.go knows, limits.go compares the limits of several machines, and health.go knows whether
// the servers answer.
package jetstream

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Journal is a store.Journal in a stream of NATS JetStream.
type Journal struct {
	settings Settings
	limits   limits
	health   health

	conn *nats.Conn
	js   natsjs.JetStream

	feed     func(store.Entry)
	log      atomic.Int64  // when the stream was made, in milliseconds since 1970
	readAll  chan struct{} // closed when everything has been read that was there at first
	position atomic.Uint64 // of the message that was read last
	newest   atomic.Uint64 // the greatest position that is known
	stream   atomic.Pointer[natsjs.StreamInfo]
	sessions sessions
	skips    atomic.Bool // the stream did not have a message that was expected, in this session

	// Only the reader uses these.
	parts       unfinished
	first       uint64    // the position at which the stream began when it was first looked at
	next        uint64    // the position that is expected
	readAt      time.Time // when the message that was read last came into the stream
	skippedFrom uint64    // the first one that was not there, if skips

	writes  writes
	memory  *semaphore.Weighted // of records that are being written, in bytes
	uploads chan struct{}       // its capacity is how many large records are written at once

	needed  needed
	trim    trimming
	deletes atomic.Bool // what is deleted by the record that the bucket is fed with is for this journal to remove

	closed          chan struct{}
	cancel          context.CancelFunc
	failed          chan error // what Open cannot mend
	wg              sync.WaitGroup
	once            sync.Once
	written, errors atomic.Uint64
}

const (
	// openTime is how long Open waits for servers that cannot be reached.
	openTime = 20 * time.Second

	// requestTime is how long one request to the servers may take.
	requestTime = 5 * time.Second

	maxUploads = 4
)

// New makes a journal, which Open connects.
func New(s Settings) (*Journal, error) {
	if s.Logger == nil {
		s.Logger = zap.NewNop
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &Journal{
		settings: s,
		limits:   limits{own: s.Limits, isNew: true},
		health:   health{logger: s.Logger, patience: patience},
		readAll:  make(chan struct{}),
		memory:   semaphore.NewWeighted(maxWriting),
		uploads:  make(chan struct{}, maxUploads),
		closed:   make(chan struct{}),
		failed:   make(chan error, 1),
	}, nil
}

// Open connects to the servers, makes the stream if it is missing, and calls feed with
// everything in it, and then with whatever comes. It waits up to 20 seconds for servers that
// cannot be reached; a wrong login, certificate or stream is an error at once.
func (j *Journal) Open(ctx context.Context, feed func(store.Entry)) error {
	j.feed = feed
	if err := j.open(ctx); err != nil {
		_ = j.Close()
		return fmt.Errorf("opening stream %s on %s: %w", j.settings.Stream, j.settings.describe(), err)
	}
	return nil
}

func (j *Journal) open(ctx context.Context) error {
	started, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := j.connect(started); err != nil {
		return err
	}
	var err error
	if j.js, err = natsjs.New(j.conn, natsjs.WithPublishAsyncTimeout(ackTime)); err != nil {
		return err
	}
	if err := j.findStream(started); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.Background())
	j.cancel = stop
	j.wg.Go(func() { j.keepReading(running) })
	j.wg.Go(func() { j.tend(running) })
	return j.awaitAll(ctx)
}

// findStream finds or makes the stream, as soon as the servers have agreed who leads them.
func (j *Journal) findStream(ctx context.Context) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, requestTime)
		stream, err := openStream(attempt, j.js, &j.settings)
		cancel()
		if err == nil {
			j.stream.Store(stream.CachedInfo())
			j.log.Store(stream.CachedInfo().Created.UnixMilli())
			j.compareLimits(ctx, stream.CachedInfo().Config)
			return nil
		}
		if !passes(err) {
			return err
		}
		if !wait(ctx, retryWait) {
			return j.because(err)
		}
	}
}

// awaitAll waits until everything has been read that was in the stream.
func (j *Journal) awaitAll(ctx context.Context) error {
	check := time.NewTicker(time.Second)
	defer check.Stop()
	for {
		select {
		case <-j.readAll:
			return nil
		case err := <-j.failed:
			return err
		case <-ctx.Done():
			if reason := j.health.away(0); reason != nil {
				return fmt.Errorf("%w: %w", ctx.Err(), reason)
			}
			return fmt.Errorf("reading what is in it: %w", ctx.Err())
		case <-check.C:
			if err := j.health.away(openTime); err != nil {
				return err
			}
		}
	}
}

// Close disconnects. Writes that are under way fail.
func (j *Journal) Close() error {
	j.once.Do(func() {
		close(j.closed)
		j.health.close()
		if j.cancel != nil {
			j.cancel()
		}
		j.wg.Wait()
		if j.conn != nil {
			j.conn.Close()
		}
	})
	return nil
}

// wait waits for a time, and reports whether ctx is not done.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var _ store.Journal = (*Journal)(nil)
