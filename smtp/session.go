package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// flushAt is how many bytes of replies may gather before they are written
// although more commands wait in the input buffer.
const flushAt = 4096

// What a session with one mail takes for its replies and its transcript, in bytes,
// so that they need not grow bit by bit.
const (
	usualReplies    = 512
	usualTranscript = 1024
)

var (
	// errEnd ends a session whose last reply is already in the output buffer.
	errEnd = errors.New("session ended")

	errLineTooLong = errors.New("line too long")
	errTooSlow     = errors.New("data comes too slowly")
)

// session is the state of one connection (RFC 5321 section 3.1).
type session struct {
	server *Server
	limits Limits
	conn   net.Conn           // guarded by mu against stop, once STARTTLS replaces it
	ctx    context.Context    // done when the session has to end now, or has ended
	cancel context.CancelFunc // of ctx
	client string
	ip     netip.Addr
	logger *zap.Logger

	in  input
	out []byte

	lineEnd      string // of what the client sends: "\r\n" or "\n"
	lineEndKnown bool   // the first command line has fixed it
	encrypted    *tls.ConnectionState
	hello        string
	extended     bool // EHLO was accepted
	mechanism    string
	identity     string // of the login by mechanism

	bad          int // commands that failed since the last that did not
	failedLogins int
	transactions int

	mail       transaction
	next       transaction // what the MAIL that is being read says
	sender     string      // the last reverse-path: most clients have only one
	accepted   Message     // while it is handed over
	transcript transcript
	told       *Session // what messages share; nil when that has changed

	mu            sync.Mutex // guards what follows, and the connection's deadlines
	readBy        deadline
	writeBy       deadline
	stopMode      stopMode
	inTransaction bool
}

// transaction is what MAIL begins and DATA, BDAT, RSET or HELO ends.
type transaction struct {
	open           bool
	reversePath    string
	mailParameters string
	declared       int64 // octets, 0 if not told
	smtputf8       bool
	binary         bool // BODY=BINARYMIME

	recipients          []string
	recipientParameters []string

	chunked bool  // BDAT has begun
	body    spill // the chunks so far
}

func newSession(srv *Server, conn net.Conn, encrypted *tls.ConnectionState) *session {
	s := &session{
		server: srv, limits: srv.Limits.withDefaults(), logger: srv.Logger,
		conn: conn, encrypted: encrypted, lineEnd: "\r\n",
		out: make([]byte, 0, usualReplies),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.transcript.text = make([]byte, 0, usualTranscript)
	if addr := conn.RemoteAddr(); addr != nil {
		s.client = addr.String()
		if port, err := netip.ParseAddrPort(s.client); err == nil {
			s.ip = port.Addr().Unmap()
		}
	}
	s.in.acquire()
	return s
}

// release gives back what the session holds; nothing touches conn afterwards.
func (s *session) release() {
	s.cancel()
	s.server.Sessions.remove(s)
	s.mail.body.release()
	s.in.release()
}

// run greets the client and answers its commands until the session ends.
func (s *session) run() {
	implicitTLS := s.server.ImplicitTLS && s.encrypted == nil
	if refusal, ok := s.server.Sessions.add(s); !ok {
		if implicitTLS {
			return // only a handshake, which is what is to be saved here, could tell the client why
		}
		s.reply(refusal)
		_ = s.flush()
		return
	}
	var err error
	if implicitTLS {
		err = s.handshake()
	}
	if err == nil {
		err = s.greet()
	}
	if err == nil {
		err = s.loop()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		switch {
		case s.mustStop():
			s.reply(replyShutdown)
		case errors.Is(err, errTooSlow):
			s.reply(replyTooSlow(s.limits.MinDataRate))
		case !s.lineEndKnown:
			s.reply(replyNoCommand)
		default:
			s.reply(replyIdle)
		}
		err = errEnd
	}
	if errors.Is(err, errEnd) {
		if err = s.flush(); err == nil {
			s.closeTLS()
		}
	}
	s.logger.Debug("SMTP session ended", zap.String("client", s.client), zap.Error(err))
}

func (s *session) greet() error {
	if s.encrypted != nil {
		s.noteTLS()
	}
	if r, faulty, err := s.fault(stepConnect, ""); faulty || err != nil {
		if err == nil {
			s.reply(r)
			err = errEnd
		}
		return err
	}
	s.reply(replyGreeting(s.server.Hostname))
	return nil
}

// loop reads command lines and answers them. The replies go out when the input
// buffer has no further complete line, so that a pipelining client (RFC 2920)
// costs one write for many commands.
func (s *session) loop() error {
	timeout := s.limits.FirstCommandTimeout
	for {
		line, err := s.readLine(timeout)
		if err != nil && !errors.Is(err, errLineTooLong) {
			return err
		}
		timeout = s.limits.IdleTimeout
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
		if r.code == 0 {
			continue // STARTTLS has answered already
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

// readLine returns the next line without its line end. It is valid until the
// next read. The whole line has to come within timeout, however its bytes
// trickle in.
func (s *session) readLine(timeout time.Duration) ([]byte, error) {
	s.in.shrink()
	var deadline time.Time // from the first wait on
	tooLong := false
	for from := 0; ; { // the unread bytes before from hold no line end
		unread := s.in.unread()
		end := s.endOfLine(unread, from)
		if end >= 0 {
			s.in.skip(end)
			if tooLong || end > maxAuthLine {
				return nil, errLineTooLong
			}
			return unread[:end-len(s.lineEnd)], nil
		}
		from = len(unread)
		if from > maxAuthLine {
			// What is skipped may end in the CR of a CRLF.
			tooLong = true
			s.in.skip(from - 1)
			from = 1
		}
		now := time.Now()
		if deadline.IsZero() {
			deadline = now.Add(timeout)
		}
		if err := s.fill(now, deadline); err != nil {
			return nil, err
		}
	}
}

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

// fill writes the replies that wait and reads more of what the client sends, which
// has to come before the deadline.
func (s *session) fill(now, deadline time.Time) error {
	s.setDeadlines(deadline, now.Add(s.limits.IdleTimeout))
	if err := s.write(); err != nil {
		return err
	}
	return s.in.read(s.conn)
}

// reply queues r for the client.
func (s *session) reply(r reply) {
	from := len(s.out)
	s.out = appendReply(s.out, r, s.extended)
	s.transcript.reply(s.out[from:])
}

// flush writes the queued replies in one call.
func (s *session) flush() error {
	s.setDeadlines(time.Time{}, time.Now().Add(s.limits.IdleTimeout))
	return s.write()
}

// write is flush once the deadline is set.
func (s *session) write() error {
	if len(s.out) == 0 {
		return nil
	}
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

// tell is what the messages of this session share. It is made anew only when
// something in it has changed.
func (s *session) tell() *Session {
	if s.told == nil {
		s.told = &Session{
			Client: s.client, Hello: s.hello, Extended: s.extended,
			AuthMechanism: s.mechanism, AuthIdentity: s.identity,
			Preamble: s.transcript.preamble,
		}
		s.told.setTLS(s.encrypted)
	}
	return s.told
}
