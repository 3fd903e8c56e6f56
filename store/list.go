package store

// list holds sequence numbers in ascending order and, in the ring, the messages that
// have them. It is divided into chunks, so that no operation moves or copies more than
// one chunk. Finding a number takes O(log n). Counting and skipping numbers adds up the
// lengths of chunks: about two thousand of them in a list of a million numbers.
type list struct {
	chunks []chunk // none is empty, and two neighbours fill more than half of one
	n      int
}

// chunk is a part of a list. The numbers are stored apart from the messages, so that
// the garbage collector need not scan them.
type chunk struct {
	seqs     []uint64
	messages []*Message // one for each of seqs, or nil if the list is of numbers only
}

// chunkSize is the most numbers that a chunk holds, and so the most that one removal
// moves.
const chunkSize = 512

// span is the range of sequence numbers from lo up to, but not including, hi.
type span struct{ lo, hi uint64 }

// place is where a number is: the chunk, and the index in it. The place after the
// last number is {len(chunks), 0}.
type place struct{ chunk, index int }

// push appends a number, which must be greater than all in the list, with its message
// if the list holds messages.
func (l *list) push(seq uint64, m *Message) {
	if n := len(l.chunks); n == 0 {
		l.chunks = append(l.chunks, chunk{})
	} else if len(l.chunks[n-1].seqs) >= chunkSize {
		c := chunk{seqs: make([]uint64, 0, chunkSize)}
		if m != nil {
			c.messages = make([]*Message, 0, chunkSize)
		}
		l.chunks = append(l.chunks, c)
	}
	c := &l.chunks[len(l.chunks)-1]
	c.seqs = append(c.seqs, seq)
	if m != nil {
		c.messages = append(c.messages, m)
	}
	l.n++
}

// first is the smallest number. The list must not be empty.
func (l *list) first() uint64 { return l.chunks[0].seqs[0] }

// last is the greatest number. The list must not be empty.
func (l *list) last() uint64 {
	seqs := l.chunks[len(l.chunks)-1].seqs
	return seqs[len(seqs)-1]
}

// locate is the place of the first number that is at least seq.
func (l *list) locate(seq uint64) place {
	lo, hi := 0, len(l.chunks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if seqs := l.chunks[mid].seqs; seqs[len(seqs)-1] >= seq {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(l.chunks) {
		return place{lo, 0}
	}
	return place{lo, l.chunks[lo].locate(seq)}
}

// locate is the index of the first number that is at least seq.
func (c *chunk) locate(seq uint64) int {
	seqs := c.seqs
	if seqs[0] >= seq {
		return 0
	}
	// If no number before it is missing, its index is its distance from the first.
	if i := seq - seqs[0]; i < uint64(len(seqs)) && seqs[i] == seq {
		return int(i)
	}
	lo, hi := 1, len(seqs)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); seqs[mid] >= seq {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// find is the place of the number seq.
func (l *list) find(seq uint64) (p place, ok bool) {
	p = l.locate(seq)
	return p, p.chunk < len(l.chunks) && l.chunks[p.chunk].seqs[p.index] == seq
}

// remove removes the number seq, and its message if the list holds messages.
func (l *list) remove(seq uint64) (m *Message, ok bool) {
	p, ok := l.find(seq)
	if !ok {
		return nil, false
	}
	c := &l.chunks[p.chunk]
	if c.messages != nil {
		m = c.messages[p.index]
	}
	c.remove(p.index)
	l.n--
	if len(c.seqs) == 0 {
		l.drop(p.chunk)
	} else {
		l.merge(p.chunk)
	}
	return m, true
}

// remove removes what is at an index, and gives memory back when three quarters of
// the chunk's are unused.
func (c *chunk) remove(i int) {
	c.seqs = without(c.seqs, i)
	if c.messages != nil {
		c.messages = without(c.messages, i)
	}
	if n := len(c.seqs); n >= 4 && n <= cap(c.seqs)/4 {
		c.seqs = append(make([]uint64, 0, 2*n), c.seqs...)
		if c.messages != nil {
			c.messages = append(make([]*Message, 0, 2*n), c.messages...)
		}
	}
}

// without removes an element from a slice. Removing the first one moves no others.
func without[E any](s []E, i int) []E {
	var none E
	if i == 0 {
		s[0] = none
		return s[1:]
	}
	copy(s[i:], s[i+1:])
	s[len(s)-1] = none
	return s[:len(s)-1]
}

// drop removes a chunk.
func (l *list) drop(i int) { l.chunks = without(l.chunks, i) }

// merge joins a chunk with a neighbour if both together fill at most half of one.
func (l *list) merge(i int) {
	for left := max(0, i-1); left <= i && left+1 < len(l.chunks); left++ {
		c, right := &l.chunks[left], &l.chunks[left+1]
		if len(c.seqs)+len(right.seqs) <= chunkSize/2 {
			c.seqs = append(c.seqs, right.seqs...)
			c.messages = append(c.messages, right.messages...)
			l.drop(left + 1)
			return
		}
	}
}

// count is how many numbers there are in s.
func (l *list) count(s span) int {
	if l.n == 0 || s.lo >= s.hi {
		return 0
	}
	if s.lo <= l.first() && s.hi > l.last() {
		return l.n
	}
	from, to := l.locate(s.lo), l.locate(s.hi)
	n := to.index - from.index
	for _, c := range l.chunks[from.chunk:to.chunk] {
		n += len(c.seqs)
	}
	return n
}

// pieces skips the first numbers of s, or the last if not ascending, and calls f with
// parts of chunks that hold the numbers after those, at most limit in all. Within a
// part, numbers always ascend.
func (l *list) pieces(s span, ascending bool, skip, limit int, f func(chunk)) {
	if s.lo >= s.hi {
		return
	}
	from, to := l.locate(s.lo), l.locate(s.hi)
	for k := 0; k <= to.chunk-from.chunk && limit > 0; k++ {
		i := from.chunk + k
		if !ascending {
			i = to.chunk - k
		}
		if i == len(l.chunks) {
			continue
		}
		lo, hi := 0, len(l.chunks[i].seqs)
		if i == from.chunk {
			lo = from.index
		}
		if i == to.chunk {
			hi = to.index
		}
		if skip >= hi-lo {
			skip -= hi - lo
			continue
		}
		n := min(limit, hi-lo-skip)
		if ascending {
			lo += skip
		} else {
			lo = hi - skip - n
		}
		f(l.chunks[i].piece(lo, lo+n))
		skip, limit = 0, limit-n
	}
}

func (c *chunk) piece(lo, hi int) chunk {
	if c.messages == nil {
		return chunk{seqs: c.seqs[lo:hi]}
	}
	return chunk{c.seqs[lo:hi], c.messages[lo:hi]}
}
