package store

import (
	"testing"
	"time"
)

func TestVersionChangesWithWhatIsHeld(t *testing.T) {
	b := New(Limits{MaxMessages: 3})
	last := uint64(0)
	changed := func(what string, want bool) {
		t.Helper()
		if v := b.Version(); (v != last) != want || v == 0 {
			t.Errorf("after %s: version %d, before %d", what, v, last)
		}
		last = b.Version()
	}
	changed("the beginning", true)
	var ids []ID
	for range 4 { // the last of them evicts one
		m := mail("s@x", "r@x")
		mustAppend(t, b, m)
		ids = append(ids, m.ID)
		changed("an arrival", true)
	}
	mustMark(t, b, ids[1:2], true)
	changed("a mark", true)
	mustMark(t, b, ids[1:2], true)
	changed("the same mark", false)
	mustDelete(t, b, ids[1])
	changed("a deletion", true)
	mustDelete(t, b, ids[1])
	changed("a deletion of what is not there", false)
	b.Keep(mail("s@x", "r@x"), ListEntry, "x", 1)
	b.Stats()
	changed("reading", false)
	b.SetLimits(Limits{MaxMessages: 1})
	changed("lower limits", true)
	if b.Close(); b.Version() != 0 {
		t.Error("a closed bucket has a version")
	}
}

func TestVersionOfABucketWithExpiredMessagesIsUnknown(t *testing.T) {
	b := New(Limits{MaxAge: time.Hour})
	b.afterFunc = func(time.Duration, func()) timer { return time.NewTimer(time.Hour) } // it never removes any
	now := time.UnixMilli(1_700_000_000_000)
	b.now = func() time.Time { return now }
	mustAppend(t, b, mail("s@x", "r@x"))
	if b.Version() == 0 {
		t.Error("unknown, though the message is new")
	}
	now = now.Add(time.Hour + time.Millisecond)
	if v := b.Version(); v != 0 {
		t.Errorf("version %d, though the message has expired", v)
	}
}
