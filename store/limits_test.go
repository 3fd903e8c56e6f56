package store

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestMessagesExpireUnasked(t *testing.T) {
	b := New(Limits{MaxAge: 30 * time.Millisecond})
	defer b.Close()
	for round := range uint64(3) {
		mustAppend(t, b, mail("1", "r"))
		waitFor(t, func() bool {
			s := b.Stats()
			return s.Expired == round+1 && s.Messages == 0 && s.Bytes == 0
		})
	}
}

func TestMessageOverItsAgeIsNotFoundEvenIfNotYetRemoved(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: time.Minute})
	m := mustAppend(t, b, mail("1", "r@x"))
	clock.ms.Add(60_000)
	if _, ok := b.Get(m.ID); !ok {
		t.Error("not found at its age")
	}
	clock.ms.Add(1)
	if _, ok := b.Get(m.ID); ok {
		t.Error("found by its ID")
	}
	if _, ok := b.First(t.Context(), Query{}); ok {
		t.Error("found as the first")
	}
	for _, q := range []Query{{}, {Recipient: "r@x"}, {RecipientDomain: "x"}, {Match: func(*Bucket, *Message) bool { return true }}} {
		if n := mustFind(t, b, q).Total; n != 0 {
			t.Errorf("%d found with %+v", n, q)
		}
	}
	if n := b.Stats().Messages; n != 1 {
		t.Errorf("%d held, though no timer went off", n)
	}
}

func TestLowerLimitsEvictAtOnce(t *testing.T) {
	b := New(Limits{})
	for i := range 10_000 {
		mustAppend(t, b, mail(fmt.Sprint(i), "r"))
	}
	b.SetLimits(Limits{MaxMessages: 2})
	if got := everything(t, b); got != "9998 9999" {
		t.Errorf("held: %s", got)
	}
	if n := len(b.ring.chunks); n > 1 {
		t.Errorf("the ring keeps %d chunks for 2 messages", n)
	}
	b.SetLimits(Limits{MaxBytes: 1})
	if s := b.Stats(); s.Messages != 0 || s.Evicted != 10_000 || s.Replaced != s.Freed || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

// TestShorterAgeHoldsAtOnce lowers the age while a timer runs for the longer one.
func TestShorterAgeHoldsAtOnce(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: 50 * time.Minute})
	mustAppend(t, b, mail("1", "r"))
	before := clock.last()
	b.SetLimits(Limits{MaxAge: time.Minute})
	after := clock.last()
	if !before.stopped || after == before || after.after > time.Minute+time.Second {
		t.Fatalf("timers: %+v, then %+v", before, after)
	}
	clock.ms.Add(61_000)
	if after.f(); b.Stats().Expired != 1 {
		t.Errorf("%+v", b.Stats())
	}
}

// TestTimerThatWasReplacedDoesNothing lets a timer go off while SetLimits replaces it.
func TestTimerThatWasReplacedDoesNothing(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: time.Minute})
	mustAppend(t, b, mail("1", "r"))
	late := clock.last()
	b.SetLimits(Limits{MaxAge: time.Minute})
	armed := len(clock.armed)
	clock.ms.Add(61_000)
	late.f()
	if s := b.Stats(); s.Expired != 0 || len(clock.armed) != armed {
		t.Errorf("%+v, and %d timers were set", s, len(clock.armed)-armed)
	}
	clock.last().f()
	if s := b.Stats(); s.Expired != 1 || len(clock.armed) != armed {
		t.Errorf("%+v, and %d timers were set", s, len(clock.armed)-armed)
	}
}

func TestOneTimerRunsForTheNextToExpire(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxAge: 10 * time.Minute})
	for range 3 {
		mustAppend(t, b, mail("1", "r"))
		clock.ms.Add(60_000)
	}
	if len(clock.armed) != 1 {
		t.Fatalf("%d timers", len(clock.armed))
	}
	clock.ms.Add(7*60_000 + 1)
	clock.last().f()
	if s := b.Stats(); s.Expired != 1 || len(clock.armed) != 2 || clock.last().after > time.Minute+time.Millisecond {
		t.Errorf("%+v, %d timers, the last one after %v", s, len(clock.armed), clock.last().after)
	}
	// Far away, the clock is looked at now and then: it may be set meanwhile.
	b.SetLimits(Limits{MaxAge: 1<<63 - 1})
	if after := clock.last().after; after <= 0 || after > 2*time.Hour {
		t.Errorf("the next timer goes off after %v", after)
	}
}

