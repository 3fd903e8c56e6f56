package smtp

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// noEndError is the error of a connection that ended, or timed out, before the end of
// data.
type noEndError struct {
	end   string // what would have ended the data, for people
	cause error
}

func (e *noEndError) Error() string { return "waiting for " + e.end + ": " + e.cause.Error() }
func (e *noEndError) Unwrap() error { return e.cause }

// incoming is the data of one mail while it is being received.
type incoming struct {
	*session
	end     string // what ends the data, for people
	refusal reply  // why the rest is discarded; its code is 0 if it is not
	clock   dataClock
}

func (s *session) newIncoming(end string) incoming {
	return incoming{session: s, end: end, clock: dataClock{limits: &s.limits}}
}

// bound discards the data once there is too much of it, or once it has been refused.
func (in *incoming) bound() {
	if in.refusal.code == 0 && in.mail.body.size+int64(len(in.in.data())) > in.mail.maxSize {
		in.refusal = replyTooLarge(in.mail.maxSize)
	}
	if in.refusal.code != 0 {
		in.mail.body.release()
		in.in.drop()
		in.in.shrink()
	}
}

// more makes room in the buffer and reads.
func (in *incoming) more(received int64) error {
	if in.in.full() {
		if err := in.flush(); err != nil { // as reading may wait
			return err
		}
		if in.reserve(int64(len(in.in.bytes))) {
			in.mail.body.add(in.in.spill())
		} else {
			in.refusal = replyNoRoom
			in.bound()
		}
	}
	if err := in.receive(received); err != nil {
		return &noEndError{in.end, err}
	}
	return nil
}

// reserve gets memory from the budget for so many bytes in addition to what there is of
// the mail, and for the buffer after these. It may wait.
func (in *incoming) reserve(bytes int64) bool {
	body := &in.mail.body
	if body.room.budget = in.server.Budget; body.room.budget == nil {
		body.room.budget = sharedBudget
	}
	need := body.memory + bytes + blockSize
	most := in.mail.maxSize + 2*blockSize
	if declared := in.mail.declared; declared > body.size {
		most = declared + 2*blockSize
		if body.room.bytes == 0 {
			need = max(need, declared+blockSize)
		}
	}
	began := time.Now()
	ok := body.room.need(in.ctx, need, most)
	in.clock.pause(time.Since(began))
	return ok
}

var errStalled = errors.New("data stopped while other mails wait for memory")

// receive reads the next part of the data.
func (in *incoming) receive(received int64) error {
	now := time.Now()
	deadline := in.clock.deadline(now, received)
	for {
		by := deadline
		if room := &in.mail.body.room; room.bytes > 0 {
			if stalled := now.Add(room.budget.stall); stalled.Before(by) {
				by = stalled
			}
		}
		err := in.fill(now, by)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || in.mustStop() {
			return err
		}
		switch now = time.Now(); {
		case in.mail.body.room.contended():
			return errors.Join(errStalled, err)
		case now.Before(deadline):
		case in.clock.tooSlow:
			return errors.Join(errTooSlow, err)
		default:
			return err
		}
	}
}

// readData reads what follows DATA up to the end of data. BareLF says that the line of
// DATA itself ended in a bare LF. When the data is refused, the rest is read and
// discarded, so that none of it is taken for commands.
func (s *session) readData(bareLF bool) (data string, refusal reply, err error) {
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
			return s.takeData(), in.refusal, nil
		}
		if err := in.more(received); err != nil {
			return "", reply{}, fmt.Errorf("reading data: %w", err)
		}
	}
}

// readChunk reads the octets that follow BDAT (RFC 3030 section 2), whatever they are.
// They become part of the mail unless it has been refused, or is now too large.
func (s *session) readChunk(size int64, last bool, refused reply) (refusal reply, err error) {
	in := s.newIncoming("octet " + strconv.FormatInt(size, 10) + " of the chunk")
	in.refusal = refused
	for left := size; ; {
		n := int(min(left, int64(len(s.in.unread()))))
		s.in.keep(n, n)
		left -= int64(n)
		in.bound()
		if left == 0 {
			break
		}
		if err := in.more(size - left); err != nil {
			return reply{}, fmt.Errorf("reading a chunk: %w", err)
		}
	}
	if in.refusal.code == 0 && !last {
		in.keepChunk()
	}
	return in.refusal, nil
}

// keepChunk moves what is in the input buffer to the rest of the mail.
func (in *incoming) keepChunk() {
	data := in.in.data()
	if in.mail.body.size+int64(len(data)) > int64(bufferSizes[0]) && !in.reserve(int64(len(data))) {
		in.refusal = replyNoRoom
		in.bound()
		return
	}
	in.mail.body.append(data)
	in.in.drop()
}

// takeData is all of the mail's data.
func (s *session) takeData() string {
	data := s.mail.body.join(s.in.data())
	s.in.drop()
	return data
}

// boundParts returns the reply to data with a header section or a line that is too
// long.
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
