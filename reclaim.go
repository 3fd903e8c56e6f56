package mailbucket

import (
	"runtime"
	"runtime/debug"
	"time"
)

// How often the memory of removed messages is looked after, and how many bytes of
// it are worth the trouble.
const (
	reclaimEvery = time.Second
	reclaimLeast = 16 << 20
)

// reclaim gives the memory of removed messages back until stop closes. Left to
// itself Go lets a heap grow to twice what is in use before it collects, and returns
// little of it to the system: a bucket that turns over would cost twice its
// max_bytes, and one that was emptied as much as before.
func (a *App) reclaim(stop <-chan struct{}) {
	tick := time.NewTicker(reclaimEvery)
	defer tick.Stop()
	var r reclaimer
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			var freed, held int64
			for _, b := range a.buckets {
				stats := b.Stats()
				freed += stats.Freed
				held += stats.Bytes
			}
			r.look(freed, held)
		}
	}
}

// reclaimer knows how many bytes had been freed at certain times.
type reclaimer struct {
	last      int64 // when it looked
	collected int64 // before the last garbage collection
	returned  int64 // before memory was last given to the system
	cycles    int64
}

// look collects garbage once a quarter of what is held has become that, and gives
// it all back to the system when no more comes.
func (r *reclaimer) look(freed, held int64) {
	if cycles := gcCycles(); cycles != r.cycles {
		r.cycles, r.collected = cycles, r.last
	}
	switch {
	case freed == r.last && freed-r.returned >= reclaimLeast:
		debug.FreeOSMemory()
		r.returned, r.collected = freed, freed
	case freed-r.collected >= max(reclaimLeast, held/4):
		runtime.GC()
		r.collected = freed
	}
	r.last = freed
}

// gcCycles is how many garbage collections there were.
func gcCycles() int64 {
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	return stats.NumGC
}
