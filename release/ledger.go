package release

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slots is how many mails of a bucket are sent at once, and patience how long others
	// wait for one of them.
	slots    = 4
	patience = 30 * time.Second
)

// Ledger has what counts for all outlets of a bucket, as a reload of the configuration
// makes a new one. Its zero value is ready.
type Ledger struct {
	mu   sync.Mutex
	free chan struct{}

	releases, forwards minute

	released, releasesFailed, forwarded, forwardsFailed atomic.Uint64
}

// minute is what was sent within the last minute.
type minute struct {
	mu   sync.Mutex
	sent []sending // the oldest first
}

// sending is so many recipients at a time.
type sending struct {
	at time.Time
	n  int
}

// Counts are a ledger's counters since the bucket was made, in mails.
type Counts struct{ Released, ReleasesFailed, Forwarded, ForwardsFailed uint64 }

// Counts are the counters.
func (l *Ledger) Counts() Counts {
	return Counts{l.released.Load(), l.releasesFailed.Load(), l.forwarded.Load(), l.forwardsFailed.Load()}
}

func (l *Ledger) countRelease(err error) { count(err, &l.released, &l.releasesFailed) }
func (l *Ledger) countForward(err error) { count(err, &l.forwarded, &l.forwardsFailed) }

func count(err error, done, failed *atomic.Uint64) {
	if err == nil {
		done.Add(1)
	} else {
		failed.Add(1)
	}
}

// take reports whether n recipients more are within the bound of a minute, and counts
// them if so.
func (l *minute) take(n, most int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum, old := n, 0
	for _, s := range l.sent {
		if now.Sub(s.at) >= time.Minute {
			old++
			continue
		}
		sum += s.n
	}
	if l.sent = l.sent[old:]; sum > most {
		return false
	}
	l.sent = append(l.sent, sending{now, n})
	return true
}

// slot waits for the turn of a mail.
func (l *Ledger) slot(ctx context.Context) (done func(), err error) {
	l.mu.Lock()
	if l.free == nil {
		l.free = make(chan struct{}, slots)
	}
	free := l.free
	l.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case free <- struct{}{}:
		return func() { <-free }, nil
	case <-timer.C:
		return nil, newError(Away, "other emails are being released: try again later")
	case <-ctx.Done():
		return nil, newError(Away, "the request ended before it was the turn of this email")
	}
}
