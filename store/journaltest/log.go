// Package journaltest has the tests that every store.Journal has to pass, and a log in memory
// for tests of what uses one.
package journaltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Log is a log in memory. Several journals may be open on it at once, as if each were on
// another machine, and it stays when they are closed.
type Log struct {
	mu      sync.Mutex
	changed *sync.Cond
	made    int64
	entries []entry // in ascending order
	next    uint64
	fault   entry // the last of kind FaultsSet
	fails   error
	opened  int
}

type entry struct {
	position uint64
	time     int64
	record   []byte
}

// NewLog makes an empty log.
func NewLog() *Log {
	l := &Log{made: time.Now().UnixMilli(), next: 1}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Fail makes Write fail with an error, and State report it, until Fail is called with nil.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fails = err
}

// Records is how many records the log has.
func (l *Log) Records() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// add adds a record at the next position.
func (l *Log) add(record []byte) entry {
	e := entry{l.next, time.Now().UnixMilli(), record}
	l.next++
	l.entries = append(l.entries, e)
	return e
}

// Opened is how many journals have been opened.
func (l *Log) Opened() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

// Journal makes a journal on the log, which is still to be opened.
func (l *Log) Journal() store.Journal { return &journal{log: l} }

// journal is one that is open on a log.
type journal struct {
	log   *Log
	ended sync.WaitGroup

	// These are guarded by the log's lock.
	fed             uint64 // the position up to which feed has been called
	closed          bool
	written, failed uint64
}

func (j *journal) Open(_ context.Context, feed func(store.Entry)) error {
	j.log.mu.Lock()
	fault, from := j.log.fault, j.log.next
	j.log.opened++
	j.log.mu.Unlock()
	if fault.position != 0 {
		fault.position = 0
		if err := j.feed(feed, fault); err != nil {
			return err
		}
	}
	for {
		e, ok := j.nextEntry(false)
		if !ok || e.position >= from {
			break
		}
		if err := j.feed(feed, e); err != nil {
			return err
		}
	}
	j.ended.Go(func() {
		for {
			e, ok := j.nextEntry(true)
			if !ok {
				return
			}
			if err := j.feed(feed, e); err != nil {
				panic(err) // what AppendTo has written cannot be read
			}
		}
	})
	return nil
}

// nextEntry is the one that feed is to be called for, and whether there is one. It may wait
// for one until the journal is closed.
func (j *journal) nextEntry(wait bool) (entry, bool) {
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	for !j.closed {
		i, _ := slices.BinarySearchFunc(l.entries, j.fed+1, func(e entry, position uint64) int {
			return int(int64(e.position) - int64(position))
		})
		if i < len(l.entries) {
			return l.entries[i], true
		}
		if !wait {
			break
		}
		l.changed.Wait()
	}
	return entry{}, false
}

func (j *journal) feed(feed func(store.Entry), e entry) error {
	record, err := store.ParseRecord(e.record)
	if err != nil {
		return fmt.Errorf("reading record %d: %w", e.position, err)
	}
	feed(store.Entry{Log: j.log.made, Position: e.position, Time: e.time, Record: record})
	j.log.mu.Lock()
	defer j.log.mu.Unlock()
	j.fed = max(j.fed, e.position)
	j.log.changed.Broadcast()
	return nil
}

func (j *journal) Write(ctx context.Context, r *store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := r.AppendTo(nil)
	if err != nil {
		return err
	}
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails != nil {
		j.failed++
		return l.fails
	}
	if j.closed {
		return store.ErrClosed
	}
	e := l.add(b)
	if r.Kind == store.FaultsSet {
		l.fault = e
	}
	l.changed.Broadcast()
	for j.fed < e.position && !j.closed {
		l.changed.Wait()
	}
	if j.fed < e.position {
		return store.ErrClosed
	}
	j.written++
	return nil
}

func (j *journal) Trim(t store.Trim) {
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool {
		return e.position < t.Before || slices.Contains(t.Messages, e.position)
	})
}

func (j *journal) State() store.JournalState {
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	s := store.JournalState{Err: l.fails, Records: uint64(len(l.entries)), Written: j.written, Failed: j.failed}
	for _, e := range l.entries {
		s.Bytes += int64(len(e.record))
		if e.position > j.fed {
			s.Behind++
		}
	}
	return s
}

func (j *journal) Close() error {
	j.log.mu.Lock()
	j.closed = true
	j.log.changed.Broadcast()
	j.log.mu.Unlock()
	j.ended.Wait()
	return nil
}
