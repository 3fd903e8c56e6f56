package mailbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// journalNamespace is where the modules of journals are registered.
const journalNamespace = "mailbucket.journals"

// JournalModule is a module of the namespace mailbucket.journals, which makes the journals of
// buckets, so that these outlive the process.
type JournalModule interface {
	caddy.Module

	// Journal makes the journal of the bucket with that name, which is still to be opened. It
	// is closed when the last configuration that has the bucket has ended, which may be long
	// after that of the module. If it has a method SetLimits(store.Limits), that is called with
	// the limits of each configuration that comes into force meanwhile.
	Journal(bucket string, limits store.Limits) (store.Journal, error)
}

// SharedJournal is a JournalModule into whose logs other processes may write. Each of them
// tells its own webhooks of the mail that it received itself, so that each mail is told of once.
type SharedJournal interface {
	JournalModule
	Shared() bool
}

// unmarshalJournal reads
//
//	journal <module> …
//
// of which the module reads what follows its name.
func (c *BucketConfig) unmarshalJournal(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Errf("journal: expected one of %s", strings.Join(journalNames(), ", "))
	}
	name := d.Val()
	if _, err := caddy.GetModule(journalNamespace + "." + name); err != nil {
		return d.Errf("journal %q: expected one of %s, or one whose plugin is built in", name, strings.Join(journalNames(), ", "))
	}
	module, err := caddyfile.UnmarshalModule(d, journalNamespace+"."+name)
	if err != nil {
		return err
	}
	c.Journal = caddyconfig.JSONModuleObject(module, "module", name, nil)
	return nil
}

func journalNames() []string {
	var names []string
	for _, module := range caddy.GetModules(journalNamespace) {
		names = append(names, module.ID.Name())
	}
	return names
}

// loadJournal loads the module of the bucket's journal, nil if it has none. Key is the
// module's configuration in a form that can be compared.
func (c *BucketConfig) loadJournal(ctx caddy.Context) (module JournalModule, key string, err error) {
	if len(c.Journal) == 0 {
		return nil, "", nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, c.Journal); err != nil {
		return nil, "", fmt.Errorf("reading the journal's configuration: %w", err)
	}
	loaded, err := ctx.LoadModule(c, "Journal")
	if err != nil {
		return nil, "", fmt.Errorf("loading the journal: %w", err)
	}
	module, ok := loaded.(JournalModule)
	if !ok {
		return nil, "", fmt.Errorf("the module %T makes no journals", loaded)
	}
	return module, compact.String(), nil
}

// makeStore makes the store of the bucket, with its journal if it has one.
func (b *bucket) makeStore(limits store.Limits, module JournalModule) error {
	if module == nil {
		b.Bucket = store.New(limits)
		return nil
	}
	j, err := module.Journal(b.name, limits)
	if err != nil {
		return err
	}
	if shared, ok := module.(SharedJournal); ok && shared.Shared() {
		b.shared = true
	} else {
		b.places = openHookPlaces(b.name)
	}
	b.journal = &journal{Journal: j, bucket: b.name, latency: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:        "mailbucket_journal_write_seconds",
		Help:        "How long it took until the journal had a record.",
		ConstLabels: prometheus.Labels{"bucket": b.name},
		Buckets:     prometheus.ExponentialBuckets(50e-6, 4, 10), // up to 13 s
	})}
	b.Bucket = store.NewJournaled(limits, b.journal, func(document []byte) {
		if err := b.faults.SetJSON(document); err != nil {
			caddy.Log().Named(appName).Error("setting faults that the journal has", zap.String("bucket", b.name), zap.Error(err))
		}
	})
	return nil
}

// openJournals opens the journals of the buckets that are new. They are not opened before the
// configuration starts, so that it can be validated while another process has them open.
func (a *App) openJournals() error {
	for name, b := range a.buckets {
		began := time.Now()
		if err := b.OpenJournal(context.Background()); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
		if b.journal != nil && !b.journal.told.Swap(true) {
			a.first[name] = b.here() // what the journal had is no news
			a.logger.Info("the journal is open", zap.String("bucket", name), zap.Int("messages", b.Stats().Messages), zap.Duration("after", time.Since(began)))
		}
	}
	return nil
}

// journal is one whose writes are measured, and of whose failure the log tells.
type journal struct {
	store.Journal
	bucket  string
	latency prometheus.Histogram
	failing atomic.Bool
	told    atomic.Bool // the log has been told that it is open
}

// setLimits tells a journal that has limits of its own of the bucket's new ones.
func (j *journal) setLimits(l store.Limits) {
	if limited, ok := j.Journal.(interface{ SetLimits(store.Limits) }); ok {
		limited.SetLimits(l)
	}
}

// Write implements store.Journal.
func (j *journal) Write(ctx context.Context, r *store.Record) error {
	began := time.Now()
	err := j.Journal.Write(ctx, r)
	switch logger := caddy.Log().Named(appName); {
	case err == nil:
		j.latency.Observe(time.Since(began).Seconds())
		if j.failing.Load() && j.failing.Swap(false) {
			logger.Info("the journal can be written again", zap.String("bucket", j.bucket))
		}
	case errors.Is(err, store.ErrJournalAway), errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrTooLarge), ctx.Err() != nil:
	case !j.failing.Swap(true):
		logger.Error("writing the journal; mail gets 452 until it can be written again", zap.String("bucket", j.bucket), zap.Error(err))
	}
	return err
}

// journalReply is the reply to a mail that the journal does not have.
func (b *bucket) journalReply(err error) error {
	b.Refuse()
	if errors.Is(err, store.ErrJournalAway) {
		return &smtp.ReplyError{Code: 451, Enhanced: "4.4.1", Text: "Message not stored, the journal of bucket " + b.name + " cannot be reached, try again later"}
	}
	return &smtp.ReplyError{Code: 452, Enhanced: "4.3.1", Text: "Message not stored, the journal of bucket " + b.name + " cannot be written"}
}

// maxFaultsWait bounds how long the journal may take for faults.
const maxFaultsWait = 30 * time.Second

// sharedFaults are the faults of a bucket. If it has a journal, they are set through that.
type sharedFaults struct{ *bucket }

// MarshalJSON implements json.Marshaler.
func (f sharedFaults) MarshalJSON() ([]byte, error) { return f.faults.MarshalJSON() }

// SetJSON sets the faults as smtp.Faults does.
func (f sharedFaults) SetJSON(document []byte) error {
	return f.ChangeJSON(func([]byte) ([]byte, error) { return document, nil })
}

// ChangeJSON changes the faults as smtp.Faults does.
func (f sharedFaults) ChangeJSON(change func(document []byte) ([]byte, error)) error {
	if f.journal == nil {
		return f.faults.ChangeJSON(change)
	}
	return f.faults.Change(change, func(document []byte) error {
		if _, err := smtp.ParseFaults(document); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), maxFaultsWait)
		defer cancel()
		return f.SetFaults(ctx, bytes.Clone(document))
	})
}
