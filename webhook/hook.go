// Package webhook tells receivers of the messages of a bucket: each by a POST of JSON, signed
// as Standard Webhooks says, in the order of arrival, and tried again for an hour.
//
// hook.go follows the bucket, deliver.go sends and tries again, and secret.go signs. The
// bucket itself is the queue: a hook has nothing but its place in it, so that a receiver that
// is down costs no memory and holds up no mail. What was removed from the bucket before its
// turn came is counted as dropped.
package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Options say what is told to whom.
type Options struct {
	// Bucket is whose messages are told of.
	Bucket *store.Bucket

	// URL is where to; see [CheckURL].
	URL string

	// Secret signs what is sent, unless it is the zero value.
	Secret Secret

	// Matches says which messages are told of. Nil is all.
	Matches func(*store.Message) bool

	// Encode gives the JSON that is sent for a message.
	Encode func(*store.Message) []byte

	// Done, unless it is nil, is called after each message has been dealt with.
	Done func(store.ID)

	// Counts counts what happens.
	Counts *Counts

	// Logger gets a warning when a receiver begins to fail and an error for what is given up.
	Logger *zap.Logger
}

// Counts are the counters of a hook. They may outlive it. The zero value is ready.
type Counts struct {
	Sent    atomic.Uint64 // messages that the receiver took
	Retried atomic.Uint64 // requests that failed and were repeated, or were to be
	Failed  atomic.Uint64 // messages that were given up
	Dropped atomic.Uint64 // messages that were removed before their turn came
	next    atomic.Uint64 // one more than the number of the message that is next, 0 while nobody is told
}

func (c *Counts) at(next uint64) { c.next.Store(next + 1) }

// Lag is how many messages of the bucket have not been dealt with.
func (c *Counts) Lag(b *store.Bucket) uint64 {
	next := c.next.Load()
	if next == 0 {
		return 0
	}
	return b.NextNumber() + 1 - next // which came first, so that this is not negative
}

// How requests are sent and repeated.
const (
	timeout      = 15 * time.Second // for one request with its answer
	firstPause   = time.Second
	longestPause = 5 * time.Minute
	giveUpAfter  = time.Hour // since the first request for a message
)

// Hook tells one receiver. Its methods must not be called at the same time.
type Hook struct {
	Options

	client  *http.Client
	failing bool // the last request failed

	// These are the constants of the same names, but in tests.
	timeout, firstPause, longestPause, giveUpAfter time.Duration
}

// CheckURL says what is wrong with the URL of a receiver.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" {
		return errors.New("expected a URL such as https://hooks.example.com/mail, with http or https")
	}
	return nil
}

// New makes a hook. The URL must have been checked.
func New(o Options) *Hook {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		MaxConnsPerHost:        1,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
	return &Hook{
		Options: o, timeout: timeout, firstPause: firstPause, longestPause: longestPause, giveUpAfter: giveUpAfter,
		client: &http.Client{
			Transport: transport,
			// Who may redirect us could have us send mail to any address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// letter is what is told of a message. It does not hold the message itself, which the bucket
// may have to remove meanwhile.
type letter struct {
	id      store.ID
	arrived time.Time
	body    []byte // nil if the message does not match
}

// letter makes it. If that panics, which a mail that is read for it might lead to, the message
// is given up.
func (h *Hook) letter(m *store.Message) (l letter) {
	l = letter{id: m.ID, arrived: m.Time()}
	defer func() {
		if p := recover(); p != nil {
			h.Counts.Failed.Add(1)
			h.Logger.Error("panic in telling of an email", zap.Stringer("id", m.ID), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		}
	}()
	if h.Matches == nil || h.Matches(m) {
		l.body = h.Encode(m)
	}
	return l
}

// Run tells of the messages from the number next on, until ctx is done or the bucket is
// closed. It moves next on after each message. A message that was under way at the end may
// have been told of; it is again, with the same webhook-id, by who goes on from next.
func (h *Hook) Run(ctx context.Context, next *uint64) {
	defer h.client.CloseIdleConnections()
	defer h.Counts.next.Store(0)
	for {
		h.Counts.at(*next)
		// One at a time, as a message that waits here would take memory that the bucket
		// does not count.
		arrivals, after, err := h.Bucket.AwaitArrivals(ctx, *next, 1)
		if err != nil {
			return
		}
		h.Counts.Dropped.Add(after - *next - uint64(len(arrivals)))
		if len(arrivals) == 0 {
			*next = after
			continue
		}
		*next = arrivals[0].Number
		h.Counts.at(*next)
		l := h.letter(arrivals[0].Message)
		arrivals = nil
		if l.body != nil && !h.deliver(ctx, &l) {
			return
		}
		*next = after
		if h.Done != nil {
			h.Done(l.id)
		}
	}
}
