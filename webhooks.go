package mailbucket

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/rest"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/webhook"
)

// maxWebhooks is how many webhooks a bucket may have. Each has a goroutine of its own, and a
// connection.
const maxWebhooks = 100

// WebhookConfig says who is told of each message that a bucket receives, by a POST of the
// message's entry in lists, as JSON.
type WebhookConfig struct {
	// The URL of the receiver, with http or https. May have placeholders.
	URL string `json:"url,omitempty"`

	// The secret that signs what is sent, as Standard Webhooks says: 24 to 64 bytes in
	// base64, perhaps with `whsec_` before them. May have placeholders. Default: nothing is
	// signed.
	Secret string `json:"secret,omitempty"`

	// Filters of the API, all of which a message has to match to be told of. Placeholders
	// are replaced when the configuration is loaded. Default: all messages are told of.
	Only []OnlyFilter `json:"only,omitempty"`
}

// hook is a webhook of a bucket, under a name that it keeps over reloads.
type hook struct {
	*webhook.Hook
	name string
}

// newHooks makes the bucket's webhooks.
func (c *BucketConfig) newHooks(b *bucket, logger *zap.Logger) ([]hook, error) {
	if len(c.Webhooks) > maxWebhooks {
		return nil, fmt.Errorf("%d webhooks: expected at most %d", len(c.Webhooks), maxWebhooks)
	}
	hooks := make([]hook, len(c.Webhooks))
	same := make(map[string]int)
	for i, config := range c.Webhooks {
		o, err := config.options(b)
		if err != nil {
			return nil, fmt.Errorf("webhook %d: %w", i+1, err)
		}
		name := fmt.Sprintf("webhook %d %s", same[o.URL], o.URL)
		same[o.URL]++
		host := hostOf(o.URL)
		if b.places != nil {
			o.Done = func(id store.ID) { b.places.set(name, id) }
		}
		o.Counts = b.webhooks.counts(name, host)
		o.Logger = logger.With(zap.String("bucket", b.name), zap.String("host", host))
		hooks[i] = hook{webhook.New(o), name}
	}
	return hooks, nil
}

// options checks the configuration and gives what webhook.New takes, without the counters.
func (c *WebhookConfig) options(b *bucket) (o webhook.Options, err error) {
	values, err := replaceAll([]string{c.URL, c.Secret})
	if err != nil {
		return o, err
	}
	o.Bucket, o.URL = b.Bucket, values[0]
	o.Encode = func(m *store.Message) []byte { return rest.EntryJSON(b.Bucket, m) }
	if err := webhook.CheckURL(o.URL); err != nil {
		return o, err
	}
	if values[1] != "" {
		if o.Secret, err = webhook.ParseSecret(values[1]); err != nil {
			return o, fmt.Errorf("secret: %w", err)
		}
	}
	o.Matches, err = c.matches(b)
	return o, err
}

// matches gives what says whether a message is told of.
func (c *WebhookConfig) matches(b *bucket) (func(*store.Message) bool, error) {
	var filters []*search.Only
	for _, f := range c.Only {
		if _, err := replaceAll(f.Values); err != nil {
			return nil, fmt.Errorf("only %s: %w", f.Filter, err)
		}
		only, err := f.provision()
		if err != nil {
			return nil, err
		}
		filters = append(filters, only)
	}
	repl := caddy.NewReplacer()
	view := search.View(b.Bucket, filters, func(name string) string {
		text, _ := repl.GetString(name)
		return text
	})
	return func(m *store.Message) bool {
		if b.shared && m.CameElsewhere() {
			return false
		}
		_, ok := view.Get(m.ID)
		return ok
	}, nil
}

// hostOf is the part of a checked URL that can be shown: paths and queries may hold secrets.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// runHooks begins to tell the receivers of messages. It is called when the configuration is
// in force.
func (a *App) runHooks() {
	for name, hooks := range a.hooks {
		for _, h := range hooks {
			b := a.buckets[name]
			b.turns.work(a.inForce, h.name, b.placeOf(h.name, a.first[name]), h.Run)
		}
	}
}

