package mailbucket

import (
	"runtime/debug"
	"testing"
	"time"
)

// TestRemovedMailIsCollected looks after a bucket that holds 400 MB.
func TestRemovedMailIsCollected(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const mb = 1 << 20
	type look struct {
		freed, gone int64 // since the look before
		collects    bool
		next        time.Duration
	}
	tests := map[string][]look{
		"nothing is removed":                {{0, 0, false, time.Second}, {0, 0, false, time.Second}},
		"little turns over":                 {{50 * mb, 0, false, time.Second}, {49 * mb, 0, false, time.Second}, {mb, 0, true, time.Second}},
		"as much as is held turns over":     {{400 * mb, 0, true, time.Second / 4}, {100 * mb, 0, true, time.Second / 4}},
		"much turns over, then nothing":     {{400 * mb, 0, true, time.Second / 4}, {0, 0, false, time.Second}},
		"it turns over at once":             {{40_000 * mb, 0, true, 50 * time.Millisecond}},
		"some is deleted":                   {{50 * mb, 50 * mb, false, time.Second}, {0, 0, true, time.Second}, {0, 0, false, time.Second}},
		"too little is deleted to be worth": {{mb, mb, false, time.Second}, {0, 0, false, time.Second}},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			r := reclaimer{next: reclaimEvery, cycles: gcCycles()}
			var freed, gone int64
			for i, l := range looks {
				freed, gone = freed+l.freed, gone+l.gone
				before := gcCycles()
				next := r.look(freed, gone, 400*mb)
				if collected := gcCycles() > before; collected != l.collects || next != l.next {
					t.Errorf("look %d: collected %v, the next after %v; want %v, %v", i, collected, next, l.collects, l.next)
				}
			}
		})
	}
}

func TestTurnedOverMailGoesBackToTheSystemWhenNoMoreComes(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	r := reclaimer{next: reclaimEvery, cycles: gcCycles()}
	r.look(reclaimOften, 0, 0)
	for range reclaimQuiet - 1 {
		r.look(reclaimOften, 0, 0)
	}
	before := gcCycles()
	if r.look(reclaimOften, 0, 0); gcCycles() == before {
		t.Error("it was kept")
	}
	before = gcCycles()
	if r.look(reclaimOften, 0, 0); gcCycles() != before {
		t.Error("it went back again")
	}
}
