package smtp

import "strings"

// spill holds the beginning of a mail that is larger than an input buffer, or of which
// more chunks will follow, and the mail's reservation in the budget.
type spill struct {
	buffers []*buffer
	data    [][]byte
	size    int64 // of data
	memory  int64 // of buffers
	room    reservation
}

// add takes over b, which holds data.
func (sp *spill) add(b *buffer, data []byte) {
	sp.buffers = append(sp.buffers, b)
	sp.data = append(sp.data, data)
	sp.size += int64(len(data))
	sp.memory += int64(len(b.bytes))
}

// append copies data to the end.
func (sp *spill) append(data []byte) {
	for len(data) > 0 {
		last := len(sp.data) - 1
		if last < 0 || len(sp.data[last]) == cap(sp.data[last]) {
			b := acquireBuffer(last + 1)
			sp.add(b, b.bytes[:0])
			continue
		}
		n := min(len(data), cap(sp.data[last])-len(sp.data[last]))
		sp.data[last] = append(sp.data[last], data[:n]...)
		sp.size += int64(n)
		data = data[n:]
	}
}

// join returns the whole mail, of which tail is the end. It copies the mail once, and
// releases each buffer when it has been copied, so that the mail does not take twice its
// size. The reservation stays until the mail has been handed over.
func (sp *spill) join(tail []byte) string {
	if sp.size == 0 {
		return string(tail)
	}
	var whole strings.Builder
	whole.Grow(int(sp.size) + len(tail))
	for i, data := range sp.data {
		whole.Write(data)
		sp.data[i] = nil
		sp.buffers[i].release()
		sp.buffers[i] = nil
	}
	whole.Write(tail)
	sp.buffers, sp.data, sp.size, sp.memory = nil, nil, 0, 0
	return whole.String()
}

// release releases the buffers and the reservation.
func (sp *spill) release() {
	for _, b := range sp.buffers {
		if b != nil {
			b.release()
		}
	}
	sp.room.release()
	*sp = spill{}
}
