package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var guessing = netip.MustParseAddr("192.0.2.1")

// guess has a client guess n times, wrong each time.
func guess(g *guesses, ip netip.Addr, n int) (pause time.Duration, err error) {
	for range n {
		pause, err = g.check(context.Background(), ip, func() bool { return false })
	}
	return pause, err
}

func TestGuessesOfOneClientAreBounded(t *testing.T) {
	var g guesses
	if pause, err := guess(&g, guessing, freeGuesses); pause != 0 || err != errWrongLogin {
		t.Errorf("the first guesses wait for %v: %v", pause, err)
	}
	last := time.Duration(0)
	for n := freeGuesses; n < maxGuesses; n++ {
		pause, err := guess(&g, guessing, 1)
		if pause < last || pause > maxGuessPause || err != errWrongLogin {
			t.Errorf("guess %d waits for %v after %v: %v", n, pause, last, err)
		}
		last = pause - guessPause/2 // some of it may be forgotten while the test runs
	}
	checked := false
	_, err := g.check(context.Background(), guessing, func() bool { checked = true; return true })
	if err != errTooManyGuesses || checked {
		t.Errorf("one more was checked, %v: %v", checked, err)
	}
	if _, err := g.check(context.Background(), netip.MustParseAddr("192.0.2.2"), func() bool { return true }); err != nil {
		t.Errorf("another client: %v", err)
	}
	// A minute later.
	g.clients[guessing].at = time.Now().Add(-time.Minute)
	if pause, err := g.check(context.Background(), guessing, func() bool { return true }); err != nil || pause != 0 {
		t.Errorf("a minute later: %v, waits for %v", err, pause)
	}
}

func TestGuessesAreCountedByNetworkOfIPv6(t *testing.T) {
	var g guesses
	for i := range maxGuesses {
		guess(&g, netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1::%x", i)), 1)
	}
	if _, err := guess(&g, netip.MustParseAddr("2001:db8:0:1:ffff::"), 1); err != errTooManyGuesses {
		t.Errorf("the same network: %v", err)
	}
	if _, err := guess(&g, netip.MustParseAddr("2001:db8:0:2::"), 1); err != errWrongLogin {
		t.Errorf("another network: %v", err)
	}
}

// TestGuessesAtOnceCannotPassTheBound has many connections guess before one is answered.
func TestGuessesAtOnceCannotPassTheBound(t *testing.T) {
	var g guesses
	var wg sync.WaitGroup
	var checked, running, most atomic.Int64
	for range 5 * maxGuesses {
		wg.Go(func() {
			_, _ = g.check(context.Background(), guessing, func() bool {
				checked.Add(1)
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Microsecond)
				running.Add(-1)
				return false
			})
		})
	}
	wg.Wait()
	// A few are forgotten while the test runs.
	if n := checked.Load(); n < maxGuesses || n > 2*maxGuesses {
		t.Errorf("%d were checked", n)
	}
	if n := most.Load(); n > maxChecks {
		t.Errorf("%d were checked at once", n)
	}
}

func TestGuesserThatWaitsEndsWithItsSession(t *testing.T) {
	var g guesses
	goOn := make(chan struct{})
	var busy sync.WaitGroup
	for range maxChecks {
		busy.Go(func() {
			_, _ = g.check(context.Background(), guessing, func() bool { <-goOn; return true })
		})
	}
	eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.clients[guessing] != nil && len(g.clients[guessing].checks) == maxChecks
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.check(ctx, guessing, func() bool { return true }); !errors.Is(err, errWrongLogin) {
		t.Errorf("error %v", err)
	}
	close(goOn)
	busy.Wait()
}

func TestGuessersAreForgotten(t *testing.T) {
	var g guesses
	for i := range 3 * maxGuessers {
		guess(&g, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
	}
	if n := len(g.clients); n > maxGuessers {
		t.Errorf("%d clients are remembered", n)
	}
	for _, client := range g.clients {
		if client.users != 0 {
			t.Fatalf("%d users of a client that nobody waits for", client.users)
		}
	}
}

func TestGuessingOverConnections(t *testing.T) {
	const login = "AUTH PLAIN AGEAYQ==\r\n"
	srv, _ := newTestServer()
	var checked atomic.Int64
	srv.CheckLogin = func(context.Context, string, string) bool { checked.Add(1); return false }
	g := &srv.Sessions.guesses
	client := g.enter(netip.MustParseAddr("127.0.0.1"))
	said := converse(t, srv, "EHLO x\r\n"+login+"QUIT\r\n")
	if checked.Load() != 1 || g.count(client, 0) == 0 || !strings.Contains(said, "\r\n535 5.7.8") {
		t.Errorf("%d were checked, and the server said %q", checked.Load(), said)
	}
	g.count(client, 10*maxGuesses) // which takes longer to forget than this test
	said = ""
	for range 2 {
		said += converse(t, srv, "EHLO x\r\n"+strings.Repeat(login, maxFailedLogins)+"QUIT\r\n")
	}
	if checked.Load() != 1 || strings.Count(said, "454 4.7.0 Too many failed logins from your address") != 2*(maxFailedLogins-1) ||
		strings.Count(said, "421 4.7.0 Too many failed logins, closing connection") != 2 {
		t.Errorf("%d were checked, and the server said %q", checked.Load(), said)
	}
	srv.KnownLogin = func(user, secret string) bool { return user == "a" && secret == "a" }
	if said := converse(t, srv, "EHLO x\r\n"+login+"QUIT\r\n"); !strings.Contains(said, "\r\n235 ") {
		t.Errorf("to a login that was right before: %q", said)
	}
}

func TestShutdownInterruptsTheAnswerToAGuess(t *testing.T) {
	srv, _ := newTestServer()
	checked := make(chan struct{})
	srv.CheckLogin = func(context.Context, string, string) bool { close(checked); return false }
	guess(&srv.Sessions.guesses, netip.MustParseAddr("127.0.0.1"), maxGuesses-2)
	conn := connect(t, srv)
	io.WriteString(conn, "EHLO x\r\nAUTH PLAIN AGEAYQ==\r\n")
	<-checked
	if err := srv.Sessions.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	said, _ := io.ReadAll(bufio.NewReader(conn))
	if !strings.HasSuffix(string(said), "OAUTHBEARER\r\n421 4.3.2 Shutting down, closing connection\r\n") {
		t.Errorf("the server said %q", said)
	}
}
