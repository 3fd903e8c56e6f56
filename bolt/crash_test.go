package bolt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestAPowerCutLosesNothingThatWasSynced has a disk that wrote the pages of the last sync, or
// of when the journal was closed and opened again, and of what was written since then any: the
// first state of a page, a later one or the last, each on its own.
func TestAPowerCutLosesNothingThatWasSynced(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	o := inFile(t)
	o.Sync = maxSync // the test says when
	j := open(t, o)
	var written []string
	held := 0 // the first that is held
	write := func() {
		t.Helper()
		for range random.IntN(30) {
			written = append(written, fmt.Sprint(len(written), " ", strings.Repeat("x", random.IntN(4000))))
			at := j.came(written[len(written)-1])
			if len(written)-held > 60 {
				held = len(written) - 40
				j.Trim(store.Trim{Before: at - 39})
			}
		}
	}
	for range 25 {
		write()
		if random.IntN(3) == 0 {
			j.close()
			j = open(t, o)
		} else if err := j.trySync(); err != nil {
			t.Fatal(err)
		}
		synced := len(written)
		states := [][]byte{fileOf(t, o.Path)}
		for range random.IntN(6) {
			write()
			states = append(states, fileOf(t, o.Path))
		}
		afterCrash(t, mixed(random, states), written, held, synced)
	}
}

// mixed takes each page of a file from any of its states.
func mixed(random *rand.Rand, states [][]byte) []byte {
	last := states[len(states)-1]
	file := make([]byte, 0, len(last))
	for at := 0; at < len(last); at += pageSize {
		state := states[random.IntN(len(states))]
		if at >= len(state) {
			file = append(file, make([]byte, pageSize)...)
			continue
		}
		file = append(file, state[at:at+pageSize]...)
	}
	return file
}

// afterCrash opens a journal from a file, and checks that it has what was written from one
// number on up to another, and nothing twice.
func afterCrash(t *testing.T, file []byte, written []string, from, to int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := tryOpen(t, Options{Path: path, Sync: Never})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	found := texts(j.entries())
	for i := from; i < to; i++ {
		if !slices.Contains(found, written[i]) {
			t.Errorf("record %d of those from %d to %d is lost", i, from, to)
		}
	}
	last := -1
	for _, text := range found {
		i := slices.Index(written, text)
		if i <= last {
			t.Errorf("record %d comes after record %d", i, last)
		}
		last = i
	}
}

// fileOf is a file's bytes in whole pages.
func fileOf(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(file[:len(file)/pageSize*pageSize])
}

// TestAPowerCutWhileCommittingLosesNothing has a disk that wrote any of the pages of a
// commit, those that lead to the others among them, before they were synced.
func TestAPowerCutWhileCommittingLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	o := inFile(t)
	o.Sync = Always
	j := open(t, o)
	var written []string
	for range 15 {
		before := fileOf(t, o.Path)
		acknowledged := len(written)
		written = append(written, fmt.Sprint(len(written), " ", strings.Repeat("x", random.IntN(6000))))
		at := j.came(written[acknowledged])
		j.Trim(store.Trim{Before: max(20, at) - 19})
		after := fileOf(t, o.Path)
		for range 4 {
			afterCrash(t, mixed(random, [][]byte{before, after}), written, max(0, acknowledged-18), acknowledged)
		}
	}
}

func TestWhatCannotBeSyncedIsNotAccepted(t *testing.T) {
	o := inFile(t)
	o.Sync = Always
	j := open(t, o)
	j.came("before")
	failing := errors.New("input/output error")
	var fails atomic.Bool
	fails.Store(true)
	working := j.db.sync // the journal uses it when it writes
	j.db.sync = func() error {
		if fails.Load() {
			return failing
		}
		return working()
	}
	for range 3 {
		if err := j.Write(t.Context(), message("lost")); !errors.Is(err, failing) || j.State().Err == nil {
			t.Fatalf("the error is %v, and the state's is %v", err, j.State().Err)
		}
	}
	fails.Store(false)
	j.came("after")
	want := []string{"before", "after"}
	if got := texts(j.entries()); !slices.Equal(got, want) {
		t.Errorf("it is fed with %q, want %q", got, want)
	}
	j.close()
	if got := texts(open(t, o).entries()); !slices.Equal(got, want) {
		t.Errorf("%q are read again, want %q", got, want)
	}
}

// TestKilledWhileWriting kills processes that write, and looks for what they say has been
// written.
func TestKilledWhileWriting(t *testing.T) {
	if path := os.Getenv("BOLT_TEST_WRITE"); path != "" {
		writeUntilKilled(t, path)
		return
	}
	for round := range 4 {
		path := filepath.Join(t.TempDir(), "mail.db")
		mode := []string{"1s", "always", "never", "10ms"}[round]
		c := exec.Command(os.Args[0], "-test.run=^TestKilledWhileWriting$")
		c.Env = append(os.Environ(), "BOLT_TEST_WRITE="+path, "BOLT_TEST_SYNC="+mode)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var written []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			written = append(written, lines.Text())
			if len(written) == 500 {
				_ = c.Process.Kill() // what it wrote before is still to be read
			}
		}
		_ = c.Wait() // it was killed
		j := open(t, Options{Path: path, Sync: Never})
		count := make(map[string]int)
		for _, text := range texts(j.entries()) {
			count[text[:strings.IndexByte(text, ' ')]]++
		}
		for _, name := range written {
			if count[name] != 1 {
				t.Errorf("sync %s: %s is there %d times", mode, name, count[name])
			}
		}
		if len(written) < 500 || j.logs.Len() > 0 {
			t.Errorf("sync %s: %d were written, and it logs %v", mode, len(written), j.logs.All())
		}
	}
}

// writeUntilKilled writes by many goroutines, and prints what has been written.
func writeUntilKilled(t *testing.T, path string) {
	mode, err := ParseSync(os.Getenv("BOLT_TEST_SYNC"))
	if err != nil {
		t.Fatal(err)
	}
	j := open(t, Options{Path: path, Sync: mode})
	var wg sync.WaitGroup
	for w := range 10 {
		wg.Go(func() {
			for i := range 1_000_000 {
				name := fmt.Sprintf("%d-%d", w, i)
				if err := j.Write(t.Context(), message(name+" "+strings.Repeat("x", i%1000))); err != nil {
					return
				}
				fmt.Println(name)
			}
		})
	}
	wg.Wait()
}
