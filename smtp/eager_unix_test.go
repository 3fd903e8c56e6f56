//go:build unix

package smtp

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// socketPair is both ends of a connection.
func socketPair(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial(network, listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// heard makes it look as if the runtime had just told of data.
func heard() { polled.Store(int64(time.Since(started))) }

func TestEagerReadsAreLikeOthers(t *testing.T) {
	tests := map[string]struct {
		before func(client, server net.Conn) // the read
		during func(client, server net.Conn) // the read waits
		want   string
		err    error
	}{
		"data is there":           {before: func(c, _ net.Conn) { io.WriteString(c, "NOOP") }, want: "NOOP"},
		"data comes":              {during: func(c, _ net.Conn) { io.WriteString(c, "NOOP") }, want: "NOOP"},
		"data and the end":        {before: func(c, _ net.Conn) { io.WriteString(c, "NOOP"); c.Close() }, want: "NOOP"},
		"the end is there":        {before: func(c, _ net.Conn) { c.Close() }, err: io.EOF},
		"the end comes":           {during: func(c, _ net.Conn) { c.Close() }, err: io.EOF},
		"the deadline is over":    {before: func(_, s net.Conn) { s.SetReadDeadline(aLongTimeAgo) }, err: os.ErrDeadlineExceeded},
		"the deadline comes":      {before: func(_, s net.Conn) { s.SetReadDeadline(time.Now().Add(time.Millisecond)) }, err: os.ErrDeadlineExceeded},
		"the deadline is set":     {during: func(_, s net.Conn) { s.SetReadDeadline(aLongTimeAgo) }, err: os.ErrDeadlineExceeded},
		"the connection is shut":  {before: func(_, s net.Conn) { s.Close() }, err: net.ErrClosed},
		"it is shut in the while": {during: func(_, s net.Conn) { s.Close() }, err: net.ErrClosed},
	}
	for _, network := range []string{"tcp", "unix"} {
		for name, test := range tests {
			t.Run(network+"/"+name, func(t *testing.T) {
				client, server := socketPair(t, network)
				srv, _ := newTestServer()
				eager := srv.Eager(server).(*eagerConn)
				waits := make(chan struct{}, 1)
				eager.ready = func(fd uintptr) bool {
					done := eager.look(fd)
					if !done {
						waits <- struct{}{}
					}
					return done
				}
				heard()
				if test.before != nil {
					test.before(client, server)
				}
				done := make(chan struct{})
				b := make([]byte, 10)
				var n int
				var err error
				go func() {
					defer close(done)
					n, err = eager.Read(b)
				}()
				if test.during != nil {
					<-waits
					test.during(client, server)
				}
				<-done
				if string(b[:n]) != test.want || !errors.Is(err, test.err) {
					t.Errorf("read %q, %v, want %q, %v", b[:n], err, test.want, test.err)
				}
			})
		}
	}
}

func TestEagerReadTellsOfAReset(t *testing.T) {
	client, server := socketPair(t, "tcp")
	srv, _ := newTestServer()
	if err := client.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	_, err := srv.Eager(server).Read(make([]byte, 10))
	var told *net.OpError
	if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &told) || told.Op != "read" {
		t.Errorf("the read ended with %v", err)
	}
}

func TestOnlySocketsAreReadEagerly(t *testing.T) {
	_, server := socketPair(t, "tcp")
	srv, _ := newTestServer()
	for _, conn := range []net.Conn{&countingConn{Conn: server}, srv.Eager(server)} {
		if got := srv.Eager(conn); got != conn {
			t.Errorf("%T became %T", conn, got)
		}
	}
}

func TestLooksAreForClientsThatAnswerAtOnce(t *testing.T) {
	client, server := socketPair(t, "tcp")
	srv, _ := newTestServer()
	conn := srv.Eager(server).(*eagerConn)
	if conn.looks != mostLooks {
		t.Errorf("the first connection begins with %d looks", conn.looks)
	}
	for conn.looks > leastLooks {
		heard()
		conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, err := conn.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	}
	_, another := socketPair(t, "tcp")
	if next := srv.Eager(another).(*eagerConn); next.looks != leastLooks {
		t.Errorf("the next connection begins with %d looks", next.looks)
	}
	io.WriteString(client, "NOOP")
	conn.SetReadDeadline(time.Time{})
	if _, err := conn.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if conn.looks != mostLooks {
		t.Errorf("%d looks after an answer that was there", conn.looks)
	}
}

func TestNoConnectionLooksWhileOthersAreNotHeard(t *testing.T) {
	_, server := socketPair(t, "tcp")
	srv, _ := newTestServer()
	conn := srv.Eager(server).(*eagerConn)
	polled.Store(int64(time.Since(started) - 2*unpolled))
	conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) || conn.looks != mostLooks {
		t.Errorf("%v after %d looks in vain", err, mostLooks-conn.looks)
	}
}
