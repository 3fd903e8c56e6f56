package rest

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
	maxIdle      = 64
	maxIdleBytes = 16 << 20
)

// garbage is roughly how much memory decoding a content leaves to the garbage collector,
// as a multiple of the content's size.
const garbage = 3

// contents holds what was decoded from emails for answers. Requests for the same thing
// share one content, however slow their clients are, and the memory of all contents
// together is bounded. The ones used last are kept, as several requests for one email
// tend to follow each other.
type contents struct {
	limits *guard.Limits

	mu        sync.Mutex
	byKey     map[contentKey]*content
	idle      list.List // of *content, the most recently used first
	idleBytes int
}

// contentKey names a content: the email, and what of it.
type contentKey struct {
	id   store.ID
	name string
}

// content is complete when the channel ready is closed. After that only the fields
// change that the lock of contents protects.
type content struct {
	key     contentKey
	ready   chan struct{}
	value   any
	size    int // in bytes
	err     error
	share   *guard.Share
	readers int           // protected by the lock
	place   *list.Element // protected by the lock; nil while there are readers
}

// recipe is how a content is made.
type recipe struct {
	build func() (value any, size int)
	most  int  // bytes of memory that build takes at most, or those of the content if build is nil
	heavy bool // building is as much work as a search, and waits for a slot like one
}

// heavyMail is the size of an email, in bytes, from which on decoding it counts as much
// work as a search.
const heavyMail = 256 << 10

// use returns the content with that key; the caller must call done when it no longer
// uses it. If there is no such content yet, use makes it. For that it waits until there
// is memory, and returns guard.ErrBusy if there is none in time.
func (c *contents) use(ctx context.Context, key contentKey, how recipe) (value any, done func(), err error) {
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
func (c *contents) enter(key contentKey) (entry *content, isNew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry = c.byKey[key]
	if entry == nil {
		entry, isNew = &content{key: key, ready: make(chan struct{}), share: new(guard.Share)}, true
		if c.byKey == nil {
			c.byKey = make(map[contentKey]*content)
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
func (c *contents) fill(ctx context.Context, entry *content, how recipe) {
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

func (c *contents) reserve(ctx context.Context, entry *content, how recipe) error {
	share, err := c.limits.Answers.Take(ctx, int64(how.most))
	if err != nil {
		return err
	}
	entry.share, entry.size = share, how.most
	if how.build == nil {
		return nil
	}
	if how.heavy {
		release, err := c.limits.Searches.Take(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	entry.value, entry.size = how.build()
	share.Shrink(int64(entry.size))
	c.limits.Answers.Freed(garbage * int64(entry.size))
	return nil
}

// pinnedSize is the size of an email, in bytes, from which on its memory is counted
// while it is sent.
const pinnedSize = 64 << 10

// pin counts the memory of an email that is sent straight from the store: until done is
// called it stays in memory even if the store removes it meanwhile.
func (c *contents) pin(ctx context.Context, m *store.Message) (done func(), err error) {
	if len(m.Raw) < pinnedSize {
		return func() {}, nil
	}
	_, done, err = c.use(ctx, contentKey{m.ID, "raw"}, recipe{most: len(m.Raw)})
	return done, err
}

// leave counts one reader less.
func (c *contents) leave(entry *content) {
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
