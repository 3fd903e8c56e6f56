package smtp

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// FailedSession is a session that ended without a mail, or a mail transaction of a
// session that was refused.
type FailedSession struct {
	// Session describes the client. Its preamble is part of Transcript.
	Session

	// Began and Ended are when the session began, and when it or the transaction ended.
	Began, Ended time.Time

	// Reason is the reply that refused the mail, or else says how the session ended.
	Reason string

	// Transcript is the record of what came before the session's first transaction, and
	// of its last transaction. It has at most 8 KiB: lines in the middle are left out.
	Transcript string
}

// maxFailedTranscript bounds the transcript of a failed session, in bytes.
const maxFailedTranscript = 8 << 10

// noteReply remembers the reply to a command if it is a refusal, and reports the refusal
// once the mail transaction is over. WasOpen says whether one was open before the command.
// A 503 is kept only if nothing was refused before, as it mostly follows from that: a
// client that pipelines sends DATA also after its recipients were refused.
func (s *session) noteReply(r reply, wasOpen bool) {
	if r.code >= 400 && (r.code != 503 || s.refusal.code == 0) {
		s.refusal = r
	}
	// A session without a mail is reported when it ends.
	if s.refusal.code != 0 && !s.mail.open && (wasOpen || s.brought) {
		s.fail(s.refusal.String())
	}
}

// ended reports a session without a mail that has ended with err.
func (s *session) ended(err error) {
	if s.refusal.code != 0 {
		s.fail(s.refusal.String())
	} else if s.mail.open || !s.brought && !s.failed {
		s.fail(s.reason(err))
	}
}

func (s *session) fail(reason string) {
	s.refusal, s.failed = reply{}, true
	if s.server.Failed == nil {
		return
	}
	s.server.Failed(&FailedSession{
		Session: s.about(), Began: s.began, Ended: time.Now(),
		Reason: reason, Transcript: s.transcript.short(maxFailedTranscript),
	})
}

// reason says how a session ended with err if no command was refused.
func (s *session) reason(err error) string {
	last := s.transcript.lastReply()
	switch {
	case strings.HasPrefix(last, "421 ") || strings.HasPrefix(last, "500 "):
		return last
	case err == nil || errors.Is(err, errEnd):
		return "the client quit without sending a mail"
	case errors.Is(err, io.EOF) && !s.heard:
		return "the client closed the connection without a command"
	case errors.Is(err, io.EOF):
		return "the client closed the connection"
	}
	return withoutAddresses(err)
}

// withoutAddresses is the text of err without the addresses of the connection, which
// differ each time.
func withoutAddresses(err error) string {
	if op := new(net.OpError); errors.As(err, &op) {
		if op.Op == "remote error" { // of TLS
			return op.Op + ": " + op.Err.Error()
		}
		return op.Err.Error()
	}
	return err.Error()
}
