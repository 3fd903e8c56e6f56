package store

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWatchEndsWithWhatTheQueryMayMatch(t *testing.T) {
	sender := "A@x"
	for _, test := range []struct {
		name    string
		query   Query
		ends    *Message
		endsNot *Message
	}{
		{"any", Query{}, &Message{Sender: "b@x"}, nil},
		{"sender", Query{Sender: &sender}, &Message{Sender: "a@X"}, &Message{Sender: "b@x", Recipients: []string{"a@x"}}},
		{"null sender", Query{Sender: new(string)}, &Message{}, &Message{Sender: "b@x"}},
		{"recipient", Query{Recipient: "R@x"}, &Message{Recipients: []string{"q@x", "r@X"}}, &Message{Sender: "r@x"}},
		{"recipient's domain", Query{RecipientDomain: "Run.x"}, &Message{Recipients: []string{"q@x", "r@run.X"}},
			&Message{Sender: "r@run.x", Recipients: []string{"r@other.run.x", "run.x", "run.x@x"}}},
		{"sender's domain", Query{SenderDomain: "run.x"}, &Message{Sender: "a@b@RUN.x"}, &Message{Sender: "run.x", Recipients: []string{"r@run.x"}}},
		{"recipient and more", Query{Recipient: "r@x", Sender: &sender, SenderDomain: "x"}, &Message{Sender: "a@x", Recipients: []string{"q@x", "r@x"}},
			&Message{Sender: "b@x", Recipients: []string{"r@x"}}},
		{"a condition", Query{Match: func(_ *Bucket, m *Message) bool { return m.Raw == "wanted" }}, &Message{Raw: "wanted"}, &Message{Raw: "other"}},
		{"domain and a condition", Query{RecipientDomain: "x", Match: func(_ *Bucket, m *Message) bool { return m.Raw == "wanted" }},
			&Message{Recipients: []string{"a@x", "b@x"}, Raw: "wanted"}, &Message{Recipients: []string{"a@y"}, Raw: "wanted"}},
		{"a condition on what is too large to be looked at for all", Query{Match: func(*Bucket, *Message) bool { return false }},
			&Message{Raw: strings.Repeat("x", largestLookedAt+1)}, &Message{Raw: strings.Repeat("x", largestLookedAt)}},
		{"a condition that panics", Query{Match: func(_ *Bucket, m *Message) bool { return m.Recipients[1] != "" }},
			&Message{Recipients: []string{"a@x"}}, &Message{Recipients: []string{"a@x", ""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := New(Limits{})
			first, second := b.Watch(test.query), b.Watch(test.query)
			if test.endsNot != nil {
				mustAppend(t, b, test.endsNot)
				lookedAt(t, b)
				select {
				case <-first.C:
					t.Fatal("ended by another message")
				default:
				}
			}
			mustAppend(t, b, test.ends)
			ended(t, first)
			ended(t, second)
			first.Stop()
			second.Stop()
			if n := len(b.watches.keys); n != 0 {
				t.Errorf("%d keys are left", n)
			}
		})
	}
}

// ended waits for the end of a watch, and fails if none comes.
func ended(t *testing.T, w *Watch) {
	t.Helper()
	select {
	case <-w.C:
	case <-time.After(time.Minute):
		t.Error("a watch goes on")
	}
}

// lookedAt waits until what has come was looked at for conditional watches.
func lookedAt(t *testing.T, b *Bucket) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		b.watches.mu.Lock()
		looking := b.watches.arrivals.looking
		b.watches.mu.Unlock()
		if !looking {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("arrivals are still looked at")
		}
	}
}

func TestStoppedWatchesLeaveNothing(t *testing.T) {
	b := New(Limits{})
	first, second := b.Watch(Query{Recipient: "r@x"}), b.Watch(Query{Recipient: "r@x"})
	first.Stop()
	if len(b.watches.keys) != 1 {
		t.Error("the second watch is gone")
	}
	second.Stop()
	if len(b.watches.keys) != 0 {
		t.Error("a key is left")
	}
}

func TestCloseEndsWatches(t *testing.T) {
	b := New(Limits{})
	before := b.Watch(Query{Recipient: "r@x"})
	b.Close()
	ended(t, before)
	ended(t, b.Watch(Query{}))
}

