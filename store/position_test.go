package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPositionsThatAreNone(t *testing.T) {
	id := strings.Repeat("0", 31) + "1"
	mustPosition(t, id)
	b := New(Limits{})
	views := []*View{b.All(), b.None(), b.Only(Query{Recipient: "mine@x"}, "mine")}
	for _, s := range []string{"", "-", "-1", id + "-", id + "-0", id + "--1", id + "-x", id + "-99999999999999999999", id[1:] + "-1", id + "-" + strings.Repeat("g", 32)} {
		if p, err := ParsePosition(s); err == nil {
			t.Errorf("%q was read as %v", s, p)
		}
		for _, v := range views {
			if p, err := v.ParsePosition(s); err == nil {
				t.Errorf("%q was read as %v", s, p)
			}
		}
	}
	for _, v := range views[1:] {
		if p, err := v.ParsePosition(id + "-7"); err == nil {
			t.Errorf("a number that is not enciphered was read as %v", p)
		}
	}
}

// TestPositionsInAViewTellNothingOfOthersMail has two go on from where they were, while only
// others' mail comes and goes.
func TestPositionsInAViewTellNothingOfOthersMail(t *testing.T) {
	b := New(Limits{})
	v := b.Only(Query{Recipient: "mine@x"}, "mine")
	now := func() (Position, string) {
		t.Helper()
		at, err := v.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at, v.ShowPosition(at)
	}
	theirs := func() { mustDelete(t, b, mustAppend(t, b, mail("s", "theirs@x")).ID) }
	theirs()
	if at, shown := now(); at.After != (ID{}) || !strings.HasPrefix(shown, strings.Repeat("0", 32)+"-") || len(shown) != 65 {
		t.Errorf("before there is a message in it: %s", shown)
	}
	mine := mustAppend(t, b, mail("s", "mine@x"))
	theirs()
	at, shown := now()
	if _, again := now(); at.After != mine.ID || again == shown || strings.Contains(shown, fmt.Sprint(at.Next)) {
		t.Errorf("two that are the same: %s and %s", shown, again)
	}
	theirs()
	for _, from := range []string{shown, mine.ID.String()} {
		read, err := v.ParsePosition(from)
		if err != nil {
			t.Fatal(err)
		}
		f := &follower{Follower: Follower{View: v, At: read}}
		end := f.Begin()
		for range 3 {
			theirs()
			f.read(t, 100)
		}
		mustMark(t, b, []ID{mine.ID}, !mine.Read())
		for f.read(t, 100) {
		}
		if end(); len(f.steps) != 1 || f.lost > 1 || f.At.After != mine.ID {
			t.Errorf("from %s: told of %q, lost %d, at %v", from, f.steps, f.lost, f.At)
		}
	}
	// Whether there are such messages is not told by what is said of an ID that is to come.
	late := mine.ID
	late[0]++
	f := &follower{Follower: Follower{View: v, At: Position{After: late}}}
	if f.read(t, 100); f.lost > 0 {
		t.Error("an ID tells that no message came after it")
	}
	if b.All().ShowPosition(at) != at.String() {
		t.Error("the position of a view of everything")
	}
}

// TestPositionsOfAnEarlierProcess goes on with what another bucket showed.
func TestPositionsOfAnEarlierProcess(t *testing.T) {
	before, b := New(Limits{}), New(Limits{})
	old := mustAppend(t, before, mail("s", "mine@x"))
	at, err := before.Only(Query{Recipient: "mine@x"}, "mine").Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shown := before.Only(Query{Recipient: "mine@x"}, "mine").ShowPosition(at)
	v := b.Only(Query{Recipient: "mine@x"}, "mine")
	b.now = func() time.Time { return time.Now().Add(time.Second) }
	mine := mustAppend(t, b, mail("s", "mine@x"))
	read, err := v.ParsePosition(shown)
	if err != nil || read.After != old.ID {
		t.Fatalf("%v (%v)", read, err)
	}
	f := &Follower{View: v, At: read, Arrivals: 10, Changes: 10}
	if _, _, err := f.Next(t.Context()); !errors.Is(err, ErrForgotten) {
		t.Errorf("%v", err)
	}
	steps, _, err := f.Next(t.Context())
	if err != nil || len(steps) != 1 || steps[0].Arrived != mine {
		t.Errorf("%v (%v)", steps, err)
	}
}

func TestTheNextID(t *testing.T) {
	for id, want := range map[ID]ID{
		{}: {15: 1}, {15: 255}: {14: 1}, {0: 7, 15: 255}: {0: 7, 14: 1}, ID(slices.Repeat([]byte{255}, 16)): {},
	} {
		if got := id.Next(); got != want {
			t.Errorf("after %s: %s, want %s", id, got, want)
		}
	}
}
