package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// follower notes what happens in a bucket.
type follower struct {
	Follower
	steps []string
	lost  int // how often it was told that something was forgotten
}

func newFollower(b *Bucket) *follower {
	return &follower{Follower: Follower{View: b.All(), At: b.Now()}}
}

// read takes in what has happened since it last did, at most so many arrivals and so many
// changes, and reports whether there was something.
func (f *follower) read(t testing.TB, limit int) bool {
	t.Helper()
	f.Arrivals, f.Changes = limit, limit
	before := f.At
	steps, more, err := f.Next(t.Context())
	switch {
	case errors.Is(err, ErrForgotten):
		f.lost++
		return true
	case err != nil:
		t.Error(err)
		return false
	}
	for _, step := range steps {
		if step.Arrived != nil {
			f.steps = append(f.steps, "came "+step.Arrived.ID.String())
		}
		for _, c := range step.Changes {
			f.steps = append(f.steps, describe(c.Kind)+c.ID.String())
		}
		f.At = step.At
	}
	return more || f.At != before
}

func describe(k ChangeKind) string {
	return [...]string{"deleted ", "evicted ", "expired ", "read ", "unread "}[k]
}

// withoutUnseen is steps without those of some kinds that are not in seen, as what has gone
// before it was looked for is not found.
func withoutUnseen(steps, seen []string, kinds ...string) []string {
	found := make(map[string]bool, len(seen))
	for _, step := range seen {
		found[step] = true
	}
	return slices.DeleteFunc(slices.Clone(steps), func(step string) bool {
		kind, _, _ := strings.Cut(step, " ")
		return slices.Contains(kinds, kind) && !found[step]
	})
}

// TestChangesAreInTheOrderInWhichTheyHappened does random things, of which each is noted,
// while a follower reads now and then.
func TestChangesAreInTheOrderInWhichTheyHappened(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := New(Limits{MaxMessages: 30})
		f := newFollower(b)
		var held []*Message
		var want []string
		for range 500 {
			switch r.IntN(5) {
			case 0, 1:
				m := mail("s", "r")
				if mustAppend(t, b, m); len(held) == 30 {
					want = append(want, "evicted "+held[0].ID.String())
					held = held[1:]
				}
				held, want = append(held, m), append(want, "came "+m.ID.String())
			case 2:
				if len(held) > 0 {
					i := r.IntN(len(held))
					mustDelete(t, b, held[i].ID)
					want = append(want, "deleted "+held[i].ID.String())
					held = slices.Delete(held, i, i+1)
				}
			case 3:
				if len(held) > 0 {
					m, read := held[r.IntN(len(held))], r.IntN(2) == 0
					if was := m.Read(); mustMark(t, b, []ID{m.ID, m.ID}, read) == 1 {
						if was == read {
							t.Fatal("a mark has changed that was the same before")
						}
						kind := MarkedUnread
						if read {
							kind = MarkedRead
						}
						want = append(want, describe(kind)+m.ID.String())
					}
				}
			default:
				f.read(t, 1+r.IntN(10))
			}
		}
		for f.read(t, 3) {
		}
		if want = withoutUnseen(want, f.steps, "came"); !slices.Equal(f.steps, want) || f.lost > 0 {
			t.Fatalf("seed %d: lost %d, read\n%s\nwant\n%s", seed, f.lost, strings.Join(f.steps, "\n"), strings.Join(want, "\n"))
		}
		resume(t, b, want)
	}
}

// resume follows from each step that tells where it was, by an ID alone.
func resume(t *testing.T, b *Bucket, steps []string) {
	t.Helper()
	for i, step := range steps {
		name, isArrival := strings.CutPrefix(step, "came ")
		if !isArrival {
			continue
		}
		at, err := ParsePosition(name)
		if err != nil {
			t.Fatal(err)
		}
		f := newFollower(b)
		f.At = at
		for f.read(t, 7) {
		}
		if want := withoutUnseen(steps[i+1:], f.steps, "came"); !slices.Equal(f.steps, want) || f.lost > 0 {
			t.Fatalf("after %s: %q, want %q", step, f.steps, want)
		}
	}
}

