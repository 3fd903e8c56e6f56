package smtp

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// lastWait bounds how long Shutdown waits for sessions that it has cut off. They may be
// waiting for something without a time limit, such as a Receiver that ignores its
// context.
const lastWait = 2 * time.Second

// aLongTimeAgo as a deadline makes a blocked read or write return at once.
var aLongTimeAgo = time.Unix(1, 0)

// Sessions is a set of open sessions that are shut down together. Sessions of
// several servers may share one, which outlives them. The zero value is ready.
type Sessions struct {
	mu       sync.Mutex
	open     map[*session]struct{}
	clients  map[netip.Addr]int // open sessions of each
	stopping bool
	empty    chan struct{} // closed when stopping and open is empty
	foreign  clientSet     // clients that spoke another protocol
	guesses  guesses       // wrong logins by client
	guessing clientSet     // clients with too many wrong logins

	preamble atomic.Pointer[string] // of the last session that had one of its own
}

// Len is the number of open sessions.
func (ss *Sessions) Len() int {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return len(ss.open)
}

// Shutdown answers idle sessions and new ones with 421 and lets mail transactions
// that are under way finish. When ctx is done it ends those too and returns an error
// that wraps ctx's once they have gone, or after two seconds in any case.
func (ss *Sessions) Shutdown(ctx context.Context) error {
	empty := ss.stop()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	ss.mu.Lock()
	for s := range ss.open {
		s.stop(stopNow)
	}
	ss.mu.Unlock()
	last := time.NewTimer(lastWait)
	defer last.Stop()
	select {
	case <-empty:
		return fmt.Errorf("ending mail transactions: %w", ctx.Err())
	case <-last.C:
		return fmt.Errorf("ending mail transactions, %d sessions are still busy: %w", ss.Len(), ctx.Err())
	}
}

func (ss *Sessions) stop() <-chan struct{} {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if !ss.stopping {
		ss.stopping = true
		ss.empty = make(chan struct{})
		if len(ss.open) == 0 {
			close(ss.empty)
		}
	}
	for s := range ss.open {
		s.stop(stopWhenIdle)
	}
	return ss.empty
}

// EndServer answers the idle sessions of one server, and new ones, with 421. Its mail
// transactions that are under way finish before their sessions end, and the sessions of
// other servers go on.
func (ss *Sessions) EndServer(srv *Server) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	srv.ended = true
	for s := range ss.open {
		if s.server == srv {
			s.stop(stopWhenIdle)
		}
	}
}

// add registers s, or returns the reply to refuse it with.
func (ss *Sessions) add(s *session) (reply, bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	switch {
	case ss.stopping || s.server.ended:
		return replyShutdown, false
	case len(ss.open) >= s.limits.MaxConnections:
		return replyTooManyConnections, false
	case ss.clients[s.ip] >= s.limits.MaxClientConnections:
		return replyTooManyOfClient, false
	}
	if ss.open == nil {
		ss.open = make(map[*session]struct{})
		ss.clients = make(map[netip.Addr]int)
	}
	ss.open[s] = struct{}{}
	ss.clients[s.ip]++
	return reply{}, true
}

// remove removes s. After it returns, no other goroutine touches the connection of s.
func (ss *Sessions) remove(s *session) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if _, ok := ss.open[s]; !ok {
		return
	}
	delete(ss.open, s)
	if ss.clients[s.ip]--; ss.clients[s.ip] == 0 {
		delete(ss.clients, s.ip)
	}
	if ss.stopping && len(ss.open) == 0 {
		close(ss.empty)
	}
}

// stopMode says how soon a session has to end.
type stopMode int

const (
	goOn         stopMode = iota
	stopWhenIdle          // when no mail transaction is under way
	stopNow
)

// stop asks the session to end and wakes it where it waits.
func (s *session) stop(mode stopMode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopMode = max(s.stopMode, mode)
	if !s.stopsNow() {
		return
	}
	if s.stopMode == stopNow {
		_ = s.conn.SetDeadline(aLongTimeAgo)
	} else {
		_ = s.conn.SetReadDeadline(aLongTimeAgo)
	}
	s.cancel()
}

// stopsNow reports whether the session has to end now. Once it is true it stays true, as
// no further transaction begins. The caller must hold mu.
func (s *session) stopsNow() bool {
	return s.stopMode == stopNow || s.stopMode == stopWhenIdle && !s.inTransaction
}

// pause waits for d, or until the session has to end.
func (s *session) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// mustStop reports whether the session has been asked to end by now.
func (s *session) mustStop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopsNow()
}

// beginTransaction marks a mail transaction as begun (RFC 5321 section 3.3), for which
// a shutdown waits. It reports false if a shutdown has begun: then no other begins.
func (s *session) beginTransaction() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inTransaction = s.stopMode == goOn
	return s.inTransaction
}

// transactionEnded marks the transaction as ended: a shutdown no longer waits for it.
func (s *session) transactionEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inTransaction = false; s.stopsNow() {
		s.cancel()
	}
}

// setDeadlines sets the deadlines of the next read and write. A zero time leaves that of
// reads as it is. The deadlines that a stop has set are not changed.
func (s *session) setDeadlines(read, write time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopsNow() {
		_ = s.conn.SetReadDeadline(aLongTimeAgo)
	} else if s.readBy.renew(read) {
		_ = s.conn.SetReadDeadline(s.readBy.set)
	}
	if s.stopMode == stopNow {
		// Long enough to send a 421, and too short to delay the exit noticeably.
		_ = s.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	} else if s.writeBy.renew(write) {
		_ = s.conn.SetWriteDeadline(s.writeBy.set)
	}
}

// deadline is the deadline set on a connection. It is a little later than due, and stays
// set for later operations as long as it is late enough for them, as setting one takes
// longer than most commands do.
type deadline struct{ due, set time.Time }

// renew reports whether a new deadline has to be set for an operation that is due at t,
// and computes it: it is later than t by a sixteenth of the time until then.
func (d *deadline) renew(t time.Time) bool {
	if t.IsZero() || !t.Before(d.due) && !t.After(d.set) {
		return false
	}
	d.due, d.set = t, t.Add(max(0, time.Until(t)/16))
	return true
}
