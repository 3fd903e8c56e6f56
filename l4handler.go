package mailbucket

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/mholt/caddy-l4/layer4"

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

	// How many recipients a message may have. Default: 1000.
	MaxRecipients int `json:"max_recipients,omitempty"`

	// How long to wait for the next command line, for more data, and for the
	// client to take a reply. Default: 5m.
	IdleTimeout caddy.Duration `json:"idle_timeout,omitempty"`

	// Whether to speak extended SMTP: false answers EHLO with 502, which
	// leaves the plain SMTP of HELO. Default: true.
	Extensions *bool `json:"extensions,omitempty"`

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
	b, err := findBucket(ctx, h.Bucket)
	if err != nil {
		return err
	}
	hostname := caddy.NewReplacer().ReplaceAll(h.Hostname, "")
	if hostname == "" {
		if hostname, err = os.Hostname(); err != nil {
			return fmt.Errorf("finding a hostname for the greeting, as none is configured: %w", err)
		}
	}
	if err := checkHostname(hostname); err != nil {
		return err
	}
	h.server = &smtp.Server{
		Hostname:       hostname,
		MaxMessageSize: h.MaxMessageSize,
		MaxRecipients:  h.MaxRecipients,
		IdleTimeout:    time.Duration(h.IdleTimeout),
		NoExtensions:   h.Extensions != nil && !*h.Extensions,
		Receiver:       b,
		Sessions:       &b.sessions,
		Logger:         ctx.Logger(),
	}
	return nil
}

// Validate refuses settings that make no sense.
func (h *L4Handler) Validate() error {
	switch {
	case h.MaxMessageSize < 0:
		return fmt.Errorf("max_message_size must be positive")
	case h.MaxRecipients < 0:
		return fmt.Errorf("max_recipients must be positive")
	case h.IdleTimeout < 0:
		return fmt.Errorf("idle_timeout must be positive")
	}
	return nil
}

// Handle runs one SMTP session. It returns no error: what a client does wrong
// is no fault of this server, and layer4 would log it as one.
func (h *L4Handler) Handle(cx *layer4.Connection, _ layer4.Handler) error {
	h.server.Serve(cx)
	return nil
}

// checkHostname refuses what would break a reply line apart.
func checkHostname(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) || len(name) > 255 {
		return fmt.Errorf("hostname %q: expected a domain name or an address literal", name)
	}
	return nil
}

var (
	_ caddy.Provisioner  = (*L4Handler)(nil)
	_ caddy.Validator    = (*L4Handler)(nil)
	_ layer4.NextHandler = (*L4Handler)(nil)
)
