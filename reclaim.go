package mailbucket

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// freed gives memory that mail or large buffers of this plugin have used back to the
// system, for all configurations. By default Go keeps most of it until the heap has grown
// to twice what is in use, so that deleting 200 MB of mail would free nothing visibly.
//
// It counts only what this plugin has freed, and acts when that is a considerable part of
// the process's heap. So allocations of other modules do not trigger it, and the cost of a
// collection, which looks at all of the heap, is in proportion to what it frees.
var freed = reclaimer{
	look:    time.Second,
	inUse:   heapInUse,
	giveUp:  debug.FreeOSMemory,
	buckets: make(map[*store.Bucket]struct{}),
}

// How much memory is worth giving back, and when.
const (
	reclaimLeast = 16 << 20         // bytes
	reclaimPart  = 8                // or this fraction of the heap, an eighth, if that is more
	reclaimStill = 1 << 20          // bytes freed between two checks that count as nothing
	reclaimSoon  = 2 * time.Second  // how long nothing more must have been freed for good
	reclaimLater = 30 * time.Second // the same for mail evicted by newer mail, which needs the memory again
	reclaimPause = 30 * time.Second // the least time between two collections
)

// bufferFreed reports that a large buffer that is not mail, of some MiB, is no longer
// needed. It may be called from any goroutine.
func bufferFreed(bytes int64) { freed.buffers.Add(bytes) }

// reclaimer watches the memory of buckets for as long as there are any.
type reclaimer struct {
	look    time.Duration // how often to check
	inUse   func() int64
	giveUp  func()
	buffers atomic.Int64 // bytes reported by bufferFreed

	mu      sync.Mutex
	running bool
	buckets map[*store.Bucket]struct{}
	closed  counts // of buckets that no longer exist
	pace    pace
}

// counts are bytes that were freed since the process began.
type counts struct{ forGood, replaced int64 }

// watch watches a bucket until unwatch.
func (r *reclaimer) watch(b *store.Bucket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buckets[b] = struct{}{}
	if !r.running {
		r.running = true
		go r.run()
	}
}

// unwatch closes the bucket, which frees all that it held. The error is that of closing.
func (r *reclaimer) unwatch(b *store.Bucket) error {
	err := b.Close()
	stats := b.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.buckets, b)
	r.closed.replaced += stats.Replaced
	r.closed.forGood += stats.Freed - stats.Replaced
	return err
}

// run checks at intervals. It ends when there is no bucket, and no memory left that is
// worth giving back.
func (r *reclaimer) run() {
	tick := time.NewTicker(r.look)
	defer tick.Stop()
	for now := range tick.C {
		due, goOn := r.at(now)
		if due {
			r.giveUp()
			caddy.Log().Named(appName).Debug("gave memory of removed mail back to the system", zap.Duration("took", time.Since(now)))
		}
		if !goOn {
			return
		}
	}
}

// at makes one check. It reports whether to give memory back now, and whether to go on
// checking.
func (r *reclaimer) at(now time.Time) (due, goOn bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.closed
	all.forGood += r.buffers.Load()
	for b := range r.buckets {
		stats := b.Stats()
		all.replaced += stats.Replaced
		all.forGood += stats.Freed - stats.Replaced
	}
	due, worth := r.pace.at(now, all, r.inUse())
	r.running = len(r.buckets) > 0 || worth && !due
	return due, r.running
}

// pace decides when memory is given back.
type pace struct {
	last     counts    // at the last check
	returned counts    // when memory was last given back
	forGood  time.Time // the last check that saw much freed for good
	replaced time.Time // the last check that saw much evicted by newer mail
	acted    time.Time
}

// at makes one check, with what has been freed by then and the size of the heap. It
// reports whether to give memory back now, and whether there is enough to be worth it.
func (p *pace) at(now time.Time, all counts, inUse int64) (due, worth bool) {
	if all.forGood-p.last.forGood >= reclaimStill {
		p.forGood = now
	}
	if all.replaced-p.last.replaced >= reclaimStill {
		p.replaced = now
	}
	p.last = all
	least := max(reclaimLeast, inUse/reclaimPart)
	forGood := all.forGood - p.returned.forGood
	replaced := all.replaced - p.returned.replaced
	worth = forGood+replaced >= least
	soon := forGood >= least && now.Sub(p.forGood) >= reclaimSoon
	later := worth && now.Sub(p.forGood) >= reclaimLater && now.Sub(p.replaced) >= reclaimLater
	if (!soon && !later) || now.Sub(p.acted) < reclaimPause {
		return false, worth
	}
	p.returned, p.acted = all, now
	return true, false
}

// heapInUse is how much memory of the system the heap of the process has, in bytes,
// including garbage and what is kept for later.
func heapInUse() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	var sum uint64
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			sum += s.Value.Uint64()
		}
	}
	return int64(sum)
}
