package smtp

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// What one client may guess, which is an IPv4 address or an IPv6 network of 64 bits. The
// numbers let a test suite try wrong passwords on purpose, on many connections at once.
const (
	// maxGuesses wrong logins may come in a minute. More are not checked.
	maxGuesses = 100

	// freeGuesses are answered at once. Each further one takes guessPause longer.
	freeGuesses   = 10
	guessPause    = 20 * time.Millisecond
	maxGuessPause = 2 * time.Second

	// maxChecks logins are checked at once, so that no more than these can pass the
	// bound together.
	maxChecks = 8

	// maxGuessers bounds the memory: so many clients are remembered.
	maxGuessers = 10_000
)

var errTooManyGuesses = errors.New("too many wrong logins of the client")

// guesses counts wrong logins by client, over all of its connections.
type guesses struct {
	mu      sync.Mutex
	clients map[netip.Addr]*guesser
}

// guesser is a client that has logged in lately, or is about to.
type guesser struct {
	wrong  float64   // wrong logins, of which a minute forgets maxGuesses
	at     time.Time // when wrong was that
	users  int       // sessions that wait for a check or have one
	checks chan struct{}
}

// check calls right, unless the client has guessed wrong too often: then it returns
// errTooManyGuesses. If the login is wrong, it returns errWrongLogin and how long its
// answer is to be held back.
func (g *guesses) check(ctx context.Context, ip netip.Addr, right func() bool) (pause time.Duration, err error) {
	client := g.enter(network(ip))
	defer g.leave(client)
	select {
	case client.checks <- struct{}{}:
		defer func() { <-client.checks }()
	case <-ctx.Done():
		return 0, errWrongLogin
	}
	if g.count(client, 0) > maxGuesses-1 {
		return 0, errTooManyGuesses
	}
	if right() {
		return 0, nil
	}
	if n := g.count(client, 1) - freeGuesses; n > 0 {
		pause = min(time.Duration(n*float64(guessPause)), maxGuessPause)
	}
	return pause, errWrongLogin
}

func (g *guesses) enter(ip netip.Addr) *guesser {
	g.mu.Lock()
	defer g.mu.Unlock()
	client := g.clients[ip]
	if client == nil {
		if g.clients == nil {
			g.clients = make(map[netip.Addr]*guesser)
		}
		g.makeRoom(time.Now())
		client = &guesser{checks: make(chan struct{}, maxChecks)}
		g.clients[ip] = client
	}
	client.users++
	return client
}

func (g *guesses) leave(client *guesser) {
	g.mu.Lock()
	client.users--
	g.mu.Unlock()
}

// count adds to the wrong logins of the client and returns how many there are.
func (g *guesses) count(client *guesser, wrong float64) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	client.wrong = client.left(now) + wrong
	client.at = now
	return client.wrong
}

// left is how many wrong logins are not forgotten yet.
func (c *guesser) left(now time.Time) float64 {
	return max(0, c.wrong-now.Sub(c.at).Minutes()*maxGuesses)
}

// makeRoom forgets clients if there are too many: those of whom there is nothing to
// remember, or else any that are not in use.
func (g *guesses) makeRoom(now time.Time) {
	if len(g.clients) < maxGuessers {
		return
	}
	for ip, client := range g.clients {
		if client.users == 0 && client.left(now) == 0 {
			delete(g.clients, ip)
		}
	}
	for ip, client := range g.clients {
		if len(g.clients) < maxGuessers*9/10 {
			return
		}
		if client.users == 0 {
			delete(g.clients, ip)
		}
	}
}
