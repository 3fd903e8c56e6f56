//go:build unix

package smtp

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// How often a read looks for data before it waits: as often as can pay while clients
// answer in that time, and less with every answer that takes longer.
const (
	leastLooks = 4
	mostLooks  = 32
)

// unpolled is how long there may be looks alone. As long as any goroutine can run, be
// it to look, the runtime does not ask the system what has come on other connections.
const unpolled = 500 * time.Microsecond

// polled is when it last told of what came on one of these, after started.
var (
	started = time.Now()
	polled  atomic.Int64
)

// Eager makes conn look for data several times before a read waits for it, giving way
// to other goroutines in between. A client on the same machine answers within these
// few microseconds, and no thread is put to sleep and woken for it. One goroutine at a
// time may read. What is not a TCP or Unix socket itself is returned as it is: Serve
// does this for a socket, and who wraps one has to do it beneath.
func (srv *Server) Eager(conn net.Conn) net.Conn {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return conn // what wraps a socket may hold data back
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return conn
	}
	c := &eagerConn{Conn: conn, raw: raw, lately: &srv.looks, looks: srv.looks.Load()}
	if c.looks == 0 {
		c.looks = mostLooks
	}
	c.ready = c.look
	return c
}

type eagerConn struct {
	net.Conn
	raw    syscall.RawConn
	ready  func(fd uintptr) bool // look, bound once
	looks  int32
	lately *atomic.Int32 // looks of the connection where they changed last

	// The read that is under way.
	p      []byte
	n      int
	err    error
	waited bool
}

// Read implements net.Conn.
func (c *eagerConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.p, c.waited = p, false
	err := c.raw.Read(c.ready)
	c.p = nil
	switch {
	case err != nil:
		return 0, err
	case c.err != nil:
		return 0, &net.OpError{Op: "read", Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(),
			Err: os.NewSyscallError("read", c.err)}
	case c.n == 0:
		return 0, io.EOF
	}
	return c.n, nil
}

// look reports whether the read is done. If not, the runtime calls it again when
// something has come since before its first call.
func (c *eagerConn) look(fd uintptr) bool {
	if c.waited {
		polled.Store(int64(time.Since(started)))
		return c.try(fd)
	}
	c.waited = true
	if !c.try(fd) {
		if time.Since(started)-time.Duration(polled.Load()) > unpolled {
			return false
		}
		if !c.tryAgain(fd) {
			c.setLooks(max(leastLooks, c.looks-1))
			return false
		}
	}
	c.setLooks(mostLooks)
	return true
}

func (c *eagerConn) setLooks(n int32) {
	if n != c.looks {
		c.looks = n
		c.lately.Store(n)
	}
}

func (c *eagerConn) tryAgain(fd uintptr) bool {
	for range c.looks {
		runtime.Gosched()
		if c.try(fd) {
			return true
		}
	}
	return false
}

// try reads what is there, or reports that nothing is.
func (c *eagerConn) try(fd uintptr) bool {
	for {
		c.n, c.err = syscall.Read(int(fd), c.p)
		if c.err != syscall.EINTR {
			return c.err != syscall.EAGAIN
		}
	}
}
