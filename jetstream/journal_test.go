package jetstream

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/store/journaltest"
)

func TestIsAJournal(t *testing.T) {
	newLog := func(t *testing.T) func() store.Journal {
		s := Settings{Servers: []string{startServer(t, nil).ClientURL()}, Stream: "mail"}
		return func() store.Journal {
			j, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
	}
	journaltest.Run(t, newLog)
	journaltest.RunShared(t, newLog)
}

func openStore(t *testing.T, servers ...string) *store.Bucket {
	t.Helper()
	j, err := New(Settings{Servers: servers, Stream: "mail"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.Open(t.Context(), store.Limits{MaxMessages: 1000}, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func ids(t *testing.T, b *store.Bucket) (list []string) {
	t.Helper()
	page, err := b.Find(t.Context(), store.Query{Ascending: true, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		list = append(list, fmt.Sprintf("%s %d %v", m.ID, m.Arrived, m.Read()))
	}
	return list
}

func TestBucketsOnOneStreamAreOne(t *testing.T) {
	server := startServer(t, nil)
	a, b := openStore(t, server.ClientURL()), openStore(t, server.ClientURL())
	var wg sync.WaitGroup
	for writer, bucket := range []*store.Bucket{a, b, a, b} {
		wg.Go(func() {
			for i := range 50 {
				m := mail(fmt.Sprintf("%d@%d.example.com", i, writer), 100).Message
				if err := bucket.Append(t.Context(), m); err != nil {
					t.Error(err)
					continue
				}
				var err error
				switch i % 5 {
				case 1:
					_, err = bucket.Delete(t.Context(), m.ID)
				case 2:
					_, err = bucket.Mark(t.Context(), []store.ID{m.ID}, true)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "one has what came by the other", func() bool { return len(ids(t, a)) == 160 })
	want := ids(t, a)
	eventually(t, "both hold the same", func() bool { return slices.Equal(ids(t, b), want) })
	if late := ids(t, openStore(t, server.ClientURL())); !slices.Equal(late, want) {
		t.Errorf("one that is opened later has %d messages, want %d like those of the others", len(late), len(want))
	}
}

func TestWaitsSeeTheMailOfOtherBuckets(t *testing.T) {
	server := startServer(t, nil)
	a, b := openStore(t, server.ClientURL()), openStore(t, server.ClientURL())
	w := a.Watch(store.Query{Recipient: "b@example.com"})
	defer w.Stop()
	if err := b.Append(t.Context(), mail("1@example.com", 100).Message); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.C:
	case <-time.After(time.Minute):
		t.Fatal("in vain")
	}
}

func TestMailIsSplitForServersWithSmallMessages(t *testing.T) {
	s := Settings{Servers: []string{startServer(t, &server.Options{MaxPayload: 32 << 10}).ClientURL()}}
	a := openBucket(t, s)
	want := mail("1@example.com", 3<<20)
	var wg sync.WaitGroup
	for range 2 * maxUploads {
		wg.Go(func() {
			if err := a.Write(t.Context(), want); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, e := range openBucket(t, s).all() {
		if e.Record.Message.Raw != want.Message.Raw {
			t.Error("another text came back")
		}
	}
	if n := len(a.all()); n != 2*maxUploads {
		t.Errorf("%d records, want %d", n, 2*maxUploads)
	}
}

// load writes from many goroutines until it is stopped, and tries again what failed because the
// servers were away.
type load struct {
	wg      sync.WaitGroup
	stopped chan struct{}
	mu      sync.Mutex
	written []string // by their senders
	unclear []string // those whose Write failed
}

func startLoad(t *testing.T, buckets ...*bucket) *load {
	l := &load{stopped: make(chan struct{})}
	for i := range 8 {
		l.wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.stopped:
					return
				default:
				}
				r := mail(fmt.Sprintf("%d@%d.example.com", n, i), 300)
				if n%20 == 0 {
					r.Message.Raw = text(2<<20 + 1)
				}
				err := buckets[i%len(buckets)].Write(context.Background(), r)
				l.mu.Lock()
				if err == nil {
					l.written = append(l.written, r.Message.Sender)
				} else {
					t.Log(err)
					l.unclear = append(l.unclear, r.Message.Sender)
				}
				l.mu.Unlock()
				if err != nil && !strings.Contains(err.Error(), store.ErrJournalAway.Error()) {
					t.Errorf("writing: %v", err)
				}
			}
		})
	}
	return l
}

// count is how many records have been written.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.written)
}

// more waits until n more records have been written.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	n += l.count()
	eventually(t, "records are written", func() bool { return l.count() >= n })
}

// check checks that each bucket was fed once with everything that was written, and all alike.
func (l *load) check(t *testing.T, buckets ...*bucket) {
	t.Helper()
	close(l.stopped)
	l.wg.Wait()
	t.Logf("%d written, %d unclear", len(l.written), len(l.unclear))
	var order []string
	var last uint64
	for _, b := range buckets {
		last = max(last, b.newest.Load())
	}
	for i, b := range buckets {
		eventually(t, "everything is read", func() bool { return b.State().Err == nil && b.position.Load() >= last })
		senders := b.subjects()
		seen := make(map[string]int)
		for _, sender := range senders {
			seen[sender]++
			if seen[sender] == 2 {
				t.Errorf("bucket %d: %s is there twice", i, sender)
			}
		}
		for _, sender := range l.written {
			if seen[sender] == 0 {
				t.Errorf("bucket %d: %s was written, and is not there", i, sender)
			}
		}
		if order == nil {
			order = senders
		} else if !slices.Equal(senders, order) {
			t.Errorf("bucket %d was fed with %d records, the first one with %d, or in another order", i, len(senders), len(order))
		}
	}
}

func TestBrokenConnectionsLoseAndDoubleNothing(t *testing.T) {
	s := startServer(t, nil)
	u, err := url.Parse(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	p, q := startProxy(t, u.Host), startProxy(t, u.Host)
	a, b := openBucket(t, Settings{Servers: []string{p.url()}}), openBucket(t, Settings{Servers: []string{q.url()}})
	l := startLoad(t, a, b)
	for range 3 {
		l.more(t, 100)
		p.cut(false)
		l.more(t, 100)
		q.silence()
		l.more(t, 10)
		q.cut(false)
	}
	l.check(t, a, b, openBucket(t, Settings{Servers: []string{s.ClientURL()}}))
}

func TestAServerThatIsKilledUnderLoad(t *testing.T) {
	c := startCluster(t)
	s := Settings{Servers: c.urls(), Replicas: 3}
	a, b := openBucket(t, s), openBucket(t, s)
	l := startLoad(t, a, b)
	l.more(t, 200)
	leader := a.stream.Load().Cluster.Leader
	for i, p := range c.processes {
		if p.Name == leader {
			c.kill(i)
			l.more(t, 200)
			c.start(t, i)
		}
	}
	l.more(t, 200)
	l.check(t, a, b, openBucket(t, s))
}
