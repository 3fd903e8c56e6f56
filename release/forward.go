package release

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/pattern"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Rule forwards each mail that has a recipient which matches to an address, which has to
// be allowed.
type Rule struct {
	Text       string // of the pattern
	Recipients pattern.List
	To         Address
}

// ParseRule reads a rule.
func ParseRule(recipients, to string) (Rule, error) {
	list, err := pattern.NewList(recipients)
	if err != nil {
		return Rule{}, fmt.Errorf("forward: %w", err)
	}
	a, err := ParseAddress(to)
	if err != nil {
		return Rule{}, fmt.Errorf("forward %s to %q: %w", recipients, to, err)
	}
	return Rule{recipients, list, a}, nil
}

const (
	// maxRules bounds the rules of an outlet, which are tried with each mail.
	maxRules = 100

	// maxWaiting bounds the mails of a bucket that wait for being forwarded. Of each its
	// id and some 200 bytes are held.
	maxWaiting = 1000
)

// pauses are those before a mail is tried again that the server did not take for the time
// being.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}

// Forwarder forwards mails of one bucket by rule, by the outlet of the configuration that
// is in force. The zero value is ready, and forwards nothing. Nobody who stores mail waits
// for it. It works on one mail at a time.
type Forwarder struct {
	outlet atomic.Pointer[Outlet]

	mu      sync.Mutex
	waiting []forward
	working bool
	wake    chan struct{}
	pauses  []time.Duration // nil stands for the usual ones
	told    time.Time       // when it was last logged that mails are passed over
	passed  int             // since then
}

// forward is a mail that is to be forwarded.
type forward struct {
	id    store.ID
	to    []Address
	by    string
	tried int
	due   time.Time
}

// Use makes the forwarder use an outlet from now on, or none if that is nil.
func (f *Forwarder) Use(o *Outlet) {
	f.outlet.Store(o)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alert()
}

// alert makes the worker look anew. The lock is held.
func (f *Forwarder) alert() {
	if f.wake == nil {
		f.wake = make(chan struct{}, 1)
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Offer forwards a mail that has arrived, if there is a rule for it. It does not wait.
func (f *Forwarder) Offer(m *store.Message) {
	o := f.outlet.Load()
	if o == nil || len(o.config.Rules) == 0 {
		return
	}
	to, by := o.rulesFor(m.Recipients)
	if len(to) == 0 {
		return
	}
	err := errLoop
	if !o.loops(m) {
		err = f.enqueue(forward{id: m.ID, to: to, by: by})
	}
	if err != nil {
		f.pass(o, err, time.Now())
	}
}

// enqueue adds a mail to those that wait, if there is room.
func (f *Forwarder) enqueue(job forward) *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= maxWaiting {
		return newError(TooMany, "%d emails wait already", maxWaiting)
	}
	f.waiting = append(f.waiting, job)
	if f.alert(); !f.working {
		f.working = true
		go f.work()
	}
	return nil
}

var errLoop = unsendable("they came from the server that they would be forwarded through")

// rulesFor are the addresses to which a mail with these recipients is forwarded, each
// once, and the rules that say so.
func (o *Outlet) rulesFor(recipients []string) (to []Address, by string) {
	var rules []string
	for _, r := range o.config.Rules {
		if !slices.ContainsFunc(recipients, r.Recipients.Match) {
			continue
		}
		rules = append(rules, r.Text)
		if !slices.Contains(to, r.To) {
			to = append(to, r.To)
		}
	}
	return to, visible("forward "+strings.Join(rules, ", "), maxReply)
}

// loops reports whether a mail came from the outlet's server, by the name that it said
// hello with, or by its address where that is configured. What a mailbucket has sent on is
// known by its header as well.
func (o *Outlet) loops(m *store.Message) bool {
	if m.Session == nil {
		return false
	}
	host, _ := o.HostAndPort()
	client, _, _ := net.SplitHostPort(m.Session.Client)
	ip := net.ParseIP(host)
	return strings.EqualFold(m.Session.Hello, host) || ip != nil && !ip.IsLoopback() && ip.Equal(net.ParseIP(client))
}

// pass counts a mail that is not forwarded for what may be so of many, and logs that now
// and then.
func (f *Forwarder) pass(o *Outlet, err *Error, now time.Time) {
	o.ledger.countForward(err)
	f.mu.Lock()
	f.passed++
	passed, due := f.passed, now.Sub(f.told) >= time.Minute
	if due {
		f.told, f.passed = now, 0
	}
	f.mu.Unlock()
	if due {
		o.logger.Warn("emails were not forwarded", zap.Int("emails", passed), zap.Error(err))
	}
}

// work forwards what waits, and ends when nothing does.
func (f *Forwarder) work() {
	for {
		job, wait, ok := f.next(time.Now())
		switch {
		case !ok:
			return
		case wait > 0:
			timer := time.NewTimer(wait)
			select {
			case <-f.wake:
			case <-timer.C:
			}
			timer.Stop()
		default:
			f.do(job)
		}
	}
}

// next takes out the first mail that is due, or tells how long none is. It reports false,
// and the worker ends, if none waits.
func (f *Forwarder) next(now time.Time) (job forward, wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) == 0 || f.outlet.Load() == nil {
		f.waiting, f.working = nil, false
		return forward{}, 0, false
	}
	for i, job := range f.waiting {
		left := job.due.Sub(now)
		if left <= 0 {
			f.waiting = slices.Delete(f.waiting, i, i+1)
			return job, 0, true
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return forward{}, wait, true
}

// do forwards one mail, or has it tried again later.
func (f *Forwarder) do(job forward) {
	o := f.outlet.Load()
	if o == nil {
		return
	}
	err := o.forward(job)
	switch {
	case err == nil:
		o.ledger.countForward(nil)
	case err.Kind == Away && f.again(&job):
		o.logger.Info("an email will be forwarded later", zap.Stringer("id", job.id), zap.Time("again", job.due), zap.Error(err))
	case err.Kind == TooMany:
		f.pass(o, err, time.Now())
	default:
		o.ledger.countForward(err)
		o.logger.Warn("an email was not forwarded", zap.Stringer("id", job.id), zap.String("by", job.by), zap.Error(err))
	}
}

// again has a mail tried again after a pause, unless it was tried often enough.
func (f *Forwarder) again(job *forward) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	after := f.pauses
	if after == nil {
		after = pauses
	}
	if job.tried >= len(after) {
		return false
	}
	job.due = time.Now().Add(after[job.tried])
	job.tried++
	f.waiting = append(f.waiting, *job)
	return true
}

// forward sends a mail by rule. The list is the present one, which may be another than
// when the mail came. A panic, which a mail might lead to, ends nothing but that.
func (o *Outlet) forward(job forward) (failed *Error) {
	defer func() {
		if p := recover(); p != nil {
			o.logger.Error("panic in forwarding an email", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			failed = unsendable("an error of this program kept it from being sent")
		}
	}()
	m, ok := o.bucket.Get(job.id)
	if !ok {
		return unsendable("it was deleted, or made room for newer emails, before it was its turn")
	}
	for _, a := range job.to {
		if !o.config.Allowed.Allows(a) {
			return newError(NotAllowed, "%s is not on the list of those to whom mail may go", a)
		}
	}
	ctx, cancel := context.WithCancel(o.running)
	defer cancel()
	if _, err := o.send(ctx, m, job.to, job.by, &o.ledger.forwards); err != nil {
		return failure("forwarding the email", err)
	}
	return nil
}
