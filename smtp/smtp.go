// Package smtp is the server side of SMTP (RFC 5321) on connections that
// somebody else accepted. It delivers nothing: each message it accepts is
// handed to a [Receiver], and the client is told 250 only after that.
//
// A reader follows a message in this order: [Server.Serve] greets and runs the
// loop in session.go; command.go has one method for each command; path.go reads
// addresses and parameters; data.go reads what follows DATA; reply.go has every
// text a client can be sent. sessions.go keeps the open sessions, so that they
// can be closed in good order.
package smtp

import (
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// Defaults of a [Server]'s settings that are zero.
const (
	DefaultMaxMessageSize = 25 << 20
	DefaultMaxRecipients  = 1000
	DefaultIdleTimeout    = 5 * time.Minute
)

// Bounds that are not settings.
const (
	// maxCommandLine is the longest command line, its line end included.
	// RFC 5321 section 4.5.3.1.4 asks for 512 and lets extensions add to it.
	maxCommandLine = 4096

	// maxBadCommands is how many commands may fail one after the other
	// before the session is closed.
	maxBadCommands = 100
)

// Receiver takes the messages that sessions accept. Its methods are called from
// many sessions at once.
type Receiver interface {
	// Receive keeps m, whose ownership passes to it. The client gets 250 when it
	// returns nil, the reply of a [*ReplyError], or else 451.
	Receive(m *Message) error

	// Refused is told of each message that was turned away after DATA had
	// begun, or for its declared size.
	Refused()
}

// Message is one accepted message and its envelope.
type Message struct {
	// ReversePath is the mailbox of MAIL without brackets and source route;
	// empty for the null reverse-path.
	ReversePath string

	// MailParameters is what followed the reverse-path, as sent.
	MailParameters string

	// Recipients are the mailboxes of RCPT, in order, as sent.
	Recipients []string

	// Data is what was sent after DATA with the dot-stuffing undone, its
	// line ends as sent.
	Data string

	// Problems says what was wrong with Data on the wire.
	Problems []string

	// Client is the address of the peer, with its port.
	Client string

	// Hello is the argument of HELO or EHLO; Extended tells EHLO.
	Hello    string
	Extended bool
}

// ReplyError is an error of a [Receiver] that says how to answer the client.
type ReplyError struct {
	// Code is the reply code (RFC 5321 section 4.2); 421 also ends the session.
	Code int
	// Enhanced is the enhanced status code (RFC 3463).
	Enhanced string
	// Text is the rest of the reply line.
	Text string
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("%d %s %s", e.Code, e.Enhanced, e.Text)
}

// Server holds what its sessions have in common. Its fields must not change
// while it serves.
type Server struct {
	// Hostname is what the greeting names.
	Hostname string

	// MaxMessageSize bounds a message, in bytes after dot-unstuffing.
	MaxMessageSize int64

	// MaxRecipients bounds the recipients of a message.
	MaxRecipients int

	// IdleTimeout bounds the wait for a command line, for the next bytes of
	// data, and for the client to take a reply.
	IdleTimeout time.Duration

	// NoExtensions answers EHLO with 502, which leaves the SMTP of RFC 821.
	NoExtensions bool

	// Receiver gets the accepted messages.
	Receiver Receiver

	// Sessions is where this server's sessions are registered.
	Sessions *Sessions

	// Logger gets the course of sessions at debug level, and panics as errors.
	Logger *zap.Logger
}

// Serve runs one session on conn until either side ends it. It neither closes
// conn nor touches it after it has returned. A panic below it is logged and ends
// this session only.
func (srv *Server) Serve(conn net.Conn) {
	s := newSession(srv, conn)
	defer s.release()
	defer func() {
		if p := recover(); p != nil {
			srv.Logger.Error("panic in an SMTP session",
				zap.String("client", s.client), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		}
	}()
	s.run()
}

func (srv *Server) maxMessageSize() int64 {
	if srv.MaxMessageSize > 0 {
		return srv.MaxMessageSize
	}
	return DefaultMaxMessageSize
}

func (srv *Server) maxRecipients() int {
	if srv.MaxRecipients > 0 {
		return srv.MaxRecipients
	}
	return DefaultMaxRecipients
}

func (srv *Server) idleTimeout() time.Duration {
	if srv.IdleTimeout > 0 {
		return srv.IdleTimeout
	}
	return DefaultIdleTimeout
}
