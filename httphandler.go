package mailbucket

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/peers"
	"github.com/caddy-mailbucket/mailbucket/rest"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/web"
)

// HTTPHandler serves the mail of a bucket: the website at `/` and `/view`, and the
// API at `/emails` and what is below it, `/events`, `/sessions`, `/faults`, `/stats`,
// `/livez`, `/readyz` and `/openapi.json`. Any other path goes on to the next handler,
// and is answered with 404 if none has an answer. To serve it elsewhere than at the
// root of a site, put it in a `handle_path` route.
type HTTPHandler struct {
	// The name of the bucket, which the mailbucket app has to have.
	// Default: `default`.
	Bucket string `json:"bucket,omitempty"`

	// The origins whose pages may use the API from a browser, such as
	// `https://app.example.com`, or `*` for all. Default: none but its own.
	CORSOrigins []string `json:"cors_origins,omitempty"`

	// Whether the APIs of Mailpit and MailHog are answered too. Default: true.
	PeerAPIs *bool `json:"peer_apis,omitempty"`

	// The filters to which everything that the handler answers is confined; mail has to match
	// all of them. Default: none, all mail.
	Only []OnlyFilter `json:"only,omitempty"`

	// Whether nothing can be changed: no deletion, no mark, no fault, no new mail.
	ReadOnly bool `json:"read_only,omitempty"`

	// Whether the faults of SMTP sessions are shown and can be set. Default: false if the
	// handler is confined by Only, and otherwise true.
	Faults *bool `json:"faults,omitempty"`

	bucket *store.Bucket
	only   []*search.Only
	guard  *guard.Guard
	api    *rest.API
	peers  *peers.API // nil where they are off
	site   *web.Site
	names  siteNames
}

// httpLimits are for the requests to all buckets together.
var httpLimits = guard.NewLimits(bufferFreed)

// CaddyModule returns the Caddy module information.
func (*HTTPHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.mailbucket",
		New: func() caddy.Module { return new(HTTPHandler) },
	}
}

// Provision finds the bucket.
func (h *HTTPHandler) Provision(ctx caddy.Context) error {
	a, b, err := findBucket(ctx, h.Bucket)
	if err != nil {
		return err
	}
	a.noteSite(ctx)
	if err := h.provisionOnly(b.Bucket); err != nil {
		return err
	}
	origins, err := replaceAll(h.CORSOrigins)
	if err != nil {
		return fmt.Errorf("cors_origins: %w", err)
	}
	h.guard, err = guard.New(guard.HostRule(h.isNamed, isFromTrustedProxy), origins...)
	if err != nil {
		return fmt.Errorf("cors_origins: %w", err)
	}
	h.site = web.New(web.Options{
		Access: h.access, Failed: &b.failed, Guard: h.guard, Limits: httpLimits, Outlet: a.outlets[b.name], Who: whoAsks,
		Addresses: func() []string { return a.listening[b.name] },
	})
	contents := content.New(httpLimits)
	h.api = rest.New(rest.Options{
		Access: h.access, Failed: &b.failed, Faults: sharedFaults{b}, Guard: h.guard, Limits: httpLimits, Contents: contents, Logger: ctx.Logger(),
		Outlet: a.outlets[b.name], Who: whoAsks,
	})
	if h.PeerAPIs == nil || *h.PeerAPIs {
		h.peers = peers.New(peers.Options{
			Access: h.access, Faults: sharedFaults{b}, Guard: h.guard, Limits: httpLimits, Contents: contents, Logger: ctx.Logger(),
			Outlet: a.outlets[b.name], Who: whoAsks,
		})
	}
	// Caddy waits for requests to finish, so calls that wait for mail have to be ended.
	return onEvent(ctx, "stopping", h.stop)
}

// stop ends the calls that wait.
func (h *HTTPHandler) stop() {
	if h.api != nil {
		h.api.Stop()
	}
	if h.peers != nil {
		h.peers.Stop()
	}
}

// Cleanup ends the calls of a configuration that never came into force.
func (h *HTTPHandler) Cleanup() error {
	h.stop()
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *HTTPHandler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	switch {
	case h.redirectToFolder(w, r), h.api.Serve(w, r), h.peers != nil && h.peers.Serve(w, r), h.site.Serve(w, r):
		return nil
	}
	return h.passOn(w, r, next)
}

// redirectToFolder redirects from the path at which the handler is mounted, such as /mail,
// to /mail/, as the website's links are relative to that.
func (h *HTTPHandler) redirectToFolder(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/" && r.URL.Path != "" {
		return false
	}
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || original.URL.Path == "" || strings.HasSuffix(original.URL.Path, "/") {
		return false
	}
	folder := path.Base(original.URL.EscapedPath()) + "/"
	if original.URL.RawQuery != "" {
		folder += "?" + original.URL.RawQuery
	}
	h.guard.Protect(w.Header())
	w.Header().Set("Location", folder)
	w.WriteHeader(http.StatusPermanentRedirect)
	return true
}

var (
	_ caddy.Provisioner           = (*HTTPHandler)(nil)
	_ caddy.CleanerUpper          = (*HTTPHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*HTTPHandler)(nil)
)
