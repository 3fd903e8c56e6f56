package mailbucket

import (
	"net/http"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// siteNames are the host names in the configuration of the server that a handler is in.
type siteNames struct {
	once     sync.Once
	matchers []*caddyhttp.MatchHost
}

// isNamed reports whether the request is for one of the names in the configuration. A
// site whose address has no host answers to any name.
func (h *HTTPHandler) isNamed(r *http.Request) bool {
	h.names.once.Do(func() {
		// Only now are the routes of the server complete.
		if server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
			h.names.collect(server.Routes)
			for _, route := range server.NamedRoutes {
				h.names.collect(caddyhttp.RouteList{*route})
			}
		}
	})
	for _, matcher := range h.names.matchers {
		if matches, err := matcher.MatchWithError(r); err == nil && matches {
			return true
		}
	}
	return false
}

// collect adds the host names that routes, and routes within them, match. It makes no
// difference which of them lead to this handler: the configuration has given all of these
// names to this server.
func (n *siteNames) collect(routes caddyhttp.RouteList) {
	for _, route := range routes {
		for _, set := range route.MatcherSets {
			for _, matcher := range set {
				if names, ok := matcher.(*caddyhttp.MatchHost); ok {
					n.matchers = append(n.matchers, names)
				}
			}
		}
		for _, handler := range route.Handlers {
			if within, ok := handler.(*caddyhttp.Subroute); ok {
				n.collect(within.Routes)
			}
		}
	}
}

// isFromTrustedProxy reports whether the request came through a proxy that the
// configuration names.
func isFromTrustedProxy(r *http.Request) bool {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	return trusted
}
