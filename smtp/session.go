package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
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

// How many bytes the replies and the transcript of a session with one mail usually take,
// so that their buffers need not grow step by step.
const (
	usualReplies    = 512
	usualTranscript = 1024
)

var (
	// errEnd ends a session whose last reply is already in the output buffer.
	errEnd = errors.New("session ended")

	errTooSlow = errors.New("data comes too slowly")
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

	heard      bool     // a line has come
	recognized bool     // a line was a command
	afterCR    bool     // the last line was taken to end in a bare CR
	bareLF     []string // the commands whose lines ended in a bare LF, each once, since the last mail
	encrypted  *tls.ConnectionState
	hello      string
	extended   bool // EHLO was accepted
	mechanism  string
	identity   string // of the login by mechanism

	began   time.Time
	brought bool  // a mail was accepted
	refusal reply // the last refusal since then, unless it was reported; its code is 0 if there is none
	failed  bool  // a failure was reported

	bad          int  // bad commands since the last command that was carried out
	excused      bool // the reply to this command came from a fault or from the receiver
	failedLogins int
	transactions int

	mail       transaction
	next       transaction // what the MAIL that is being read says
	sender     string      // the last reverse-path: most clients have only one
	accepted   Message     // while it is handed over
	transcript transcript
	shared     *Session // what messages share; nil when it has to be made again

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
	declared       int64 // octets, 0 if the client did not declare them
	maxSize        int64 // octets
	smtputf8       bool
	binary         bool // BODY=BINARYMIME

	recipients          []string
	recipientParameters []string
	odd                 *oddAddresses // nil if none is odd

	chunked bool  // BDAT has begun
	body    spill // the chunks so far
}

func newSession(srv *Server, conn net.Conn, encrypted *tls.ConnectionState) *session {
	s := &session{
		server: srv, limits: srv.Limits.withDefaults(), logger: srv.Logger,
		conn: conn, encrypted: encrypted,
		out: make([]byte, 0, usualReplies), began: time.Now(),
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

// release releases what the session holds; nothing touches conn afterwards.
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
		s.fail(refusal.String())
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
	if s.lastReply(err) {
		err = errEnd
	}
	s.ended(err)
	if errors.Is(err, errEnd) {
		if err = s.flush(); err == nil {
			s.closeTLS()
		}
	}
	s.logger.Debug("SMTP session ended", zap.String("client", s.client), zap.Error(err))
}

// lastReply tells the client why the session ends with err, if it can still be told.
// A client that has closed its side only may listen.
func (s *session) lastReply(err error) bool {
	foreign := new(foreignError)
	noEnd := new(noEndError)
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case late && s.mustStop():
		s.reply(replyShutdown)
	case late && errors.Is(err, errTooSlow):
		s.reply(replyTooSlow(s.limits.MinDataRate))
	case late && errors.Is(err, errStalled):
		s.reply(replyStalled)
	case late && errors.As(err, &noEnd):
		s.reply(replyIdleInData(noEnd.end))
	case late && !s.heard:
		s.reply(replyNoCommand)
	case late:
		s.reply(replyIdle)
	case errors.Is(err, errLineCut):
		s.reply(replyLineCut)
	case errors.Is(err, io.EOF) && errors.As(err, &noEnd):
		s.reply(replyDataCut(noEnd.end))
	case errors.As(err, &foreign):
		s.refuseForeign(foreign)
	default:
		return false
	}
	return true
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
		wasOpen := s.mail.open
		line, err := s.readLine(timeout)
		timeout = s.limits.IdleTimeout
		if s.mustStop() {
			s.reply(replyShutdown)
			return errEnd
		}
		var r reply
		s.excused = false
		switch err {
		case nil:
			r, err = s.answer(line)
		case errLineTooLong:
			s.transcript.tooLong()
			r, err = replyLineTooLong, nil
		case errBareCR:
			s.transcript.command(line.text, "")
			r, err = replyBareCR, nil
		}
		if err != nil {
			return err
		}
		if r.code == 0 {
			continue // STARTTLS has answered already
		}
		s.reply(r)
		s.noteReply(r, wasOpen)
		if len(s.out) >= flushAt {
			if err := s.flush(); err != nil {
				return err
			}
		}
		if r.code == 221 || r.code == 421 {
			return errEnd
		}
		if s.countBad(r.code) >= maxBadCommands {
			s.reply(replyTooManyBad)
			return errEnd
		}
	}
}

// countBad counts a command that was answered with code if the command was bad: unknown,
// malformed or out of sequence (RFC 5321 section 4.2.2). A well-formed command that was
// refused is not bad.
func (s *session) countBad(code int) int {
	switch {
	case code < 400:
		s.bad = 0
	case 500 <= code && code <= 504 && !s.excused:
		s.bad++
	}
	return s.bad
}

// fill writes the queued replies and reads more of what the client sends, which has to
// arrive before the deadline.
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

// write is flush with the deadline already set.
func (s *session) write() error {
	if len(s.out) == 0 {
		return nil
	}
	_, err := s.conn.Write(s.out)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		// Unlike after a read timeout, there is no way to tell the client.
		err = errors.New("client does not read replies")
	}
	if s.out = s.out[:0]; cap(s.out) > 2*flushAt {
		s.out = nil
	}
	return err
}

// sharedSession is what the messages of this session share. A new one is made only when
// something in it has changed.
func (s *session) sharedSession() *Session {
	if s.shared == nil {
		told := s.about()
		told.Preamble = s.transcript.preamble
		s.shared = &told
	}
	return s.shared
}

// about describes the session so far, without its transcript.
func (s *session) about() Session {
	told := Session{
		Client: s.client, Hello: s.hello, Extended: s.extended,
		AuthMechanism: s.mechanism, AuthIdentity: s.identity,
	}
	told.setTLS(s.encrypted)
	return told
}
