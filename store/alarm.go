package store

import (
	"sync"
	"sync/atomic"
)

// alarm is a channel that many wait for. It has a lock of its own, so that waiting does not
// hold up reading and appending.
type alarm struct {
	mu      sync.Mutex
	c       chan struct{}
	closed  bool        // for ever
	waiting atomic.Bool // c is not nil
}

func (s *alarm) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
		if s.closed {
			close(s.c)
		} else {
			s.waiting.Store(true)
		}
	}
	return s.c
}

// wake closes the channel. What it is about must be visible already.
func (s *alarm) wake() {
	if !s.waiting.Load() {
		return
	}
	s.mu.Lock()
	c := s.c
	if s.closed {
		c = nil
	} else {
		s.c = nil
		s.waiting.Store(false)
	}
	s.mu.Unlock()
	if c != nil {
		close(c)
	}
}

// close closes the channel and those of whoever watches later.
func (s *alarm) close() {
	s.wake()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil && !s.closed {
		close(s.c)
	}
	s.closed = true
	s.waiting.Store(false)
}
