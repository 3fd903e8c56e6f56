package guard

import (
	"net/http"
	"slices"
	"strings"
)

// AllowOrigin lets pages of the configured origins read an answer (CORS, in the Fetch
// standard), and tells their browsers which methods they may use: a value of the
// Allow field.
func (g *Guard) AllowOrigin(h http.Header, r *http.Request, methods string) {
	if len(g.origins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !g.Welcomes(origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Allow, Retry-After, Content-Disposition")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Content-Type, Last-Event-ID, If-None-Match, Range")
		h.Set("Access-Control-Max-Age", "600")
	}
}

// Methods is the value of the Allow header field (RFC 9110 section 10.2.1) for a
// resource that has calls for these methods: OPTIONS is one more, and HEAD where GET
// is.
func Methods[C any](calls map[string]C) string {
	methods := []string{http.MethodOptions}
	for method := range calls {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
