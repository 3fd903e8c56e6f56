package mailbucket

import (
	"runtime"
	"runtime/debug"
	"time"
)

// How often the memory of removed messages is looked after, how many bytes of it
// are worth giving back or collecting while mail comes, and after how many quiet
// looks it goes back to the system although more mail may want it.
const (
	reclaimEvery   = time.Second
	reclaimSoonest = 50 * time.Millisecond // when much is removed
	reclaimLeast   = 16 << 20
	reclaimOften   = 64 << 20
	reclaimQuiet   = 30
)

// reclaim gives the memory of removed messages back until stop closes. Left to
// itself Go lets a heap grow to twice what is in use before it collects, and returns
// little of it to the system: a bucket that turns over would cost twice its
// max_bytes, and one that was emptied as much as before.
func (a *App) reclaim(stop <-chan struct{}) {
	tick := time.NewTicker(reclaimEvery)
	defer tick.Stop()
	r := reclaimer{next: reclaimEvery}
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			var freed, replaced, held int64
			for _, b := range a.buckets {
				stats := b.Stats()
				freed += stats.Freed
				replaced += stats.Replaced
				held += stats.Bytes
			}
			tick.Reset(r.look(freed, freed-replaced, held))
		}
	}
}

// reclaimer knows how many bytes had been freed at certain times.
type reclaimer struct {
	last      int64 // when it looked
	collected int64 // before the last garbage collection
	returned  int64 // before memory was last given to the system
	gone      int64 // for good, by then
	quiet     int   // looks since anything was freed
	cycles    int64 // of garbage collection, the last look's own not counted

	next time.Duration // from the last look to this one
}

// look collects garbage once a quarter of what is held has become that. When no more
// comes, it gives it back to the system: soon if it is gone for good, and else
// later, as a bucket that only turns over will want it again. It returns when to
// look again: when there may be another quarter.
func (r *reclaimer) look(freed, gone, held int64) time.Duration {
	quarter := max(reclaimOften, held/4)
	if cycles := gcCycles(); cycles != r.cycles {
		r.cycles, r.collected = cycles, r.last
	}
	if r.quiet++; freed != r.last {
		r.quiet = 0
	}
	switch {
	case r.quiet > 0 && gone-r.gone >= reclaimLeast, r.quiet >= reclaimQuiet && freed-r.returned >= reclaimLeast:
		debug.FreeOSMemory()
		r.returned, r.gone = freed, gone
	case freed-r.collected >= quarter:
		runtime.GC()
	}
	r.next = untilFreed(quarter, freed-r.last, r.next)
	r.last = freed
	return r.next
}

// untilFreed is how long it takes to free some bytes if others took that time.
func untilFreed(bytes, others int64, took time.Duration) time.Duration {
	wait := float64(took) * float64(bytes) / float64(max(1, others))
	return time.Duration(min(max(wait, float64(reclaimSoonest)), float64(reclaimEvery)))
}

// gcCycles is how many garbage collections there were.
func gcCycles() int64 {
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	return stats.NumGC
}
