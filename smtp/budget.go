package smtp

import (
	"context"
	"sync"
	"time"
)

// Budget bounds the memory of mail that is being received, in all sessions of the
// servers that share it. A mail that outgrows the input buffer first reserves as much
// memory as it may need, so that a mail with a reservation can always finish. The others
// wait for one and read nothing meanwhile, so that their clients have to wait too. If
// there is no memory in time they are answered 452, and the client can try again.
//
// Small mails and mails of medium size each have a part of the budget of their own, so
// that large mails cannot hold them up.
type Budget struct {
	mu    sync.Mutex
	tiers [3]tier

	wait  time.Duration // how long a mail waits for memory
	stall time.Duration // how long a mail with a reservation may receive no data while others wait
}

// tier is the part of a budget for mails of one size.
type tier struct {
	most    int64 // memory for one mail; 0 is as much as it asks for
	free    int64
	size    int64
	waiting []*waiter
}

// waiter is a mail waiting for memory.
type waiter struct {
	bytes int64
	given chan struct{} // closed when it has been given the memory
}

// The parts of a budget for mails that take at most so many bytes, and its times.
const (
	smallMail, smallMails   = 512 << 10, 32 << 20
	middleMail, middleMails = 2 << 20, 64 << 20
	largeMails              = 96 << 20

	budgetWait  = 30 * time.Second
	budgetStall = 10 * time.Second
)

// sharedBudget is the budget of servers that have none of their own.
var sharedBudget = newBudget(largeMails)

func newBudget(large int64) *Budget {
	b := &Budget{wait: budgetWait, stall: budgetStall}
	b.tiers = [...]tier{
		{most: smallMail, free: smallMails, size: smallMails},
		{most: middleMail, free: middleMails, size: middleMails},
		{free: large, size: large},
	}
	return b
}

// reservation is the part of a budget that one mail has. The zero value has none.
type reservation struct {
	budget *Budget
	tier   int // valid if bytes > 0
	bytes  int64
}

// need makes sure that r covers so many bytes, waiting if it has to. Most is how many the
// mail may need in the end if it is larger than one of medium size. It reports false if
// there was no memory in time or ctx was done; r is then unchanged.
func (r *reservation) need(ctx context.Context, bytes, most int64) bool {
	if bytes <= r.bytes {
		return true
	}
	b := r.budget
	for i := range b.tiers {
		t := &b.tiers[i]
		switch {
		case t.most > 0 && bytes > t.most:
			continue
		case r.bytes > 0 && i == r.tier:
			// The mail is larger than announced. It must not wait for more of the tier
			// in which it has a part already, as others might be waiting for its part.
			return r.grow(t, max(bytes, most))
		}
		want := t.most
		if want == 0 {
			want = min(max(bytes, most), t.size)
		}
		if !b.take(ctx, t, want) {
			return false
		}
		r.release()
		r.tier, r.bytes = i, want
		return true
	}
	return false
}

// grow takes more of the same tier if that is free. The whole tier is enough for any
// mail.
func (r *reservation) grow(t *tier, bytes int64) bool {
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	more := min(bytes, t.size) - r.bytes
	if more > t.free {
		return false
	}
	t.free -= more
	r.bytes += more
	if r.bytes == t.size {
		r.bytes = max(r.bytes, bytes)
	}
	return true
}

// take gets bytes of the tier, waiting for its turn.
func (b *Budget) take(ctx context.Context, t *tier, bytes int64) bool {
	b.mu.Lock()
	if len(t.waiting) == 0 && bytes <= t.free {
		t.free -= bytes
		b.mu.Unlock()
		return true
	}
	w := &waiter{bytes, make(chan struct{})}
	t.waiting = append(t.waiting, w)
	b.mu.Unlock()
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	select {
	case <-w.given:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !t.forget(w)
}

// forget removes w and reports true, unless w has been given its memory.
func (t *tier) forget(w *waiter) bool {
	for i := range t.waiting {
		if t.waiting[i] == w {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			t.give() // those behind it may need less
			return true
		}
	}
	return false
}

// give gives free memory to those that wait, in the order in which they came.
func (t *tier) give() {
	for len(t.waiting) > 0 && t.waiting[0].bytes <= t.free {
		t.free -= t.waiting[0].bytes
		close(t.waiting[0].given)
		t.waiting = t.waiting[1:]
	}
}

// release gives the reservation back.
func (r *reservation) release() {
	if r.bytes == 0 {
		return
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &b.tiers[r.tier]
	t.free += min(r.bytes, t.size)
	r.bytes = 0
	t.give()
}

// contended reports whether other mails wait for memory of the tier that r is part of.
func (r *reservation) contended() bool {
	if r.bytes == 0 {
		return false
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tiers[r.tier].waiting) > 0
}
