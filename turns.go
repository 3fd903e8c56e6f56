package mailbucket

import (
	"context"
	"sync"
)

// turns has one configuration of a bucket after the other do a piece of work that looks at
// each message once. While a configuration replaces another both are there; the new one
// goes on where the old one has ended. The zero value is ready.
type turns struct {
	mu     sync.Mutex
	byWork map[string]*turn
}

// turn is the work of one name.
type turn struct {
	free    chan struct{} // holds a value while nobody is at work
	members int           // who is at work or waits for it, guarded by turns.mu

	next uint64 // number of the next message to look at, for whose turn it is
}

// work starts a goroutine that does the work once its turn has come, until ctx is done. Do
// moves next on. From is the number to begin with if nobody is at work already.
func (t *turns) work(ctx context.Context, name string, from uint64, do func(ctx context.Context, next *uint64)) {
	mine := t.join(name, from)
	go func() {
		defer t.leave(name)
		select {
		case <-mine.free:
			defer func() { mine.free <- struct{}{} }()
			do(ctx, &mine.next)
		case <-ctx.Done():
		}
	}()
}

func (t *turns) join(name string, from uint64) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.byWork[name]
	if mine == nil {
		if t.byWork == nil {
			t.byWork = make(map[string]*turn)
		}
		mine = &turn{free: make(chan struct{}, 1), next: from}
		mine.free <- struct{}{}
		t.byWork[name] = mine
	}
	mine.members++
	return mine
}

func (t *turns) leave(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.byWork[name]
	if mine.members--; mine.members == 0 {
		delete(t.byWork, name)
	}
}
