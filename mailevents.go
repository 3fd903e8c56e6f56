package mailbucket

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// mailReceived is the name of the event of each message that a bucket receives. Its
	// data are the name of the bucket, the message's id, sender, recipients, decoded
	// subject and size in bytes, and the login of the client, "" without one.
	mailReceived = "mail_received"

	// dropReport is how often it is logged at most that messages were dropped.
	dropReport = 10 * time.Second
)

// mailEvents emits the events of one bucket, through Caddy's events app. It follows the
// bucket, so that handlers, which Caddy calls one after the other, hold up no mail. The
// bucket itself is the queue: what has made room for newer messages, or was deleted, before
// its turn came is counted as dropped.
type mailEvents struct {
	ctx      caddy.Context
	events   *caddyevents.App
	bucket   *bucket
	logger   *zap.Logger
	dropped  uint64 // not yet reported
	reported time.Time
}

// emitEvents begins to emit events for the messages of all buckets, if anything can see
// them. It is called when the configuration is in force.
func (a *App) emitEvents() {
	if !a.events.ShouldEmit(mailReceived) {
		return
	}
	// Caddy drops an event whose context ends before its handlers are called, and the next
	// configuration would not emit it again.
	ctx := a.ctx
	ctx.Context = context.WithoutCancel(a.ctx)
	for name, b := range a.buckets {
		e := &mailEvents{ctx: ctx, events: a.events, bucket: b, logger: a.logger.With(zap.String("bucket", name))}
		b.turns.work(a.inForce, mailReceived, a.first[name].next, e.run)
	}
}

// run emits events from the message with the number next on, until ctx is done.
func (e *mailEvents) run(ctx context.Context, next *uint64) {
	for {
		// One at a time, as the handlers may be slow, and a message that waits here would
		// take memory that the bucket does not count.
		arrivals, after, err := e.bucket.AwaitArrivals(ctx, *next, 1)
		if err != nil {
			return // the configuration ends, or the bucket is closed
		}
		for _, a := range arrivals {
			if ctx.Err() != nil {
				return
			}
			e.drop(a.Number - *next)
			*next = a.Number + 1
			if !a.Message.CameElsewhere() {
				e.emit(a.Message)
			}
		}
		e.drop(after - *next)
		*next = after
	}
}

// emit emits the event of a message. A handler that panics ends nothing but itself.
func (e *mailEvents) emit(m *store.Message) {
	defer func() {
		if p := recover(); p != nil {
			e.logger.Error("panic in a handler of an event", zap.String("event", mailReceived),
				zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		}
	}()
	e.events.Emit(e.ctx, mailReceived, map[string]any{
		"bucket":     e.bucket.name,
		"id":         m.ID.String(),
		"sender":     m.Sender,
		"recipients": slices.Clone(m.Recipients),
		"subject":    search.Entry(e.bucket.Bucket, m).Subject,
		"size":       len(m.Raw),
		"login":      m.Login(),
	})
}

// drop counts messages that are gone before their events could be emitted.
func (e *mailEvents) drop(n uint64) {
	e.bucket.eventsDropped.Add(n)
	if e.dropped += n; e.dropped == 0 || time.Since(e.reported) < dropReport {
		return
	}
	e.logger.Warn("messages were removed before handlers of their event were called", zap.String("event", mailReceived), zap.Uint64("messages", e.dropped))
	e.dropped, e.reported = 0, time.Now()
}

// eventsApp is Caddy's events app.
func eventsApp(ctx caddy.Context) (*caddyevents.App, error) {
	app, err := ctx.App("events")
	if err != nil {
		return nil, fmt.Errorf("getting the events app: %w", err)
	}
	return app.(*caddyevents.App), nil
}
