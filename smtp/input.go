package smtp

import (
	"io"
	"sync"
)

// The sizes of input buffers. A session begins with the smallest; data that does
// not fit moves on to the next size, so that a small mail costs little memory and
// a large one few system calls.
var bufferSizes = [...]int{16 << 10, 64 << 10, blockSize}

// blockSize is the largest of them.
const blockSize = 256 << 10

// bufferPools has a pool for each size but the largest, for which there is [blocks].
var bufferPools [len(bufferSizes) - 1]sync.Pool

// buffer is a pooled buffer of bufferSizes[class] bytes.
type buffer struct {
	bytes []byte
	class int
}

func acquireBuffer(class int) *buffer {
	if class >= len(bufferPools) {
		return &buffer{blocks.get(), len(bufferPools)}
	}
	if b, ok := bufferPools[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, bufferSizes[class]), class}
}

// release gives b back. Nothing may use it, or what it held, afterwards.
func (b *buffer) release() {
	if b.class < len(bufferPools) {
		bufferPools[b.class].Put(b)
		return
	}
	block := b.bytes
	b.bytes = nil
	blocks.put(block)
}

// input holds what has been read from the client: the bytes from r to w have not been
// used yet. While data is read, those from start to r are the data so far, with
// dot-stuffing undone.
type input struct {
	*buffer
	start, r, w int
}

func (in *input) acquire() { in.buffer = acquireBuffer(0) }

func (in *input) release() {
	in.buffer.release()
	in.buffer = nil
}

// shrink gives a large buffer back once what is left in it fits into a small one.
func (in *input) shrink() {
	if left := in.unread(); in.class > 0 && len(left) <= bufferSizes[0]/2 {
		large := in.buffer
		in.acquire()
		in.r, in.w = 0, copy(in.bytes, left)
		large.release()
	}
	in.start = in.r
}

func (in *input) unread() []byte { return in.bytes[in.r:in.w] }

// skip uses up n bytes of a command.
func (in *input) skip(n int) {
	in.r += n
	in.start = in.r
}

// data is the data so far in this buffer.
func (in *input) data() []byte { return in.bytes[in.start:in.r] }

// keep uses up so many bytes, which have been compacted: only the first kept of them are
// data.
func (in *input) keep(kept, used int) {
	if kept == used {
		in.r += used
		return
	}
	n := copy(in.bytes[in.r+kept:], in.bytes[in.r+used:in.w])
	in.r += kept
	in.w = in.r + n
}

// drop discards the data so far.
func (in *input) drop() { in.start = in.r }

// full reports whether a read needs room that makeRoom cannot give.
func (in *input) full() bool { return in.w == len(in.bytes) && in.start < len(in.bytes)/2 }

// spill moves on to a larger buffer and returns the one that holds the data so
// far, which the caller has to release.
func (in *input) spill() (full *buffer, data []byte) {
	full, data = in.buffer, in.data()
	in.buffer = acquireBuffer(full.class + 1)
	in.w = copy(in.bytes, full.bytes[in.r:in.w])
	in.start, in.r = 0, 0
	return full, data
}

// read reads once from src, after moving what is needed to the front if there is
// no room behind it.
func (in *input) read(src io.Reader) error {
	if in.start == in.w {
		in.start, in.r, in.w = 0, 0, 0
	} else if in.w == len(in.bytes) {
		in.w = copy(in.bytes, in.bytes[in.start:in.w])
		in.r -= in.start
		in.start = 0
	}
	n, err := src.Read(in.bytes[in.w:])
	in.w += n
	if n > 0 {
		return nil // the next read returns the error again
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
