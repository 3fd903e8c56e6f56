package smtp

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"
)

// bareCRWait is how long to wait for the LF after a CR at the end of what was received.
// After that the client is assumed to send no LF, like a terminal in raw mode, and is told
// so. A CRLF that the network has split arrives long before.
const bareCRWait = time.Second

var (
	errLineTooLong = errors.New("line too long")
	errBareCR      = errors.New("line ends in a bare CR")
	errLineCut     = errors.New("connection ended within a line")
)

// line is a line from the client without its line end. It is valid until the next read.
type line struct {
	text   []byte
	bareLF bool // it ended in LF rather than CRLF
}

// readLine returns the next line, which ends in CRLF or in LF. All of it has to arrive
// within timeout. With errBareCR it returns what came before the CR.
func (s *session) readLine(timeout time.Duration) (line, error) {
	s.in.shrink()
	var deadline time.Time // from the first wait on
	tooLong := false
	for from := 0; ; { // the unread bytes before from hold no LF
		s.skipLFOfCR()
		unread := s.in.unread()
		if !s.recognized {
			if what := foreignProtocol(unread); what != "" {
				return line{}, &foreignError{what}
			}
		}
		if i := bytes.IndexByte(unread[from:], '\n'); i >= 0 {
			end := from + i
			s.in.skip(end + 1)
			s.heard = true
			if tooLong || end >= maxAuthLine {
				return line{}, errLineTooLong
			}
			text := bytes.TrimSuffix(unread[:end], []byte{'\r'})
			return line{text, len(text) == end}, nil
		}
		if from = len(unread); from > maxAuthLine {
			tooLong = true
			s.in.skip(from)
			from = 0
		}
		now := time.Now()
		if deadline.IsZero() {
			deadline = now.Add(timeout)
		}
		if text, err := s.fillLine(now, deadline); err != nil {
			return line{text: text}, err
		}
	}
}

// fillLine reads more of a line. If what was received ends in a CR, it waits for the LF
// only as long as bareCRWait, and then ends the line there.
func (s *session) fillLine(now, deadline time.Time) ([]byte, error) {
	text := bytes.TrimSuffix(s.in.unread(), []byte{0}) // telnet sends NUL after CR (RFC 854)
	waitsForLF := bytes.HasSuffix(text, []byte{'\r'}) && now.Add(bareCRWait).Before(deadline)
	by := deadline
	if waitsForLF {
		by = now.Add(bareCRWait)
	}
	err := s.fill(now, by)
	switch {
	case waitsForLF && errors.Is(err, os.ErrDeadlineExceeded) && !s.mustStop():
		s.in.skip(len(s.in.unread()))
		s.heard, s.afterCR = true, true
		return text[:len(text)-1], errBareCR
	case errors.Is(err, io.EOF) && len(s.in.unread()) > 0:
		return nil, errors.Join(errLineCut, err)
	}
	return nil, err
}

// skipLFOfCR skips an LF whose CR has already been treated as a line end.
func (s *session) skipLFOfCR() {
	if unread := s.in.unread(); s.afterCR && len(unread) > 0 {
		s.afterCR = false
		if unread[0] == '\n' {
			s.in.skip(1)
		}
	}
}
