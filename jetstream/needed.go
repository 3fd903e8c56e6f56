package jetstream

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
)

// needed is what is still needed of the stream although it is before what the bucket needs.
type needed struct {
	mu     sync.Mutex
	large  []large // in the order of their last parts
	first  uint64  // of all parts of records that are not complete, zero if there is none
	latest *faults
}

// large are the positions of the parts of a record.
type large []uint64

func (l large) last() uint64 { return l[len(l)-1] }

// faults are those that are set.
type faults struct {
	position uint64
	origin   string // the position at which they were set
	data     []byte // the record
}

// add adds a record of several messages.
func (n *needed) add(parts large) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.large = append(n.large, parts)
}

// remove forgets the record at a position, and returns the positions of all of its messages.
func (n *needed) remove(position uint64) []uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := slices.BinarySearchFunc(n.large, position, func(l large, position uint64) int {
		return cmp.Compare(l.last(), position)
	})
	if !ok {
		return []uint64{position}
	}
	parts := n.large[i]
	n.large = slices.Delete(n.large, i, i+1)
	return parts
}

// unfinished says where the parts begin of records that are not complete.
func (n *needed) unfinished(first uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.first = first
}

// faults notes the faults that are in a message, and reports whether they are other ones than before.
func (n *needed) faults(position uint64, origin string, data []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if origin == "" {
		origin = strconv.FormatUint(position, 10)
	}
	changed := n.latest == nil || n.latest.origin != origin
	n.latest = &faults{position, origin, data}
	return changed
}

// limit is up to where nothing is needed if the bucket needs nothing before a position. If the
// faults are in the way they are to be written again.
func (n *needed) limit(before uint64) (limit uint64, inWay *faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	limit = before
	past := 0
	for past < len(n.large) && n.large[past].last() < before {
		past++
	}
	n.large = slices.Delete(n.large, 0, past)
	for _, l := range n.large {
		limit = min(limit, l[0])
	}
	if n.first != 0 {
		limit = min(limit, n.first)
	}
	if n.latest != nil && n.latest.position < limit {
		limit, inWay = n.latest.position, n.latest
	}
	return limit, inWay
}

// between gives up to most positions from one on and before another that are not needed, as
// what is needed there are only parts of large records. It also gives the position up to which
// these are all, which is from if something else may be needed.
func (n *needed) between(from, before uint64, most int) (positions []uint64, to uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if from >= before || n.first != 0 && n.first < before || n.latest != nil && n.latest.position < before {
		return nil, from
	}
	parts := make(map[uint64]bool)
	for _, l := range n.large {
		for _, at := range l {
			if at < before {
				parts[at] = true
			}
		}
	}
	for to = from; to < before && len(positions) < most; to++ {
		if !parts[to] {
			positions = append(positions, to)
		}
	}
	return positions, to
}

// reset forgets a stream that is gone.
func (n *needed) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.large, n.first, n.latest = nil, 0, nil
}
