package mailbucket

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/mholt/caddy-l4/layer4"

	"github.com/caddy-mailbucket/mailbucket/pattern"
	"github.com/caddy-mailbucket/mailbucket/smtp"
)

// L4Handler speaks SMTP on a connection and catches every mail it is sent in a
// bucket. It must be the last handler of its route, and the route should have
// no matcher: one that waits for the client's first bytes holds up the greeting,
// which in SMTP the server sends first.
type L4Handler struct {
	// The name of the bucket, which the mailbucket app has to have.
	// Default: `default`.
	Bucket string `json:"bucket,omitempty"`

	// The name that the greeting gives. Default: the machine's hostname.
	Hostname string `json:"hostname,omitempty"`

	// The largest message that is accepted, in bytes. Default: 26214400 (25 MiB).
	MaxMessageSize int64 `json:"max_message_size,omitempty"`

	// The largest header section that is accepted, in bytes. Default: 1048576 (1 MiB).
	MaxHeaderSize int64 `json:"max_header_size,omitempty"`

	// The longest line of a message that is accepted, in bytes. Default: as
	// long as the message may be.
	MaxDataLine int64 `json:"max_data_line,omitempty"`

	// How many recipients a message may have. Default: 1000.
	MaxRecipients int `json:"max_recipients,omitempty"`

	// How many mail transactions a connection may have. Default: no limit.
	MaxTransactions int `json:"max_transactions,omitempty"`

	// How many connections may be open into the bucket. Default: 10000.
	MaxConnections int `json:"max_connections,omitempty"`

	// How many of them may be of one client's IP address. Default: 5000.
	MaxClientConnections int `json:"max_client_connections,omitempty"`

	// How long to wait for the first command line, and for a TLS handshake.
	// Default: 1m, or `idle_timeout` if that is less.
	FirstCommandTimeout caddy.Duration `json:"first_command_timeout,omitempty"`

	// How long to wait for the next command line, for more data, and for the
	// client to take a reply. Default: 5m.
	IdleTimeout caddy.Duration `json:"idle_timeout,omitempty"`

	// How many bytes of a message a second have to arrive on average, after an initial
	// allowance of the idle timeout. Default: 500.
	MinDataRate int64 `json:"min_data_rate,omitempty"`

	// Whether to speak extended SMTP: false answers EHLO with 502, which
	// leaves the plain SMTP of HELO. Default: true.
	Extensions *bool `json:"extensions,omitempty"`

	// Which addresses MAIL and RCPT may have: with `strict` those that RFC 5321 and
	// 6531 allow, with `lenient` also malformed ones that clients are known to send; the
	// mail's problems say what is wrong with them. Default: lenient.
	Addresses string `json:"addresses,omitempty"`

	// Patterns of the recipients that are taken, in which * stands for any text, such as
	// `*@ours.test`. Others get 550. Default: all are taken.
	AcceptRecipients []string `json:"accept_recipients,omitempty"`

	// Whether to offer STARTTLS, with a certificate that Caddy manages: by its
	// automation for a public `hostname`, and by its internal issuer for any
	// other name, for localhost and for the loopback addresses. Default: false,
	// as many clients upgrade whenever they can and then fail on a private CA.
	StartTLS bool `json:"starttls,omitempty"`

	// Whether each connection begins with a TLS handshake, with the same
	// certificates. STARTTLS is then not offered. Default: false.
	ImplicitTLS bool `json:"implicit_tls,omitempty"`

	// The TLS settings, after STARTTLS or from the first byte. Default: Caddy's own.
	ConnectionPolicy *caddytls.ConnectionPolicy `json:"connection_policy,omitempty"`

	// How clients log in. Default: logging in is optional, and every login is accepted
	// and recorded.
	Auth *AuthConfig `json:"auth,omitempty"`

	server *smtp.Server
}

// CaddyModule returns the Caddy module information.
func (*L4Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "layer4.handlers.mailbucket",
		New: func() caddy.Module { return new(L4Handler) },
	}
}

// Provision finds the bucket and sets up the sessions' server.
func (h *L4Handler) Provision(ctx caddy.Context) error {
	a, b, err := findBucket(ctx, h.Bucket)
	if err != nil {
		return err
	}
	if err := a.adopt(ctx); err != nil {
		return err
	}
	a.noteSite(ctx)
	hostname, err := h.hostname()
	if err != nil {
		return err
	}
	if err := h.check(); err != nil {
		return err
	}
	recipients, err := h.recipients()
	if err != nil {
		return err
	}
	h.server = &smtp.Server{
		Hostname:         hostname,
		Limits:           h.limits(),
		NoExtensions:     h.noExtensions(),
		ImplicitTLS:      h.ImplicitTLS,
		StrictAddresses:  h.Addresses == addressesStrict,
		AcceptRecipients: recipients,
		RecipientRefused: b.recipientRefused,
		Faults:           &b.faults,
		Receiver:         b,
		Failed:           b.sessionFailed,
		Capacity:         b.capacity,
		Sessions:         &b.sessions,
		Logger:           ctx.Logger(),
	}
	if err := h.provisionAuth(); err != nil {
		return err
	}
	if h.server.TLS, err = h.provisionTLS(ctx, a, hostname); err != nil {
		return err
	}
	a.handlers = append(a.handlers, h)
	return nil
}

