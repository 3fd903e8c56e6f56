package store

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestViewsHaveOnlyWhatTheirQueryMatches asks views with random queries, and changes what is
// in them.
func TestViewsHaveOnlyWhatTheirQueryMatches(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := New(Limits{})
		var held model
		for range 40 {
			to := [][]string{{"r1@x"}, {"R2@X", "r1@x"}, {"r1@sub.x"}, {"other"}}[r.IntN(4)]
			m := mail([]string{"", "A@x", "b@x", "b"}[r.IntN(4)], to...)
			if login := []string{"", "ann", "bob"}[r.IntN(3)]; login != "" {
				m.Session = &Session{AuthIdentity: login}
			}
			held = append(held, mustAppend(t, b, m))
			b.Mark(t.Context(), []ID{m.ID}, r.IntN(2) == 0)
		}
		only, q := randomQuery(r, held), randomQuery(r, held)
		v := b.Only(only, "name")
		in := held.find(only)
		wanted := in.find(q)
		q.Limit = 100
		page, err := v.Find(t.Context(), q)
		if err != nil || page.Total != len(wanted) || !slices.Equal(model(page.Messages).sorted(), wanted.sorted()) {
			t.Fatalf("seed %d: %d messages, want %d (%v)", seed, page.Total, len(wanted), err)
		}
		if first, ok := v.First(t.Context(), q); ok != (len(wanted) > 0) || ok && first != page.Messages[0] {
			t.Fatalf("seed %d: the first is %v", seed, first)
		}
		for _, m := range held {
			if got, ok := v.Get(m.ID); ok != slices.Contains(in, m) || ok && got != m {
				t.Fatalf("seed %d: %s is there: %v", seed, m.ID, ok)
			}
		}
		if c, err := v.Counts(t.Context()); err != nil || c.Messages != len(in) || c.Unread != len(in)-len(in.find(Query{Read: new(true)})) {
			t.Fatalf("seed %d: %+v (%v)", seed, c, err)
		}
		changeRandomly(t, r, v, held, q)
		for _, m := range held {
			if _, left := b.Get(m.ID); !left && !slices.Contains(in, m) {
				t.Fatalf("seed %d: %s was deleted from outside of the view", seed, m.ID)
			}
		}
	}
}

