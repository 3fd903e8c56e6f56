package mailbucket

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/release"
)

// ReleaseConfig says to whom, and through which server, mails of a bucket may be sent on.
// Placeholders in it are replaced when it is loaded.
type ReleaseConfig struct {
	// The server that gets the mails, the only one: its host, or host:port. Default port: 587.
	Server string `json:"server"`

	// The addresses to which mail may go: `*@example.com` for all of a domain,
	// `ann@example.com`, `ann+*@example.com`, or `*@*.example.com` for all of the domains
	// below one. Required.
	Allow []string `json:"allow"`

	// The user and password to log in with. Default: no login.
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`

	// How the connection is protected: `on` by TLS from the first byte, `starttls`, or
	// `off`, which sends no password but to this machine. Default: `on` for port 465,
	// `off` for a server on this machine, and else `starttls`.
	TLS string `json:"tls,omitempty"`

	// Files with the certificates, in PEM, of the authorities that the server's
	// certificate may be from. Default: those that the system trusts.
	TLSTrust []string `json:"tls_trust,omitempty"`

	// The sender that mails are sent on with. Default: the user if that is an address,
	// and else mailbucket at this machine's hostname.
	From string `json:"from,omitempty"`

	// The largest mail that is sent on, in bytes. Default: 26214400 (25 MiB).
	MaxSize int64 `json:"max_size,omitempty"`

	// How many mails may be sent on in a minute, each recipient counted. Default: 30.
	MaxPerMinute int `json:"max_per_minute,omitempty"`

	// Which mails are sent on unasked, when they come by SMTP: in a minute so many as
	// above, beside those that are asked for. Default: none.
	Forward []ForwardConfig `json:"forward,omitempty"`
}

// ForwardConfig sends each mail on that has a recipient of some form.
type ForwardConfig struct {
	// The form of the recipient: an address in any case, in which * stands for any text.
	Recipient string `json:"recipient"`

	// The address that gets the mail. It has to be allowed.
	To string `json:"to"`
}

const defaultReleasePort = "587"

// The values of tls.
var releaseSecurity = map[string]release.Security{"on": release.ImplicitTLS, "starttls": release.STARTTLS, "off": release.Plain}

// newOutlet makes the outlet of a bucket, nil if there is none.
func (c *ReleaseConfig) newOutlet(b *bucket, logger *zap.Logger) (*release.Outlet, error) {
	if c == nil {
		return nil, nil
	}
	resolved, err := c.resolve()
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	config, err := resolved.config()
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return release.New(config, b.Bucket, &b.released, logger.With(zap.String("bucket", b.name))), nil
}

// resolve is c with its placeholders replaced.
func (c *ReleaseConfig) resolve() (*ReleaseConfig, error) {
	values, err := replaceAll([]string{c.Server, c.User, c.Password, c.TLS, c.From})
	if err != nil {
		return nil, err
	}
	r := *c
	r.Server, r.User, r.Password, r.TLS, r.From = values[0], values[1], values[2], values[3], values[4]
	if r.Allow, err = replaceAll(c.Allow); err != nil {
		return nil, fmt.Errorf("allow: %w", err)
	}
	if r.TLSTrust, err = replaceAll(c.TLSTrust); err != nil {
		return nil, fmt.Errorf("tls_trust: %w", err)
	}
	r.Forward = slices.Clone(c.Forward)
	for i, f := range c.Forward {
		values, err := replaceAll([]string{f.Recipient, f.To})
		if err != nil {
			return nil, fmt.Errorf("forward: %w", err)
		}
		r.Forward[i] = ForwardConfig{values[0], values[1]}
	}
	return &r, nil
}

// config reads c, which has no placeholders any more.
func (c *ReleaseConfig) config() (release.Config, error) {
	config := release.Config{MaxSize: c.MaxSize, MaxPerMinute: c.MaxPerMinute}
	var err error
	if config.Server, err = c.server(); err != nil {
		return config, err
	}
	if len(c.Allow) > 0 {
		if config.Allowed, err = release.ParseAllowed(c.Allow...); err != nil {
			return config, fmt.Errorf("allow: %w", err)
		}
	}
	if config.From, err = c.from(config.Server.Hello); err != nil {
		return config, err
	}
	for _, f := range c.Forward {
		rule, err := release.ParseRule(f.Recipient, f.To)
		if err != nil {
			return config, err
		}
		config.Rules = append(config.Rules, rule)
	}
	return config, config.Check()
}

func (c *ReleaseConfig) server() (release.Server, error) {
	s := release.Server{Username: c.User, Password: c.Password, Hello: "localhost"}
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		host, port = strings.Trim(c.Server, "[]"), defaultReleasePort
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || !isServerName(host) {
		return s, fmt.Errorf("server %q: expected a host, or host:port, such as smtp.example.com:587", c.Server)
	}
	s.Address = net.JoinHostPort(host, port)
	security, ok := releaseSecurity[c.TLS]
	switch {
	case ok:
		s.Security = security
	case c.TLS != "":
		return s, fmt.Errorf("tls %q: expected on, starttls or off", c.TLS)
	case port == "465":
		s.Security = release.ImplicitTLS
	case isThisMachine(host):
		s.Security = release.Plain
	}
	if s.Security == release.Plain && c.User != "" && !isThisMachine(host) {
		return s, fmt.Errorf("tls off: expected no user, as the password is not sent to %s without TLS", host)
	}
	if s.Roots, err = readCertificates(c.TLSTrust); err != nil {
		return s, err
	}
	if name, err := os.Hostname(); err == nil && name != "" && checkHostname(name) == nil {
		s.Hello = name
	}
	return s, nil
}

// isServerName reports whether a host is an IP address, or may be a domain name.
func isServerName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	_, err := release.ParseAddress("x@" + host)
	return err == nil
}

// isThisMachine reports whether a host is a loopback address or localhost.
func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// readCertificates reads the files with certificates; there is no pool for none.
func readCertificates(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("tls_trust: %w", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls_trust: expected certificates in PEM in %s", file)
		}
	}
	return pool, nil
}

func (c *ReleaseConfig) from(hostname string) (release.Address, error) {
	if c.From != "" {
		from, err := release.ParseAddress(c.From)
		if err != nil {
			return from, fmt.Errorf("from %q: %w", c.From, err)
		}
		return from, nil
	}
	if from, err := release.ParseAddress(c.User); err == nil {
		return from, nil
	}
	from, err := release.ParseAddress("mailbucket@" + hostname)
	if err != nil {
		return from, fmt.Errorf("from: %w, as the name of this machine, %q, makes none", err, hostname)
	}
	return from, nil
}

// whoAsks is who made a request: the user that Caddy has authenticated, or else the
// address of the client.
func whoAsks(r *http.Request) string {
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		if user, ok := repl.GetString("http.auth.user.id"); ok && user != "" {
			return user
		}
	}
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok && ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// unmarshalRelease reads the option release of a bucket.
func (c *BucketConfig) unmarshalRelease(d *caddyfile.Dispenser) error {
	r := new(ReleaseConfig)
	if err := oneArg(d, &r.Server); err != nil {
		return err
	}
	if err := eachOption(d, "release", map[string]func() error{
		"allow": func() error { return someArgs(d, &r.Allow) },
		"user": func() error {
			if !d.Args(&r.User, &r.Password) || d.NextArg() {
				return d.Err("user: expected a name and a password after it")
			}
			return nil
		},
		"tls":            func() error { return oneArg(d, &r.TLS) },
		"tls_trust":      func() error { return someArgs(d, &r.TLSTrust) },
		"from":           func() error { return oneArg(d, &r.From) },
		"max_size":       func() error { return sizeArg(d, &r.MaxSize) },
		"max_per_minute": func() error { return countArg(d, &r.MaxPerMinute) },
		"forward": func() error {
			args := d.RemainingArgs()
			if len(args) != 3 || args[1] != "to" {
				return d.Err("forward: expected a pattern of recipients, the word to, and an address")
			}
			r.Forward = append(r.Forward, ForwardConfig{args[0], args[2]})
			return nil
		},
	}, "allow", "forward"); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return d.Errf("release %s: %w", r.Server, err)
	}
	c.Release = r
	return nil
}

// check checks what has no placeholders, of which the values are known only where the
// configuration runs.
func (c *ReleaseConfig) check() error {
	known := *c
	known.Allow = slices.DeleteFunc(slices.Clone(c.Allow), hasPlaceholder)
	allKnown := len(known.Allow) == len(c.Allow)
	if !allKnown {
		known.Allow = append(known.Allow, "x@example.com")
	}
	if hasPlaceholder(c.Server) {
		known.Server, known.User, known.Password = "example.com", "", "" // whether a user may be given depends on it
	}
	for value, stand := range map[*string]string{&known.User: "x", &known.TLS: "starttls", &known.From: "x@example.com"} {
		if hasPlaceholder(*value) {
			*value = stand
		}
	}
	known.TLSTrust = nil // files of the machine where it runs
	known.Forward = slices.DeleteFunc(slices.Clone(c.Forward), func(f ForwardConfig) bool {
		return !allKnown || hasPlaceholder(f.Recipient+f.To)
	})
	_, err := known.config()
	return err
}
