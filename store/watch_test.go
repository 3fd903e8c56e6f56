package store

import (
	"fmt"
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
		{"recipient and more", Query{Recipient: "r@x", Sender: &sender, SenderDomain: "x"}, &Message{Recipients: []string{"r@x"}},
			&Message{Sender: "a@x", Recipients: []string{"q@x"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := New(Limits{})
			first, second := b.Watch(test.query), b.Watch(test.query)
			if test.endsNot != nil {
				mustAppend(t, b, test.endsNot)
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
			if n := len(b.watches.signals); n != 0 {
				t.Errorf("%d signals are left", n)
			}
		})
	}
}

// ended waits for the end of a watch, and fails if none comes.
func ended(t *testing.T, w *Watch) {
	t.Helper()
	select {
	case <-w.C:
	case <-time.After(5 * time.Minute):
		t.Error("a watch goes on")
	}
}

func TestStoppedWatchesLeaveNothing(t *testing.T) {
	b := New(Limits{})
	first, second := b.Watch(Query{Recipient: "r@x"}), b.Watch(Query{Recipient: "r@x"})
	first.Stop()
	if len(b.watches.signals) != 1 {
		t.Error("the second watch is gone")
	}
	second.Stop()
	if len(b.watches.signals) != 0 {
		t.Error("a signal is left")
	}
}

func TestCloseEndsWatches(t *testing.T) {
	b := New(Limits{})
	before := b.Watch(Query{Recipient: "r@x"})
	b.Close()
	ended(t, before)
	ended(t, b.Watch(Query{}))
}

// TestNoArrivalIsMissed has readers wait for the messages of one address each,
// while those come at any moment.
func TestNoArrivalIsMissed(t *testing.T) {
	const readers, rounds = 8, 6500
	b := New(Limits{MaxMessages: 100_000})
	var wg sync.WaitGroup
	for i := range readers {
		recipient := fmt.Sprintf("r%d@x", i)
		seen := make(chan struct{}, 1)
		wg.Go(func() {
			for range rounds {
				if err := b.Append(t.Context(), &Message{Recipients: []string{recipient}}); err != nil {
					t.Error(err)
				}
				<-seen
			}
		})
		wg.Go(func() {
			var last ID
			for range rounds {
				q := Query{Recipient: recipient, After: last, Limit: 1}
				if i%2 == 0 {
					q = Query{After: last, Limit: 1, Match: func(_ *Bucket, m *Message) bool { return m.Recipients[0] == recipient }}
				}
				for {
					watch := b.Watch(q)
					page, err := b.Find(t.Context(), q)
					if err != nil {
						t.Error(err)
						return
					}
					if page.Total > 0 {
						watch.Stop()
						last = page.Messages[0].ID
						break
					}
					ended(t, watch)
				}
				seen <- struct{}{}
			}
		})
	}
	wg.Wait()
	if n := len(b.watches.signals); n != 0 {
		t.Errorf("%d signals are left", n)
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
	if n := b.watches.waiting.Load(); n != 0 || len(b.watches.signals) != 0 {
		t.Errorf("%d signals are left, and %d counted", len(b.watches.signals), n)
	}
}
