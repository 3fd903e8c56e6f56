package mailbucket

import (
	"context"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestLoginThatWaitsForOthersEndsWithItsSession(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	must(t, err)
	u, err := newUsers(map[string]string{"alice": string(hash)})
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
