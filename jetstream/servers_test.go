package jetstream

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/caddy-mailbucket/mailbucket/internal/freeport"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// startServer starts a NATS server with JetStream on a free port, unless opts say otherwise.
func startServer(t testing.TB, opts *server.Options) *server.Server {
	t.Helper()
	if opts == nil {
		opts = new(server.Options)
	}
	opts.Host, opts.NoLog, opts.NoSigs, opts.JetStream = "127.0.0.1", true, true, true
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if opts.StoreDir == "" {
		opts.StoreDir = t.TempDir()
	}
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopServer(s) })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s
}

func stopServer(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// fixedServer is a server that can be stopped and started again with what it has on disk.
func fixedServer(t testing.TB) (s *server.Server, again func() *server.Server) {
	t.Helper()
	port, dir := freePort(t), t.TempDir()
	start := func() *server.Server {
		t.Helper()
		return startServer(t, &server.Options{Port: port, StoreDir: dir})
	}
	return start(), start
}

// freePort is a TCP port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// cluster are three servers that know each other, each a process of its own.
type cluster struct {
	processes []process
	commands  []*exec.Cmd
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	c := new(cluster)
	var routes []string
	for i := range 3 {
		p := process{Name: fmt.Sprintf("n%d", i), StoreDir: t.TempDir(), Port: freePort(t), ClusterPort: freePort(t)}
		c.processes = append(c.processes, p)
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", p.ClusterPort))
	}
	for i := range c.processes {
		c.processes[i].Routes = strings.Join(routes, ",")
		c.commands = append(c.commands, c.processes[i].start(t))
	}
	return c
}

func (c *cluster) kill(i int) { kill(c.commands[i]) }

func (c *cluster) start(t testing.TB, i int) {
	t.Helper()
	c.commands[i] = c.processes[i].start(t)
}

// urls are where clients connect to.
func (c *cluster) urls() []string {
	var urls []string
	for _, p := range c.processes {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", p.Port))
	}
	return urls
}

// bucket is what a journal feeds in a test.
type bucket struct {
	*Journal

	mu      sync.Mutex
	entries []store.Entry
	changed chan struct{}
}

func (b *bucket) feed(e store.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// all are the entries that the bucket has been fed with.
func (b *bucket) all() []store.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entries)
}

// subjects are those of the messages that the bucket has been fed with.
func (b *bucket) subjects() []string {
	var subjects []string
	for _, e := range b.all() {
		if e.Record.Kind == store.MessageCame {
			subjects = append(subjects, e.Record.Message.Sender)
		}
	}
	return subjects
}

// await waits until the bucket has been fed with n entries.
func (b *bucket) await(t testing.TB, n int) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		b.mu.Lock()
		have := len(b.entries)
		if have >= n {
			b.mu.Unlock()
			return
		}
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("fed with %d entries, expected %d", have, n)
		}
	}
}

// openBucket opens a bucket's journal.
func openBucket(t testing.TB, s Settings) *bucket {
	t.Helper()
	b, err := tryBucket(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tryBucket(t testing.TB, s Settings) (*bucket, error) {
	t.Helper()
	return tryBucketFor(t, s, time.Minute)
}

// tryBucketFor gives up opening the journal after a time.
func tryBucketFor(t testing.TB, s Settings, d time.Duration) (*bucket, error) {
	t.Helper()
	if s.Stream == "" {
		s.Stream = "mail"
	}
	j, err := New(s)
	if err != nil {
		return nil, err
	}
	b := &bucket{Journal: j}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := j.Open(ctx, b.feed); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = j.Close() })
	return b, nil
}

// mail is a record of a message that has come.
func mail(sender string, size int) *store.Record {
	return &store.Record{Kind: store.MessageCame, Message: &store.Message{Sender: sender, Recipients: []string{"b@example.com"}, Raw: text(size)}}
}

// text is so many bytes, of which no two pieces of the same length are alike.
func text(size int) string {
	b := make([]byte, size)
	for i, n := 0, uint32(1); i < size; i++ {
		n = n*1664525 + 1013904223
		b[i] = byte(n >> 24)
	}
	return string(b)
}

func (b *bucket) write(t testing.TB, r *store.Record) {
	t.Helper()
	if err := b.Write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// administer connects to a server as somebody who looks after it.
func administer(t testing.TB, url string) natsjs.JetStream {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := natsjs.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("in vain: %s", what)
		}
	}
}
