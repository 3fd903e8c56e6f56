package bolt

import (
	"sync"

	"go.etcd.io/bbolt"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// How many chunks one transaction removes at most: while records are being written, twice
// as many as are written and a few more, and otherwise as many as take little time.
const (
	removedWithGroup = 64
	removedAlone     = 4096
)

// trimming is what is to be removed from the log.
type trimming struct {
	mu     sync.Mutex
	before uint64   // all before this position, but for the last record of faults
	begun  uint64   // none before this one is left
	single []uint64 // and then the records at these
}

// Trim implements store.Journal. Records are removed when others are written, or within
// about a second.
func (j *Journal) Trim(t store.Trim) {
	j.trim.mu.Lock()
	defer j.trim.mu.Unlock()
	j.trim.before = max(j.trim.before, t.Before)
	j.trim.single = append(append(j.trim.single, t.Messages...), t.Obsolete...)
}

// next is what is to be removed next. The positions may be read without a lock.
func (t *trimming) next() (begun, before uint64, single []uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begun, t.before, t.single
}

// floor is the position before which nothing is needed.
func (t *trimming) floor() uint64 {
	_, before, _ := t.next()
	return before
}

func (t *trimming) due() bool {
	begun, before, single := t.next()
	return begun < before || len(single) > 0
}

// removed notes what has been removed: all before a position, and the first of the single
// records.
func (t *trimming) removed(before uint64, single int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = before
	if t.single = t.single[single:]; len(t.single) == 0 {
		t.single = nil
	}
}

// removal removes chunks that are no longer needed from a log, up to a number.
type removal struct {
	log      *bbolt.Bucket
	contents *contents // of the log
	left     int

	before uint64 // none before this position is left
	single int    // how many single ones were removed
}

// remove removes up to so many chunks. What is before a position goes first.
func (j *Journal) remove(log *bbolt.Bucket, c *contents, limit int) (*removal, error) {
	begun, before, single := j.trim.next()
	r := &removal{log: log, contents: c, left: limit, before: begun}
	if begun < before {
		if err := r.span(0, before, j.faults); err != nil || r.left == 0 {
			return r, err
		}
		r.before = before
	}
	for _, position := range single {
		if position >= before && position != j.faults {
			if err := r.span(position, position+1, 0); err != nil || r.left == 0 {
				return r, err // and the last one is begun again
			}
		}
		r.single++
	}
	return r, nil
}

// span removes what is from one position on and before another, except one record.
func (r *removal) span(from, to, except uint64) error {
	var keys [][]byte
	c := r.log.Cursor()
	for key, value := c.Seek(newKey(from, 0)); key != nil && len(keys) < r.left; key, value = c.Next() {
		if len(key) == keySize {
			position, _ := splitKey(key)
			if position >= to {
				break
			}
			if position == except {
				continue
			}
		}
		keys = append(keys, key)
		r.contents.remove(key, value)
	}
	for _, key := range keys {
		if err := r.log.Delete(key); err != nil {
			return err
		}
	}
	r.left -= len(keys)
	return nil
}
