package jetstream

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A record that is too large for one message is written in several, the parts. They are in the
// stream one after the other, with those of other records between them, and the record comes
// where its last part is. Everybody reads the same parts and by the same rules gives up those
// whose last one does not come, so that a record is there for all or for none.

// partHeader is what part of which record a message is, as in "2/5 Kx7…"; a record that one
// message has all of has no such header.
const partHeader = "Mailbucket-Part"

const (
	// maxUnfinished bounds the bytes of all parts whose last one has not come yet. It is
	// thus the largest size of a record.
	maxUnfinished = 512 << 20

	// maxUnfinishedRecords bounds how many records they are of.
	maxUnfinishedRecords = 4096

	// partsTime is how long after its last part, by the servers' clock, an unfinished record
	// is given up. Its writer has given it up long before, see writePartsTime.
	partsTime = 10 * time.Minute
)

// part says which part of which record a message is.
type part struct {
	record        string
	number, count int // from 1
}

func (p part) String() string { return fmt.Sprintf("%d/%d %s", p.number, p.count, p.record) }

// parsePart reads what String writes.
func parsePart(s string) (p part, ok bool) {
	place, record, _ := strings.Cut(s, " ")
	number, count, _ := strings.Cut(place, "/")
	p.record = record
	var err, err2 error
	p.number, err = strconv.Atoi(number)
	p.count, err2 = strconv.Atoi(count)
	return p, err == nil && err2 == nil && record != "" && 1 <= p.number && p.number <= p.count
}

// split cuts b into pieces of at most n bytes.
func split(b []byte, n int) [][]byte {
	var pieces [][]byte
	for len(b) > n {
		pieces = append(pieces, b[:n:n])
		b = b[n:]
	}
	return append(pieces, b)
}

// unfinished are the records of which some parts have been read. Its zero value has none.
type unfinished struct {
	records map[string]*pieces
	order   []string // of records, by their first part
	bytes   int      // of all parts
}

// pieces are the parts of a record that have been read.
type pieces struct {
	positions large
	last      time.Time
	parts     [][]byte
	bytes     int
}

// add adds a part that is at a position of the stream since a time. When it is a record's last
// it returns the record and the positions of its parts, and before that nothing. It reports
// false if the record has been given up.
func (u *unfinished) add(p part, data []byte, position uint64, at time.Time) (record []byte, parts large, ok bool) {
	u.expire(at)
	r := u.records[p.record]
	if r == nil && p.number == 1 {
		r = new(pieces)
		if u.records == nil {
			u.records = make(map[string]*pieces)
		}
		u.records[p.record] = r
		u.order = append(u.order, p.record)
	}
	if r == nil || p.number != len(r.parts)+1 || r.bytes+len(data) > maxUnfinished {
		u.forget(p.record)
		return nil, nil, false
	}
	r.parts, r.positions, r.last = append(r.parts, data), append(r.positions, position), at
	r.bytes += len(data)
	u.bytes += len(data)
	if p.number == p.count {
		u.forget(p.record)
		return join(r.parts, r.bytes), r.positions, true
	}
	for u.bytes > maxUnfinished || len(u.order) > maxUnfinishedRecords {
		u.forget(u.order[0])
	}
	return nil, nil, u.records[p.record] != nil
}

func join(parts [][]byte, bytes int) []byte {
	b := make([]byte, 0, bytes)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// expire gives up the records whose next part has not come for partsTime.
func (u *unfinished) expire(now time.Time) {
	for record, r := range u.records {
		if now.Sub(r.last) > partsTime {
			u.forget(record)
		}
	}
}

// forget drops the parts of a record, if there are any.
func (u *unfinished) forget(record string) {
	r := u.records[record]
	if r == nil {
		return
	}
	u.bytes -= r.bytes
	delete(u.records, record)
	for i, other := range u.order {
		if other == record {
			u.order = append(u.order[:i], u.order[i+1:]...)
			break
		}
	}
}

// oldest is the position of the first part that may still be needed, or zero if there is none.
func (u *unfinished) oldest() uint64 {
	if len(u.order) == 0 {
		return 0
	}
	return u.records[u.order[0]].positions[0]
}