// TestNoArrivalIsMissed has readers wait for the messages of one address each, by
// queries of every kind, while those come at any moment.
func TestNoArrivalIsMissed(t *testing.T) {
	rounds := 12_500
	if testing.Short() {
		rounds = 13
	}
	b := New(Limits{MaxMessages: 100_000})
	var readers sync.WaitGroup
	for i, kind := range []string{"domain", "domain", "domain", "domain", "address", "condition", "domain and condition", "two keys"} {
		recipient, domain := fmt.Sprintf("r%d@run%d.x", i, i), fmt.Sprintf("Run%d.x", i)
		condition := func(_ *Bucket, m *Message) bool { return m.Recipients[0] == recipient }
		q := map[string]Query{
			"domain":               {RecipientDomain: domain},
			"address":              {Recipient: recipient},
			"condition":            {Match: condition},
			"domain and condition": {RecipientDomain: domain, Match: condition},
			"two keys":             {RecipientDomain: domain, Sender: new(string)},
		}[kind]
		seen := make(chan struct{}, 1)
		readers.Go(func() {
			for range rounds {
				if err := b.Append(t.Context(), &Message{Recipients: []string{recipient}}); err != nil {
					t.Error(err)
				}
				<-seen
			}
		})
		readers.Go(func() {
			defer close(seen)
			for range rounds {
				m := awaitOne(t, b, q)
				if m == nil || m.Recipients[0] != recipient || m.ID.compare(q.After) <= 0 {
					t.Errorf("waiting by %s for mail to %s gives %+v", kind, recipient, m)
					return
				}
				q.After = m.ID
				seen <- struct{}{}
			}
		})
	}
	readers.Wait()
	if n := len(b.watches.keys); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

// awaitOne waits for the next message that q matches, nil if none comes.
func awaitOne(t *testing.T, b *Bucket, q Query) *Message {
	q.Limit = 1
	for {
		watch := b.Watch(q)
		page, err := b.Find(t.Context(), q)
		if err != nil || page.Total > 1 {
			t.Errorf("%d messages at once, error %v", page.Total, err)
			return nil
		}
		if page.Total > 0 {
			watch.Stop()
			return page.Messages[0]
		}
		select {
		case <-watch.C:
		case <-time.After(time.Minute):
			return nil
		}
	}
}

// TestArrivalsBeyondWhatIsComparedAreNotMissed holds up the comparison of arrivals with
// conditions until more have come than wait for it.
func TestArrivalsBeyondWhatIsComparedAreNotMissed(t *testing.T) {
	b := New(Limits{})
	held := make(chan struct{})
	slow := b.Watch(Query{Match: func(*Bucket, *Message) bool { <-held; return false }})
	watch := b.Watch(Query{RecipientDomain: "x", Match: func(_ *Bucket, m *Message) bool { return m.Raw == "wanted" }})
	for range 2*maxArrivals + 10 {
		mustAppend(t, b, mail("s@x", "r@x"))
	}
	mustAppend(t, b, &Message{Recipients: []string{"r@x"}, Raw: "wanted"})
	select {
	case <-watch.C:
		t.Error("ended before the comparison goes on")
	default:
	}
	close(held)
	ended(t, watch)
	lookedAt(t, b)
	if n := b.Watching(); n != 1 {
		t.Errorf("%d wait for what has not come", n)
	}
	slow.Stop()
	if n := b.Watching(); n != 0 || len(b.watches.keys) != 0 {
		t.Errorf("%d wait, by %d keys", n, len(b.watches.keys))
	}
}

// TestArrivalDisturbsOnlyThoseItMayBeFor has many wait, each for mail of a domain.
func TestArrivalDisturbsOnlyThoseItMayBeFor(t *testing.T) {
	b := New(Limits{})
	watches := make([]*Watch, 1000)
	for i := range watches {
		watches[i] = b.Watch(Query{RecipientDomain: fmt.Sprintf("run%d.test", i)})
	}
	mustAppend(t, b, mail("app@x", "nobody@run.test"))
	if n := b.Watching(); n != len(watches) {
		t.Errorf("%d wait after an arrival for nobody", n)
	}
	mustAppend(t, b, mail("app@x", "somebody@run7.test", "somebody@run8.test"))
	ended(t, watches[7])
	ended(t, watches[8])
	if n := b.Watching(); n != len(watches)-2 {
		t.Errorf("%d wait after an arrival for two", n)
	}
	for _, w := range watches {
		w.Stop()
	}
	if n := b.watches.waiting.Load(); n != 0 || len(b.watches.keys) != 0 {
		t.Errorf("%d keys are left, and %d counted", len(b.watches.keys), n)
	}
}