// placeOf is the number of the message with which a webhook begins: where it was when the
// process ended, or the given place if it is new.
func (b *bucket) placeOf(name string, begin place) uint64 {
	if b.places == nil {
		return begin.next
	}
	if after, ok := b.places.after(name); ok {
		return b.NumberAfter(after)
	}
	b.places.set(name, begin.after)
	return begin.next
}

// webhookCounts are the counters of a bucket's webhooks. The zero value is ready.
type webhookCounts struct {
	mu     sync.Mutex
	byName map[string]countsOfHost
}

type countsOfHost struct {
	*webhook.Counts
	host string
}

// counts are those of the webhook with that name, which is kept over reloads.
func (w *webhookCounts) counts(name, host string) *webhook.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byName == nil {
		w.byName = make(map[string]countsOfHost)
	}
	if _, ok := w.byName[name]; !ok {
		w.byName[name] = countsOfHost{new(webhook.Counts), host}
	}
	return w.byName[name].Counts
}

// webhookMetrics are exported for each bucket and host. What several URLs of a host count is
// added up.
var webhookMetrics = []struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*webhook.Counts, *store.Bucket) uint64
}{
	{webhookDesc("sent_total", "Messages that receivers of webhooks took."), prometheus.CounterValue,
		func(c *webhook.Counts, _ *store.Bucket) uint64 { return c.Sent.Load() }},
	{webhookDesc("retried_total", "Requests of webhooks that failed and were repeated."), prometheus.CounterValue,
		func(c *webhook.Counts, _ *store.Bucket) uint64 { return c.Retried.Load() }},
	{webhookDesc("failed_total", "Messages of which webhooks gave up telling."), prometheus.CounterValue,
		func(c *webhook.Counts, _ *store.Bucket) uint64 { return c.Failed.Load() }},
	{webhookDesc("dropped_total", "Messages that were removed before webhooks could tell of them."), prometheus.CounterValue,
		func(c *webhook.Counts, _ *store.Bucket) uint64 { return c.Dropped.Load() }},
	{webhookDesc("lag", "Messages that webhooks have not yet dealt with."), prometheus.GaugeValue,
		func(c *webhook.Counts, b *store.Bucket) uint64 { return c.Lag(b) }},
}

func webhookDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("mailbucket_webhook_"+name, help, []string{"bucket", "host"}, nil)
}

// collect exports the metrics of the bucket's webhooks.
func (w *webhookCounts) collect(b *bucket, ch chan<- prometheus.Metric) {
	w.mu.Lock()
	all := slices.Collect(maps.Values(w.byName))
	w.mu.Unlock()
	for _, m := range webhookMetrics {
		sums := make(map[string]uint64)
		for _, c := range all {
			sums[c.host] += m.read(c.Counts, b.Bucket)
		}
		for host, sum := range sums {
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(sum), b.name, host)
		}
	}
}

// unmarshalWebhook reads
//
//	webhook <url> {
//	    secret <secret>
//	    only   <filter> <values...>
//	}
func (c *BucketConfig) unmarshalWebhook(d *caddyfile.Dispenser) error {
	var config WebhookConfig
	if err := oneArg(d, &config.URL); err != nil {
		return err
	}
	if !hasPlaceholder(config.URL) {
		if err := webhook.CheckURL(config.URL); err != nil {
			return d.Errf("webhook: %w", err)
		}
	}
	if len(c.Webhooks) == maxWebhooks {
		return d.Errf("webhook: expected at most %d in a bucket", maxWebhooks)
	}
	err := eachOption(d, "webhook", map[string]func() error{
		"only": func() error { return unmarshalOnly(d, &config.Only) },
		"secret": func() error {
			if err := oneArg(d, &config.Secret); err != nil || hasPlaceholder(config.Secret) {
				return err
			}
			if _, err := webhook.ParseSecret(config.Secret); err != nil {
				return d.Errf("secret: %w", err)
			}
			return nil
		},
	}, "only")
	c.Webhooks = append(c.Webhooks, config)
	return err
}
