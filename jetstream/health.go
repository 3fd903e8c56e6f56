package jetstream

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// troubleTime is how long the servers may be in trouble before that is told. Going over to
	// another server takes less.
	troubleTime = 2 * time.Second

	// patience is how long they may be in trouble before new records are refused at once.
	// Until then a record waits for them, as a cluster needs up to ten seconds to find a new
	// leader after one of its servers has been killed.
	patience = 10 * time.Second
)

// health is whether the stream can be written and read, and since when not.
type health struct {
	logger   func() *zap.Logger
	patience time.Duration // see the constant

	mu     sync.Mutex
	reason error // nil while all is well
	since  time.Time
	told   bool        // the log has been told of the trouble
	tell   *time.Timer // tells it
	closed bool
}

// trouble notes that the stream cannot be used.
func (h *health) trouble(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	if h.reason == nil {
		h.since = time.Now()
		h.tell = time.AfterFunc(troubleTime, h.log)
	}
	h.reason = reason
}

// log tells of trouble that goes on, once.
func (h *health) log() {
	h.mu.Lock()
	reason := h.reason
	tell := reason != nil && !h.told && !h.closed
	h.told = h.told || tell
	h.mu.Unlock()
	if tell {
		h.logger().Error("the journal is away: mail is refused until it is back, and what is held can be read", zap.Error(reason))
	}
}

// well notes that the stream can be used, and that everything in it has been read.
func (h *health) well() {
	h.mu.Lock()
	told, since := h.told, h.since
	if h.reason != nil {
		h.tell.Stop()
	}
	h.reason, h.told = nil, false
	h.mu.Unlock()
	if told {
		h.logger().Info("the journal is back, and everything in it has been read", zap.Duration("away", time.Since(since)))
	}
}

// away is why the stream has not been usable for at least so long, nil if it has been.
func (h *health) away(least time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reason == nil || time.Since(h.since) < least {
		return nil
	}
	return h.reason
}

// close ends the telling.
func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.tell != nil {
		h.tell.Stop()
	}
}
