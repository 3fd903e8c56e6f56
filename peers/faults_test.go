package peers

import (
	"fmt"
	"sync"
	"testing"
)

// TestFaultsThatAreSetAtTheSameTimeAreAllThere has many add one each.
func TestFaultsThatAreSetAtTheSameTimeAreAllThere(t *testing.T) {
	p := newPeer(t)
	var setting sync.WaitGroup
	const many = 64
	for n := range many {
		setting.Go(func() {
			fault := plainFault{Step: "mail", Probability: 1, Reply: fmt.Sprintf("550 Number %d", n)}
			if err := p.api.replaceFaults(func(f plainFault) bool { return f == fault }, []plainFault{fault}); err != nil {
				t.Error(err)
			}
		})
	}
	setting.Wait()
	if faults, err := p.api.plainFaults(); err != nil || len(faults) != many {
		t.Errorf("%d faults, want %d (%v)", len(faults), many, err)
	}
}
