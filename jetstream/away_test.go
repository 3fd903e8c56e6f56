package jetstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsjs "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestServersThatAreAway(t *testing.T) {
	first, again := fixedServer(t)
	core, logs := observer.New(zap.InfoLevel)
	a := openBucket(t, Settings{Servers: []string{first.ClientURL()}, Logger: func() *zap.Logger { return zap.New(core) }})
	a.health.patience = 0
	a.write(t, mail("1@example.com", 100))
	stopServer(first)
	eventually(t, "the state says that the servers are away", func() bool { return a.State().Err != nil })
	began := time.Now()
	if err := a.Write(t.Context(), mail("refused@example.com", 100)); !errors.Is(err, store.ErrJournalAway) {
		t.Errorf("writing gives %v, want that the journal is away", err)
	}
	if d := time.Since(began); d > troubleTime {
		t.Errorf("that took %v", d)
	}
	again()
	eventually(t, "the state says that the servers are back", func() bool { return a.State().Err == nil })
	a.write(t, mail("2@example.com", 100))
	if got := strings.Join(a.subjects(), " "); got != "1@example.com 2@example.com" {
		t.Errorf("fed with %s", got)
	}
	var told []string
	for _, entry := range logs.All() {
		told = append(told, entry.Message)
	}
	if len(told) != 2 || !strings.Contains(told[0], "is away") || !strings.Contains(told[1], "is back") {
		t.Errorf("the log says %q, want once that it is away and once that it is back", told)
	}
}

func TestWritesWaitForServersThatComeBackSoon(t *testing.T) {
	first, again := fixedServer(t)
	a := openBucket(t, Settings{Servers: []string{first.ClientURL()}})
	a.write(t, mail("1@example.com", 100))
	stopServer(first)
	done := make(chan error)
	go func() { done <- a.Write(context.Background(), mail("2@example.com", 100)) }()
	again()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(a.all()); n != 2 {
		t.Errorf("fed with %d records, want 2", n)
	}
}

func TestWriteReturnsSoonAfterItsContext(t *testing.T) {
	first := startServer(t, nil)
	a := openBucket(t, Settings{Servers: []string{first.ClientURL()}})
	stopServer(first)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := a.Write(ctx, mail("1@example.com", 100)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that the time is over", err)
	}
}

func TestWhatWasRefusedDoesNotComeLater(t *testing.T) {
	first, again := fixedServer(t)
	a := openBucket(t, Settings{Servers: []string{first.ClientURL()}})
	stopServer(first)
	eventually(t, "the state says that the servers are away", func() bool { return a.State().Err != nil })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := a.Write(ctx, mail("refused@example.com", 100)); err == nil {
		t.Error("a write without servers succeeds")
	}
	again()
	eventually(t, "the state says that the servers are back", func() bool { return a.State().Err == nil })
	a.write(t, mail("again@example.com", 100))
	if got := strings.Join(a.subjects(), " "); got != "again@example.com" {
		t.Errorf("fed with %s", got)
	}
}

func TestClosedJournalsSaySo(t *testing.T) {
	a := openBucket(t, Settings{Servers: []string{startServer(t, nil).ClientURL()}})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Write(t.Context(), mail("1@example.com", 100)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v, want that the bucket is closed", err)
	}
}

