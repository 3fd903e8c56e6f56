//go:build unix

package bolt

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestAFullDisk has a process that may not make files larger than a bound, and then may.
func TestAFullDisk(t *testing.T) {
	if os.Getenv("BOLT_TEST_FULL") == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestAFullDisk$", "-test.v")
		c.Env = append(os.Environ(), "BOLT_TEST_FULL=yes")
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "full, and then not") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	for _, mode := range []Sync{0, Always} {
		testFullDisk(t, mode)
		testMakingRoom(t, mode)
	}
	t.Log("full, and then not")
}

func testFullDisk(t *testing.T, mode Sync) {
	o := inFile(t)
	o.Sync = mode
	j := open(t, o)
	var want []string
	write := func(i int) error {
		text := fmt.Sprint(i, strings.Repeat("x", 50_000))
		err := j.Write(t.Context(), message(text))
		if err == nil {
			want = append(want, text)
		}
		return err
	}
	limitFiles(t, 3<<20)
	failed := 0
	for i := range 100 {
		if err := write(i); err != nil {
			if failed++; !strings.Contains(err.Error(), o.Path) || j.State().Err == nil {
				t.Errorf("the error is %v, and the state's is %v", err, j.State().Err)
			}
		}
	}
	if failed == 0 || len(want) < 10 {
		t.Fatalf("%d of 100 writes fail", failed)
	}
	fed := j.entries()
	gone := len(fed) / 2
	j.Trim(store.Trim{Before: fed[gone].Position})
	waitFor(t, func() bool { return !j.trim.due() })
	for i := range 5 {
		if err := write(500 + i); err != nil {
			t.Fatalf("in the room of what was trimmed: %v", err)
		}
	}
	limitFiles(t, 1<<40)
	for i := range 10 {
		if err := write(1000 + i); err != nil {
			t.Fatal(err)
		}
	}
	if s := j.State(); s.Err != nil || s.Failed != uint64(failed) {
		t.Errorf("the state is %+v", s)
	}
	if got := texts(j.entries()); !reflect.DeepEqual(got, want) {
		t.Errorf("%d records were fed, want %d", len(got), len(want))
	}
	j.close()
	again := open(t, o)
	if got := texts(again.entries()); !reflect.DeepEqual(got, want[gone:]) {
		t.Errorf("%d records are read again, want %d", len(got), len(want))
	}
	if again.logs.Len() > 0 {
		t.Errorf("it logs %v", again.logs.All())
	}
}

// testMakingRoom removes records while there is no room for others.
func testMakingRoom(t *testing.T, mode Sync) {
	const limit = 6 << 20
	o := inFile(t)
	o.Sync = mode
	j := open(t, o)
	var full atomic.Bool
	j.reserve.create = func(string) error {
		if full.Load() {
			return syscall.EFBIG
		}
		return nil
	}
	j.reserve.remove = func(string) error {
		limitFiles(t, limit+reserveSize)
		return nil
	}
	full.Store(true)
	limitFiles(t, limit)
	var want []string
	refused := 0
	write := func(i int) {
		text := fmt.Sprint(i, strings.Repeat("x", 20_000))
		if j.Write(t.Context(), message(text)) == nil {
			want = append(want, text)
		} else {
			refused++
		}
	}
	for i := 0; refused < 50 && i < 10_000; i++ {
		write(i)
	}
	gone := len(want) - 20
	if refused < 50 || gone < 20 {
		t.Fatalf("sync %v: %d are written, and %d refused", mode, len(want), refused)
	}
	for range 5 {
		removal := &store.Record{Kind: store.MessagesRemoved, IDs: make([]store.ID, 4096)}
		if err := j.Write(t.Context(), removal); err != nil {
			t.Fatalf("sync %v: nothing can be removed: %v", mode, err)
		}
	}
	j.Trim(store.Trim{Before: j.entries()[gone].Position})
	waitFor(t, func() bool { return !j.trim.due() })
	refused = 0
	for i := range 10 {
		write(20_000 + i)
	}
	if refused > 0 {
		t.Errorf("sync %v: in the room of what was removed %d of 10 are refused", mode, refused)
	}
	for i := 0; refused < 5 && i < 10_000; i++ {
		write(30_000 + i)
	}
	if j.State().Err == nil {
		t.Errorf("sync %v: the state says nothing", mode)
	}
	full.Store(false)
	limitFiles(t, 1<<40)
	waitFor(t, func() bool { return j.State().Err == nil })
	j.close()
	if got := texts(open(t, o).entries()); !reflect.DeepEqual(got, want[gone:]) {
		t.Errorf("sync %v: %d records are read again, want %d", mode, len(got), len(want)-gone)
	}
}

func limitFiles(t *testing.T, bytes uint64) {
	t.Helper()
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)
	if err == nil {
		limit.Cur = min(bytes, limit.Max)
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	}
	if err != nil {
		t.Fatal(err)
	}
}
