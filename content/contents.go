// Package content builds what HTTP answers show of mails. It keeps the mails that were read
// last in parsed form, lets requests for the same thing share one result, and bounds the
// memory of all results together.
//
// contents.go (this one) shares and bounds, mail.go keeps parsed mails, html.go says how
// browsers may show HTML, and part.go sends parts.
package content

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of the contents that are kept while no request uses them: their number and
// their bytes.
const (
	maxIdle      = 2048
	maxIdleBytes = 16 << 20
)

// garbage is roughly how much memory decoding a content leaves to the garbage collector,
// as a multiple of the content's size.
const garbage = 3

// Contents holds what was decoded from emails for answers. Requests for the same thing
// share one content, however slow their clients are, and the memory of all contents
// together is bounded. The ones used last are kept, as several requests for one email
// tend to follow each other.
type Contents struct {
	limits *guard.Limits
	cache  cache

	mu        sync.Mutex
	byKey     map[Key]*content
	idle      list.List // of *content, the most recently used first
	idleBytes int
}

// New returns the contents of a process or a bucket. The limits bound their memory and
// work.
func New(limits *guard.Limits) *Contents { return &Contents{limits: limits} }

// Mail returns an email that is parsed only once for all its readers.
func (c *Contents) Mail(m *store.Message) *Mail { return c.cache.mail(m) }

// Key identifies a content: the email, and what is made of it.
type Key struct {
	ID   store.ID
	Name string
}

// content is complete when the channel ready is closed. After that only the fields
// protected by the lock of Contents change.
type content struct {
	key     Key
	ready   chan struct{}
	value   any
	size    int // in bytes
	err     error
	share   *guard.Share
	readers int           // protected by the lock
	place   *list.Element // protected by the lock; nil while there are readers
}

// Recipe is how a content is made.
type Recipe struct {
	Build func() (value any, size int)
	Most  int  // bytes of memory that Build takes at most, or those of the content if Build is nil
	Heavy bool // building is as much work as a search, and waits for a slot like one
}

// HeavyMail is the size of an email, in bytes, from which on decoding it counts as much
// work as a search.
const HeavyMail = 256 << 10

// Use returns the content with that key; the caller must call done when it no longer
// uses it. If there is no such content yet, use makes it. For that it waits until there
// is memory, and returns guard.ErrBusy if there is none in time.
func (c *Contents) Use(ctx context.Context, key Key, how Recipe) (value any, done func(), err error) {
	for {
		entry, isNew := c.enter(key)
		if isNew {
			c.fill(ctx, entry, how)
		}
		select {
		case <-entry.ready:
		case <-ctx.Done():
			c.leave(entry)
			return nil, nil, context.Cause(ctx)
		}
		if entry.err == nil {
			return entry.value, func() { c.leave(entry) }, nil
		}
		c.leave(entry)
		if isNew || errors.Is(entry.err, guard.ErrBusy) {
			return nil, nil, entry.err
		}
		// The client that it was being built for has gone: try again.
	}
}

// enter counts one more reader of the content with that key. If it is new, the caller
// has to fill it.
func (c *Contents) enter(key Key) (entry *content, isNew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry = c.byKey[key]
	if entry == nil {
		entry, isNew = &content{key: key, ready: make(chan struct{}), share: new(guard.Share)}, true
		if c.byKey == nil {
			c.byKey = make(map[Key]*content)
		}
		c.byKey[key] = entry
	}
	if entry.place != nil {
		c.idle.Remove(entry.place)
		entry.place = nil
		c.idleBytes -= entry.size
	}
	entry.readers++
	return entry, isNew
}

// errUnfinished is the error of those who wait for a content whose building failed.
var errUnfinished = errors.New("an answer was not made to its end")

// fill builds the content, or sets the error that says why it could not.
func (c *Contents) fill(ctx context.Context, entry *content, how Recipe) {
	entry.err = errUnfinished // which stays if build panics
	defer func() {
		if entry.err != nil {
			c.mu.Lock()
			delete(c.byKey, entry.key)
			c.mu.Unlock()
			entry.share.Shrink(0)
		}
		close(entry.ready)
	}()
	entry.err = c.reserve(ctx, entry, how)
}

func (c *Contents) reserve(ctx context.Context, entry *content, how Recipe) error {
	share, err := c.limits.Answers.Take(ctx, int64(how.Most))
	if err != nil {
		return err
	}
	entry.share, entry.size = share, how.Most
	if how.Build == nil {
		return nil
	}
	if how.Heavy {
		release, err := c.limits.Searches.Take(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	entry.value, entry.size = how.Build()
	share.Shrink(int64(entry.size))
	c.limits.Answers.Freed(garbage * int64(entry.size))
	return nil
}

// pinnedSize is the size of an email, in bytes, from which on its memory is counted
// while it is sent.
const pinnedSize = 64 << 10

// Pin counts the memory of an email that is sent straight from the store: until done is
// called it stays in memory even if the store removes it meanwhile.
func (c *Contents) Pin(ctx context.Context, m *store.Message) (done func(), err error) {
	if len(m.Raw) < pinnedSize {
		return func() {}, nil
	}
	_, done, err = c.Use(ctx, Key{ID: m.ID, Name: "raw"}, Recipe{Most: len(m.Raw)})
	return done, err
}

// leave counts one reader fewer.
func (c *Contents) leave(entry *content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry.readers--; entry.readers > 0 || c.byKey[entry.key] != entry {
		return
	}
	if entry.value == nil { // the memory is the store's
		delete(c.byKey, entry.key)
		entry.share.Shrink(0)
		return
	}
	entry.place = c.idle.PushFront(entry)
	c.idleBytes += entry.size
	for c.idle.Len() > maxIdle || c.idleBytes > maxIdleBytes {
		oldest := c.idle.Remove(c.idle.Back()).(*content)
		c.idleBytes -= oldest.size
		delete(c.byKey, oldest.key)
		oldest.share.Release()
	}
}
