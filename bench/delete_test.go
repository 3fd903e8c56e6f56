package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkListAfterDeletions lists buckets with gaps, at both ends and far in.
func BenchmarkListAfterDeletions(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		bucket := filled(n)
		i := 0
		deleteMatching(b, bucket, store.Query{Match: func(*store.Bucket, *store.Message) bool {
			i++
			return i%3 == 0
		}})
		for name, q := range map[string]store.Query{
			"newest":    {Limit: 50},
			"total":     {},
			"page-1000": {Limit: 5, Offset: 5_000},
			"middle":    {Limit: 50, Offset: n / 3},
			"recipient": {Recipient: "user7@example.com", Limit: 50},
			"domain":    {RecipientDomain: "example.com", Limit: 50},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if page, err := bucket.Find(context.Background(), q); err != nil || page.Total == 0 {
						b.Fatal(page.Total, err)
					}
				}
			})
		}
	}
}

// BenchmarkDelete deletes half of a bucket whose mail has one sender, and tells what a
// deletion took and for how long a reader had to wait at most.
func BenchmarkDelete(b *testing.B) {
	const n = 200_000
	sender := "app@example.com"
	for name, q := range map[string]func() store.Query{
		"first-half":   func() store.Query { return store.Query{Match: every(func(i int) bool { return i < n/2 })} },
		"every-second": func() store.Query { return store.Query{Match: every(func(i int) bool { return i%2 == 0 })} },
		"at-random":    func() store.Query { return store.Query{Match: every(func(int) bool { return rand.IntN(2) == 0 })} },
		"by-sender":    func() store.Query { return store.Query{Sender: &sender} },
		"by-recipient": func() store.Query { return store.Query{Recipient: "user7@example.com"} },
	} {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			deleted, waited := 0, time.Duration(0)
			for range b.N {
				b.StopTimer()
				bucket := filled(n)
				stop, longest := longestWait(bucket)
				b.StartTimer()
				deleted += deleteMatching(b, bucket, q())
				b.StopTimer()
				close(stop)
				waited = max(waited, <-longest)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(deleted), "ns/message")
			b.ReportMetric(float64(waited.Microseconds())/1000, "ms-longest-wait")
		})
	}
}

// every calls f with the number of the call.
func every(f func(i int) bool) func(*store.Bucket, *store.Message) bool {
	i := -1
	return func(*store.Bucket, *store.Message) bool {
		i++
		return f(i)
	}
}

func deleteMatching(b *testing.B, bucket *store.Bucket, q store.Query) int {
	n, err := bucket.DeleteMatching(context.Background(), q)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// longestWait reads from the bucket until stop closes, and then tells how long the
// slowest reading took.
func longestWait(bucket *store.Bucket) (stop chan struct{}, longest chan time.Duration) {
	stop, longest = make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		slowest := time.Duration(0)
		for {
			select {
			case <-stop:
				longest <- slowest
				return
			case <-tick.C:
			}
			began := time.Now()
			bucket.Stats()
			slowest = max(slowest, time.Since(began))
		}
	}()
	return stop, longest
}

// BenchmarkAppendWhileOthersWait appends mail that none of those who wait wants: each
// of them waits for the mail of a domain.
func BenchmarkAppendWhileOthersWait(b *testing.B) {
	for _, waiting := range []int{0, 1000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			bucket := store.New(store.Limits{MaxMessages: 10_000})
			for i := range waiting {
				defer bucket.Watch(store.Query{RecipientDomain: fmt.Sprintf("run%d.test", i)}).Stop()
			}
			raw := mail(1 << 10)
			for i := 0; b.Loop(); i++ {
				if err := bucket.Append(context.Background(), newMessage(i, raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
