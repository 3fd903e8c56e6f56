package bolt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// opened is an open journal with what it was fed.
type opened struct {
	*Journal
	t    testing.TB
	logs *observer.ObservedLogs

	mu  sync.Mutex
	fed []store.Entry
}

// open opens the journal in a file until the test ends.
func open(t testing.TB, o Options) *opened {
	t.Helper()
	j, err := tryOpen(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func tryOpen(t testing.TB, o Options) (*opened, error) {
	core, logs := observer.New(zap.InfoLevel)
	o.Logger = zap.New(core)
	j := &opened{Journal: New(o), t: t, logs: logs}
	t.Cleanup(func() { j.Close() })
	return j, j.Open(t.Context(), func(e store.Entry) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.fed = append(j.fed, e)
	})
}

func (j *opened) entries() []store.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]store.Entry(nil), j.fed...)
}

// came writes a message with that text and returns its position.
func (j *opened) came(raw string) uint64 {
	j.t.Helper()
	if err := j.Write(j.t.Context(), message(raw)); err != nil {
		j.t.Fatal(err)
	}
	fed := j.entries()
	return fed[len(fed)-1].Position
}

func (j *opened) close() {
	j.t.Helper()
	if err := j.Close(); err != nil {
		j.t.Fatal(err)
	}
}

// texts are the messages of entries.
func texts(entries []store.Entry) []string {
	var list []string
	for _, e := range entries {
		if e.Record.Kind == store.MessageCame {
			list = append(list, e.Record.Message.Raw)
		}
	}
	return list
}

func message(raw string) *store.Record {
	return &store.Record{Kind: store.MessageCame, Message: &store.Message{
		Sender: "a@example.com", Recipients: []string{"b@example.com"}, Raw: raw,
	}}
}

func inFile(t testing.TB) Options {
	return Options{Path: filepath.Join(t.TempDir(), "folder", "mail.db")}
}

func TestEverythingIsReadAgain(t *testing.T) {
	for _, mode := range []Sync{0, Always, Never, Sync(10 * time.Millisecond)} {
		o := inFile(t)
		o.Sync = mode
		j := open(t, o)
		for i, size := range []int{0, 1, chunkSize - 100, chunkSize, chunkSize + 1, 3*chunkSize + 7, 100_000, 5 << 20} {
			j.came(fmt.Sprint(i, strings.Repeat("x", size)))
		}
		for _, r := range []store.Record{
			{Kind: store.FaultsSet, Faults: []byte(`[]`)},
			{Kind: store.MessagesMarked, Read: true, IDs: []store.ID{{1}, {2}}},
			{Kind: store.MessagesRemoved, IDs: make([]store.ID, 5000)},
			{Kind: store.FaultsSet, Faults: []byte(strings.Repeat("x", 10_000))},
		} {
			if err := j.Write(t.Context(), &r); err != nil {
				t.Fatal(err)
			}
		}
		want := j.entries()
		j.close()
		again := open(t, o)
		if got := again.entries(); !reflect.DeepEqual(got, want) {
			t.Errorf("sync %v: %d entries are read again, want the %d that were written", mode, len(got), len(want))
		}
		if s := again.State(); s.Err != nil || s.Records != 12 || s.Written != 0 || s.Bytes < 5<<20 {
			t.Errorf("sync %v: the state is %+v", mode, s)
		}
		if next := again.came("next"); next != want[len(want)-1].Position+1 {
			t.Errorf("sync %v: the next position is %d, after %d", mode, next, want[len(want)-1].Position)
		}
		again.close()
	}
}

func TestPositionsAreNotUsedAgain(t *testing.T) {
	o := inFile(t)
	j := open(t, o)
	var last uint64
	for range 10 {
		last = j.came("hello")
	}
	made := j.entries()[0].Log
	j.Trim(store.Trim{Before: last + 1})
	waitFor(t, func() bool { return j.State().Records == 0 })
	j.close()
	j = open(t, o)
	if got := j.entries(); len(got) > 0 {
		t.Fatalf("after trimming all there are %v", texts(got))
	}
	if next := j.came("again"); next != last+1 {
		t.Errorf("the next position is %d, after %d", next, last)
	}
	if got := j.entries()[0].Log; got != made || time.Since(time.UnixMilli(made)) > time.Hour {
		t.Errorf("the log was made at %d, want %d", got, made)
	}
}

func TestWhatIsTrimmedIsGone(t *testing.T) {
	o := inFile(t)
	j := open(t, o)
	var at []uint64
	write := func(r *store.Record) {
		t.Helper()
		if err := j.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		fed := j.entries()
		at = append(at, fed[len(fed)-1].Position)
	}
	faults := func(text string) *store.Record { return &store.Record{Kind: store.FaultsSet, Faults: []byte(text)} }
	write(faults("first"))
	write(faults("second"))
	for i := range 10 {
		write(message(fmt.Sprint(i, strings.Repeat("x", i*1000))))
	}
	write(&store.Record{Kind: store.MessagesRemoved, IDs: []store.ID{{5}}})
	write(message("last"))
	j.Trim(store.Trim{Before: at[6], Messages: []uint64{at[9]}, Obsolete: []uint64{at[12]}})
	j.Trim(store.Trim{Before: at[3], Messages: []uint64{at[2], at[11]}}) // the first is gone already
	waitFor(t, func() bool { return j.State().Records == 6 })
	j.close()
	j = open(t, o)
	var got []uint64
	for _, e := range j.entries() {
		got = append(got, e.Position)
	}
	if want := []uint64{at[1], at[6], at[7], at[8], at[10], at[13]}; !reflect.DeepEqual(got, want) {
		t.Errorf("positions %v are left, want %v", got, want)
	}
	if e := j.entries()[0]; string(e.Record.Faults) != "second" {
		t.Errorf("the faults are %q", e.Record.Faults)
	}
}