// changeRandomly deletes something through a view.
func changeRandomly(t *testing.T, r *rand.Rand, v *View, held model, q Query) {
	t.Helper()
	ids := make([]ID, len(held))
	for i, m := range held {
		ids[i] = m.ID
	}
	fixed := v.ReadOnly()
	if _, err := fixed.DeleteMatching(t.Context(), q); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("something was changed: %v", err)
	}
	if _, err := fixed.DeleteIDs(t.Context(), ids); !errors.Is(err, ErrReadOnly) {
		t.Fatal(err)
	}
	if _, err := fixed.Mark(t.Context(), ids, true); !errors.Is(err, ErrReadOnly) {
		t.Fatal(err)
	}
	if _, err := fixed.MarkMatching(t.Context(), q, true); !errors.Is(err, ErrReadOnly) {
		t.Fatal(err)
	}
	switch r.IntN(3) {
	case 0:
		if _, err := v.DeleteIDs(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
	case 1:
		if _, err := v.DeleteMatching(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	case 2:
		for _, id := range ids {
			if _, err := v.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (m model) sorted() model {
	return slices.SortedFunc(slices.Values(m), func(a, b *Message) int { return a.ID.compare(b.ID) })
}

func TestViewsOfEverythingAndOfNothing(t *testing.T) {
	b := New(Limits{})
	m := mustAppend(t, b, mail("a", "b"))
	all, none := b.All(), b.None()
	if whole, ok := all.Whole(); !ok || whole != b || all.Confined() || all.Newest() != m.ID {
		t.Error("the view of everything is not")
	}
	if _, ok := all.ReadOnly().Whole(); ok || all.ReadOnly().Changeable() || !all.Changeable() {
		t.Error("a read-only view can be changed")
	}
	if _, ok := none.Whole(); ok || !none.Confined() {
		t.Error("the view of nothing is everything")
	}
	page, err := none.Find(t.Context(), Query{Limit: 1})
	_, found := none.First(t.Context(), Query{})
	_, held := none.Get(m.ID)
	deleted, deleteErr := none.DeleteMatching(t.Context(), Query{})
	if err != nil || page.Total != 0 || found || held || deleted != 0 || deleteErr != nil || none.LooksAtEach(Query{}) {
		t.Error("there is something in the view of nothing")
	}
	if at, err := none.Now(t.Context()); none.Newest() == m.ID || at.After != (ID{}) || err != nil {
		t.Errorf("the view of nothing shows an ID (%v)", err)
	}
}

// TestFollowersOfAViewAreToldOfItsMessagesOnly compares what a follower of one recipient's
// mail is told with what happened to that mail.
// resume goes on as somebody does who was away: from the position that was shown.
func (f *follower) resume(t *testing.T) {
	t.Helper()
	at, err := f.View.ParsePosition(f.View.ShowPosition(f.At))
	if err != nil {
		t.Fatal(err)
	}
	f.Follower = Follower{View: f.View, At: at}
}

func TestFollowersOfAViewAreToldOfItsMessagesOnly(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 4))
		b := New(Limits{MaxMessages: 20})
		own := func(m *Message) bool { return m.Recipients[0] == "mine@x" }
		f := &follower{Follower: Follower{View: b.Only(Query{Recipient: "mine@x"}, "mine"), At: b.Now()}}
		end := f.Begin()
		var held []*Message
		var want []string
		seen := make(map[ID]bool)
		happens := func(what string, m *Message) {
			if own(m) {
				want = append(want, what+m.ID.String())
			}
		}
		for range 400 {
			switch i := r.IntN(max(1, len(held))); r.IntN(5) {
			case 0, 1:
				m := mustAppend(t, b, mail("s", []string{"mine@x", "theirs@x"}[r.IntN(2)]))
				if len(held) == 20 {
					happens("evicted ", held[0])
					held = held[1:]
				}
				held = append(held, m)
				happens("came ", m)
				seen[m.ID] = own(m)
			case 2:
				if len(held) > 0 && !held[i].Read() {
					b.Mark(t.Context(), []ID{held[i].ID}, true)
					happens("read ", held[i])
				}
			case 3:
				if len(held) > 0 {
					b.Delete(t.Context(), held[i].ID)
					happens("deleted ", held[i])
					held = slices.Delete(held, i, i+1)
				}
			case 4:
				if r.IntN(2) == 0 {
					f.resume(t)
				}
				f.read(t, 1+r.IntN(5))
			}
			now, err := f.View.Now(t.Context())
			for _, at := range []ID{f.At.After, now.After} {
				if err != nil || at != (ID{}) && !seen[at] {
					t.Fatalf("seed %d: a position has an ID that is of none of the view's messages: %s (%v)", seed, at, err)
				}
			}
		}
		for f.read(t, 100) {
		}
		// A mark of what has gone meanwhile, like an arrival, need not be told of.
		want = withoutUnseen(want, f.steps, "came", "read")
		if !slices.Equal(f.steps, want) || f.lost != 0 {
			t.Fatalf("seed %d: told of %q, %d times of a loss, want %q", seed, f.steps, f.lost, want)
		}
		if end(); len(b.removed.messages) != 0 {
			t.Errorf("seed %d: %d removed messages are held", seed, len(b.removed.messages))
		}
	}
}

func TestRemovalsThatAreNotRememberedAreALoss(t *testing.T) {
	b := New(Limits{})
	f := &follower{Follower: Follower{View: b.Only(Query{Recipient: "mine@x"}, "mine"), At: b.Now()}}
	defer f.Begin()()
	ids := make([]ID, maxRemoved+1)
	for i := range ids {
		ids[i] = mustAppend(t, b, mail("s", "theirs@x")).ID
	}
	for f.read(t, 1000) {
	}
	b.DeleteIDs(t.Context(), ids)
	mine := mustAppend(t, b, mail("s", "mine@x"))
	for f.read(t, 1000) {
	}
	if f.lost != 1 || !slices.Equal(f.steps, []string{"came " + mine.ID.String()}) || len(b.removed.messages) != maxRemoved {
		t.Errorf("lost %d times, told of %q, %d messages are held", f.lost, f.steps, len(b.removed.messages))
	}
	small := New(Limits{MaxBytes: 1 << 20})
	small.follow(1)
	for range 100 {
		if gone, err := small.Delete(t.Context(), mustAppend(t, small, mail(strings.Repeat("s", 1000), "r")).ID); err != nil || !gone {
			t.Fatal(err)
		}
	}
	if n := small.removed.bytes; n == 0 || n > 1<<20/removedShare {
		t.Errorf("%d bytes of removed messages are held", n)
	}
	if small.Close(); len(small.removed.messages) != 0 {
		t.Error("a closed bucket holds removed messages")
	}
}