func TestStartWithoutServers(t *testing.T) {
	j, err := New(Settings{Servers: []string{fmt.Sprintf("nats://somebody:secret@127.0.0.1:%d", freePort(t))}, Stream: "mail"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err = j.Open(ctx, func(store.Entry) {})
	if err == nil || !strings.Contains(err.Error(), "opening stream mail on 127.0.0.1:") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error that names stream and servers, and no password", err)
	}
}

func TestStartWaitsForServersThatStartLater(t *testing.T) {
	port := freePort(t)
	opened := make(chan error)
	go func() {
		j, err := New(Settings{Servers: []string{fmt.Sprintf("127.0.0.1:%d", port)}, Stream: "mail"})
		if err == nil {
			err = errors.Join(j.Open(context.Background(), func(store.Entry) {}), j.Close())
		}
		opened <- err
	}()
	startServer(t, &server.Options{Port: port})
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestWhatOthersRemovedMeanwhileIsGone(t *testing.T) {
	s := startServer(t, nil)
	p := startProxy(t, s.Addr().String())
	a, b := openBucket(t, Settings{Servers: []string{p.url()}}), openBucket(t, Settings{Servers: []string{s.ClientURL()}})
	a.write(t, mail("1@example.com", 100))
	p.cut(true)
	b.write(t, mail("2@example.com", 100))
	b.write(t, mail("3@example.com", 100))
	b.Trim(store.Trim{Before: 3})
	eventually(t, "the stream is trimmed", func() bool { return b.State().Records == 1 })
	p.cut(false)
	a.await(t, 3)
	all := a.all()
	if all[1].Record.Kind != store.LogBegins || all[1].Position != 3 || all[2].Record.Message.Sender != "3@example.com" {
		t.Errorf("fed with %+v, want that the log begins at 3, and its message", all[1:])
	}
}

func TestAStreamThatWasMadeAnewIsReadFromItsBeginning(t *testing.T) {
	s := startServer(t, nil)
	a := openBucket(t, Settings{Servers: []string{s.ClientURL()}})
	a.write(t, mail("1@example.com", 100))
	a.write(t, mail("2@example.com", 100))
	if err := administer(t, s.ClientURL()).DeleteStream(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	a.Trim(store.Trim{Before: 3})
	a.write(t, mail("3@example.com", 100))
	all := a.all()
	last := all[len(all)-1]
	if len(all) != 3 || last.Position != 1 || last.Log <= all[0].Log {
		t.Errorf("fed with %+v, want a third record, first of a later log", all)
	}
	a.write(t, mail("4@example.com", 100))
	if err := a.tendOnce(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := a.ask(t.Context()); err != nil || a.State().Records != 2 {
		t.Errorf("the new stream has %d records, want 2; %v", a.State().Records, err)
	}
}

func TestAStreamThatHasLostItsEnd(t *testing.T) {
	s := startServer(t, nil)
	a := openBucket(t, Settings{Servers: []string{s.ClientURL()}})
	a.write(t, mail("1@example.com", 100))
	a.position.Store(10) // as if more had been read
	if _, err := a.look(t.Context()); err == nil || !strings.Contains(err.Error(), "has lost its end") {
		t.Errorf("got %v, want that the stream has lost its end", err)
	}
	a.log.Add(1) // as if a later one had been read
	if _, err := a.look(t.Context()); err == nil || !strings.Contains(err.Error(), "an earlier one, perhaps from a backup") {
		t.Errorf("got %v, want that the stream is an earlier one", err)
	}
}

// TestAStreamThatHasAnotherEnd has a server lose its last messages, as in a power cut, and
// another machine write others before the first one is connected again.
func TestAStreamThatHasAnotherEnd(t *testing.T) {
	dir, backup, port := t.TempDir(), filepath.Join(t.TempDir(), "backup"), freePort(t)
	start := func() *server.Server { return startServer(t, &server.Options{Port: port, StoreDir: dir}) }
	s := start()
	p := startProxy(t, s.Addr().String())
	a := openBucket(t, Settings{Servers: []string{p.url()}})
	a.write(t, mail("1@example.com", 100))
	stopServer(s)
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s = start()
	a.write(t, mail("2@example.com", 100))
	p.cut(true)
	stopServer(s)
	if err := errors.Join(os.RemoveAll(dir), os.Rename(backup, dir)); err != nil {
		t.Fatal(err)
	}
	s = start()
	b := openBucket(t, Settings{Servers: []string{s.ClientURL()}})
	b.write(t, mail("another@example.com", 100))
	p.cut(false)
	eventually(t, "the state says that another message is there", func() bool {
		err := a.State().Err
		return err != nil && strings.Contains(err.Error(), "another message is now at 2")
	})
	if got := strings.Join(openBucket(t, Settings{Servers: []string{p.url()}}).subjects(), " "); got != "1@example.com another@example.com" {
		t.Errorf("after a restart it is fed with %s", got)
	}
}

// TestWhatIsRemovedWhileTheStreamIsReadAtFirst has others remove so much that it is not in what
// was read ahead.
func TestWhatIsRemovedWhileTheStreamIsReadAtFirst(t *testing.T) {
	s := startServer(t, nil)
	settings := Settings{Servers: []string{s.ClientURL()}, Stream: "mail"}
	a := openBucket(t, settings)
	const messages, first = 3 * readAheadMessages, 3*readAheadMessages - 10
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range messages / 64 {
				a.write(t, mail("1@example.com", 10))
			}
		})
	}
	wg.Wait()
	j, err := New(settings)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	b := &bucket{Journal: j}
	err = j.Open(t.Context(), func(e store.Entry) {
		if e.Position == 1 {
			if err := a.purge(t.Context(), e.Log, first); err != nil {
				t.Error(err)
			}
		}
		b.feed(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	all := b.all()
	if len(all) == messages {
		t.Fatal("nothing was removed before it was read")
	}
	if last := all[len(all)-1]; last.Record.Kind != store.LogBegins || last.Position != first {
		t.Errorf("the last of %d entries is %v at %d, want that the log begins at %d", len(all), last.Record.Kind, last.Position, first)
	}
}

func TestMessagesOfOthersAreSkipped(t *testing.T) {
	s := startServer(t, nil)
	a := openBucket(t, Settings{Servers: []string{s.ClientURL()}})
	js := administer(t, s.ClientURL())
	for _, text := range []string{"", "hello", "\x01\x01 not long enough"} {
		if _, err := js.Publish(t.Context(), "mail.log", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	a.write(t, mail("1@example.com", 100))
	if all := a.all(); len(all) != 1 || all[0].Position != 4 {
		t.Errorf("fed with %+v, want the mail at 4", all)
	}
}

func TestRecordsOfALaterVersionStopReading(t *testing.T) {
	s := startServer(t, nil)
	settings := Settings{Servers: []string{s.ClientURL()}}
	a := openBucket(t, settings)
	if _, err := administer(t, s.ClientURL()).Publish(t.Context(), "mail.log", []byte("\x7f a record of a later version")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the state says so", func() bool { return errors.Is(a.State().Err, store.ErrRecordVersion) })
	if _, err := tryBucket(t, settings); !errors.Is(err, store.ErrRecordVersion) {
		t.Errorf("opening gives %v, want that the version is not known", err)
	}
}

func TestFaultsOutliveTrimmingAndAge(t *testing.T) {
	s := startServer(t, nil)
	settings := Settings{Servers: []string{s.ClientURL()}}
	a, b := openBucket(t, settings), openBucket(t, settings)
	faults := func(document string) *store.Record {
		return &store.Record{Kind: store.FaultsSet, Faults: []byte(document)}
	}
	a.write(t, faults("first"))
	a.write(t, faults("second"))
	for range 3 {
		a.write(t, mail("1@example.com", 100))
		a.Trim(store.Trim{Before: a.position.Load() + 1})
		b.Trim(store.Trim{Before: a.position.Load() + 1})
		eventually(t, "only the faults are left", func() bool {
			_, err := a.ask(t.Context())
			return err == nil && a.State().Records == 1
		})
	}
	// Age removes everything else.
	js := administer(t, s.ClientURL())
	config := a.stream.Load().Config
	config.MaxAge, config.Duplicates = 200*time.Millisecond, 100*time.Millisecond
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "mail.log", []byte("something that ages")); err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "mail")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what ages is gone", func() bool {
		_, err := stream.GetLastMsgForSubject(t.Context(), "mail.log")
		return errors.Is(err, natsjs.ErrMsgNotFound)
	})
	config.MaxAge, config.Duplicates = 0, duplicateWindow
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for i, bucket := range []*bucket{a, b, openBucket(t, settings)} {
		var documents []string
		for _, e := range bucket.all() {
			if e.Record.Kind == store.FaultsSet {
				documents = append(documents, string(e.Record.Faults))
			}
		}
		want := "first second"
		if i == 2 {
			want = "second" // it was opened later
		}
		if got := strings.Join(documents, " "); got != want {
			t.Errorf("bucket %d was fed with the faults %s, want %s", i, got, want)
		}
	}
}

func TestTrimmingLeavesPartsThatAreNeeded(t *testing.T) {
	s := startServer(t, nil)
	settings := Settings{Servers: []string{s.ClientURL()}}
	a := openBucket(t, settings)
	a.write(t, mail("small@example.com", 100))
	a.write(t, mail("large@example.com", 3<<20))
	a.write(t, mail("deleted@example.com", 3<<20))
	large, deleted := a.all()[1].Position, a.all()[2].Position
	a.Trim(store.Trim{Before: large, Messages: []uint64{deleted}})
	eventually(t, "the stream is trimmed", func() bool { return a.State().Records == 4 })
	again := openBucket(t, settings).all()
	if len(again) != 1 || again[0].Record.Message.Sender != "large@example.com" || again[0].Record.Message.Raw != text(3<<20) {
		t.Errorf("%d records are left, want the large one", len(again))
	}
}
