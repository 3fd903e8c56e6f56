package mailbucket

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/caddyserver/certmagic"
	"github.com/mholt/caddy-l4/layer4"
)

// provisionTLS makes the configuration that STARTTLS is answered with, and sees
// to the certificates for it or for a `tls` handler before this one.
func (h *L4Handler) provisionTLS(ctx caddy.Context, hostname string) (*tls.Config, error) {
	if !h.StartTLS && !followsTLS(ctx) {
		return nil, nil
	}
	names := []string{hostname, "localhost", "127.0.0.1", "::1"}
	written := ""
	if h.Hostname != "" {
		written = hostname
	}
	if err := manageCertificates(ctx, names, written); err != nil {
		return nil, err
	}
	if !h.StartTLS {
		return nil, nil
	}
	policy := h.ConnectionPolicy
	if policy == nil {
		policy = new(caddytls.ConnectionPolicy)
	}
	// Mail clients seldom name the server that they want, and never a protocol.
	if policy.DefaultSNI == "" {
		policy.DefaultSNI = hostname
	}
	if policy.FallbackSNI == "" {
		policy.FallbackSNI = hostname
	}
	if policy.ALPN == nil {
		policy.ALPN = []string{}
	}
	policies := caddytls.ConnectionPolicies{policy}
	if err := policies.Provision(ctx); err != nil {
		return nil, fmt.Errorf("setting up TLS: %w", err)
	}
	return policies.TLSConfig(ctx), nil
}

// followsTLS reports whether the layer4 app that is being provisioned has a route
// whose TLS, terminated by its `tls` handler, goes on to a handler of ours. That
// handler itself manages no certificates.
func followsTLS(ctx caddy.Context) bool {
	for _, module := range ctx.Modules() {
		app, ok := module.(*layer4.App)
		if !ok {
			continue
		}
		for _, server := range app.Servers {
			for _, route := range server.Routes {
				if has(route.HandlersRaw, "tls") && has(route.HandlersRaw, appName) {
					return true
				}
			}
		}
	}
	return false
}

func has(handlers []json.RawMessage, name string) bool {
	return slices.ContainsFunc(handlers, func(raw json.RawMessage) bool {
		var handler struct {
			Handler string `json:"handler"`
		}
		return json.Unmarshal(raw, &handler) == nil && handler.Handler == name
	})
}

// manageCertificates has the tls app manage certificates for the names. Only the
// one that the user wrote, and only if it can be a public one, is up to the
// user's automation; the others are for Caddy's internal issuer, unless a policy
// names them.
func manageCertificates(ctx caddy.Context, names []string, written string) error {
	module, err := ctx.App("tls")
	if err != nil {
		return fmt.Errorf("getting the tls app: %w", err)
	}
	app := module.(*caddytls.TLS)
	a, err := appFrom(ctx)
	if err != nil {
		return err
	}
	a.tls = app
	policy := caddytls.AutomationPolicy{IssuersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(new(caddytls.InternalIssuer), "module", "internal", nil)}}
	for _, name := range names {
		if app.HasCertificateForSubject(name) {
			continue
		}
		a.certificates[name] = struct{}{}
		if !isPolicyFor(app, name) && (name != written || !isPublic(name)) {
			policy.SubjectsRaw = append(policy.SubjectsRaw, name)
		}
	}
	if policy.SubjectsRaw == nil {
		return nil
	}
	if err := app.AddAutomationPolicy(&policy); err != nil {
		return fmt.Errorf("adding a TLS automation policy for %s: %w", strings.Join(policy.SubjectsRaw, ", "), err)
	}
	return nil
}

func isPolicyFor(app *caddytls.TLS, name string) bool {
	return app.Automation != nil && slices.ContainsFunc(app.Automation.Policies, func(p *caddytls.AutomationPolicy) bool {
		return slices.Contains(p.Subjects(), name)
	})
}

// isPublic reports whether a public issuer could give a certificate for the name:
// it cannot for the ones of RFC 2606 and RFC 6761.
func isPublic(name string) bool {
	if !strings.Contains(name, ".") || !certmagic.SubjectQualifiesForPublicCert(name) {
		return false
	}
	for _, reserved := range []string{".test", ".example", ".invalid", ".localhost", "example.com", "example.net", "example.org"} {
		if strings.HasSuffix(strings.ToLower(name), reserved) {
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
