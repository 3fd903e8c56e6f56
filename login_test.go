package mailbucket

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/caddy-mailbucket/mailbucket/smtp"
)

func TestLoginThatWaitsForOthersEndsWithItsSession(t *testing.T) {
	u, err := newUsers(map[string]string{"alice": bcryptOf(t, "right", bcrypt.MinCost)})
	must(t, err)
	for range cap(u.slots) {
		u.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan bool)
	go func() { answer <- u.check(ctx, "alice", "right") }()
	select {
	case right := <-answer:
		t.Fatalf("answered %v while as many others are computed as there may be", right)
	default:
	}
	cancel()
	if <-answer {
		t.Error("it is right, although it was never computed")
	}
	<-u.slots
	if !u.check(t.Context(), "alice", "right") {
		t.Error("it is wrong")
	}
}

// TestLoginsAreComputedAFewAtATime counts how many are.
func TestLoginsAreComputedAFewAtATime(t *testing.T) {
	u, err := newUsers(map[string]string{"alice": bcryptOf(t, "right", bcrypt.MinCost)})
	must(t, err)
	var running, most atomic.Int64
	goOn := make(chan struct{})
	u.compare = func(_, _ []byte) error {
		most.Store(max(most.Load(), running.Add(1)))
		<-goOn
		running.Add(-1)
		return errors.New("wrong")
	}
	var wg sync.WaitGroup
	for range 10 * cap(u.slots) {
		wg.Go(func() { u.check(t.Context(), "alice", "wrong") })
	}
	for running.Load() < int64(cap(u.slots)) {
		runtime.Gosched()
	}
	close(goOn)
	wg.Wait()
	if n := most.Load(); n > int64(cap(u.slots)) {
		t.Errorf("%d at once, want at most %d", n, cap(u.slots))
	}
}

// TestUnknownUsersTakeAsLong has their passwords computed with the most costly hash.
func TestUnknownUsersTakeAsLong(t *testing.T) {
	costly := bcryptOf(t, "right", bcrypt.MinCost+1)
	u, err := newUsers(map[string]string{"alice": bcryptOf(t, "right", bcrypt.MinCost), "bob": costly, "carol": bcryptOf(t, "right", bcrypt.MinCost)})
	must(t, err)
	var computed []string
	u.compare = func(hash, secret []byte) error {
		computed = append(computed, string(hash))
		return bcrypt.CompareHashAndPassword(hash, secret)
	}
	if u.check(t.Context(), "mallory", "right") {
		t.Error("a user that there is not is let in")
	}
	if len(computed) != 1 || computed[0] != costly {
		t.Errorf("computed %q, want the hash of bob", computed)
	}
}

func TestKnownLogins(t *testing.T) {
	u, err := newUsers(map[string]string{"alice": bcryptOf(t, "right", bcrypt.MinCost)})
	must(t, err)
	if u.known("alice", "right") || !u.check(t.Context(), "alice", "right") || !u.known("alice", "right") ||
		u.known("alice", "wrong") || u.known("bob", "right") || u.check(t.Context(), "alice", "wrong") {
		t.Error("a login is known that was not right, or not known although it was")
	}
}

func bcryptOf(t *testing.T, secret string, cost int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), cost)
	must(t, err)
	return string(hash)
}

func TestLoginsThatWereRightAreKnownToTheServer(t *testing.T) {
	h := &L4Handler{Auth: &AuthConfig{Users: map[string]string{"alice": bcryptOf(t, "right", bcrypt.MinCost)}}, server: new(smtp.Server)}
	must(t, h.provisionAuth())
	if h.server.KnownLogin("alice", "right") || !h.server.CheckLogin(t.Context(), "alice", "right") || !h.server.KnownLogin("alice", "right") {
		t.Error("what is checked is not what is known")
	}
}
