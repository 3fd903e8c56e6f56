package content

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const patience = time.Minute // how long a test waits for something that has to happen

func newContents(memory int64, wait time.Duration) *Contents {
	return &Contents{limits: &guard.Limits{Searches: guard.NewSlots(1, 100, patience), Answers: guard.NewBudget(memory, wait, nil)}}
}

func keyOf(n int) Key { return Key{ID: store.ID{byte(n >> 8), byte(n)}, Name: "x"} }

// make64 makes a content of 64 bytes.
func make64() (any, int) { return "content", 64 }

func TestReadersOfTheSameShareIt(t *testing.T) {
	c := newContents(1000, patience)
	built := 0
	var readers sync.WaitGroup
	var all []func()
	var mu sync.Mutex
	for range 50 {
		readers.Go(func() {
			value, done, err := c.Use(t.Context(), keyOf(1), Recipe{Most: 1000, Build: func() (any, int) {
				built++
				return make64()
			}})
			if err != nil || value != "content" {
				t.Errorf("%v, %v", value, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, done)
		})
	}
	readers.Wait()
	// What was built takes 64 bytes: there is room for others beside it.
	if _, done, err := c.Use(t.Context(), keyOf(2), Recipe{Most: 936, Heavy: true, Build: make64}); err != nil || built != 1 {
		t.Errorf("built %d times; another: %v", built, err)
	} else {
		done()
	}
	for _, done := range all {
		done()
	}
	if c.idle.Len() != 2 || c.idleBytes != 128 {
		t.Errorf("%d contents of %d bytes are kept, want both", c.idle.Len(), c.idleBytes)
	}
}

func TestContentsWaitForRoom(t *testing.T) {
	c := newContents(100, time.Millisecond)
	_, done, err := c.Use(t.Context(), keyOf(1), Recipe{Most: 64, Heavy: true, Build: make64})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Use(t.Context(), keyOf(2), Recipe{Most: 64, Heavy: true, Build: make64}); !errors.Is(err, guard.ErrBusy) {
		t.Errorf("there is no room: %v", err)
	}
	if len(c.byKey) != 1 {
		t.Errorf("%d contents, want that which is read", len(c.byKey))
	}
	done()
}

func TestContentIsBuiltForWhoStays(t *testing.T) {
	c := newContents(100, patience)
	release, err := c.limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := c.Use(ctx, keyOf(1), Recipe{Most: 64, Heavy: true, Build: make64})
		first <- err
	}()
	readers := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		if entry := c.byKey[keyOf(1)]; entry != nil {
			return entry.readers
		}
		return 0
	}
	wait := func(n int) {
		for deadline := time.Now().Add(patience); readers() != n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d readers, want %d", readers(), n)
			}
		}
	}
	wait(1)
	go func() {
		_, done, err := c.Use(t.Context(), keyOf(1), Recipe{Most: 64, Heavy: true, Build: make64})
		if err == nil {
			done()
		}
		second <- err
	}()
	wait(2)
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	release()
	if err := <-second; err != nil {
		t.Errorf("who stays: %v", err)
	}
}

func TestContentThatCannotBeMadeLeavesNothingBehind(t *testing.T) {
	c := newContents(100, patience)
	func() {
		defer func() { _ = recover() }()
		_, _, _ = c.Use(t.Context(), keyOf(1), Recipe{Most: 64, Heavy: true, Build: func() (any, int) { panic("broken") }})
		t.Error("no panic")
	}()
	if _, done, err := c.Use(t.Context(), keyOf(1), Recipe{Most: 100, Heavy: true, Build: make64}); err != nil {
		t.Error(err)
	} else {
		done()
	}
}

func TestContentsThatAreKeptAreBounded(t *testing.T) {
	c := newContents(1<<30, patience)
	read := func(n, size int) {
		t.Helper()
		_, done, err := c.Use(t.Context(), keyOf(n), Recipe{Most: size, Build: func() (any, int) { return "x", size }})
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	for i := range 2 * maxIdle {
		read(i, 1)
	}
	if c.idle.Len() != maxIdle || len(c.byKey) != maxIdle {
		t.Errorf("%d and %d of %d are kept", c.idle.Len(), len(c.byKey), maxIdle)
	}
	for i := range 4 {
		read(1000+i, maxIdleBytes/2)
	}
	if c.idleBytes > maxIdleBytes || c.idle.Len() != 2 {
		t.Errorf("%d of %d bytes are kept", c.idleBytes, c.idle.Len())
	}
	read(2000, maxIdleBytes+1)
	if len(c.byKey) != 0 || c.idleBytes != 0 {
		t.Errorf("what is too large is kept: %d bytes", c.idleBytes)
	}
	share, err := c.limits.Answers.Take(t.Context(), 1<<30)
	if err != nil {
		t.Fatalf("not all was given back: %v", err)
	}
	share.Release()
}

func TestEmailsAreCountedWhileTheyAreSent(t *testing.T) {
	c := newContents(pinnedSize, time.Millisecond)
	large := &store.Message{ID: store.ID{1}, Raw: strings.Repeat("x", pinnedSize)}
	other := &store.Message{ID: store.ID{2}, Raw: large.Raw}
	small := &store.Message{ID: store.ID{3}, Raw: "x"}
	var all []func()
	for _, m := range []*store.Message{large, large, small, small} {
		done, err := c.Pin(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, done)
	}
	if _, err := c.Pin(t.Context(), other); !errors.Is(err, guard.ErrBusy) {
		t.Errorf("another large one: %v", err)
	}
	for _, done := range all {
		done()
	}
	if done, err := c.Pin(t.Context(), other); err != nil || len(c.byKey) != 1 {
		t.Errorf("afterwards: %v, %d", err, len(c.byKey))
	} else {
		done()
	}
}

func TestParsedEmailsThatAreKeptAreBounded(t *testing.T) {
	var c cache
	for i := range 2 * maxCached {
		c.mail(&store.Message{ID: store.ID{byte(i)}, Raw: "x"})
	}
	if c.order.Len() != maxCached || len(c.byID) != maxCached || c.bytes != maxCached {
		t.Errorf("%d, %d and %d bytes of %d are kept", c.order.Len(), len(c.byID), c.bytes, maxCached)
	}
	half := strings.Repeat("x", maxCachedBytes/2)
	for i := range 4 {
		c.mail(&store.Message{ID: store.ID{0, byte(i + 1)}, Raw: half})
	}
	if c.order.Len() != 2 || c.bytes != 2*len(half) {
		t.Errorf("%d of %d bytes are kept", c.order.Len(), c.bytes)
	}
	if first := c.mail(&store.Message{ID: store.ID{0, 4}, Raw: half}); first != c.mail(&store.Message{ID: store.ID{0, 4}, Raw: half}) {
		t.Error("an email that was parsed is parsed again")
	}
}
