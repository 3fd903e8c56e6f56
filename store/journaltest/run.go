package journaltest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Run tests a kind of journal. NewLog makes an empty log, and gives a function that makes
// journals on it, which are still to be opened: at most one at a time is open.
func Run(t *testing.T, newLog func(t *testing.T) (journal func() store.Journal)) {
	for name, test := range map[string]func(t *testing.T, journal func() store.Journal){
		"gives what was written, in order":    testOrder,
		"gives what many wrote at once":       testWriters,
		"keeps what a bucket holds":           testBucket,
		"keeps the last faults":               testFaults,
		"forgets what is trimmed":             testTrim,
		"writes nothing after it was closed":  testClosed,
		"agrees with a model":                 testModel,
		"is trimmed as limits have it":        testLimits,
		"carries messages of any size and no": testSizes,
	} {
		t.Run(name, func(t *testing.T) { test(t, newLog(t)) })
	}
}

// patience is how long something may take that is expected to happen.
const patience = 30 * time.Second

// fed are the entries that a journal has given.
type fed struct {
	mu      sync.Mutex
	entries []store.Entry
}

func (f *fed) feed(e store.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, e)
}

// all are those so far.
func (f *fed) all() []store.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.entries)
}

// open opens a journal, which is closed when the test ends.
func open(t *testing.T, j store.Journal) *fed {
	t.Helper()
	f := new(fed)
	if err := j.Open(t.Context(), f.feed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeJournal(t, j) })
	return f
}

func closeJournal(t *testing.T, j store.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

// came is a record of a message whose text names it.
func came(name string, size int) *store.Record {
	raw := "Subject: " + name + "\r\n\r\n"
	for len(raw) < size {
		raw += raw[:min(len(raw), size-len(raw))]
	}
	return &store.Record{Kind: store.MessageCame, ID: newID(), Message: &store.Message{
		Sender: "sender@example.com", Recipients: []string{"one@example.com", "two@example.com"},
		Raw: raw, HeaderFields: store.HeaderFields{Subject: name},
	}}
}

func write(t *testing.T, j store.Journal, records ...*store.Record) {
	t.Helper()
	for _, r := range records {
		if err := j.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// check compares entries with the records that they should be of.
func check(t *testing.T, entries []store.Entry, want []*store.Record) {
	t.Helper()
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		got, err := e.Record.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := want[i].AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, expected) {
			t.Errorf("entry %d is %.100q, want %.100q", i, got, expected)
		}
	}
	checkPlaces(t, entries)
}

// checkPlaces checks all but the records.
func checkPlaces(t *testing.T, entries []store.Entry) {
	t.Helper()
	now := time.Now().UnixMilli()
	for i, e := range entries {
		if e.Log <= 0 || e.Log > now || e.Log != entries[0].Log {
			t.Errorf("entry %d is of the log of %d, the first one of that of %d; it is %d now", i, e.Log, entries[0].Log, now)
		}
		if e.Time < e.Log-1 || e.Time > now || i > 0 && e.Time < entries[i-1].Time {
			t.Errorf("entry %d came at %d into the log of %d; it is %d now", i, e.Time, e.Log, now)
		}
		if e.Position == 0 || e.Position >= 1<<48 || i > 0 && e.Position <= entries[i-1].Position {
			t.Errorf("entry %d is at position %d", i, e.Position)
		}
	}
}

func testOrder(t *testing.T, journal func() store.Journal) {
	var want []*store.Record
	var before []store.Entry
	for round := range 3 {
		j := journal()
		f := open(t, j)
		check(t, f.all(), want)
		for i, e := range f.all() {
			if b := before[i]; b.Log != e.Log || b.Position != e.Position || b.Time != e.Time {
				t.Errorf("entry %d of the log of %d is at %d of time %d, and was of %d at %d of time %d", i, e.Log, e.Position, e.Time, b.Log, b.Position, b.Time)
			}
		}
		for i := range 20 {
			r := came(fmt.Sprintf("%d of %d", i, round), 100)
			want = append(want, r)
			switch i % 4 {
			case 1:
				want = append(want, &store.Record{Kind: store.MessagesMarked, ID: newID(), IDs: []store.ID{r.ID, {1}}, Read: i%8 == 1})
			case 2:
				want = append(want, &store.Record{Kind: store.MessagesRemoved, ID: newID(), IDs: []store.ID{r.ID}})
			}
		}
		write(t, j, want[len(f.all()):]...)
		check(t, f.all(), want)
		before = f.all()
		closeJournal(t, j)
	}
}

func testWriters(t *testing.T, journal func() store.Journal) {
	const writers, each = 20, 50
	j := journal()
	f := open(t, j)
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			for i := range each {
				r := came(fmt.Sprintf("%d by %d", i, writer), 200)
				if err := j.Write(t.Context(), r); err != nil {
					t.Error(err)
				} else if !slices.ContainsFunc(f.all(), func(e store.Entry) bool { return e.Record.ID == r.ID }) {
					t.Errorf("%s was written but not fed", r.Message.Subject)
				}
			}
		})
	}
	wg.Wait()
	all := f.all()
	if checkPlaces(t, all); len(all) != writers*each {
		t.Fatalf("%d entries, want %d", len(all), writers*each)
	}
	closeJournal(t, j)
	again := open(t, journal()).all()
	if len(again) != len(all) {
		t.Fatalf("%d entries, want %d", len(again), len(all))
	}
	for i, e := range again {
		if e.Record.ID != all[i].Record.ID || e.Position != all[i].Position {
			t.Fatalf("entry %d is another one when read again", i)
		}
	}
}

