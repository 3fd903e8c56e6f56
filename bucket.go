package mailbucket

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// buckets are the open buckets by name. They outlive a reload: the new
// configuration takes its reference before the old one gives up its own.
var buckets = caddy.NewUsagePool()

// bucket is a store with the sessions that fill it, and the receiver of their messages.
type bucket struct {
	*store.Bucket
	name     string
	sessions smtp.Sessions
	faults   smtp.Faults
	failed   store.FailedSessions
	configs  bucketConfigs
	released release.Ledger
	forwards release.Forwarder
	turns    turns
	webhooks webhookCounts

	journal    *journal // nil if it has none
	journalKey string   // the configuration of the journal
	shared     bool     // other processes may write into the journal

	places *hookPlaces // nil if what the bucket holds does not outlive it, or is shared

	recipientsRefused atomic.Uint64
	eventsDropped     atomic.Uint64
}

// openBucket takes a reference to the bucket of that name. If the bucket is new it gets
// the limits, and a journal if there is a module for one; those of an open bucket stay as
// they are. JournalKey is what the module was made of, which has to be the same as before.
func openBucket(name string, limits store.Limits, module JournalModule, journalKey string) (*bucket, error) {
	value, loaded, err := buckets.LoadOrNew(name, func() (caddy.Destructor, error) {
		b := &bucket{name: name, journalKey: journalKey}
		if err := b.makeStore(limits, module); err != nil {
			return nil, err
		}
		freed.watch(b.Bucket)
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	b := value.(*bucket)
	if loaded && b.journalKey != journalKey {
		err := errors.New("its journal cannot be changed while it is open: restart Caddy, or take the bucket out of the configuration first")
		return nil, errors.Join(err, closeBucket(name))
	}
	return b, nil
}

func closeBucket(name string) error {
	_, err := buckets.Delete(name)
	return err
}

// Destruct frees the bucket when no configuration uses it any more. Sessions that are
// still open end with 421, as nobody could read their mail.
func (b *bucket) Destruct() error {
	err := freed.unwatch(b.Bucket)
	if b.places != nil {
		b.places.save()
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), defaultShutdownGrace)
		defer cancel()
		_ = b.sessions.Shutdown(ctx)
	}()
	return err
}

// Receive implements smtp.Receiver.
func (b *bucket) Receive(ctx context.Context, m *smtp.Message) error {
	kept := &store.Message{
		Sender:         m.ReversePath,
		MailParameters: m.MailParameters,
		Recipients:     m.Recipients,
		Raw:            m.Data,
		HeaderFields:   store.HeaderFields(message.ScanHeader(m.Data)),
		Extras:         extras(m),
		Exchange:       store.NewTranscript(m.Exchange),
		Session:        (*store.Session)(m.Session),
	}
	err := b.Append(ctx, kept)
	switch {
	case errors.Is(err, store.ErrClosed):
		return &smtp.ReplyError{Code: 421, Enhanced: "4.3.2", Text: "Message not stored, bucket " + b.name + " is no longer served"}
	case errors.Is(err, store.ErrTooLarge):
		b.Refuse()
		return &smtp.ReplyError{Code: 552, Enhanced: "5.3.4", Text: "Message too large, bucket " + b.name +
			" holds " + strconv.FormatInt(b.Stats().Limits.MaxBytes, 10) + " octets in all"}
	case store.OfJournal(err):
		return b.journalReply(err)
	case err != nil:
		return fmt.Errorf("appending to bucket %s: %w", b.name, err)
	}
	b.forwards.Offer(kept)
	return nil
}

// extras are nil for most messages.
func extras(m *smtp.Message) *store.Extras {
	if m.RecipientParameters == nil && m.Problems == nil {
		return nil
	}
	return &store.Extras{RecipientParameters: m.RecipientParameters, Problems: m.Problems}
}

// sessionFailed notes a session that brought no mail.
func (b *bucket) sessionFailed(s *smtp.FailedSession) {
	b.failed.Add(&store.FailedSession{
		Session: store.Session(s.Session), Began: s.Began.UnixMilli(), Ended: s.Ended.UnixMilli(),
		Reason: s.Reason, Transcript: s.Transcript,
	})
}

// capacity is the largest message that the bucket can hold, in bytes, 0 if there is no
// bound.
func (b *bucket) capacity() int64 { return b.Stats().Limits.MaxBytes }

// recipientRefused counts a recipient that accept_recipients does not let in.
func (b *bucket) recipientRefused() { b.recipientsRefused.Add(1) }

// Refused implements smtp.Receiver.
func (b *bucket) Refused() { b.Refuse() }

// shutdownSessions ends the sessions of all buckets together, within ctx's time.
func shutdownSessions(ctx context.Context, logger *zap.Logger, buckets []*bucket) {
	started := time.Now()
	var wg sync.WaitGroup
	for _, b := range buckets {
		wg.Go(func() {
			if err := b.sessions.Shutdown(ctx); err != nil {
				logger.Warn("mail transactions were cut off", zap.String("bucket", b.name), zap.Error(err))
			}
		})
	}
	wg.Wait()
	logger.Info("SMTP sessions have ended", zap.Duration("after", time.Since(started)))
}

var (
	_ caddy.Destructor = (*bucket)(nil)
	_ smtp.Receiver    = (*bucket)(nil)
)
