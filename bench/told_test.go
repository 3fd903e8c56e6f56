package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/rest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/webhook"
)

// forwarding offers what it receives to a forwarder, as the plugin's bucket does.
type forwarding struct {
	receiver
	*release.Forwarder
}

// Receive implements smtp.Receiver.
func (f forwarding) Receive(ctx context.Context, m *smtp.Message) error {
	stored := kept(m)
	if err := f.Append(ctx, stored); err != nil {
		return err
	}
	f.Offer(stored)
	return nil
}

// outlet is one that forwards the mail to some recipients to a server that is away.
func outlet(b *testing.B, bucket *store.Bucket, recipients string) *release.Outlet {
	b.Helper()
	rule, err := release.ParseRule(recipients, "ann@ours.test")
	if err != nil {
		b.Fatal(err)
	}
	allowed, err := release.ParseAllowed("*@ours.test")
	if err != nil {
		b.Fatal(err)
	}
	return release.New(release.Config{
		Server: release.Server{Address: "127.0.0.1:1", Security: release.Plain}, Allowed: allowed, From: rule.To, MaxPerMinute: release.MaxPerMinute,
		Rules: []release.Rule{rule},
	}, bucket, new(release.Ledger), zap.NewNop())
}

// BenchmarkTold receives mail while others are told of it: by a webhook whose receiver
// answers, by one whose receiver never does, by what follows the bucket for events, and by
// rules of forwarding that match nothing, or everything to a server that is away. It reports
// what each takes as a multiple of what receiving alone does; the processor's time has the
// work of telling in it.
func BenchmarkTold(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	var telling sync.WaitGroup
	answers := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	deaf := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer answers.Close()
	defer deaf.Close()
	defer telling.Wait()
	defer cancel()
	tell := func(url string) func(*store.Bucket) {
		return func(bucket *store.Bucket) {
			h := webhook.New(webhook.Options{
				Bucket: bucket, URL: url, Counts: new(webhook.Counts), Logger: zap.NewNop(),
				Encode: func(m *store.Message) []byte { return rest.EntryJSON(bucket, m) },
			})
			telling.Go(func() {
				next := bucket.NextNumber()
				h.Run(ctx, &next)
			})
		}
	}
	follow := func(bucket *store.Bucket) {
		telling.Go(func() {
			for next, err := bucket.NextNumber(), error(nil); err == nil; {
				_, next, err = bucket.AwaitArrivals(ctx, next, 1)
			}
		})
	}
	var lanes []*lane
	for _, l := range []struct {
		name       string
		begin      func(*store.Bucket)
		recipients string
	}{
		{"none", func(*store.Bucket) {}, ""}, {"webhook", tell(answers.URL), ""}, {"deaf-webhook", tell(deaf.URL), ""}, {"events", follow, ""},
		{"no-rule", func(*store.Bucket) {}, "*@nowhere.test"}, {"rule", func(*store.Bucket) {}, "*@example.com"},
	} {
		bucket := store.New(store.Limits{MaxMessages: 10_000})
		l.begin(bucket)
		if l.recipients == "" {
			lanes = append(lanes, newLane(b, l.name, receiver{bucket}))
			continue
		}
		f := forwarding{receiver{bucket}, new(release.Forwarder)}
		o := outlet(b, bucket, l.recipients)
		defer o.Stop()
		f.Use(o)
		lanes = append(lanes, newLane(b, l.name, f))
	}
	compare(b, lanes)
}
