package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// startTLS is RFC 3207: what the client said before does not count afterwards.
func (s *session) startTLS(argument []byte) (reply, error) {
	switch {
	case s.server.NoExtensions || s.server.TLS == nil:
		return replyNotSupported, nil
	case s.encrypted != nil:
		return replyTLSAlready, nil
	case len(argument) > 0:
		return replyNoArgument, nil
	}
	s.reply(replyStartTLS)
	if err := s.flush(); err != nil {
		return reply{}, err
	}
	// What came in plain text with STARTTLS must not be taken for something said
	// under TLS: anybody on the way could have put it there.
	if n := len(s.in.unread()); n > 0 {
		s.in.skip(n)
		s.transcript.note(strconv.Itoa(n) + " octets in plain text after STARTTLS thrown away")
		s.logger.Warn("plain text after STARTTLS thrown away", zap.String("client", s.client), zap.Int("octets", n))
	}
	conn := tls.Server(s.conn, s.server.TLS)
	deadline := time.Now().Add(s.limits.FirstCommandTimeout)
	s.setDeadlines(deadline, deadline)
	if err := conn.HandshakeContext(context.Background()); err != nil {
		// In the middle of a handshake there is no way to send a reply.
		s.logger.Info("TLS handshake after STARTTLS failed", zap.String("client", s.client), zap.Error(err))
		return reply{}, fmt.Errorf("TLS handshake: %s", err)
	}
	state := conn.ConnectionState()
	s.mu.Lock()
	s.conn, s.encrypted = conn, &state
	s.mu.Unlock()
	s.endTransaction()
	s.hello, s.extended, s.mechanism, s.identity, s.told = "", false, "", "", nil
	s.noteTLS()
	return reply{}, nil
}

func (s *session) noteTLS() {
	var told Session
	told.setTLS(s.encrypted)
	s.transcript.note(told.TLSVersion + ", " + told.TLSCipher)
}

// closeTLS tells the client that nothing was cut off. The connection itself is
// closed by whoever accepted it.
func (s *session) closeTLS() {
	if conn, ok := s.conn.(*tls.Conn); ok {
		_ = conn.CloseWrite()
	}
}

func (told *Session) setTLS(state *tls.ConnectionState) {
	if state == nil {
		return
	}
	told.TLSVersion = tls.VersionName(state.Version)
	told.TLSCipher = tls.CipherSuiteName(state.CipherSuite)
	told.TLSServerName = state.ServerName
	if len(state.PeerCertificates) > 0 {
		told.TLSClientSubject = state.PeerCertificates[0].Subject.String()
	}
}
