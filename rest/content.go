package rest

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of the contents that are kept although nobody reads them: their number and
// their bytes.
const (
	maxIdle      = 64
	maxIdleBytes = 16 << 20
)

// garbage is how many times as much memory as a content takes is left behind when it
// has been decoded, about.
const garbage = 3

// contents are what was made of emails for answers. All who read the same share one,
// however slowly they do, and the memory of all of them together is bounded. Those
// that were read last are kept for a while, as readers come in bursts.
type contents struct {
	limits *guard.Limits

	mu        sync.Mutex
	byKey     map[contentKey]*content
	idle      list.List // of *content, the last used first
	idleBytes int
}

// contentKey says of which email it is, and what.
type contentKey struct {
	id   store.ID
	name string
}

// content is ready when that channel is closed; then it does not change any more, but
// for what the lock of contents protects.
type content struct {
	key     contentKey
	ready   chan struct{}
	value   any
	size    int // in bytes
	err     error
	share   *guard.Share
	readers int           // protected
	place   *list.Element // protected; nil while somebody reads it
}

// recipe is how a content is made.
type recipe struct {
	build func() (value any, size int)
	most  int  // bytes of memory that it takes meanwhile, or all the time if build is nil
	heavy bool // it is as much work as a search, and has to wait for its turn
}

// heavyMail is from which size on making something of an email is as much work as a
// search, in bytes.
const heavyMail = 256 << 10

// use returns the content with that key, which must be given back by done. If it is
// not there it is made, which waits for room and returns guard.ErrBusy if there is none
// in time.
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
		// The client that it was to be built for has gone: another has to do it.
	}
}

// enter counts a reader of the content with that key, which is to be filled if it is
// new.
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

// errUnfinished is for those who wait for a content that is not made to its end.
var errUnfinished = errors.New("an answer was not made to its end")

// fill builds the content, or notes why it could not.
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

// pinnedSize is from which size on emails are counted while they are sent, in bytes.
const pinnedSize = 64 << 10

// pin counts an email that is sent from where the store holds it. It stays in memory
// until done is called, also when the store has removed it meanwhile.
func (c *contents) pin(ctx context.Context, m *store.Message) (done func(), err error) {
	if len(m.Raw) < pinnedSize {
		return func() {}, nil
	}
	_, done, err = c.use(ctx, contentKey{m.ID, "raw"}, recipe{most: len(m.Raw)})
	return done, err
}

// leave counts a reader less.
func (c *contents) leave(entry *content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry.readers--; entry.readers > 0 || c.byKey[entry.key] != entry {
		return
	}
	if entry.value == nil { // the store's memory, that is
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
