package smtp

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// noEndError says that data did not come to its end.
type noEndError struct {
	end   string // what was waited for
	cause error
}

func (e *noEndError) Error() string { return "waiting for " + e.end + ": " + e.cause.Error() }
func (e *noEndError) Unwrap() error { return e.cause }

// incoming is the data of one mail while it comes.
type incoming struct {
	*session
	end      string // what ends it, for people
	tooLarge bool
	clock    dataClock
}

func (s *session) newIncoming(end string) incoming {
	return incoming{session: s, end: end, clock: dataClock{limits: &s.limits}}
}

// bound forgets the data once there is too much of it.
func (in *incoming) bound() {
	if in.mail.body.size+int64(len(in.in.data())) > in.limits.MaxMessageSize {
		in.tooLarge = true
	}
	if in.tooLarge {
		in.mail.body.release()
		in.in.drop()
	}
}

// more makes room and reads.
func (in *incoming) more(received int64) error {
	if in.in.full() {
		in.mail.body.add(in.in.spill())
		in.mail.body.gather(in.mail.declared)
	}
	now := time.Now()
	err := in.fill(now, in.clock.deadline(now, received))
	if err != nil && in.clock.tooSlow && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.Join(errTooSlow, err)
	}
	if err != nil {
		return &noEndError{in.end, err}
	}
	return nil
}

// readData reads what follows DATA, whose own line ended in a bare LF or not, up to its
// end, also when it is too large: then the rest is read and thrown away, so that none of
// it is taken for commands.
func (s *session) readData(bareLF bool) (data string, tooLarge bool, err error) {
	in := s.newIncoming("<CRLF>.<CRLF>")
	if bareLF {
		in.end = "a line with a dot alone"
	}
	scanner := newDataScanner(bareLF)
	var received int64
	for {
		kept, used, end := scanner.scan(s.in.unread())
		s.in.keep(kept, used)
		received += int64(used)
		in.bound()
		if end {
			return s.takeData(), in.tooLarge, nil
		}
		if err := in.more(received); err != nil {
			return "", false, fmt.Errorf("reading data: %w", err)
		}
	}
}

// readChunk reads the octets that follow BDAT (RFC 3030 section 2), whatever is
// among them. They are part of the mail unless they are to be thrown away.
func (s *session) readChunk(size int64, throwAway bool) (tooLarge bool, err error) {
	in := s.newIncoming("octet " + strconv.FormatInt(size, 10) + " of the chunk")
	in.tooLarge = throwAway
	for left := size; ; {
		n := int(min(left, int64(len(s.in.unread()))))
		s.in.keep(n, n)
		left -= int64(n)
		in.bound()
		if left == 0 {
			return in.tooLarge, nil
		}
		if err := in.more(size - left); err != nil {
			return false, fmt.Errorf("reading a chunk: %w", err)
		}
	}
}

// takeData is all of the mail's data: the one copy that is made of it.
func (s *session) takeData() string {
	data := s.mail.body.join(s.in.data())
	s.mail.body.release()
	s.in.drop()
	return data
}

// boundParts says what is too long in data, which as a whole is not.
func (l *Limits) boundParts(data string) (reply, bool) {
	if int64(len(data)) > l.MaxHeaderSize && headerSize(data[:min(int64(len(data)), l.MaxHeaderSize+2)]) < 0 {
		return reply{552, "5.3.4", "Header too large, the limit is " + strconv.FormatInt(l.MaxHeaderSize, 10) + " octets"}, true
	}
	for rest := data; int64(len(rest)) > l.MaxDataLine; {
		i := strings.IndexByte(rest, '\n') + 1
		if i == 0 || int64(i) > l.MaxDataLine {
			return reply{554, "5.6.0", "Line of data too long, the limit is " + strconv.FormatInt(l.MaxDataLine, 10) + " octets"}, true
		}
		rest = rest[i:]
	}
	return reply{}, false
}

// headerSize is where the first empty line of data begins, -1 if there is none.
func headerSize(data string) int {
	for at := 0; ; {
		i := strings.IndexByte(data[at:], '\n')
		switch {
		case i < 0:
			return -1
		case strings.TrimRight(data[at:at+i], "\r") == "":
			return at
		}
		at += i + 1
	}
}

// spill holds the front of a mail that is larger than an input buffer, or of
// which more chunks are to come: in buffers, and before these in whole, once so much
// has come of the size that was declared (RFC 1870) that the rest can be believed. So
// a large mail takes little more than its size, and twice that if it was not declared.
type spill struct {
	whole   strings.Builder
	buffers []*buffer
	data    [][]byte
	size    int64
}

// believable is the part of a declared size that has to have come, and leastWhole
// the bytes that it has to be.
const (
	believable = 4
	leastWhole = 1 << 20
)

// add takes over b, which holds data.
func (sp *spill) add(b *buffer, data []byte) {
	sp.buffers = append(sp.buffers, b)
	sp.data = append(sp.data, data)
	sp.size += int64(len(data))
}

// gather moves what the buffers hold to where the whole mail will be, if that is
// declared to be large.
func (sp *spill) gather(declared int64) {
	if sp.size < max(leastWhole, declared/believable) || sp.size >= declared {
		return
	}
	if sp.whole.Cap() == 0 {
		sp.whole.Grow(int(declared))
	}
	for i, data := range sp.data {
		sp.whole.Write(data)
		sp.buffers[i].release()
	}
	sp.buffers, sp.data = sp.buffers[:0], sp.data[:0]
}

// append copies data to the end.
func (sp *spill) append(data []byte) {
	for len(data) > 0 {
		last := len(sp.data) - 1
		if last < 0 || len(sp.data[last]) == cap(sp.data[last]) {
			b := acquireBuffer(last + 1)
			sp.add(b, b.bytes[:0])
			continue
		}
		n := min(len(data), cap(sp.data[last])-len(sp.data[last]))
		sp.data[last] = append(sp.data[last], data[:n]...)
		sp.size += int64(n)
		data = data[n:]
	}
}

// join is the whole mail, tail being what was not spilled.
func (sp *spill) join(tail []byte) string {
	if sp.size == 0 {
		return string(tail)
	}
	sp.whole.Grow(int(sp.size) - sp.whole.Len() + len(tail))
	for _, data := range sp.data {
		sp.whole.Write(data)
	}
	sp.whole.Write(tail)
	if sp.whole.Cap() > sp.whole.Len()+sp.whole.Len()/8 {
		return strings.Clone(sp.whole.String()) // less came than was declared
	}
	return sp.whole.String()
}

func (sp *spill) release() {
	for _, b := range sp.buffers {
		b.release()
	}
	*sp = spill{}
}
