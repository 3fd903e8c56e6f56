package smtp

import "sync"

// keptBlocks is how many blocks that nobody uses stay for the next mails, 16 MiB.
const keptBlocks = 64

// blocks are the largest input buffers, which mail under way is kept in. They are not on
// the heap where that can be avoided, so that their memory goes back to the system when
// the mail has gone, and not only some collections later. A [Budget] bounds how many
// there are.
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
