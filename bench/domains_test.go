package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkDomains lists, waits for and deletes the mail of a recipient, and in turn that of
// all recipients in a domain, which is as much. It reports how many times as long the
// latter takes.
func BenchmarkDomains(b *testing.B) {
	const each = 10
	for _, n := range []int{50_000, 500_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bucket := store.New(store.Limits{})
			raw := mail(1 << 10)
			deliver := func(domain string) {
				for range each {
					m := &store.Message{Sender: "app@example.com", Recipients: []string{"user@" + domain}, Raw: raw}
					if err := bucket.Append(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			}
			domain := func(i int) string { return fmt.Sprintf("run%d.example.com", i%(n/each)) }
			for i := range n / each {
				deliver(domain(i))
			}
			queries := []func(domain string) store.Query{
				func(domain string) store.Query { return store.Query{Recipient: "user@" + domain, Limit: 50} },
				func(domain string) store.Query { return store.Query{RecipientDomain: domain, Limit: 50} },
			}
			took := map[string]*[2][]float64{"list": {}, "wait": {}, "delete": {}}
			for i := 0; b.Loop(); i++ {
				for turn := range queries {
					kind := (turn + i) % len(queries)
					query := queries[kind]
					at := domain(i*104729 + kind*51)
					for name, do := range map[string]func(store.Query) int{
						"list": func(q store.Query) int { return find(b, bucket, q) },
						"wait": func(q store.Query) int {
							watch := bucket.Watch(q)
							defer watch.Stop()
							q.After = bucket.Newest()
							return find(b, bucket, q) + each // none has come since
						},
					} {
						took[name][kind] = append(took[name][kind], timeOf(b, each, func() int { return do(query(at)) }))
					}
					took["delete"][kind] = append(took["delete"][kind], timeOf(b, each, func() int {
						deleted, err := bucket.DeleteMatching(b.Context(), query(at))
						if err != nil {
							b.Fatal(err)
						}
						return deleted
					}))
					deliver(at)
				}
			}
			for name, both := range took {
				address := median(both[0])
				b.ReportMetric(address, name+"-address-ns")
				b.ReportMetric(median(both[1])/address, name+"-domain-times")
			}
		})
	}
}

func find(b *testing.B, bucket *store.Bucket, q store.Query) int {
	page, err := bucket.Find(b.Context(), q)
	if err != nil || len(page.Messages) != page.Total {
		b.Fatal(len(page.Messages), page.Total, err)
	}
	return page.Total
}

// timeOf is how long f takes, in nanoseconds. It has to return what is wanted.
func timeOf(b *testing.B, want int, f func() int) float64 {
	started := time.Now()
	got := f()
	took := time.Since(started)
	if got != want {
		b.Fatalf("%d messages, want %d", got, want)
	}
	return float64(took)
}
