package rest

import (
	"container/list"
	"net/http"
	"sync"
	"time"
)

// Bounds of the lists that are kept: their number, and their bytes.
const (
	maxPages     = 256
	maxPageBytes = 8 << 20
)

// pages keeps the lists that were answered last, as tests and open pages ask for the
// same ones again and again. One is good while nothing has changed in the bucket.
type pages struct {
	mu    sync.Mutex
	bytes int
	byKey map[string]*list.Element // of *keptPage
	order list.List                // the last used first
}

// moment is when a list is good: in one version of the bucket and, as a query may speak
// of today, up to the next time at which a day begins somewhere.
type moment struct {
	version uint64
	quarter int64 // of an hour since 1970: all time zones differ by whole ones
}

// now is the present moment.
func (a *API) now() moment { return moment{a.bucket.Version(), time.Now().Unix() / (15 * 60)} }

// pageKey is what a list is kept by: who may see it, and what was asked for.
func (a *API) pageKey(r *http.Request) string { return a.bucket.Name() + "?" + r.URL.RawQuery }

// keptPage is the document that a query string is answered with at a moment.
type keptPage struct {
	query    string
	when     moment
	document []byte // it must not be changed
}

// get is the document for a query string at a moment, or nil. Of version 0 nothing is
// known.
func (c *pages) get(query string, when moment) []byte {
	if when.version == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[query]
	if e == nil || e.Value.(*keptPage).when != when {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*keptPage).document
}

// put keeps a document for a query string. One that alone is much of what may be kept
// is not.
func (c *pages) put(query string, when moment, document []byte) {
	if when.version == 0 || len(query)+len(document) > maxPageBytes/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[query]; e != nil {
		c.remove(e)
	}
	if c.byKey == nil {
		c.byKey = make(map[string]*list.Element)
	}
	page := &keptPage{query, when, document}
	c.byKey[query] = c.order.PushFront(page)
	for c.bytes += page.size(); c.order.Len() > maxPages || c.bytes > maxPageBytes; {
		c.remove(c.order.Back())
	}
}

func (c *pages) remove(e *list.Element) {
	page := c.order.Remove(e).(*keptPage)
	delete(c.byKey, page.query)
	c.bytes -= page.size()
}

func (p *keptPage) size() int { return len(p.query) + cap(p.document) }
