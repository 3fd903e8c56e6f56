package guard

import (
	"runtime"
	"time"
)

const (
	// answerMemory bounds the answers that are held in memory, in bytes, and
	// smallMemory and largeMemory the bodies under way.
	answerMemory             = 128 << 20
	smallMemory, largeMemory = 32 << 20, 64 << 20

	// searchLine is how many searches may wait for others to end.
	searchLine = 1000

	// patience is how long a request waits for others.
	patience = 30 * time.Second
)

// Limits are those that all buckets of a process share.
type Limits struct {
	// Searches are those that look at each message, as many at once as there are
	// cores. Building a large answer is as much work and counts as one.
	Searches *Slots
	// Answers is the memory of answers while they are sent.
	Answers *Budget
	// Bodies reads those of requests.
	Bodies *Bodies
}

// NewLimits makes the limits of a process. What large answers and bodies held is told
// to freed, in bytes, unless it is nil.
func NewLimits(freed func(bytes int64)) *Limits {
	return &Limits{
		Searches: NewSlots(runtime.GOMAXPROCS(0), searchLine, patience),
		Answers:  NewBudget(answerMemory, patience, freed),
		Bodies:   NewBodies(NewBudget(smallMemory, patience, freed), NewBudget(largeMemory, patience, freed)),
	}
}
