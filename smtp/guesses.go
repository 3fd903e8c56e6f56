package smtp

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// How often one client, which is an IPv4 address or an IPv6 network of 64 bits, may fail
// to log in. The numbers let a test suite try wrong passwords on purpose, on many
// connections at once.
const (
	// maxGuesses is how many wrong logins a minute are checked. Further logins are
	// refused unchecked.
	maxGuesses = 100

	// freeGuesses wrong logins are answered at once. The answer to each further one
	// takes guessPause longer.
	freeGuesses   = 10
	guessPause    = 20 * time.Millisecond
	maxGuessPause = 2 * time.Second

	// maxChecks is how many logins are checked at once. No more than these can exceed
	// maxGuesses by being checked at the same time.
	maxChecks = 8

	// maxGuessers is how many clients are remembered, which bounds the memory.
	maxGuessers = 10_000
)

var errTooManyGuesses = errors.New("too many wrong logins from the client")

// guesses counts wrong logins by client, over all of its connections.
type guesses struct {
	mu      sync.Mutex
	clients map[netip.Addr]*guesser
}

// guesser is a client that has tried to log in recently, or is about to.
type guesser struct {
	wrong  float64   // wrong logins; maxGuesses a minute are forgotten
	at     time.Time // when wrong was last updated
	users  int       // sessions that wait for a check or are being checked
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

// left is how many wrong logins have not been forgotten yet.
func (c *guesser) left(now time.Time) float64 {
	return max(0, c.wrong-now.Sub(c.at).Minutes()*maxGuesses)
}

// makeRoom forgets clients if there are too many: those without wrong logins, or else
// any that no session is using.
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
