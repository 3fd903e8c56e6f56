package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// waiting is how calls wait for mail that does not come.
type waiting struct {
	name  string
	query func(i int) store.Query
}

var waitings = []waiting{
	{"none", nil},
	{"address", func(i int) store.Query { return store.Query{Recipient: fmt.Sprintf("run%d@example.org", i)} }},
	{"domain", func(i int) store.Query { return store.Query{RecipientDomain: fmt.Sprintf("run%d.example.org", i)} }},
	{"pattern", func(i int) store.Query {
		ends := fmt.Sprintf("+run%d@example.com", i)
		return store.Query{RecipientDomain: "example.com", Match: func(_ *store.Bucket, m *store.Message) bool { return strings.HasSuffix(m.Recipients[0], ends) }}
	}},
	{"search", func(i int) store.Query {
		text := fmt.Sprintf("order %d", i)
		return store.Query{Match: func(_ *store.Bucket, m *store.Message) bool { return strings.Contains(m.Raw, text) }}
	}},
}

// BenchmarkWaits receives mail while 64 calls wait for other mail, in turn with none, and
// reports the times that each kind of wait takes of a mail's time, and of the processor's
// for all that a mail brings about, the client's part included.
func BenchmarkWaits(b *testing.B) {
	var lanes []*lane
	for _, w := range waitings {
		bucket := store.New(store.Limits{MaxMessages: 10_000})
		ctx, cancel := context.WithCancel(b.Context())
		var waits sync.WaitGroup
		for n := range 64 {
			if w.query != nil {
				waits.Go(func() { await(ctx, bucket, w.query(n)) })
			}
		}
		lanes = append(lanes, newLane(b, w.name, receiver{bucket}))
		defer waits.Wait()
		defer cancel()
	}
	compare(b, lanes)
}

// block is how many mails are received on a lane until it is the turn of the next.
const block = 500

// lane is a session that receives mail, and what that took.
type lane struct {
	name      string
	send      func(n int)
	settle    func()    // unless it is nil, waits for what the mails bring about to be done
	wall, cpu []float64 // of a mail in each block, in nanoseconds
}

// newLane begins a session whose mail goes to r, and warms it up.
func newLane(b *testing.B, name string, r smtp.Receiver) *lane {
	c := converseWith(b, "loopback", r)
	data := []byte(mail(1<<10) + ".\r\n")
	envelope := []byte("MAIL FROM:<app@example.com>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
	l := &lane{name: name, send: func(n int) {
		for range n {
			c.write(envelope)
			c.expect("250", "250", "354")
			c.write(data)
			c.expect("250")
		}
	}}
	l.send(10 * block)
	return l
}

// compare receives mail on one lane after the other, and reports what each takes as a
// multiple of what the first does.
func compare(b *testing.B, lanes []*lane) {
	for b.Loop() {
		for _, l := range lanes {
			cpu, started := cpuTime(b), time.Now()
			l.send(block)
			l.wall = append(l.wall, float64(time.Since(started))/block)
			if l.settle != nil {
				l.settle()
			}
			l.cpu = append(l.cpu, float64(cpuTime(b)-cpu)/block)
		}
	}
	wall, cpu := median(lanes[0].wall), median(lanes[0].cpu)
	for _, l := range lanes {
		b.ReportMetric(median(l.wall)/wall, l.name+"-times")
		b.ReportMetric(median(l.cpu)/cpu, l.name+"-cpu-times")
	}
}

// await waits as calls do, for a message that does not come, until ctx is done.
func await(ctx context.Context, bucket *store.Bucket, q store.Query) {
	for ctx.Err() == nil {
		watch := bucket.Watch(q)
		newest := bucket.Newest()
		if page, err := bucket.Find(ctx, q); err != nil || page.Total > 0 {
			watch.Stop()
			return
		}
		q.After = newest
		select {
		case <-watch.C:
		case <-ctx.Done():
		}
		watch.Stop()
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
