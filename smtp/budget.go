package smtp

import (
	"context"
	"sync"
	"time"
)

// Budget bounds the memory of mail that is being received, in all sessions of the
// servers that share it. A mail that outgrows the input buffer reserves memory first,
// as much as it may need, so that whoever has a reservation can finish. The others wait
// for one, and read nothing meanwhile, so that their clients wait too. After a while
// they are answered 452, and can come again.
//
// Small mails have a part of the budget of their own, and so have those of middling
// size: what is large cannot hold them up.
type Budget struct {
	mu    sync.Mutex
	tiers [3]tier

	wait  time.Duration // for memory
	stall time.Duration // how long a mail that has some may get no data while others wait
}

// tier is the part of a budget for mails of one size.
type tier struct {
	most    int64 // memory of one mail; 0 is as much as it asks for
	free    int64
	size    int64
	waiting []*waiter
}

// waiter is a mail that waits for memory.
type waiter struct {
	bytes int64
	given chan struct{} // closed when it has it
}

// The parts of a budget for mails that take at most so many bytes, and its times.
const (
	smallMail, smallMails   = 512 << 10, 32 << 20
	middleMail, middleMails = 2 << 20, 64 << 20
	largeMails              = 96 << 20

	budgetWait  = 30 * time.Second
	budgetStall = 10 * time.Second
)

// sharedBudget is that of servers that have none of their own.
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

// need makes sure that r covers bytes, now or after waiting. Most is what the mail can
// come to need if it is larger than a middling one. It reports false if there was no
// memory in time, or ctx was done; r is then what it was.
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
			// Larger than it was said to become. To wait for more of what it has a part
			// of could be to wait for others that do the same.
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

// grow takes more of the same tier if it is there. All that there is is enough for any.
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

// forget removes w, unless it has been given what it waited for.
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

// give hands what is free to those who wait, the first first.
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

// wanted reports whether others wait for what r has.
func (r *reservation) wanted() bool {
	if r.bytes == 0 {
		return false
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tiers[r.tier].waiting) > 0
}
