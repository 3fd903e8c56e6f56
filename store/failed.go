package store

import (
	"net/netip"
	"slices"
	"sync"
)

// MaxFailedSessions is how many sessions FailedSessions holds.
const MaxFailedSessions = 100

// FailedSession is an SMTP session, or a mail transaction of one, from which no message
// came.
type FailedSession struct {
	// Session says who the client was.
	Session Session

	// Began and Ended are the times, in milliseconds since 1970.
	Began, Ended int64

	// Reason says why no message came.
	Reason string

	// Transcript is the record, with lines left out if it was long.
	Transcript string

	// Count is how many times the same happened to this client, this one being the last.
	Count int
}

// FailedSessions are the last sessions from which no message came. What happens to
// one client over and over is one of them, so that health checks and clients that try
// again leave room for others. The zero value is ready, and its methods may be called
// from any goroutine.
type FailedSessions struct {
	mu       sync.Mutex
	sessions []*FailedSession // the oldest first
}

// Add adds one, which must not be changed afterwards. Its count is set.
func (f *FailedSessions) Add(s *FailedSession) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Count = 1
	i := slices.IndexFunc(f.sessions, func(other *FailedSession) bool {
		return other.Reason == s.Reason && sameClient(other.Session.Client, s.Session.Client)
	})
	switch {
	case i >= 0:
		s.Count += f.sessions[i].Count
		f.sessions = slices.Delete(f.sessions, i, i+1)
	case len(f.sessions) >= MaxFailedSessions:
		f.sessions = slices.Delete(f.sessions, 0, 1)
	}
	f.sessions = append(f.sessions, s)
}

// List is all of them, the last first.
func (f *FailedSessions) List() []*FailedSession {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Clone(f.sessions)
	slices.Reverse(list)
	return list
}

// Len is how many there are.
func (f *FailedSessions) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// Clear forgets all of them.
func (f *FailedSessions) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions = nil
}

// sameClient reports whether two addresses are of one machine, whatever their ports. A
// machine may have a whole IPv6 network of 64 bits (RFC 4291 section 2.5.4).
func sameClient(a, b string) bool { return clientNetwork(a) == clientNetwork(b) }

func clientNetwork(client string) string {
	address, err := netip.ParseAddrPort(client)
	if err != nil {
		return client
	}
	ip := address.Addr().Unmap().WithZone("")
	if prefix, err := ip.Prefix(64); err == nil && ip.Is6() {
		return prefix.String()
	}
	return ip.String()
}
