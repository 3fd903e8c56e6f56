package bench

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

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
	deaf := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only after that is it noticed that the client has gone
		<-r.Context().Done()
	}))
	defer answers.Close()
	defer deaf.Close()
	defer telling.Wait()
	defer cancel()
	tell := func(url string) func(*store.Bucket) *webhook.Counts {
		return func(bucket *store.Bucket) *webhook.Counts {
			h := webhook.New(webhook.Options{
				Bucket: bucket, URL: url, Counts: new(webhook.Counts), Logger: zap.NewNop(),
				Encode: func(m *store.Message) []byte { return rest.EntryJSON(bucket, m) },
			})
			telling.Go(func() {
				next := bucket.NextNumber()
				h.Run(ctx, &next)
			})
			return h.Counts
		}
	}
	follow := func(bucket *store.Bucket) *webhook.Counts {
		telling.Go(func() {
			for next, err := bucket.NextNumber(), error(nil); err == nil; {
				_, next, err = bucket.AwaitArrivals(ctx, next, 1)
			}
		})
		return nil
	}
	nobody := func(*store.Bucket) *webhook.Counts { return nil }
	var lanes []*lane
	for _, l := range []struct {
		name       string
		begin      func(*store.Bucket) *webhook.Counts
		recipients string
	}{
		{"none", nobody, ""}, {"deaf-webhook", tell(deaf.URL), ""}, {"webhook", tell(answers.URL), ""}, {"events", follow, ""},
		{"no-rule", nobody, "*@nowhere.test"}, {"rule", nobody, "*@example.com"},
	} {
		bucket := store.New(store.Limits{MaxMessages: 10_000})
		var r smtp.Receiver = receiver{bucket}
		if l.recipients != "" {
			o := outlet(b, bucket, l.recipients)
			defer o.Stop()
			f := forwarding{receiver{bucket}, new(release.Forwarder)}
			f.Use(o)
			r = f
		}
		counts := l.begin(bucket)
		made := newLane(b, l.name, r)
		if counts != nil && l.name != "deaf-webhook" {
			made.settle = func() {
				for counts.Lag(bucket) > 0 {
					time.Sleep(100 * time.Microsecond)
				}
			}
			made.settle()
		}
		lanes = append(lanes, made)
	}
	compare(b, lanes)
}
