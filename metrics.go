package mailbucket

import "github.com/prometheus/client_golang/prometheus"

// collector exports the buckets' counters. The buckets hold them, since every
// configuration has a metrics registry of its own.
type collector struct{ buckets map[string]*bucket }

var (
	descReceived = counterDesc("received", "Messages accepted and stored.")
	descEvicted  = counterDesc("evicted", "Messages removed to make room for newer ones.")
	descExpired  = counterDesc("expired", "Messages removed at their maximum age.")
	descDeleted  = counterDesc("deleted", "Messages deleted through the API.")
	descRefused  = counterDesc("refused", "Messages refused after their data had begun, or for their declared size.")

	descRecipients = gaugeDesc("recipients_refused_total", "Recipients refused as accept_recipients does not have them.")
	descReleased   = counterDesc("released", "Messages that were sent on.")
	descUnsent     = counterDesc("release_failed", "Requests to send a message on that failed.")

	descMessages = gaugeDesc("messages", "Messages held.")
	descUnread   = gaugeDesc("messages_unread", "Messages held that are not marked as read.")
	descBytes    = gaugeDesc("bytes", "Bytes held, envelopes and index included.")
	descSessions = gaugeDesc("smtp_sessions", "Open SMTP sessions.")
)

func counterDesc(name, help string) *prometheus.Desc {
	return gaugeDesc("messages_"+name+"_total", help)
}

func gaugeDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("mailbucket_"+name, help, []string{"bucket"}, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descReceived, descEvicted, descExpired, descDeleted, descRefused, descRecipients, descReleased, descUnsent, descMessages, descUnread, descBytes, descSessions,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for name, b := range c.buckets {
		stats, releases := b.Stats(), b.released.Counts()
		for desc, value := range map[*prometheus.Desc]uint64{
			descReceived: stats.Received,
			descEvicted:  stats.Evicted,
			descExpired:  stats.Expired,
			descDeleted:  stats.Deleted,
			descRefused:  stats.Refused,
			descReleased: releases.Released,
			descUnsent:   releases.ReleasesFailed,

			descRecipients: b.recipientsRefused.Load(),
		} {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), name)
		}
		for desc, value := range map[*prometheus.Desc]float64{
			descMessages: float64(stats.Messages),
			descUnread:   float64(stats.Unread),
			descBytes:    float64(stats.Bytes),
			descSessions: float64(b.sessions.Len()),
		} {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, name)
		}
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
