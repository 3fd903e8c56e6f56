// Package release sends mails of a bucket on, to real addresses: what a list allows,
// through the one server that is configured, and so much a minute. Nothing else leaves a
// bucket as mail.
//
// outlet.go (this file) checks and sends one mail that somebody asks for, and forward.go
// those that a rule asks for; address.go has
// the form of addresses and the list, letter.go the mail as it is sent, server.go the
// conversation with the server, ledger.go what counts over reloads of the configuration,
// and errors.go the errors.
package release

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Defaults and bounds of a configuration.
const (
	DefaultMaxSize      = 25 << 20
	DefaultMaxPerMinute = 30
	MaxPerMinute        = 10_000

	// maxRecipients bounds the addresses of one release. Every server takes so many (RFC
	// 5321 section 4.5.3.1.8).
	maxRecipients = 100
)

// Config is what an outlet is made of.
type Config struct {
	Server  Server
	Allowed Allowed

	// From is the sender of the envelope and of Resent-From.
	From Address

	// MaxSize bounds a mail, in bytes. 0 is the default.
	MaxSize int64

	// MaxPerMinute bounds what is sent, in recipients a minute. 0 is the default.
	MaxPerMinute int

	// Rules say which mails are forwarded unasked, by a Forwarder. So much may be
	// forwarded in a minute beside what is released.
	Rules []Rule
}

// Outlet sends mails of one bucket on. Its methods may be called from any goroutine.
type Outlet struct {
	config Config
	bucket *store.Bucket
	ledger *Ledger
	logger *zap.Logger

	running context.Context // done when Stop has been called
	stop    context.CancelFunc
}

// New makes an outlet for a bucket. Outlets of one bucket share a ledger.
func New(c Config, bucket *store.Bucket, ledger *Ledger, logger *zap.Logger) *Outlet {
	if c.MaxSize == 0 {
		c.MaxSize = DefaultMaxSize
	}
	if c.MaxPerMinute == 0 {
		c.MaxPerMinute = DefaultMaxPerMinute
	}
	o := &Outlet{config: c, bucket: bucket, ledger: ledger, logger: logger}
	o.running, o.stop = context.WithCancel(context.Background())
	return o
}

// Stop ends what is being sent, but for what the server has all of, and lets nothing more
// be sent.
func (o *Outlet) Stop() { o.stop() }

// Server is the host and port of the server that gets mails.
func (o *Outlet) Server() string { return o.config.Server.Address }

// HostAndPort are those of the server, apart.
func (o *Outlet) HostAndPort() (host, port string) {
	host, port, _ = net.SplitHostPort(o.Server()) // an error would have kept it from being reached
	return host, port
}

// From is the sender that mails get.
func (o *Outlet) From() string { return o.config.From.String() }

// Allowed is the list of addresses, for people.
func (o *Outlet) Allowed() string { return o.config.Allowed.String() }

// AllowedExpression is the list as a regular expression, in the syntax of Go and JavaScript.
func (o *Outlet) AllowedExpression() string { return o.config.Allowed.expression() }

// Release sends a mail to addresses because somebody asked for it. When it returns, the
// server has taken the mail, and it is logged and kept with the mail; or nothing was sent
// and the error is an *Error. It takes up to some minutes, and goes on if ctx ends, as
// somebody who asked for it may be gone before it is done.
func (o *Outlet) Release(ctx context.Context, m *store.Message, to []string, by string) (store.Release, error) {
	by = visible(by, maxReply)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(o.running, cancel)()
	r, err := o.release(ctx, m, to, by)
	o.ledger.countRelease(err)
	if err != nil {
		o.logger.Warn("an email was not released", zap.Stringer("id", m.ID), zap.String("by", by), zap.Int("recipients", len(to)), zap.Error(err))
		return r, failure("releasing the email", err)
	}
	return r, nil
}

