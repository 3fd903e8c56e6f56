package mailbucket

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// collector exports the buckets' counters. The buckets hold them, since every
// configuration has a metrics registry of its own.
type collector struct{ buckets map[string]*bucket }

// reading is what the metrics of a bucket are read from.
type reading struct {
	*bucket
	stats    store.Stats
	releases release.Counts
	log      store.JournalState
}

// metric is a number that is exported for each bucket.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(r *reading) float64
}

var bucketMetrics = []metric{
	counter("messages_received", "Messages accepted and stored.", func(r *reading) uint64 { return r.stats.Received }),
	counter("messages_evicted", "Messages removed to make room for newer ones.", func(r *reading) uint64 { return r.stats.Evicted }),
	counter("messages_expired", "Messages removed at their maximum age.", func(r *reading) uint64 { return r.stats.Expired }),
	counter("messages_deleted", "Messages deleted through the API.", func(r *reading) uint64 { return r.stats.Deleted }),
	counter("messages_refused", "Messages refused after their data had begun, or for their declared size.",
		func(r *reading) uint64 { return r.stats.Refused }),
	counter("messages_released", "Messages that were sent on.", func(r *reading) uint64 { return r.releases.Released }),
	counter("messages_release_failed", "Requests to send a message on that failed.",
		func(r *reading) uint64 { return r.releases.ReleasesFailed }),
	counter("messages_forwarded", "Messages that were sent on by rule.", func(r *reading) uint64 { return r.releases.Forwarded }),
	counter("messages_forward_failed", "Messages that a rule asks to send on, and that were not.",
		func(r *reading) uint64 { return r.releases.ForwardsFailed }),
	counter("recipients_refused", "Recipients refused as accept_recipients does not have them.",
		func(r *reading) uint64 { return r.recipientsRefused.Load() }),
	counter("events_dropped", "Messages removed before the event of their arrival could be emitted.",
		func(r *reading) uint64 { return r.eventsDropped.Load() }),

	gauge("messages", "Messages held.", func(r *reading) int64 { return int64(r.stats.Messages) }),
	gauge("messages_unread", "Messages held that are not marked as read.", func(r *reading) int64 { return int64(r.stats.Unread) }),
	gauge("bytes", "Bytes held, envelopes and index included.", func(r *reading) int64 { return r.stats.Bytes }),
	gauge("smtp_sessions", "Open SMTP sessions.", func(r *reading) int64 { return int64(r.sessions.Len()) }),
}

// journalMetrics are those of buckets with a journal.
var journalMetrics = []metric{
	gauge("journal_up", "Whether the journal can be written and read.", func(r *reading) int64 {
		if r.log.Err != nil {
			return 0
		}
		return 1
	}),
	gauge("journal_behind_records", "Records that are in the journal but not yet in the bucket.",
		func(r *reading) int64 { return int64(r.log.Behind) }),
	gauge("journal_records", "Records in the journal.", func(r *reading) int64 { return int64(r.log.Records) }),
	gauge("journal_bytes", "Bytes that the journal takes on disk.", func(r *reading) int64 { return r.log.Bytes }),
	counter("journal_written", "Records written into the journal.", func(r *reading) uint64 { return r.log.Written }),
	counter("journal_errors", "Records that could not be written into the journal.", func(r *reading) uint64 { return r.log.Failed }),
}

func counter(name, help string, read func(*reading) uint64) metric {
	return metric{bucketDesc(name+"_total", help), prometheus.CounterValue, func(r *reading) float64 { return float64(read(r)) }}
}

func gauge(name, help string, read func(*reading) int64) metric {
	return metric{bucketDesc(name, help), prometheus.GaugeValue, func(r *reading) float64 { return float64(read(r)) }}
}

func bucketDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("mailbucket_"+name, help, []string{"bucket"}, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range slices.Concat(bucketMetrics, journalMetrics) {
		ch <- m.desc
	}
	for _, m := range webhookMetrics {
		ch <- m.desc
	}
	for _, b := range c.buckets {
		if b.journal != nil {
			b.journal.latency.Describe(ch)
		}
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for name, b := range c.buckets {
		state, has := b.Journal()
		r, metrics := &reading{b, b.Stats(), b.released.Counts(), state}, bucketMetrics
		if has {
			metrics = slices.Concat(bucketMetrics, journalMetrics)
			b.journal.latency.Collect(ch)
		}
		for _, m := range metrics {
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(r), name)
		}
		b.webhooks.collect(b, ch)
	}
}

// Messages is how many messages the app's buckets hold.
func (a *App) Messages() int {
	n := 0
	for _, b := range a.buckets {
		n += int(b.Stats().Messages)
	}
	return n
}
