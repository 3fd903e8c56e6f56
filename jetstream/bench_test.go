package jetstream

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkWrite writes mails of 1 KB by twenty writers.
func BenchmarkWrite(b *testing.B) {
	a := openBucket(b, Settings{Servers: []string{startServer(b, nil).ClientURL()}})
	b.SetParallelism((20 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := a.Write(b.Context(), mail("1@example.com", 1000)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkSeenElsewhere measures how long after Write was called on one machine a mail is seen
// on another one, one mail at a time.
func BenchmarkSeenElsewhere(b *testing.B) {
	s := Settings{Servers: []string{startServer(b, nil).ClientURL()}}
	here, there := openBucket(b, s), openBucket(b, s)
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		if err := here.Write(b.Context(), mail("1@example.com", 1000)); err != nil {
			b.Fatal(err)
		}
		there.await(b, i+1)
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkReplay opens a bucket with 100,000 mails of 1 KB.
func BenchmarkReplay(b *testing.B) {
	s := Settings{Servers: []string{startServer(b, nil).ClientURL()}, Stream: "mail"}
	a := openBucket(b, s)
	done := make(chan struct{})
	for range 20 {
		go func() {
			for range 5000 {
				if err := a.Write(b.Context(), mail("1@example.com", 1000)); err != nil {
					b.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	for range 20 {
		<-done
	}
	for b.Loop() {
		j, err := New(s)
		if err != nil {
			b.Fatal(err)
		}
		bucket, err := store.Open(b.Context(), store.Limits{MaxMessages: 1_000_000}, j, nil)
		if err != nil {
			b.Fatal(err)
		}
		if n := bucket.Stats().Messages; n != 100_000 {
			b.Fatalf("%d messages", n)
		}
		_ = bucket.Close()
	}
}
