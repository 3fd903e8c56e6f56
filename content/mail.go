package content

import (
	"container/list"
	"sync"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of the cache of parsed emails: their number, and the bytes of their raw data.
// The data of a deleted email stays in memory until the cache drops it.
const (
	maxCached      = 32
	maxCachedBytes = 16 << 20
)

// cache keeps the emails that were read last, parsed, as several requests for one email
// tend to follow each other: for a page and its parts, or from a test's assertions.
type cache struct {
	mu    sync.Mutex
	bytes int
	byID  map[store.ID]*list.Element // of *Mail
	order list.List                  // the most recently used first
}

// Mail is an email, its parsed form and the sizes of its parts.
type Mail struct {
	*store.Message
	parsed func() *message.Message // parses once, without the cache's lock

	mu    sync.Mutex
	sizes map[int]int64 // of parts, decoded, by their index
}

// Parsed returns the parsed email, which is parsed only once.
func (m *Mail) Parsed() *message.Message { return m.parsed() }

// SizeOf returns the size of a decoded part, in bytes. Each part is decoded only once to
// find it.
func (p *Mail) SizeOf(part *message.Part) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	size, known := p.sizes[part.Index]
	if !known {
		if p.sizes == nil {
			p.sizes = make(map[int]int64)
		}
		size = int64(part.Size())
		p.sizes[part.Index] = size
	}
	return size
}

func (c *cache) mail(m *store.Message) *Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[m.ID]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*Mail)
	}
	p := &Mail{Message: m, parsed: sync.OnceValue(func() *message.Message { return message.Parse(m.Raw) })}
	if len(m.Raw) > maxCachedBytes {
		return p
	}
	if c.byID == nil {
		c.byID = make(map[store.ID]*list.Element)
	}
	c.byID[m.ID] = c.order.PushFront(p)
	c.bytes += len(m.Raw)
	for c.order.Len() > maxCached || c.bytes > maxCachedBytes {
		oldest := c.order.Remove(c.order.Back()).(*Mail)
		delete(c.byID, oldest.ID)
		c.bytes -= len(oldest.Raw)
	}
	return p
}
