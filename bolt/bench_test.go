package bolt

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkWrite writes records of 1 KB from 20 goroutines, and keeps the last 10,000.
func BenchmarkWrite(b *testing.B) {
	for name, sync := range map[string]Sync{"1s": 0, "always": Always, "never": Never} {
		b.Run("sync="+name, func(b *testing.B) { benchmarkWrite(b, sync) })
	}
}

func benchmarkWrite(b *testing.B, mode Sync) {
	j := New(Options{Path: filepath.Join(b.TempDir(), "mail.db"), Sync: mode})
	if err := j.Open(context.Background(), func(e store.Entry) {
		if e.Position > 10_000 {
			j.Trim(store.Trim{Before: e.Position - 10_000})
		}
	}); err != nil {
		b.Fatal(err)
	}
	raw := strings.Repeat("x", 1024)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 20 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := j.Write(context.Background(), &store.Record{Kind: store.MessageCame, Message: &store.Message{Raw: raw}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64(j.State().Bytes)/(1<<20), "MiB")
	stats := j.db.Stats().TxStats
	b.ReportMetric(float64(stats.GetWrite())/float64(b.N), "writes/op")
	if err := j.db.View(func(tx *bbolt.Tx) error {
		b.ReportMetric(float64(b.N)/float64(tx.ID()), "mails/commit")
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpen opens a bucket of 100,000 mails of 1 KB.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mail.db")
	limits := store.Limits{MaxMessages: 100_000}
	open := func() *store.Bucket {
		bucket, err := store.Open(context.Background(), limits, New(Options{Path: path, Sync: Never}), nil)
		if err != nil {
			b.Fatal(err)
		}
		return bucket
	}
	bucket := open()
	raw := "Subject: hello\r\n\r\n" + strings.Repeat("x", 1006)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 5000 {
				m := message(raw).Message
				m.Exchange = store.NewTranscript([]byte("C: MAIL FROM:<a@example.com>\nS: 250 2.1.0 Sender OK\nC: RCPT TO:<b@example.com>\nS: 250 2.1.5 Recipient OK\nC: DATA\n"))
				m.Session = &store.Session{Client: "192.0.2.1:54321", Hello: "client.example.com", Extended: true, Preamble: "S: 220 mail.example.com\nC: EHLO client.example.com\n"}
				if err := bucket.Append(context.Background(), m); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := bucket.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		bucket := open()
		b.StopTimer()
		if n := bucket.Stats().Messages; n != 100_000 {
			b.Fatalf("it has %d mails", n)
		}
		if err := bucket.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
