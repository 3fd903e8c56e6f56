package journaltest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// RunShared tests a kind of journal of which several may be open on one log, as Run does.
func RunShared(t *testing.T, newLog func(t *testing.T) (journal func() store.Journal)) {
	for name, test := range map[string]func(t *testing.T, journal func() store.Journal){
		"gives all the same order":          testSameOrder,
		"lets each change what others have": testChangesOfOthers,
		"tells each what came to it":        testElsewhere,
	} {
		t.Run(name, func(t *testing.T) { test(t, newLog(t)) })
	}
}

// testSameOrder has three buckets receive at once.
func testSameOrder(t *testing.T, journal func() store.Journal) {
	const each = 100
	var buckets []*store.Bucket
	for range 3 {
		buckets = append(buckets, openBucket(t, store.Limits{MaxMessages: 250}, journal()))
	}
	var wg sync.WaitGroup
	for i, b := range buckets {
		for writer := range 4 {
			wg.Go(func() {
				for n := range each / 4 {
					m := came(fmt.Sprintf("%d by %d to %d", n, writer, i), 500).Message
					if err := b.Append(t.Context(), m); err != nil {
						t.Error(err)
					} else if _, ok := b.Get(m.ID); !ok {
						t.Errorf("%s is not in its own bucket", m.Subject)
					}
				}
			})
		}
	}
	wg.Wait()
	last := openBucket(t, store.Limits{MaxMessages: 250}, journal())
	want := describe(t, last)
	if len(want) != 250 {
		t.Fatalf("%d messages, want 250", len(want))
	}
	for i, b := range buckets {
		waitFor(t, "the last message to be everywhere", func() bool { return b.Newest() == last.Newest() })
		if !slices.Equal(describe(t, b), want) {
			t.Errorf("bucket %d has other messages, or in another order", i)
		}
		if n := b.Stats().Received; n != each {
			t.Errorf("bucket %d has received %d, want %d", i, n, each)
		}
	}
}

func testChangesOfOthers(t *testing.T, journal func() store.Journal) {
	a := openBucket(t, store.Limits{}, journal())
	var mu sync.Mutex
	faults := ""
	b, err := store.Open(t.Context(), store.Limits{}, journal(), func(document []byte) {
		mu.Lock()
		defer mu.Unlock()
		faults = string(document)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBucket(t, b) })
	var ids []store.ID
	for i := range 10 {
		m := came(fmt.Sprint(i), 100).Message
		watch := b.Watch(store.Query{Recipient: m.Recipients[0]})
		if err := a.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		<-watch.C
		ids = append(ids, m.ID)
	}
	waitFor(t, "all messages", func() bool { return b.Newest() == ids[9] })
	change(t, 3)(b.DeleteIDs(t.Context(), ids[:3]))
	waitFor(t, "the deletions", func() bool { return a.Stats().Messages == 7 })
	change(t, 2)(a.Mark(t.Context(), ids[1:5], true))
	waitFor(t, "the marks", func() bool { return b.Stats().Unread == 5 })
	if !a.AddRelease(ids[5], store.Release{By: "somebody"}) {
		t.Error("not released")
	}
	waitFor(t, "the release", func() bool { return len(b.Releases(ids[5])) == 1 })
	change(t, 2)(b.SetTags(t.Context(), ids[6:8], []string{"tag"}))
	waitFor(t, "the tags", func() bool {
		tags, _ := a.Tags(ids[7])
		return slices.Equal(tags, []string{"tag"})
	})
	if err := a.SetFaults(t.Context(), []byte("some")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the faults", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return faults == "some"
	})
	if !slices.Equal(describe(t, a), describe(t, b)) {
		t.Error("the buckets differ")
	}
}

func testElsewhere(t *testing.T, journal func() store.Journal) {
	a, b := openBucket(t, store.Limits{}, journal()), openBucket(t, store.Limits{}, journal())
	m := came("to a", 100).Message
	if err := a.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the message", func() bool { return b.Newest() == m.ID })
	there, ok := b.Get(m.ID)
	if here, _ := a.Get(m.ID); !ok || here.CameElsewhere() || !there.CameElsewhere() {
		t.Errorf("came elsewhere: %v where it came to, %v where it did not", here.CameElsewhere(), there.CameElsewhere())
	}
}
