package release

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Security is how the connection to a server is protected.
type Security int

// The ways to protect a connection.
const (
	STARTTLS    Security = iota // RFC 3207; a server that does not offer it gets nothing
	ImplicitTLS                 // from the first byte (RFC 8314 section 3.3)
	Plain                       // not at all
)

// Server is the only server that gets mails.
type Server struct {
	// Address is its host and port.
	Address  string
	Security Security

	// Roots are the authorities that its certificate may be from; nil stands for the
	// system's.
	Roots *x509.CertPool

	// Username and Password are for logging in, unless Username is empty. They are sent
	// only under TLS, or to this machine.
	Username, Password string

	// Hello is the name of this machine for EHLO.
	Hello string
}

// Bounds of the times and of what a server may say.
const (
	dialTimeout    = 10 * time.Second
	commandTimeout = 30 * time.Second
	answerTimeout  = time.Minute // to the whole mail
	totalTimeout   = 2 * time.Minute
	maxSaid        = 1 << 20 // bytes, with TLS around them
)

// send sends the letter to all of the recipients, or to none if the server refuses one.
// It returns what the server answered. Until all of the mail is sent, ctx can end it.
func (s *Server) send(ctx context.Context, sender string, to []Address, l *letter) (reply string, err error) {
	ctx, cancel := context.WithTimeout(ctx, totalTimeout)
	defer cancel()
	dialer := net.Dialer{Timeout: dialTimeout}
	raw, err := dialer.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return "", newError(Away, "no connection to %s: %v", s.Address, err)
	}
	defer raw.Close()
	keep := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer keep()
	c, err := s.open(&measured{raw, maxSaid})
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := s.begin(c, raw, sender, to, l); err != nil {
		return "", err
	}
	data, err := c.Data()
	if err != nil {
		return "", failure("DATA", err)
	}
	if err := l.writeTo(data); err != nil {
		return "", failure("sending the email", err)
	}
	if !keep() {
		return "", newError(Away, "sending the email: it took longer than %s, or this server is stopping", totalTimeout)
	}
	c.SubmissionTimeout = answerTimeout
	answer, err := data.CloseWithResponse()
	if err != nil {
		return "", failure("the email", err)
	}
	_ = c.Quit() // the email is accepted whatever the answer
	return visible(answer.StatusText, maxReply), nil
}

// open says hello, by then under TLS unless that is off.
func (s *Server) open(conn net.Conn) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("the server's address: %w", err)
	}
	config := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	var c *smtp.Client
	switch s.Security {
	case ImplicitTLS:
		c = smtp.NewClient(tls.Client(conn, config))
	case Plain:
		c = smtp.NewClient(conn)
	default:
		if c, err = smtp.NewClientStartTLS(conn, config); err != nil {
			if !strings.Contains(err.Error(), "doesn't support") {
				return nil, failure("STARTTLS", err)
			}
			return nil, newError(Refused, "%s does not offer STARTTLS, and nothing is sent without TLS unless tls is off", s.Address)
		}
	}
	c.CommandTimeout = commandTimeout
	if err := c.Hello(s.Hello); err != nil {
		c.Close()
		return nil, failure("greeting "+s.Address, err)
	}
	return c, nil
}

// begin logs in and gives the envelope.
func (s *Server) begin(c *smtp.Client, conn net.Conn, sender string, to []Address, l *letter) error {
	if err := s.logIn(c, conn); err != nil {
		return err
	}
	if most, ok := c.MaxMessageSize(); ok && most > 0 && l.size() > int64(most) {
		return newError(Refused, "this email has %d bytes, and %s takes at most %d", l.size(), s.Address, most)
	}
	has := func(extension string) bool { ok, _ := c.Extension(extension); return ok }
	if l.eightBit && !has("8BITMIME") {
		return newError(Refused, "this email has bytes beyond ASCII, and %s does not offer 8BITMIME", s.Address)
	}
	if l.utf8Header && !has("SMTPUTF8") {
		return newError(Refused, "this email has letters beyond ASCII in its header or in an address, and %s does not offer SMTPUTF8", s.Address)
	}
	if err := c.Mail(sender, &smtp.MailOptions{Size: l.size(), UTF8: l.utf8Header}); err != nil {
		return failure("MAIL FROM:<"+sender+">", err)
	}
	for _, a := range to {
		if err := c.Rcpt(a.String(), nil); err != nil {
			return failure("RCPT TO:<"+a.String()+">", err)
		}
	}
	return nil
}

// logIn logs in if there is a user. Conn is the connection below TLS.
func (s *Server) logIn(c *smtp.Client, conn net.Conn) error {
	if s.Username == "" {
		return nil
	}
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if s.Security == Plain && (!ok || !peer.IP.IsLoopback()) {
		return newError(Refused, "the password is not sent to %s without TLS", s.Address)
	}
	var login sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		login = sasl.NewPlainClient("", s.Username, s.Password)
	case c.SupportsAuth(sasl.Login):
		login = sasl.NewLoginClient(s.Username, s.Password)
	default:
		return newError(Refused, "%s offers neither AUTH PLAIN nor AUTH LOGIN", s.Address)
	}
	if err := c.Auth(login); err != nil {
		return failure("logging in as "+s.Username, err)
	}
	return nil
}

// measured is a connection that bounds what the server may say.
type measured struct {
	net.Conn
	left int
}

func (c *measured) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}
