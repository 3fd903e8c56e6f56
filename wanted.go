package mailbucket

import (
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/caddyserver/caddy/v2"
)

// wanted is what configurations want of a bucket that they share while one replaces
// the other. In force is what the oldest of them wants: the next one may be rejected,
// even after it has started, and must have changed nothing then.
type wanted struct {
	mu      sync.Mutex
	configs []*BucketConfig // the oldest first
}

// add makes what a configuration wants the next that comes in force, at once if no
// other one has the bucket.
func (w *wanted) add(b *bucket, c *BucketConfig) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.configs = append(w.configs, c); len(w.configs) == 1 {
		c.apply(b)
	}
}

// remove forgets what a configuration wants, if it still wants anything, and brings what
// the next one wants in force if that waited for it.
func (w *wanted) remove(b *bucket, c *BucketConfig) {
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
	if err := b.faults.Configure(c.Faults); err != nil {
		// The app has checked them.
		caddy.Log().Error("configuring faults", zap.String("bucket", b.name), zap.Error(err))
	}
}
