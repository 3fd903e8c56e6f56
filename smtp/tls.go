package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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
	// What was sent in plain text after STARTTLS must not be treated as if it had come
	// under TLS: anybody on the network path could have inserted it.
	if n := len(s.in.unread()); n > 0 {
		s.in.skip(n)
		s.transcript.note(strconv.Itoa(n) + " octets in plain text after STARTTLS discarded")
		s.logger.Warn("plain text after STARTTLS discarded", zap.String("client", s.client), zap.Int("octets", n))
	}
	if err := s.handshake(); err != nil {
		return reply{}, err
	}
	s.endTransaction()
	s.hello, s.extended, s.mechanism, s.identity, s.shared = "", false, "", "", nil
	s.heard, s.recognized, s.afterCR, s.bareLF = false, false, false, nil
	s.noteTLS()
	return reply{}, nil
}

// handshake does the TLS handshake, within FirstCommandTimeout.
func (s *session) handshake() error {
	conn := tls.Server(s.conn, s.server.TLS)
	deadline := time.Now().Add(s.limits.FirstCommandTimeout)
	s.setDeadlines(deadline, deadline)
	// A stop ends the handshake by the connection's deadlines. Its context would close
	// the connection, which is not the session's.
	err := conn.HandshakeContext(context.Background())
	if err == nil {
		state := conn.ConnectionState()
		s.mu.Lock()
		s.conn, s.encrypted = conn, &state
		s.mu.Unlock()
		return nil
	}
	level := zap.InfoLevel
	if errors.Is(err, io.EOF) {
		level = zap.DebugLevel // as health checks do, which only connect
	}
	s.logger.Log(level, "TLS handshake failed", zap.String("client", s.client), zap.Error(err))
	// The error must not be taken for a timeout, which has a reply: in the middle of a
	// handshake there is no way to send one.
	return fmt.Errorf("TLS handshake: %s", withoutAddresses(err))
}

func (s *session) noteTLS() {
	var told Session
	told.setTLS(s.encrypted)
	s.transcript.note(told.TLSVersion + ", " + told.TLSCipher)
}

// closeTLS ends TLS properly, so that the client knows that nothing was cut off. The
// connection itself is closed by whoever accepted it.
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
