package mailbucket

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestMemoryGoesBackWhenItIsWorthIt looks each second at a process whose heap takes 400 MB,
// so that 50 MB are worth it.
func TestMemoryGoesBackWhenItIsWorthIt(t *testing.T) {
	const mb = 1 << 20
	type looks struct {
		n                 int
		forGood, replaced int64 // bytes freed before each
	}
	for name, test := range map[string]struct {
		looks []looks
		acts  []int // at which looks, counted from 0
	}{
		"nothing is freed":                    {[]looks{{100, 0, 0}}, nil},
		"much is deleted":                     {[]looks{{1, 200 * mb, 0}, {100, 0, 0}}, []int{2}},
		"too little is deleted":               {[]looks{{1, 49 * mb, 0}, {100, 0, 0}}, nil},
		"it is deleted piece by piece":        {[]looks{{10, 10 * mb, 0}, {100, 0, 0}}, []int{11}},
		"more is deleted soon after":          {[]looks{{1, 200 * mb, 0}, {4, 0, 0}, {1, 200 * mb, 0}, {100, 0, 0}}, []int{2, 32}},
		"it turns over":                       {[]looks{{100, 0, 150 * mb}}, nil},
		"it turns over, and then nothing":     {[]looks{{10, 0, 150 * mb}, {100, 0, 0}}, []int{39}},
		"it turns over while much is deleted": {[]looks{{10, 0, 150 * mb}, {1, 200 * mb, 150 * mb}, {20, 0, 150 * mb}}, []int{12}},
		"mail expires all the time":           {[]looks{{100, 2 * mb, 0}}, nil},
		"little turns over after a deletion":  {[]looks{{1, 200 * mb, 0}, {100, 0, mb / 2}}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			var all counts
			var acts []int
			i := 0
			for _, l := range test.looks {
				for range l.n {
					all.forGood += l.forGood
					all.replaced += l.replaced
					if due, _ := p.at(time.Unix(int64(1e9+i), 0), all, 400*mb); due {
						acts = append(acts, i)
					}
					i++
				}
			}
			if got, want := fmt.Sprint(acts), fmt.Sprint(test.acts); got != want {
				t.Errorf("gave memory back at looks %s, want %s", got, want)
			}
		})
	}
}

// TestReclaimerActsOnlyOnWhatIsItsOwn lets others fill the heap, and buckets come and go.
func TestReclaimerActsOnlyOnWhatIsItsOwn(t *testing.T) {
	var acted, looked atomic.Int32
	inUse := int64(1 << 30)
	r := reclaimer{
		look:    time.Millisecond,
		inUse:   func() int64 { looked.Add(1); return inUse },
		giveUp:  func() { acted.Add(1) },
		buckets: make(map[*store.Bucket]struct{}),
	}
	running := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.running
	}
	b, other := store.New(store.Limits{}), store.New(store.Limits{})
	r.watch(b)
	eventually(t, "it looks at a heap that others fill", func() bool { return looked.Load() > 100 })
	r.watch(other)
	r.unwatch(other)
	if acted.Load() > 0 {
		t.Error("it acted although nothing was freed")
	}
	must(t, b.Append(t.Context(), &store.Message{Raw: strings.Repeat("x", 300<<20)}))
	r.unwatch(b)
	eventually(t, "the memory of the last bucket goes back", func() bool { return acted.Load() == 1 })
	eventually(t, "it ends", func() bool { return !running() })
	r.watch(store.New(store.Limits{}))
	r.buffers.Add(300 << 20)
	if !running() {
		t.Error("it does not begin again")
	}
}

// heap is how many bytes of the system's memory the Go heap has.
func heap() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapSys - stats.HeapReleased)
}

func TestMemoryOfRemovedMailIsGivenBack(t *testing.T) {
	const mails = 100
	body := strings.Repeat(strings.Repeat("x", 78)+"\r\n", 1<<20/80)
	for name, remove := range map[string]func(*site){
		"deleted": func(s *site) {
			request, err := http.NewRequest("DELETE", "http://"+s.http+"/emails", nil)
			must(t, err)
			response, err := http.DefaultClient.Do(request)
			must(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			must(t, err)
			must(t, response.Body.Close())
		},
		"in a bucket that no configuration names any more": func(s *site) {
			must(t, s.load("{\n LOGOFF\n}\nHTTP {\n respond hello\n}\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, shortest)
			freed.mu.Lock()
			freed.pace.acted = time.Time{} // as if the last time were long ago
			freed.mu.Unlock()
			debug.FreeOSMemory()
			before := heap()
			c := s.dial()
			must(t, c.talk("", "220", "HELO x", "250"))
			for range mails {
				must(t, c.send("a@x", "b@x", body))
			}
			if held := heap() - before; held < mails<<20 {
				t.Fatalf("100 MB are held in %d bytes", held)
			}
			remove(s)
			eventually(t, "the memory is given back", func() bool { return heap()-before <= mails<<20/4 })
		})
	}
}