// TestChangesOfManyAtOnce has writers and readers race. What two followers read is the same,
// and no message is marked or deleted before it came or after it went.
func TestChangesOfManyAtOnce(t *testing.T) {
	const writers, rounds = 4, 2500
	b := New(Limits{MaxMessages: 200})
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	followers := []*follower{newFollower(b), newFollower(b)}
	for i, f := range followers {
		reading.Go(func() {
			for ended := false; ; {
				changed := b.WatchChanges()
				if f.read(t, 1+99*i) {
					continue
				}
				if ended {
					return
				}
				select {
				case <-changed:
				case <-done:
					ended = true
				}
			}
		})
	}
	for i := range writers {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for range rounds {
				m := mail("s", "r")
				if err := b.Append(t.Context(), m); err != nil {
					t.Error(err)
				}
				switch r.IntN(4) {
				case 0:
					mustDelete(t, b, m.ID)
				case 1:
					mustMark(t, b, []ID{m.ID}, true)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	var changes [2][]string
	for i, f := range followers {
		if f.lost > 0 {
			t.Errorf("follower %d was told of a loss", i)
		}
		changes[i] = withoutUnseen(f.steps, nil, "came")
		checkLives(t, f.steps)
	}
	if !slices.Equal(changes[0], changes[1]) || len(changes[0]) < writers*rounds-200 {
		t.Errorf("followers have read %d and %d changes, or different ones", len(changes[0]), len(changes[1]))
	}
}

// checkLives looks whether messages come, are marked and go in that order, each once.
func checkLives(t *testing.T, steps []string) {
	t.Helper()
	last := make(map[string]string)
	for _, step := range steps {
		kind, id, _ := strings.Cut(step, " ")
		before := last[id]
		switch kind {
		case "came":
			if before != "" {
				t.Fatalf("%s after it %s", step, before)
			}
		default:
			if before == "deleted" || before == "evicted" {
				t.Fatalf("%s after it was %s", step, before)
			}
		}
		last[id] = kind
	}
}

func TestForgottenChangesAreTold(t *testing.T) {
	b := New(Limits{})
	began, first := b.Now(), mustAppend(t, b, mail("s", "r"))
	toggle := func(n int) {
		for i := range n {
			if mustMark(t, b, []ID{first.ID}, !first.Read()) != 1 {
				t.Fatal(i)
			}
		}
	}
	toggle(maxHistory)
	for _, from := range []Position{began, {After: first.ID}, {After: first.ID, Next: began.Next}} {
		if changes, to, err := b.Changes(from, 1<<30); err != nil || len(changes) != maxHistory || to != b.Now() {
			t.Errorf("from %v: %d changes up to %v, %v", from, len(changes), to, err)
		}
	}
	second := mustAppend(t, b, mail("s", "r"))
	toggle(1)
	for name, from := range map[string]Position{
		"at the beginning":           began,
		"after what was forgotten":   {After: first.ID},
		"of all":                     {},
		"by number":                  {After: first.ID, Next: began.Next},
		"of an earlier process":      {After: first.ID, Next: 1},
		"of a later one":             {After: second.ID, Next: b.Now().Next + 1},
		"a message to come":          {After: second.ID.after(second.ID, second.Arrived)},
		"a message of another store": {After: ID{}.after(ID{}, first.Arrived-1000)},
	} {
		if changes, to, err := b.Changes(from, 10); !errors.Is(err, ErrForgotten) || len(changes) > 0 || to != b.Now() {
			t.Errorf("%s: %d changes up to %v, %v", name, len(changes), to, err)
		}
	}
	for name, test := range map[string]struct {
		from Position
		want int
	}{
		"the last":                {Position{After: second.ID}, 1},
		"the oldest remembered":   {Position{After: first.ID, Next: began.Next + 1}, maxHistory},
		"nothing":                 {b.Now(), 0},
		"what a string has of it": {mustPosition(t, Position{After: second.ID, Next: b.Now().Next - 1}.String()), 1},
	} {
		if changes, to, err := b.Changes(test.from, 1<<30); err != nil || len(changes) != test.want || to != b.Now() {
			t.Errorf("%s: %d changes up to %v, %v", name, len(changes), to, err)
		}
	}
}

func mustPosition(t *testing.T, s string) Position {
	t.Helper()
	p, err := ParsePosition(s)
	if err != nil || p.String() != s {
		t.Errorf("%s: %v, %v", s, p, err)
	}
	return p
}

// TestHistoryTakesItsShareOfTheBytes fills a bucket again and again.
func TestHistoryTakesItsShareOfTheBytes(t *testing.T) {
	for _, most := range []int64{1000, 1 << 20, 1 << 30} {
		b := New(Limits{MaxBytes: most, MaxMessages: 50})
		for range maxHistory + 100 {
			mustAppend(t, b, mail("s", "r"))
		}
		room := min(maxHistory, most/historyShare/changeSize)
		if n := b.history.next - b.history.first; int64(n) != room || b.history.size() != room*changeSize {
			t.Errorf("%d bytes: %d changes in %d bytes, want %d", most, n, b.history.size(), room)
		}
		b.SetLimits(Limits{MaxBytes: 100_000})
		if mustAppend(t, b, mail("s", "r")); b.Stats().Messages > 0 {
			mustMark(t, b, []ID{b.Newest()}, true)
		}
		if n := int64(b.history.next - b.history.first); n > 100_000/historyShare/changeSize {
			t.Errorf("after the limit has become less: %d changes", n)
		}
	}
}

func TestWatchesOfChangesEnd(t *testing.T) {
	b := New(Limits{MaxMessages: 1})
	m := mustAppend(t, b, mail("1", "r"))
	for i, change := range []func(){
		func() { mustMark(t, b, []ID{m.ID}, true) },
		func() { mustAppend(t, b, mail("2", "r")) },
		func() { mustDelete(t, b, b.Newest()) },
		func() { _ = b.Close() },
		func() {}, // it has been closed
		func() { _ = b.Close() },
	} {
		watch := b.WatchChanges()
		if change(); !isClosed(watch) {
			t.Errorf("change %d ends no watch", i)
		}
	}
	if _, _, err := b.Changes(b.Now(), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed bucket: %v", err)
	}
	b = New(Limits{})
	watch := b.WatchChanges()
	m = mustAppend(t, b, mail("1", "r"))
	mustMark(t, b, []ID{m.ID}, false)
	mustDelete(t, b, ID{})
	if isClosed(watch) {
		t.Error("a watch of changes has ended without one")
	}
	if fmt.Sprint(Position{}) != strings.Repeat("0", 32) {
		t.Error("the first position")
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