func testFaults(t *testing.T, journal func() store.Journal) {
	j := journal()
	open(t, j)
	for i := range 3 {
		write(t, j, &store.Record{Kind: store.FaultsSet, ID: newID(), Faults: fmt.Appendf(nil, `{"faults":[%d]}`, i)})
	}
	write(t, j, came("after", 100))
	j.Trim(store.Trim{Before: 1 << 40})
	closeJournal(t, j)
	all := open(t, journal()).all()
	last := ""
	for _, e := range all {
		if e.Record.Kind == store.FaultsSet {
			last = string(e.Record.Faults)
		}
	}
	if want := `{"faults":[2]}`; last != want {
		t.Errorf("the last faults are %s, want %s", last, want)
	}
}

func testTrim(t *testing.T, journal func() store.Journal) {
	j := journal()
	f := open(t, j)
	for i := range 100 {
		write(t, j, came(fmt.Sprint(i), 2000))
	}
	entries := f.all()
	kept, gone := entries[60].Position, []uint64{entries[70].Position, entries[80].Position}
	j.Trim(store.Trim{Before: entries[20].Position})
	j.Trim(store.Trim{Before: kept, Messages: gone})
	// Trimming may be late, so the test waits for what is left.
	waitFor(t, "the log to have 38 records", func() bool { return j.State().Records == 38 })
	closeJournal(t, j)
	var want []*store.Record
	for i := 60; i < 100; i++ {
		if i != 70 && i != 80 {
			want = append(want, &entries[i].Record)
		}
	}
	f = open(t, journal())
	check(t, f.all(), want)
	if f.all()[0].Position != kept {
		t.Errorf("the first position is %d, want %d", f.all()[0].Position, kept)
	}
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func testClosed(t *testing.T, journal func() store.Journal) {
	j := journal()
	open(t, j)
	write(t, j, came("before", 100))
	closeJournal(t, j)
	if err := j.Write(t.Context(), came("after", 100)); err == nil {
		t.Error("written after it was closed")
	}
	if all := open(t, journal()).all(); len(all) != 1 || all[0].Record.Message.Subject != "before" {
		t.Errorf("%d entries, want the one before", len(all))
	}
}

func testSizes(t *testing.T, journal func() store.Journal) {
	j := journal()
	f := open(t, j)
	var want []*store.Record
	for _, size := range []int{0, 1, 4096, 1 << 20, 1<<20 + 1, 5 << 20} {
		r := came(fmt.Sprint(size), size)
		r.Message.Raw = r.Message.Raw[:min(size, len(r.Message.Raw))]
		want = append(want, r)
	}
	write(t, j, want...)
	check(t, f.all(), want)
	closeJournal(t, j)
	check(t, open(t, journal()).all(), want)
}