// hostname is what the greeting names.
func (h *L4Handler) hostname() (string, error) {
	name := caddy.NewReplacer().ReplaceAll(h.Hostname, "")
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return "", fmt.Errorf("finding a hostname for the greeting, as none is configured: %w", err)
		}
	}
	return name, checkHostname(name)
}

// recipients are the patterns of those that are taken.
func (h *L4Handler) recipients() (pattern.List, error) {
	texts, err := replaceAll(h.AcceptRecipients)
	if err != nil {
		return nil, fmt.Errorf("accept_recipients: %w", err)
	}
	list, err := pattern.NewList(texts...)
	if err != nil {
		return nil, fmt.Errorf("accept_recipients: %w", err)
	}
	return list, nil
}

func (h *L4Handler) limits() smtp.Limits {
	return smtp.Limits{
		MaxMessageSize:       h.MaxMessageSize,
		MaxHeaderSize:        h.MaxHeaderSize,
		MaxDataLine:          h.MaxDataLine,
		MaxRecipients:        h.MaxRecipients,
		MaxTransactions:      h.MaxTransactions,
		MaxConnections:       h.MaxConnections,
		MaxClientConnections: h.MaxClientConnections,
		FirstCommandTimeout:  time.Duration(h.FirstCommandTimeout),
		IdleTimeout:          time.Duration(h.IdleTimeout),
		MinDataRate:          h.MinDataRate,
	}
}

func (h *L4Handler) noExtensions() bool { return h.Extensions != nil && !*h.Extensions }

// The values of addresses.
const (
	addressesStrict  = "strict"
	addressesLenient = "lenient"
)

// checkAddresses refuses any other value; "" is the default.
func checkAddresses(value string) error {
	switch value {
	case "", addressesStrict, addressesLenient:
		return nil
	}
	return fmt.Errorf("addresses %q: expected %s or %s", value, addressesStrict, addressesLenient)
}

var authModes = map[string]smtp.AuthMode{
	"": smtp.AuthOptional, "optional": smtp.AuthOptional, "required": smtp.AuthRequired, "off": smtp.AuthOff,
}

func (h *L4Handler) provisionAuth() error {
	if h.Auth == nil {
		return nil
	}
	h.server.Auth = authModes[h.Auth.Mode]
	if len(h.Auth.Users) == 0 {
		return nil
	}
	hashes := make(map[string]string)
	repl := caddy.NewReplacer()
	for name, hash := range h.Auth.Users {
		for _, value := range []*string{&name, &hash} {
			var err error
			if *value, err = repl.ReplaceOrErr(*value, true, true); err != nil {
				return fmt.Errorf("auth: user %s: %w", name, err)
			}
		}
		hashes[name] = hash
	}
	users, err := newUsers(hashes)
	if err != nil {
		return err
	}
	h.server.CheckLogin, h.server.KnownLogin = users.check, users.known
	return nil
}

// check refuses settings that are invalid or contradict each other.
func (h *L4Handler) check() error {
	for name, value := range map[string]int64{
		"max_message_size": h.MaxMessageSize, "max_header_size": h.MaxHeaderSize, "max_data_line": h.MaxDataLine,
		"max_recipients": int64(h.MaxRecipients), "max_transactions": int64(h.MaxTransactions),
		"max_connections": int64(h.MaxConnections), "max_client_connections": int64(h.MaxClientConnections),
		"first_command_timeout": int64(h.FirstCommandTimeout), "idle_timeout": int64(h.IdleTimeout), "min_data_rate": h.MinDataRate,
	} {
		if value < 0 {
			return fmt.Errorf("%s must be positive", name)
		}
	}
	if err := checkAddresses(h.Addresses); err != nil {
		return err
	}
	if h.ConnectionPolicy != nil && !h.StartTLS && !h.ImplicitTLS {
		return fmt.Errorf("connection_policy is for TLS: expected starttls on or implicit_tls on beside it")
	}
	if h.Auth != nil {
		if _, ok := authModes[h.Auth.Mode]; !ok {
			return fmt.Errorf("auth %q: expected optional, required or off", h.Auth.Mode)
		}
		if h.Auth.Mode == "off" && len(h.Auth.Users) > 0 {
			return fmt.Errorf("auth off: expected no users")
		}
	}
	if h.noExtensions() && (h.StartTLS || h.Auth != nil && h.Auth.Mode == "required") {
		return fmt.Errorf("extensions off leaves no STARTTLS and no AUTH: expected neither starttls on nor auth required beside it")
	}
	return nil
}

// Handle runs one SMTP session. It returns no error, as layer4 would log a client's
// mistakes as errors of this server.
func (h *L4Handler) Handle(cx *layer4.Connection, _ layer4.Handler) error {
	h.server.Serve(cx, tlsState(cx))
	closeTLS(cx)
	return nil
}

// checkHostname refuses a name that would break a reply line.
func checkHostname(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) || len(name) > 255 {
		return fmt.Errorf("hostname %q: expected a domain name or an address literal", name)
	}
	return nil
}

var (
	_ caddy.Provisioner  = (*L4Handler)(nil)
	_ layer4.NextHandler = (*L4Handler)(nil)
)