// TestManyAreRemovedInBatches looks at what is done under the lock at a time.
func TestManyAreRemovedInBatches(t *testing.T) {
	const n = 3 * batchWork
	large := mail("large", "r")
	large.Raw += string(make([]byte, 1<<20))
	for name, test := range map[string]struct {
		limits Limits
		batch  func(b *Bucket, clock *clock) (done bool)
	}{
		"to make room": {Limits{}, func(b *Bucket, _ *clock) bool {
			b.limits.MaxBytes = large.footprint() + 1000
			large.cost = large.footprint()
			stored, err := b.appendOrMakeRoom(large, true)
			return stored || err != nil
		}},
		"to make room in a box": {Limits{}, func(b *Bucket, _ *clock) bool {
			b.limits.PerBox.Recipient = 1
			stored, err := b.appendOrMakeRoom(mail("s", "R"), true)
			return stored || err != nil
		}},
		"for lower limits of boxes": {Limits{}, func(b *Bucket, _ *clock) bool {
			b.limits.PerBox.Sender = 1
			_, done := b.keepBoxLimits(0)
			return done
		}},
		"for lower limits": {Limits{}, func(b *Bucket, _ *clock) bool {
			b.limits.MaxMessages = 1
			return b.keepLimits()
		}},
		"by age": {Limits{MaxAge: time.Minute}, func(b *Bucket, clock *clock) bool {
			clock.ms.Add(120_000)
			return b.expireBatch(b.expiry)
		}},
		"by hand": {Limits{}, func(b *Bucket, _ *clock) bool {
			_, looked := b.changeBatch(n, func(i int) (uint64, bool) { return uint64(i), true }, func(seq uint64, _ *Message) bool { return b.delete(seq) })
			return looked == n
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b, clock := newClockBucket(test.limits)
			for range n {
				mustAppend(t, b, mail("s", "r"))
			}
			if done := test.batch(b, clock); done || b.Stats().Messages < n-batchWork {
				t.Errorf("all removed at once: %v, %+v", done, b.Stats())
			}
		})
	}
}

// TestReadersSeeTheNewestWhileLimitsFall reads while another goroutine changes the
// limits: what is seen is always the newest messages without a gap.
func TestReadersSeeTheNewestWhileLimitsFall(t *testing.T) {
	const n = 20_000
	b := New(Limits{})
	for range n {
		mustAppend(t, b, mail("s", "r"))
	}
	newest := b.Newest()
	var wg sync.WaitGroup
	wg.Go(func() { b.SetLimits(Limits{MaxMessages: 10}) })
	for last := n; last > 10; {
		page := mustFind(t, b, Query{Limit: n})
		if page.Total != len(page.Messages) || page.Total > last || page.Total < 10 || page.Messages[0].ID != newest {
			t.Fatalf("%d messages of %d after %d", len(page.Messages), page.Total, last)
		}
		last = page.Total
	}
	wg.Wait()
}

func TestLargeMessageMakesRoomAmongOthersThatCome(t *testing.T) {
	small := mail("s", "r").footprint()
	b := New(Limits{MaxBytes: 10_000 * small})
	for range 10_000 {
		mustAppend(t, b, mail("s", "r"))
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for range 40 {
				m := mail("s", "r")
				if w == 0 {
					m.Raw = string(make([]byte, 9_000*small))
				}
				if err := b.Append(t.Context(), m); err != nil {
					t.Error(err)
				}
				if s := b.Stats(); s.Bytes > s.Limits.MaxBytes {
					t.Errorf("%d bytes of %d", s.Bytes, s.Limits.MaxBytes)
				}
			}
		})
	}
	wg.Wait()
}

func TestRemovedBytesAreCounted(t *testing.T) {
	b, clock := newClockBucket(Limits{MaxMessages: 4, MaxAge: time.Minute})
	var cost []int64
	for i := range 6 {
		m := mustAppend(t, b, mail(fmt.Sprint("sender", i), "r"))
		cost = append(cost, m.cost)
		clock.ms.Add(1000)
	}
	freed, replaced := cost[0]+cost[1], cost[0]+cost[1]
	check := func(what string) {
		t.Helper()
		if s := b.Stats(); s.Freed != freed || s.Replaced != replaced {
			t.Errorf("%s: %d and %d, want %d and %d", what, s.Freed, s.Replaced, freed, replaced)
		}
	}
	check("evicted")
	page := mustFind(t, b, Query{Limit: 1})
	mustDelete(t, b, page.Messages[0].ID)
	freed += cost[5]
	check("deleted")
	clock.ms.Add(60_000 - 3_000)
	clock.last().f()
	freed += cost[2]
	check("expired")
	b.SetLimits(Limits{MaxMessages: 1, MaxAge: time.Minute})
	freed, replaced = freed+cost[3], replaced+cost[3]
	check("over new limits")
	b.Close()
	b.Close()
	freed += cost[4]
	check("closed")
}
