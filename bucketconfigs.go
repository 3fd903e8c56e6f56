package mailbucket

import (
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/caddyserver/caddy/v2"
)

// bucketConfigs are the configurations of one bucket. There are several while one replaces
// the other. The oldest applies, as a newer one may still be rejected, even after it has
// started, and must not have changed anything then.
type bucketConfigs struct {
	mu      sync.Mutex
	configs []*BucketConfig // the oldest first
}

// add adds a configuration. It applies at once if it is the only one.
func (w *bucketConfigs) add(b *bucket, c *BucketConfig) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.configs = append(w.configs, c); len(w.configs) == 1 {
		c.apply(b)
	}
}

// remove removes a configuration if it is still there. If it was the one that applied, the
// next one does.
func (w *bucketConfigs) remove(b *bucket, c *BucketConfig) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.configs, c)
	if i < 0 {
		return
	}
	w.configs = slices.Delete(w.configs, i, i+1)
	if i == 0 && len(w.configs) > 0 {
		w.configs[0].apply(b)
	}
}

func (c *BucketConfig) apply(b *bucket) {
	b.SetLimits(c.limits())
	if b.journal != nil {
		b.journal.setLimits(c.limits())
	}
	b.forwards.Use(c.outlet)
	if err := b.faults.Configure(c.Faults); err != nil {
		// The app has checked them.
		caddy.Log().Error("configuring faults", zap.String("bucket", b.name), zap.Error(err))
	}
}
