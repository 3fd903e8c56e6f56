package jetstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// retryWait is how long nothing is tried after what failed because of the servers.
const retryWait = 200 * time.Millisecond

// connect connects to one of the servers, and waits for one until ctx is done.
func (j *Journal) connect(ctx context.Context) error {
	opts, err := j.settings.options()
	if err != nil {
		return err
	}
	opts = append(opts,
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err == nil {
				err = nats.ErrDisconnected
			}
			j.health.trouble(fmt.Errorf("the connection to NATS was lost: %w", err))
			j.sessions.end(err, 0)
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			j.health.trouble(fmt.Errorf("connecting to NATS: %w", err))
		}),
		nats.ReconnectHandler(func(*nats.Conn) { j.sessions.end(errReconnected, 0) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { j.sessions.note(err) }),
	)
	for {
		j.conn, err = nats.Connect(strings.Join(j.settings.Servers, ","), opts...)
		if err == nil {
			return j.checkPayload()
		}
		if !isUnreachable(err) || !wait(ctx, retryWait) {
			return fmt.Errorf("connecting: %w", err)
		}
	}
}

var errReconnected = errors.New("the connection to NATS is a new one")

// checkPayload checks that the server takes messages of a size that is of use.
func (j *Journal) checkPayload() error {
	if n := j.conn.MaxPayload(); n < minPayload {
		return fmt.Errorf("the server's max_payload is %d bytes, expected %d or more", n, minPayload)
	}
	return nil
}

// isUnreachable reports whether a server may be there later. Otherwise it is there, and refuses
// this client or is refused by it.
func isUnreachable(err error) bool {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		errors.Is(err, nats.ErrAccountAuthExpired), errors.Is(err, nats.ErrSecureConnRequired), errors.Is(err, nats.ErrSecureConnWanted),
		errors.Is(err, nats.ErrNkeysNotSupported), errors.Is(err, nats.ErrTLS):
		return false
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &record),
		errors.As(err, &verification), errors.As(err, &alert):
		return false
	}
	return true
}

// passes reports whether what failed may succeed later, without anybody changing a setting.
func passes(err error) bool {
	// The connection broke while something was written to it.
	if broken := new(net.OpError); errors.As(err, &broken) {
		return true
	}
	var api *natsjs.APIError
	if errors.As(err, &api) {
		// 503 is that no server leads the others yet, or that too few of them are there.
		return api.Code == 503 && api.ErrorCode != natsjs.JSErrCodeJetStreamNotEnabledForAccount || api.Code == 408 || api.ErrorCode == errCodeNoPeers
	}
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, natsjs.ErrTooManyStalledMsgs) // as many writes are under way as the client has room for
}

// errCodeNoPeers is of a stream with more replicas than there are servers, which may be because
// some have not started yet.
const errCodeNoPeers natsjs.ErrorCode = 10005

// because adds to an error what the server has told of its reason, such as a permission that is missing.
func (j *Journal) because(err error) error {
	if noted := j.sessions.noted(); noted != nil {
		return fmt.Errorf("%w: %w", err, noted)
	}
	return err
}

// sessions are the times in which the stream is read without interruption, one after the other.
type sessions struct {
	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the one that goes on
	began  time.Time
	told   error // what the server has told last, outside of any answer
	at     time.Time
}

// begin begins a session.
func (s *sessions) begin(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, s.cancel = context.WithCancelCause(ctx)
	s.began = time.Now()
	return ctx
}

// end has a session end that has lasted for least, so that the next one finds out how the
// stream is.
func (s *sessions) end(reason error, least time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil && time.Since(s.began) >= least {
		s.cancel(reason)
	}
}

// note notes what a server told outside of any answer.
func (s *sessions) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told, s.at = err, time.Now()
}

// noted is what a server told lately.
func (s *sessions) noted() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil || time.Since(s.at) > time.Minute {
		return nil
	}
	return s.told
}
