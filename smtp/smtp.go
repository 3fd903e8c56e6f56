// Package smtp is the server side of SMTP (RFC 5321) on connections that
// somebody else accepted. It delivers nothing: each message it accepts is
// handed to a [Receiver], and the client is told 250 only after that.
//
// A reader follows a message in this order: [Server.Serve] greets and runs the
// loop in session.go; command.go has one method for each command, but for AUTH in
// auth.go, STARTTLS in tls.go, and DATA and BDAT in receive.go, which hands
// the mail over; path.go and parameter.go read what follows MAIL and RCPT; data.go
// reads what follows DATA or BDAT; reply.go has every text a client can be sent.
// Apart from these, limits.go has the bounds, transcript.go the record of the session,
// failure.go the reports of sessions without a mail, fault.go and inject.go the faults
// that are injected on purpose, and sessions.go the open sessions, so that they can be
// shut down in an orderly way.
package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime/debug"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// Receiver takes the messages that sessions accept. Its methods are called from
// many sessions at once.
type Receiver interface {
	// Receive stores the message. It must not keep m itself or its Exchange, which the
	// session uses again. The client gets 250 when it returns nil, the reply of a
	// [*ReplyError], or else 451. It has to return soon after ctx is done, which means
	// that a shutdown no longer waits for mail transactions.
	Receive(ctx context.Context, m *Message) error

	// Refused is called for each message that was refused after its data had begun, or
	// for its declared size.
	Refused()
}

// Message is one accepted message and its envelope.
type Message struct {
	// ReversePath is the mailbox of MAIL without brackets, source route, name, blanks
	// around it and a dot at its end; empty for the null reverse-path.
	ReversePath string

	// MailParameters is what followed the reverse-path, as sent.
	MailParameters string

	// Recipients are the mailboxes of RCPT, in order, each as ReversePath is.
	Recipients []string

	// RecipientParameters is what followed each of Recipients, as sent; nil if
	// nothing did.
	RecipientParameters []string

	// Data is the message as sent, the dot-stuffing of DATA undone, its line
	// ends as they came.
	Data string

	// Problems says what was wrong with how the client sent the message.
	Problems []string

	// Exchange is the transcript of the transaction: see [Session.Preamble]. It is valid
	// until Receive returns.
	Exchange []byte

	// Session is shared by the messages of one session.
	Session *Session
}

// Session is what a session told beside its mail.
type Session struct {
	// Client is the address of the peer, with its port.
	Client string

	// Hello is the argument of HELO or EHLO; Extended is true for EHLO.
	Hello    string
	Extended bool

	// TLSVersion and TLSCipher are empty without TLS. TLSServerName is what
	// the client asked for, TLSClientSubject the subject of its certificate.
	TLSVersion, TLSCipher           string
	TLSServerName, TLSClientSubject string

	// AuthMechanism and AuthIdentity are those of the client's login, if any.
	AuthMechanism, AuthIdentity string

	// Preamble is the transcript up to the first transaction. In a transcript a
	// line begins with "C: " if the client sent it, with "S: " if the server did, or
	// with "* " if it says what else happened. Secrets are masked and data is left out.
	Preamble string
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

	// Limits bound what clients can do.
	Limits

	// NoExtensions makes the server answer EHLO with 502, which leaves the SMTP of RFC
	// 821.
	NoExtensions bool

	// StrictAddresses refuses addresses that RFC 5321 and 6531 do not allow. Otherwise
	// malformed ones that clients are known to send are accepted, without names or blanks
	// around them, and the mail's problems say what was wrong with them.
	StrictAddresses bool

	// AcceptRecipients, unless it is empty, has patterns of recipients; those that none of
	// them matches are refused.
	AcceptRecipients pattern.List

	// RecipientRefused, unless it is nil, is called for each recipient that
	// AcceptRecipients refuses, from many sessions at once.
	RecipientRefused func()

	// TLS is offered by STARTTLS (RFC 3207) unless it is nil.
	TLS *tls.Config

	// ImplicitTLS has sessions begin with a TLS handshake (RFC 8314 section 3.3) by
	// TLS, which is then not offered again. The handshake is bounded by
	// FirstCommandTimeout. A connection for which there is no room is closed without
	// a reply, as nothing can be said before the handshake.
	ImplicitTLS bool

	// Auth says whether clients may or must log in (RFC 4954).
	Auth AuthMode

	// CheckLogin reports whether the secret, a password or token, is that of the user.
	// If it is nil, every login is accepted. It is called from many sessions at
	// once, and has to return soon after ctx is done, when a shutdown ends the session.
	CheckLogin func(ctx context.Context, username, secret string) bool

	// KnownLogin, unless it is nil, reports without delay whether a login was right
	// before. Such a login is accepted even after too many wrong ones from the client's
	// address.
	KnownLogin func(username, secret string) bool

	// Faults are injected on purpose. Nil means none.
	Faults *Faults

	// Receiver gets the accepted messages.
	Receiver Receiver

	// Failed, if there is one, is told of sessions that brought no mail, and of mail
	// transactions that were refused. It is called from many sessions at once.
	Failed func(*FailedSession)

	// Capacity, unless it is nil, returns the size of the largest message that the
	// receiver can store at the moment, in octets, or 0 if there is no bound. Larger ones
	// are refused like those beyond MaxMessageSize.
	Capacity func() int64

	// Budget bounds the memory of mail that is being received. All servers for which it
	// is nil share one.
	Budget *Budget

	// Sessions is where this server's sessions are registered.
	Sessions *Sessions

	// Logger logs the course of sessions at debug level, injected faults at info level,
	// and panics as errors.
	Logger *zap.Logger

	ended bool // by Sessions.EndServer, and guarded by what Sessions has for that
}

// Serve runs one session on conn until either side ends it. Encrypted is the
// state of the TLS that conn is already under, nil if none. It neither closes
// conn nor touches it after it has returned. A panic below it is logged and ends
// this session only.
func (srv *Server) Serve(conn net.Conn, encrypted *tls.ConnectionState) {
	s := newSession(srv, conn, encrypted)
	defer s.release()
	defer func() {
		if p := recover(); p != nil {
			srv.Logger.Error("panic in an SMTP session",
				zap.String("client", s.client), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		}
	}()
	s.run()
}