func (o *Outlet) release(ctx context.Context, m *store.Message, given []string, by string) (store.Release, error) {
	if o.running.Err() != nil {
		return store.Release{}, newError(Away, "the server is stopping or reloading its configuration: ask again")
	}
	to, err := o.recipients(given)
	if err != nil {
		return store.Release{}, err
	}
	return o.send(ctx, m, to, by, &o.ledger.releases)
}

// recipients are the addresses to send to, each once, all of them allowed.
func (o *Outlet) recipients(given []string) ([]Address, error) {
	if len(given) == 0 {
		return nil, newError(BadAddress, "there is no address to release this email to")
	}
	if len(given) > maxRecipients {
		return nil, newError(BadAddress, "an email can be released to %d addresses at once", maxRecipients)
	}
	var to []Address
	for _, text := range given {
		a, err := ParseAddress(text)
		if err != nil {
			return nil, newError(BadAddress, "%.100q: %v", text, err)
		}
		if !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	for _, a := range to {
		if !o.config.Allowed.Allows(a) {
			return nil, newError(NotAllowed, "%s is not on the list of those to whom mail may be released: %s", a, o.Allowed())
		}
	}
	return to, nil
}

// send sends a mail to addresses that are allowed, and keeps that with the mail. Within
// bounds what is sent in a minute.
func (o *Outlet) send(ctx context.Context, m *store.Message, to []Address, by string, within *minute) (store.Release, error) {
	if int64(len(m.Raw)) > o.config.MaxSize {
		return store.Release{}, newError(TooLarge, "this email has %d bytes, and at most %d are released", len(m.Raw), o.config.MaxSize)
	}
	now := time.Now()
	l, err := newLetter(m, o.config.From, to, now)
	if err != nil {
		return store.Release{}, err
	}
	if !within.take(len(to), o.config.MaxPerMinute, now) {
		return store.Release{}, newError(TooMany, "no more than %d emails a minute are released, each recipient counted: try again later", o.config.MaxPerMinute)
	}
	done, err := o.ledger.slot(ctx)
	if err != nil {
		return store.Release{}, err
	}
	defer done()
	// What tells of failures has the null sender, and so does what is sent of it, so that
	// nobody tells of that (RFC 5321 section 6.1).
	sender := o.config.From.String()
	if m.Sender == "" {
		sender = ""
	}
	reply, err := o.config.Server.send(ctx, sender, to, l)
	if err != nil {
		return store.Release{}, failure("sending the email", err)
	}
	r := store.Release{At: now.UnixMilli(), By: by, Sender: sender, MessageID: l.id, Reply: reply}
	for _, a := range to {
		r.To = append(r.To, a.String())
	}
	o.bucket.AddRelease(m.ID, r)
	o.logger.Info("an email was released", zap.Stringer("id", m.ID), zap.String("by", by), zap.String("sender", sender),
		zap.Strings("to", r.To), zap.String("server", o.Server()), zap.String("message_id", r.MessageID), zap.String("reply", reply))
	return r, nil
}

// Check reports what is missing or contradicts itself in a configuration.
func (c *Config) Check() error {
	switch {
	case len(c.Allowed.list) == 0:
		return fmt.Errorf("there is no allow: expected the addresses to which mail may be released, such as allow *@example.com")
	case c.From == (Address{}):
		return fmt.Errorf("there is no from: expected an address such as mailbucket@example.com")
	case c.MaxPerMinute < 0 || c.MaxPerMinute > MaxPerMinute:
		return fmt.Errorf("max_per_minute %d: expected 1 to %d", c.MaxPerMinute, MaxPerMinute)
	case len(c.Rules) > maxRules:
		return fmt.Errorf("forward: expected at most %d rules", maxRules)
	case c.MaxSize < 0:
		return fmt.Errorf("max_size must be positive")
	case c.Server.Username == "" && c.Server.Password != "":
		return fmt.Errorf("user: expected a name before the password")
	}
	for _, r := range c.Rules {
		if !c.Allowed.Allows(r.To) {
			return fmt.Errorf("forward %s to %s: expected an address that allow has", r.Text, r.To)
		}
	}
	return nil
}
