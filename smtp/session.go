package smtp

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// flushAt is how many bytes of replies may gather before they are written
// although more commands wait in the input buffer.
const flushAt = 4096

// errEnd ends a session whose last reply is already in the output buffer.
var errEnd = errors.New("session ended")

// session is the state of one connection (RFC 5321 section 3.1).
type session struct {
	server *Server
	conn   net.Conn
	client string
	logger *zap.Logger

	in  input
	out []byte

	lineEnd      string // of what the client sends: "\r\n" or "\n"
	lineEndKnown bool   // the first command line has fixed it
	hello        string
	extended     bool // EHLO was accepted
	bad          int  // commands that failed since the last that did not

	mail transaction

	mu            sync.Mutex // guards what follows, and deadlines
	stopMode      stopMode
	inTransaction bool
}

// transaction is what MAIL begins and DATA, RSET or HELO ends.
type transaction struct {
	open           bool
	reversePath    string
	mailParameters string
	smtputf8       bool
	recipients     []string
}

func newSession(srv *Server, conn net.Conn) *session {
	s := &session{server: srv, conn: conn, logger: srv.Logger, lineEnd: "\r\n"}
	if addr := conn.RemoteAddr(); addr != nil {
		s.client = addr.String()
	}
	s.in.acquire()
	return s
}

// release gives back what the session holds; nothing touches conn afterwards.
func (s *session) release() {
	s.server.Sessions.remove(s)
	s.in.release()
}

// run greets the client and answers its commands until the session ends.
func (s *session) run() {
	if !s.server.Sessions.add(s) {
		s.reply(replyShutdown)
		_ = s.flush()
		return
	}
	s.reply(replyGreeting(s.server.Hostname))
	err := s.loop()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if s.mustStop() {
			s.reply(replyShutdown)
		} else {
			s.reply(replyIdle)
		}
		err = errEnd
	}
	if errors.Is(err, errEnd) {
		err = s.flush()
	}
	s.logger.Debug("SMTP session ended", zap.String("client", s.client), zap.Error(err))
}

// loop reads command lines and answers them. The replies go out when the input
// buffer has no further complete line, so that a pipelining client (RFC 2920)
// costs one write for many commands.
func (s *session) loop() error {
	for {
		line, err := s.readLine()
		if err != nil && !errors.Is(err, errLineTooLong) {
			return err
		}
		if s.mustStop() {
			s.reply(replyShutdown)
			return errEnd
		}
		var r reply
		if err != nil {
			r = replyLineTooLong
		} else if r, err = s.answer(line); err != nil {
			return err
		}
		s.reply(r)
		if len(s.out) >= flushAt {
			if err := s.flush(); err != nil {
				return err
			}
		}
		if r.code == 221 || r.code == 421 {
			return errEnd
		}
		if s.bad++; r.code < 400 {
			s.bad = 0
		}
		if s.bad >= maxBadCommands {
			s.reply(replyTooManyBad)
			return errEnd
		}
	}
}

// readLine returns the next command line without its line end. It is valid until
// the next read. The whole line has to come within the idle timeout, however its
// bytes trickle in.
func (s *session) readLine() ([]byte, error) {
	s.in.shrink()
	deadline := time.Now().Add(s.server.idleTimeout())
	tooLong := false
	for from := 0; ; { // the unread bytes before from hold no line end
		unread := s.in.unread()
		end := s.endOfLine(unread, from)
		if end >= 0 {
			s.in.skip(end)
			if tooLong || end > maxCommandLine {
				return nil, errLineTooLong
			}
			return unread[:end-len(s.lineEnd)], nil
		}
		from = len(unread)
		if from > maxCommandLine {
			// What is skipped may end in the CR of a CRLF.
			tooLong = true
			s.in.skip(from - 1)
			from = 1
		}
		if err := s.fill(deadline); err != nil {
			return nil, err
		}
	}
}

var errLineTooLong = errors.New("command line too long")

// endOfLine is the length of the first line in b with its line end, or -1 while
// that has not come; the bytes before from are known to hold no line end. The
// first line of a session fixes what its lines end in.
func (s *session) endOfLine(b []byte, from int) int {
	for {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1
		}
		from += i + 1
		crlf := from >= 2 && b[from-2] == '\r'
		if !s.lineEndKnown {
			s.lineEndKnown = true
			if !crlf {
				s.lineEnd = "\n"
			}
		}
		if crlf || s.lineEnd == "\n" {
			return from
		}
	}
}

// fill writes the replies that wait and reads more of what the client sends.
func (s *session) fill(deadline time.Time) error {
	if err := s.flush(); err != nil {
		return err
	}
	s.setReadDeadline(deadline)
	return s.in.read(s.conn)
}

// reply queues r for the client.
func (s *session) reply(r reply) {
	s.out = appendReply(s.out, r, s.extended)
}

// flush writes the queued replies in one call.
func (s *session) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	s.setWriteDeadline(time.Now().Add(s.server.idleTimeout()))
	_, err := s.conn.Write(s.out)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		// Not the timeout of a read: there is nobody to tell.
		err = errors.New("client takes no replies")
	}
	if s.out = s.out[:0]; cap(s.out) > 2*flushAt {
		s.out = nil
	}
	return err
}
