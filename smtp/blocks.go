package smtp

import "sync"

// keptBlocks is how many unused blocks, of 16 MiB in all, are kept for the next mails.
const keptBlocks = 64

// blocks are the largest input buffers, which hold mail that is being received. Where
// possible they are not on the heap, so that their memory goes back to the system at once
// and not only after some garbage collections. A [Budget] bounds how many there are.
var blocks blockPool

type blockPool struct {
	mu   sync.Mutex
	kept [][]byte
	used int
}

func (p *blockPool) get() []byte {
	p.mu.Lock()
	p.used++
	if last := len(p.kept) - 1; last >= 0 {
		block := p.kept[last]
		p.kept = p.kept[:last]
		p.mu.Unlock()
		return block
	}
	p.mu.Unlock()
	return allocateBlock()
}

func (p *blockPool) put(block []byte) {
	p.mu.Lock()
	p.used--
	if len(p.kept) < keptBlocks {
		p.kept = append(p.kept, block)
		block = nil
	}
	p.mu.Unlock()
	if block != nil {
		freeBlock(block)
	}
}
