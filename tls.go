package mailbucket

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/caddyserver/certmagic"
	"github.com/mholt/caddy-l4/layer4"
	"golang.org/x/net/idna"
)

// provisionTLS makes the TLS configuration for STARTTLS or implicit TLS, and arranges for
// its certificates. It returns nil if the handler has neither.
func (h *L4Handler) provisionTLS(ctx caddy.Context, a *App, hostname string) (*tls.Config, error) {
	if !h.StartTLS && !h.ImplicitTLS {
		return nil, nil
	}
	if err := a.manageCertificates(ctx, hostname, h.Hostname != ""); err != nil {
		return nil, err
	}
	policy := h.ConnectionPolicy
	if policy == nil {
		policy = new(caddytls.ConnectionPolicy)
	}
	if policy.ALPN == nil {
		policy.ALPN = []string{} // mail clients do not use ALPN
	}
	policies := caddytls.ConnectionPolicies{policy}
	if err := policies.Provision(ctx); err != nil {
		return nil, fmt.Errorf("setting up TLS: %w", err)
	}
	names := certificateNames(hostname)
	if policy.FallbackSNI != "" {
		names = append([]string{policy.FallbackSNI}, names...)
	}
	policy.TLSConfig.GetCertificate = (&certificates{
		get:       policy.TLSConfig.GetCertificate,
		fallbacks: names,
		awaited:   time.Now().Add(certificatesAwaited),
	}).forClient
	return policies.TLSConfig(ctx), nil
}

// How long handshakes wait for the handler's certificate, which Caddy makes in the
// background, and for how long after a start.
const (
	certificateWait     = 2 * time.Second
	certificatesAwaited = 10 * time.Second
)

// acmeProtocol is the ALPN protocol by which a certificate authority checks that a name is
// ours (RFC 8737). It must not be answered with a fallback certificate.
const acmeProtocol = "acme-tls/1"

// certificates chooses the certificates of a handler. Mail clients may ask for any server
// name or none, such as an alias within a network of containers, or an address. For names
// without a certificate they get the handler's own.
type certificates struct {
	get       func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	fallbacks []string // names, the best first
	awaited   time.Time
}

// forClient is the certificate for what a client asks for. Caddy's own fallback_sni is not
// enough, as names that IDNA does not allow, such as my_host, fail before it is tried.
func (c *certificates) forClient(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	certificate, err := c.get(hello)
	if err == nil || slices.Contains(hello.SupportedProtos, acmeProtocol) {
		return certificate, err
	}
	c.await(hello)
	for _, name := range c.fallbacks {
		if certificate, err := c.named(name, hello); err == nil {
			return certificate, nil
		}
	}
	return nil, err
}

// await waits for the best certificate shortly after a start.
func (c *certificates) await(hello *tls.ClientHelloInfo) {
	for until := time.Now().Add(certificateWait); ; {
		_, err := c.named(c.fallbacks[0], hello)
		if now := time.Now(); err == nil || now.After(until) || now.After(c.awaited) {
			return
		}
		select {
		case <-hello.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// named is the certificate for that name, for a client that asked for another one.
func (c *certificates) named(name string, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	other := *hello
	other.ServerName = name
	return c.get(&other)
}

// certificateNames are the names of a handler's certificates, each once and the best
// first. A hostname that can be in no certificate is left out.
func certificateNames(hostname string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if name := certificateName(hostname); certmagic.SubjectQualifiesForCert(name) && !slices.Contains(names, name) {
		names = append([]string{name}, names...)
	}
	return names
}

// certificateName is the form that a hostname or address literal (RFC 5321 section
// 4.1.3) has in a certificate.
func certificateName(hostname string) string {
	name := strings.ToLower(strings.TrimSuffix(hostname, "."))
	if literal, ok := strings.CutPrefix(name, "["); ok {
		name = strings.TrimPrefix(strings.TrimSuffix(literal, "]"), "ipv6:")
	}
	if ascii, err := idna.ToASCII(name); err == nil {
		name = ascii
	}
	return name
}

// manageCertificates has the tls app manage a handler's certificates. Only the hostname,
// and only if the user wrote it and it can be a public one, is left to the
// user's automation; the others are for Caddy's internal issuer, unless a policy names
// them.
func (a *App) manageCertificates(ctx caddy.Context, hostname string, written bool) error {
	module, err := ctx.App("tls")
	if err != nil {
		return fmt.Errorf("getting the tls app: %w", err)
	}
	a.tls = module.(*caddytls.TLS)
	policy := caddytls.AutomationPolicy{IssuersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(new(caddytls.InternalIssuer), "module", "internal", nil)}}
	for _, name := range certificateNames(hostname) {
		if a.tls.HasCertificateForSubject(name) {
			continue
		}
		a.certificates[name] = struct{}{}
		public := written && name == certificateName(hostname) && isPublic(name)
		if !public && !isPolicyFor(a.tls, name) {
			policy.SubjectsRaw = append(policy.SubjectsRaw, name)
		}
	}
	if policy.SubjectsRaw == nil {
		return nil
	}
	if err := a.tls.AddAutomationPolicy(&policy); err != nil {
		return fmt.Errorf("adding a TLS automation policy for %s: %w", strings.Join(policy.SubjectsRaw, ", "), err)
	}
	return nil
}

func isPolicyFor(app *caddytls.TLS, name string) bool {
	return app.Automation != nil && slices.ContainsFunc(app.Automation.Policies, func(p *caddytls.AutomationPolicy) bool {
		return slices.ContainsFunc(p.Subjects(), func(subject string) bool { return certmagic.MatchWildcard(name, subject) })
	})
}

// isPublic reports whether a public issuer could give a certificate for the name: it
// cannot for the ones of RFC 2606 and RFC 6761.
func isPublic(name string) bool {
	if !strings.Contains(name, ".") || certmagic.SubjectIsIP(name) || !certmagic.SubjectQualifiesForPublicCert(name) {
		return false
	}
	for _, reserved := range []string{"test", "example", "invalid", "localhost", "example.com", "example.net", "example.org"} {
		if name == reserved || strings.HasSuffix(name, "."+reserved) {
			return false
		}
	}
	return true
}

// tlsState is the state of the TLS that a handler before this one has terminated,
// nil if there was none.
func tlsState(cx *layer4.Connection) *tls.ConnectionState {
	states, _ := cx.GetVar(layer4.TLSConnectionStatesVarName).([]*tls.ConnectionState)
	if len(states) == 0 {
		return nil
	}
	return states[len(states)-1]
}

// closeTLS ends TLS that a handler before this one has terminated (RFC 8446 section 6.1),
// so that the client knows that nothing was cut off. That handler does not do so.
func closeTLS(cx *layer4.Connection) {
	for conn := cx.Conn; ; {
		switch c := conn.(type) {
		case *tls.Conn:
			_ = c.CloseWrite()
			return
		case *layer4.Connection:
			conn = c.Conn
		default:
			return
		}
	}
}
