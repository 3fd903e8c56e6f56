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

// freed gives memory back to the system that mail or large buffers of this plugin took,
// for all configurations. Left to itself Go keeps most of it until the heap has grown to
// twice what is in use: a person who deletes 200 MB would see none of it go.
//
// It counts only what this plugin has let go, and acts when that is a good part of the
// process's heap: what other modules allocate brings about nothing, and a collection,
// which looks at all of the heap, costs no more than in proportion to what it gains.
var freed = reclaimer{
	look:    time.Second,
	inUse:   heapInUse,
	giveUp:  debug.FreeOSMemory,
	buckets: make(map[*store.Bucket]struct{}),
}

// What is worth giving back, and when.
const (
	reclaimLeast = 16 << 20         // bytes
	reclaimPart  = 8                // or that part of the heap, if it is more
	reclaimStill = 1 << 20          // bytes freed between looks that do not matter
	reclaimSoon  = 2 * time.Second  // how long nothing more has to be freed for good
	reclaimLater = 30 * time.Second // or removed for newer mail, which wants the memory again
	reclaimPause = 30 * time.Second // between giving back
)

// letGo reports a large buffer, of some MiB, that is no longer needed and is no mail.
// It may be called from everywhere at once.
func letGo(bytes int64) { freed.buffers.Add(bytes) }

// reclaimer looks after the memory of buckets for as long as there are any.
type reclaimer struct {
	look    time.Duration // how often
	inUse   func() int64
	giveUp  func()
	buffers atomic.Int64 // bytes that letGo was told

	mu      sync.Mutex
	running bool
	buckets map[*store.Bucket]struct{}
	closed  counts // of buckets that there are no longer
	pace    pace
}

// counts are bytes that were freed since the process began.
type counts struct{ forGood, replaced int64 }

// watch looks after a bucket until unwatch.
func (r *reclaimer) watch(b *store.Bucket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buckets[b] = struct{}{}
	if !r.running {
		r.running = true
		go r.run()
	}
}

// unwatch closes the bucket. All that it held is freed.
func (r *reclaimer) unwatch(b *store.Bucket) {
	b.Close()
	stats := b.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.buckets, b)
	r.closed.replaced += stats.Replaced
	r.closed.forGood += stats.Freed - stats.Replaced
}

// run looks again and again. It ends when there is no bucket, and no memory left that is
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

// at is a look. It reports whether memory is to go back now, and whether to go on looking.
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

// pace decides when memory goes back.
type pace struct {
	last     counts    // at the last look
	returned counts    // by the last time
	forGood  time.Time // when much was freed for good, as far as was seen
	replaced time.Time // when much made room for newer mail
	acted    time.Time
}

// at is a look, with what was freed by then and what the heap takes. It reports whether
// memory is to go back now, and whether it is worth that at all.
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

// heapInUse is what the heap of the process has of the system's memory, garbage and what
// is kept for later included.
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
