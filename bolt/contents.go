package bolt

import (
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"
)

// contents sums up what is in the log. Each transaction writes it beside the log, with its
// own number. So it shows whether the pages of a file belong together: after a power cut some
// may be older than others, and yet make a tree. A page says nothing of that itself.
type contents struct {
	records uint64

	// sum is of the checksums of all chunks, and of their number in its upper half. It
	// does not depend on their order.
	sum uint64
}

const contentsSize = 3 * 8

var errNoContents = errors.New("the log has no contents")

// readContents reads what is beside the log.
func readContents(tx *bbolt.Tx) (contents, error) {
	_, c, ok := parseContents(tx.Bucket(aboutName).Get(contentsKey))
	if !ok {
		return contents{}, errNoContents
	}
	return c, nil
}

func parseContents(b []byte) (txid uint64, c contents, ok bool) {
	if len(b) != contentsSize {
		return 0, contents{}, false
	}
	return binary.BigEndian.Uint64(b), contents{binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}, true
}

// write writes it as the last thing in a transaction.
func (c *contents) write(tx *bbolt.Tx) error {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, contentsSize), uint64(tx.ID()))
	b = binary.BigEndian.AppendUint64(b, c.records)
	b = binary.BigEndian.AppendUint64(b, c.sum)
	return tx.Bucket(aboutName).Put(contentsKey, b)
}

func (c *contents) add(key, value []byte) {
	c.sum += share(value)
	if isFirst(key) {
		c.records++
	}
}

func (c *contents) remove(key, value []byte) {
	c.sum -= share(value)
	if isFirst(key) {
		c.records--
	}
}

// share is the part of a chunk in the sum.
func share(value []byte) uint64 {
	if len(value) < headSize {
		return 0 // no chunk of ours
	}
	return 1<<32 + uint64(binary.BigEndian.Uint32(value))
}

// isFirst is whether a key is that of a record's first chunk.
func isFirst(key []byte) bool {
	if len(key) != keySize {
		return false
	}
	_, chunk := splitKey(key)
	return chunk == 0
}
