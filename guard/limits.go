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

	// searchLine is how many searches may wait for a slot.
	searchLine = 1000

	// patience is how long a request waits for a slot or for memory.
	patience = 30 * time.Second
)

// Limits are those that all buckets of a process share.
type Limits struct {
	// Searches has a slot for each core, for searches that look at each message. Building
	// a large answer is as much work and takes a slot, too.
	Searches *Slots
	// Answers is the memory of answers while they are sent.
	Answers *Budget
	// Bodies reads the bodies of requests.
	Bodies *Bodies
}

// NewLimits makes the limits of a process. Freed, unless it is nil, is called with the
// memory that large answers and bodies give back, in bytes.
func NewLimits(freed func(bytes int64)) *Limits {
	return &Limits{
		Searches: NewSlots(runtime.GOMAXPROCS(0), searchLine, patience),
		Answers:  NewBudget(answerMemory, patience, freed),
		Bodies:   NewBodies(NewBudget(smallMemory, patience, freed), NewBudget(largeMemory, patience, freed)),
	}
}
