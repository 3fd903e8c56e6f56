package jetstream

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// logged opens a bucket with limits, and gives what it logs from then on.
func logged(t *testing.T, url string, l store.Limits) (*bucket, func() []string) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	b := openBucket(t, Settings{Servers: []string{url}, Limits: l, Logger: func() *zap.Logger { return zap.New(core) }})
	return b, func() (said []string) {
		for _, e := range logs.TakeAll() {
			said = append(said, e.Message)
		}
		return said
	}
}

// lookAgain does what tend does from time to time.
func (b *bucket) lookAgain(t *testing.T) {
	t.Helper()
	stream, err := b.ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.compareLimits(t.Context(), stream.CachedInfo().Config)
	b.checkHeld(stream.CachedInfo().State)
}

func TestOtherLimitsAreTold(t *testing.T) {
	url := startServer(t, nil).ClientURL()
	few, many := store.Limits{MaxMessages: 10, MaxBytes: 1 << 20}, store.Limits{MaxMessages: 20, MaxBytes: 1 << 30, MaxAge: time.Hour}
	a, saysA := logged(t, url, few)
	a.lookAgain(t)
	if said := saysA(); len(said) > 0 {
		t.Errorf("alone it says %q", said)
	}
	b, saysB := logged(t, url, many)
	for _, says := range []func() []string{saysB, func() []string { a.lookAgain(t); a.lookAgain(t); return saysA() }} {
		if said := says(); len(said) != 1 || !strings.Contains(said[0], "opened with other limits") {
			t.Errorf("where the limits differ it says %q, want that once", said)
		}
	}
	if n, want := a.stream.Load().Config.MaxBytes, int64(bytesFactor<<30+bytesMargin); n != want {
		t.Errorf("the stream has %d bytes at most, want %d", n, want)
	}
	more := many
	more.MaxBytes = 1 << 32
	for _, bucket := range []*bucket{a, b} { // as by a reload, one after the other
		bucket.SetLimits(more)
		bucket.lookAgain(t)
	}
	saysA()
	saysB()
	a.lookAgain(t)
	b.lookAgain(t)
	if said := append(saysA(), saysB()...); len(said) > 0 {
		t.Errorf("with the same limits they say %q", said)
	}
	if n, want := b.stream.Load().Config.MaxBytes, int64(bytesFactor<<32+bytesMargin); n != want {
		t.Errorf("the stream has %d bytes at most, want %d", n, want)
	}
}

func TestMailThatIsOnlyInMemoryIsTold(t *testing.T) {
	url := startServer(t, nil).ClientURL()
	a, says := logged(t, url, store.Limits{})
	for range 3 {
		a.write(t, mail("1@example.com", 100))
	}
	a.Trim(store.Trim{Before: 1})
	a.lookAgain(t)
	stream, err := administer(t, url).Stream(t.Context(), "mail")
	if err == nil {
		err = stream.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		a.lookAgain(t)
	}
	if said := says(); len(said) != 1 || !strings.Contains(said[0], "no longer has all mail that is held here") {
		t.Errorf("it says %q, want that once", said)
	}
	a.Trim(store.Trim{Before: 4})
	a.lookAgain(t)
	if said := says(); len(said) > 0 {
		t.Errorf("when nothing is held it says %q", said)
	}
}
