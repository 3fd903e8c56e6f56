package journaltest

import (
	"fmt"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkReplay opens a bucket on a log of 100,000 mails of 1 KB, without the time that a
// real journal takes to read them.
func BenchmarkReplay(b *testing.B) {
	const mails = 100_000
	log := NewLog()
	for i := range mails {
		r := came(fmt.Sprint(i), 1024)
		r.Message.Recipients = []string{fmt.Sprintf("%d@example.com", i)}
		r.Message.Exchange = store.NewTranscript([]byte("C: MAIL FROM:<sender@example.com>\nS: 250 2.1.0 Sender OK\n"))
		r.Message.Session = &store.Session{Client: fmt.Sprintf("192.0.2.1:%d", i%20), Hello: "here", Preamble: "S: 220 here\nC: HELO here\nS: 250 Hello\n"}
		record, err := r.AppendTo(nil)
		if err != nil {
			b.Fatal(err)
		}
		log.add(record)
	}
	for b.Loop() {
		bucket, err := store.Open(b.Context(), store.Limits{}, log.Journal(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if n := bucket.Stats().Messages; n != mails {
			b.Fatalf("%d messages", n)
		}
		if err := bucket.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*mails/b.Elapsed().Seconds(), "mails/s")
}
