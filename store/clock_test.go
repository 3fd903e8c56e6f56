package store

import (
	"sync/atomic"
	"testing"
	"time"
)

const day = 86_400_000 // milliseconds

// clock is a bucket's clock and timers in a test.
type clock struct {
	ms    atomic.Int64
	armed []*fakeTimer // in the order in which they were set
}

// fakeTimer goes off when a test calls f.
type fakeTimer struct {
	after   time.Duration
	f       func()
	stopped bool
}

func (f *fakeTimer) Stop() bool {
	f.stopped = true
	return true
}

// newClockBucket is a bucket whose time is what the test says, at first the real one.
func newClockBucket(l Limits) (*Bucket, *clock) {
	c := new(clock)
	c.ms.Store(time.Now().UnixMilli())
	b := New(l)
	b.now = func() time.Time { return time.UnixMilli(c.ms.Load()) }
	b.afterFunc = func(d time.Duration, f func()) timer {
		c.armed = append(c.armed, &fakeTimer{after: d, f: f})
		return c.armed[len(c.armed)-1]
	}
	return b, c
}

// last is the timer that was set last.
func (c *clock) last() *fakeTimer { return c.armed[len(c.armed)-1] }

// TestClockThatWasAhead receives one message while the clock is a day ahead.
func TestClockThatWasAhead(t *testing.T) {
	b, clock := newClockBucket(Limits{})
	began := clock.ms.Load()
	receive := func(name string) *Message {
		clock.ms.Add(1000)
		return mustAppend(t, b, mail(name, "r@x"))
	}
	receive("before")
	clock.ms.Add(day)
	ahead := receive("ahead")
	clock.ms.Add(-day)
	for i, name := range []string{"after1", "after2"} {
		if m := receive(name); m.Arrived != began+int64(i+3)*1000 || m.Time().UnixMilli() != m.Arrived {
			t.Errorf("%s arrived at %+d", name, m.Arrived-began)
		} else if m.ID.compare(ahead.ID) <= 0 {
			t.Errorf("the ID %s of %s is not greater than %s", m.ID, name, ahead.ID)
		}
	}
	now := clock.ms.Load() + 1
	for name, test := range map[string]struct {
		query Query
		want  string
	}{
		"until now":             {Query{Until: now}, "before after1 after2"},
		"until now, newest":     {Query{Until: now, Limit: 2}, "before after1 after2"},
		"since the second":      {Query{Since: began + 2000}, "ahead after1 after2"},
		"between":               {Query{Since: began + 2000, Until: now, Recipient: "r@x"}, "after1 after2"},
		"since now":             {Query{Since: now}, "ahead"},
		"after the one ahead":   {Query{After: ahead.ID}, "after1 after2"},
		"before the one ahead":  {Query{Before: ahead.ID}, "before"},
		"with a condition":      {Query{Until: now, Match: func(*Bucket, *Message) bool { return true }}, "before after1 after2"},
		"with two on addresses": {Query{Until: now, Recipient: "r@x", RecipientDomain: "x"}, "before after1 after2"},
	} {
		t.Run(name, func(t *testing.T) {
			test.query.Ascending, test.query.Limit = true, 100
			if got := senders(mustFind(t, b, test.query).Messages); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestAgeWithAClockThatWasAhead expires what came after one message from the future,
// and that one in its time.
func TestAgeWithAClockThatWasAhead(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: 10 * time.Minute})
	clock.ms.Add(day)
	mustAppend(t, b, mail("ahead", "r"))
	clock.ms.Add(-day)
	mustAppend(t, b, mail("2", "r"))
	clock.ms.Add(60_000)
	mustAppend(t, b, mail("3", "r"))
	for _, step := range []struct {
		later int64
		want  string
	}{
		{9*60_000 + 1, "ahead 3"},
		{60_000, "ahead"},
		{day, ""},
	} {
		clock.ms.Add(step.later)
		if got := everything(t, b); got != step.want {
			t.Errorf("before the timer: %q, want %q", got, step.want)
		}
		clock.last().f()
		if got := b.Stats().Messages; got != len(mustFind(t, b, Query{Limit: 9}).Messages) {
			t.Errorf("%d are held where %q are seen", got, step.want)
		}
	}
}

// TestClockThatWasBehind receives one message while the clock is a day behind: the
// others keep their times and their age.
func TestClockThatWasBehind(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: 10 * time.Minute})
	began := clock.ms.Load()
	mustAppend(t, b, mail("1", "r"))
	clock.ms.Add(-day)
	mustAppend(t, b, mail("behind", "r"))
	if got := everything(t, b); got != "1 behind" {
		t.Errorf("while the clock is behind: %q", got)
	}
	clock.ms.Add(day + 1000)
	mustAppend(t, b, mail("2", "r"))
	if got := everything(t, b); got != "1 2" {
		t.Errorf("when it is right again: %q", got)
	}
	if got := mustFind(t, b, Query{Since: began}).Total; got != 2 {
		t.Errorf("%d since the beginning", got)
	}
	clock.last().f()
	if s := b.Stats(); s.Expired != 1 || s.Messages != 2 {
		t.Errorf("%+v", s)
	}
}

// TestClockThatJumpsOftenLeavesLittle sets the clock back again and again: what is
// remembered of that goes with the messages.
func TestClockThatJumpsOftenLeavesLittle(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxMessages: 10})
	for range 10_000 {
		clock.ms.Add(-1)
		mustAppend(t, b, mail("1", "r"))
	}
	if n := len(b.ring.runs); n > 64 {
		t.Errorf("%d runs are remembered for 10 messages", n)
	}
	for range 20 {
		clock.ms.Add(1)
		mustAppend(t, b, mail("1", "r"))
	}
	if n := len(b.ring.runs); n != 1 {
		t.Errorf("%d runs where times grow", n)
	}
}
