package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Settings say where the log of a bucket is, and how it is reached.
type Settings struct {
	// Servers are the addresses of NATS servers, as in nats://a:4222 or tls://b:4222. One that
	// answers is enough; the others of its cluster are learned from it.
	Servers []string

	// Stream is the name of the stream. Every bucket that has it is one and the same.
	Stream string

	// Replicas is on how many servers the stream is kept, from 1 to 5. It is used when the
	// stream is made. Default: 1.
	Replicas int

	// Credentials is a file with a user's JWT and seed, as nsc writes it.
	Credentials string

	// User and Password log in by name.
	User, Password string

	// CA is a PEM file with the authorities that the servers' certificates may come from.
	// Default: those of the system.
	CA string

	// Certificate and Key are PEM files that show the servers who this client is.
	Certificate, Key string

	// Limits are the bucket's. The stream is made for them.
	Limits store.Limits

	// Name says in the servers' lists of connections and in the log whose connection it is.
	Name string

	// Logger gives the logger to use. It is asked each time, as loggers may be replaced.
	Logger func() *zap.Logger
}

const maxReplicas = 5

// check says what is wrong with the settings, as far as that shows without a server.
func (s *Settings) check() error {
	if len(s.Servers) == 0 {
		return errors.New("no servers: expected at least one, as in nats://127.0.0.1:4222")
	}
	for _, server := range s.Servers {
		if err := checkServer(server); err != nil {
			return err
		}
	}
	switch {
	case !isStreamName(s.Stream):
		return fmt.Errorf("stream %q: expected letters, digits, '-' and '_'", s.Stream)
	case s.Replicas < 0 || s.Replicas > maxReplicas:
		return fmt.Errorf("replicas %d: expected a number from 1 to %d", s.Replicas, maxReplicas)
	case s.Credentials != "" && s.User != "":
		return errors.New("credentials and user: expected only one of them")
	case s.Password != "" && s.User == "":
		return errors.New("a password without a user")
	case (s.Certificate == "") != (s.Key == ""):
		return errors.New("certificate and key: expected both or neither")
	}
	return nil
}

// checkServer checks an address. Errors do not repeat what may be a password.
func checkServer(server string) error {
	if server == "" || strings.ContainsAny(server, ", \t") {
		return errors.New("server address: expected one as in nats://127.0.0.1:4222")
	}
	if !strings.Contains(server, "://") {
		server = "nats://" + server
	}
	u, err := url.Parse(server)
	switch {
	case err != nil:
		return errors.New("a server address is malformed: expected one as in nats://127.0.0.1:4222")
	case u.Scheme != "nats" && u.Scheme != "tls":
		return fmt.Errorf("server %s: expected nats:// or tls://, not %s://", u.Redacted(), u.Scheme)
	case u.Hostname() == "":
		return fmt.Errorf("server %s: expected a host, as in nats://127.0.0.1:4222", u.Redacted())
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("server %s: expected nothing after the port", u.Redacted())
	}
	return nil
}

// isStreamName reports whether NATS takes the name for a stream, and for a part of a subject.
func isStreamName(name string) bool {
	return name != "" && len(name) <= 200 &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// describe names the servers without users and passwords.
func (s *Settings) describe() string {
	names := make([]string, len(s.Servers))
	for i, server := range s.Servers {
		_, host, found := strings.Cut(server, "@")
		if !found {
			_, host, found = strings.Cut(server, "://")
		}
		if !found {
			host = server
		}
		names[i] = host
	}
	return strings.Join(names, ", ")
}

// Times of a connection.
const (
	dialTimeout   = 3 * time.Second
	reconnectWait = 250 * time.Millisecond
	pingInterval  = 5 * time.Second
	pingsOut      = 2
)

// options are the settings as nats.go has them. Files are read here, so that one that is
// missing or malformed is told at once.
func (s *Settings) options() ([]nats.Option, error) {
	opts := []nats.Option{
		nats.Name(s.Name),
		nats.Timeout(dialTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.IgnoreAuthErrorAbort(), // a user may be made again
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsOut),
		// Nothing is kept to be sent later: who writes is told, and tries again.
		nats.ReconnectBufSize(-1),
	}
	if s.Credentials != "" {
		if _, err := os.ReadFile(s.Credentials); err != nil {
			return nil, fmt.Errorf("reading credentials: %w", err)
		}
		opts = append(opts, nats.UserCredentials(s.Credentials))
	}
	if s.User != "" {
		opts = append(opts, nats.UserInfo(s.User, s.Password))
	}
	config, err := s.tls()
	if err != nil {
		return nil, err
	}
	if config != nil {
		opts = append(opts, nats.Secure(config))
	}
	return opts, nil
}

// tls is nil if no setting asks for anything that tls:// in an address does not already.
func (s *Settings) tls() (*tls.Config, error) {
	if s.CA == "" && s.Certificate == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the certificate authorities: %s has no certificate in PEM", s.CA)
		}
	}
	if s.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.Certificate, s.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