// TestTheFileDoesNotOutgrowItsRecords writes five times what is held, with sizes that no two
// rounds share.
func TestTheFileDoesNotOutgrowItsRecords(t *testing.T) {
	const held = 2 << 20
	for _, mode := range []Sync{0, Never} {
		o := inFile(t)
		o.Sync = mode
		j := open(t, o)
		j.pins.limit = 256 << 10
		random := rand.New(rand.NewPCG(1, 2))
		type entry struct {
			position uint64
			size     int
		}
		var log []entry
		bytes := 0
		for written := 0; written < 5*held; {
			size := random.IntN(3000)
			if random.IntN(50) == 0 {
				size = random.IntN(150_000)
			}
			log = append(log, entry{j.came(strings.Repeat("x", size)), size})
			written, bytes = written+size, bytes+size
			for bytes > held {
				bytes -= log[0].size
				log = log[1:]
			}
			j.Trim(store.Trim{Before: log[0].position})
		}
		j.close()
		info, err := os.Stat(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		if limit := int64(held*3/2 + 1<<20); info.Size() > limit {
			t.Errorf("sync %v: the file has %d bytes for %d, want at most %d", mode, info.Size(), held, limit)
		}
	}
}

func TestWhatIsSetOverAndOverTakesNoMoreRoom(t *testing.T) {
	j := New(inFile(t))
	b, err := store.Open(t.Context(), store.Limits{}, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	m := message("a mail that stays").Message
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := b.SetTags(t.Context(), []store.ID{m.ID}, []string{fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		if err := b.SetFaults(t.Context(), fmt.Appendf(nil, `{"faults":[],"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { return j.State().Records == 3 }) // the mail, its tags and the faults
}

func TestAFileThatIsMostlyEmptyIsCompacted(t *testing.T) {
	o := inFile(t)
	j := open(t, o)
	var last uint64
	for range 20 {
		last = j.came(strings.Repeat("x", 2<<20))
	}
	j.Trim(store.Trim{Before: last})
	waitFor(t, func() bool { return j.State().Records == 1 })
	j.close()
	before, err := os.Stat(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	j = open(t, o)
	if got := j.State().Bytes; got > before.Size()/4 {
		t.Errorf("of %d bytes %d are left", before.Size(), got)
	}
	if got := j.entries(); len(got) != 1 || got[0].Position != last {
		t.Errorf("%d entries are left", len(got))
	}
	if next := j.came("next"); next != last+1 {
		t.Errorf("the next position is %d, after %d", next, last)
	}
	if _, err := os.Stat(o.Path + compactSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it leaves a file: %v", err)
	}
}

func TestWritersMayLeave(t *testing.T) {
	o := inFile(t)
	j := New(o)
	blocked, release := make(chan struct{}), make(chan struct{})
	first := true
	if err := j.Open(t.Context(), func(store.Entry) {
		if first {
			first = false
			close(blocked)
			<-release
		}
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- j.Write(context.Background(), message("first")) }()
	<-blocked
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- j.Write(ctx, message("second")) }()
	waitFor(t, func() bool { j.mu.Lock(); defer j.mu.Unlock(); return len(j.waiting) == 1 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that leaves is told %v", err)
	}
	if err := j.Write(ctx, message("third")); !errors.Is(err, context.Canceled) {
		t.Errorf("one that has left is told %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Write(t.Context(), message("fourth")); err == nil {
		t.Error("a closed journal can be written")
	}
	if got := texts(open(t, o).entries()); !reflect.DeepEqual(got, []string{"first"}) {
		t.Errorf("there are %q", got)
	}
}

func TestManyWrite(t *testing.T) {
	o := inFile(t)
	j := open(t, o)
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for i := range 100 {
				if err := j.Write(t.Context(), message(fmt.Sprint(w, " ", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := j.entries()
	j.close()
	got := open(t, o).entries()
	if !reflect.DeepEqual(got, want) || len(got) != 2000 {
		t.Errorf("%d of %d entries are read again", len(got), len(want))
	}
	next := make(map[int]int)
	for _, text := range texts(got) {
		var w, i int
		if _, err := fmt.Sscan(text, &w, &i); err != nil || next[w] != i {
			t.Fatalf("%q comes after %d of its writer", text, next[w]-1)
		}
		next[w]++
	}
}

func TestWordsForSync(t *testing.T) {
	for text, want := range map[string]Sync{"always": Always, "never": Never, "1s": Sync(time.Second), "10ms": minSync, "1h": maxSync} {
		if got, err := ParseSync(text); got != want || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "0s", "-1s", "1ms", "2h", "Always", "sometimes"} {
		if got, err := ParseSync(text); err == nil || !strings.Contains(err.Error(), "expected always, never or a time") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for too long")
		}
	}
}
