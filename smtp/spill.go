package smtp

import "strings"

// spill holds the front of a mail that is larger than an input buffer, or of which more
// chunks are to come, and what of the budget the mail has reserved.
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

// join is the whole mail, tail being what was not spilled: the one copy that is made of
// it. It gives the buffers back one by one, so that the mail does not take twice its size.
// What was reserved stays so for as long as the mail is under way.
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

// release gives the buffers back, and what was reserved.
func (sp *spill) release() {
	for _, b := range sp.buffers {
		if b != nil {
			b.release()
		}
	}
	sp.room.release()
	*sp = spill{}
}
