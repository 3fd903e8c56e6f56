package store

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhatIsKeptBesideMailMakesRoomForIt(t *testing.T) {
	const size = 10_000
	raw := strings.Repeat("x", 1000)
	cost := (&Message{Sender: "s@a", Recipients: []string{"r@b"}, Raw: raw}).footprint()
	b := New(Limits{MaxBytes: 10*cost + 2*(size+derivedCost)})
	var held []*Message
	add := func() {
		m := &Message{Sender: "s@a", Recipients: []string{"r@b"}, Raw: raw}
		if err := b.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		held = append(held, m)
	}
	kept := func() (found string) {
		for i, m := range held {
			if v := m.Derived(SearchText); v != nil {
				found += fmt.Sprintf(" %d:%v", i, v)
			}
		}
		return found
	}
	for range 10 {
		add()
	}
	for i := range 3 {
		b.Keep(held[i], SearchText, "first", size)
		b.Keep(held[i], SearchText, "second", size)
	}
	if got := kept(); got != " 0:first 1:first" {
		t.Errorf("there is room for two: kept%s", got)
	}
	for range 20 {
		add()
	}
	if s := b.Stats(); s.Messages < 10 || kept() != "" || len(b.kept.values) != 0 {
		t.Errorf("mail needs the room: %d messages, kept%s", s.Messages, kept())
	}
	first := held[0]
	b.Keep(first, ListEntry, "gone", 1)
	if first.Derived(ListEntry) != nil {
		t.Error("something is kept beside a message that is not held")
	}
	for b.Stats().Messages > 0 {
		m, _ := b.First(t.Context(), Query{Ascending: true})
		b.Keep(m, ListEntry, 1, 1)
		mustDelete(t, b, m.ID)
	}
	if s := b.Stats(); s.Bytes != 0 || b.kept.held != 0 {
		t.Errorf("an empty bucket holds %d bytes and keeps %d values", s.Bytes, b.kept.held)
	}
}

func TestPlacesOfWhatIsKeptAreForgottenWithTheMail(t *testing.T) {
	b := New(Limits{MaxMessages: 10})
	for range 10_000 {
		m := &Message{Recipients: []string{"r@b"}}
		if err := b.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		b.Keep(m, ListEntry, 1, 1)
	}
	if n := len(b.kept.values); n > 200 || b.kept.held != 10 {
		t.Errorf("%d places are remembered of %d values", n, b.kept.held)
	}
}
