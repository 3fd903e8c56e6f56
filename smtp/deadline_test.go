package smtp

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestDeadlinesAreSetAnewOnlyWhereTheyHaveTo tells when one that is set will not do.
func TestDeadlinesAreSetAnewOnlyWhereTheyHaveTo(t *testing.T) {
	now := time.Now()
	var d deadline
	for _, step := range []struct {
		due  time.Duration
		want bool
	}{
		{time.Hour, true},                  // the first
		{time.Hour + time.Minute, false},   // a little later, for which it is late enough
		{time.Hour - time.Second, true},    // nearer
		{time.Second, true},                // much nearer
		{time.Hour, true},                  // later than it is set
		{time.Hour + 2*time.Second, false}, // a little later again
	} {
		if got := d.renew(now.Add(step.due)); got != step.want {
			t.Errorf("due in %v: set anew %v", step.due, got)
		}
		if due := now.Add(step.due); d.set.Before(due) || d.set.Sub(due) > step.due/8 {
			t.Errorf("due in %v: set to %v", step.due, d.set.Sub(now))
		}
	}
	if d.renew(time.Time{}) {
		t.Error("set anew for nothing")
	}
}

func TestDataClock(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name     string
		rate     int64
		elapsed  time.Duration
		received int64
		want     time.Duration // from now on
		tooSlow  bool
	}{
		{"at the start", 500, 0, 0, 10 * time.Second, false},
		{"nothing came", 500, 4 * time.Second, 0, 6 * time.Second, false},
		{"half of what is due", 500, 4 * time.Second, 1000, 8 * time.Second, true},
		{"just enough", 500, 4 * time.Second, 2000, 10 * time.Second, false},
		{"more than enough", 500, 4 * time.Second, 1 << 20, 10 * time.Second, false},
		{"no rate", -1, time.Hour, 1, 10 * time.Second, false},
		{"more than a duration can say", 1, time.Second, 9_300_000_000, 10 * time.Second, false},
		{"much more than that", 1, 24 * time.Hour, 1 << 62, 10 * time.Second, false},
	} {
		limits := Limits{IdleTimeout: 10 * time.Second, MinDataRate: test.rate}.withDefaults()
		clock := dataClock{limits: &limits}
		clock.deadline(now, 0)
		later := now.Add(test.elapsed)
		if got := clock.deadline(later, test.received).Sub(later); got != test.want || clock.tooSlow != test.tooSlow {
			t.Errorf("%s: %v, too slow %v", test.name, got, clock.tooSlow)
		}
		clock.pause(test.elapsed)
		if got := clock.deadline(later, test.received).Sub(later); got != 10*time.Second || clock.tooSlow {
			t.Errorf("%s, but for a pause: %v, too slow %v", test.name, got, clock.tooSlow)
		}
	}
}

// TestClientThatTakesNoReplies is not told anything, which would take as long again.
func TestClientThatTakesNoReplies(t *testing.T) {
	srv, _ := newTestServer()
	core, logs := observer.New(zap.DebugLevel)
	srv.Logger = zap.New(core)
	srv.IdleTimeout = 50 * time.Millisecond
	client, server := net.Pipe() // holds nothing that nobody reads
	defer client.Close()
	srv.Serve(server, nil)
	ended := logs.FilterMessage("SMTP session ended").All()
	if len(ended) != 1 || ended[0].ContextMap()["error"] != "client does not read replies" {
		t.Errorf("logged %v", logs.All())
	}
}

// pausingConn gives script, then tells that it has been read, and waits for its closing.
type pausingConn struct {
	*scriptedConn
	read   chan struct{}
	closed chan struct{}
}

func (c *pausingConn) Read(b []byte) (int, error) {
	if c.in.Len() > 0 {
		return c.in.Read(b)
	}
	close(c.read)
	<-c.closed
	return 0, io.EOF
}

// TestSessionThatThrowsDataAwayKeepsASmallBuffer looks at one in the middle of a mail that
// is too large, and for which nothing of the budget is reserved any more.
func TestSessionThatThrowsDataAwayKeepsASmallBuffer(t *testing.T) {
	srv, _ := newTestServer()
	srv.MaxMessageSize = 500_000
	srv.Budget = newBudget(10 << 20)
	script := envelope + "DATA\r\n" + strings.Repeat(strings.Repeat("x", 78)+"\r\n", 20_000)
	conn := &pausingConn{&scriptedConn{in: strings.NewReader(script)}, make(chan struct{}), make(chan struct{})}
	s := newSession(srv, conn, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.release()
		s.run()
	}()
	<-conn.read
	if s.in.class != 0 || s.mail.body.memory != 0 {
		t.Errorf("a buffer of %d bytes, and %d bytes of the mail", bufferSizes[s.in.class], s.mail.body.memory)
	}
	checkFree(t, srv.Budget)
	close(conn.closed)
	<-done
}

func TestIdleSessionKeepsASmallBuffer(t *testing.T) {
	for _, tail := range []string{"", "N", strings.Repeat("N", bufferSizes[0]/4)} {
		srv, box := newTestServer()
		script := envelope + "DATA\r\n\r\n" + strings.Repeat(strings.Repeat("x", 78)+"\r\n", 20_000) + ".\r\n" + tail
		conn := &pausingConn{&scriptedConn{in: strings.NewReader(script)}, make(chan struct{}), make(chan struct{})}
		s := newSession(srv, conn, nil)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer s.release()
			s.run()
		}()
		<-conn.read
		if n := len(box.all()); n != 1 || s.in.class != 0 || string(s.in.unread()) != tail {
			t.Errorf("%d mails; a buffer of %d bytes, of which %d are kept", n, bufferSizes[s.in.class], len(s.in.unread()))
		}
		close(conn.closed)
		<-done
	}
}
