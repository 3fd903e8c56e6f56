package mailbucket

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// unhandledVar is set by Caddy when no route has handled a request. The answer would be an
// empty 200.
const unhandledVar = "unhandled"

// passOn lets the handlers after this one answer, and answers 404 if none of them does.
func (h *HTTPHandler) passOn(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	watched := &watchedWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	if err := next.ServeHTTP(watched, r); err != nil {
		return err
	}
	if unhandled, _ := caddyhttp.GetVar(r.Context(), unhandledVar).(bool); !unhandled || watched.used {
		return nil
	}
	// The variable is seen by another mailbucket handler before this one, and logged.
	caddyhttp.SetVar(r.Context(), unhandledVar, false)
	if wantsPage(r) {
		h.site.NotFound(w, r)
	} else {
		h.api.NotFound(w, r)
	}
	return nil
}

// wantsPage reports whether a person is asking: browsers accept HTML when they go to a
// page, and programs seldom say that they do.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		slices.ContainsFunc(r.Header.Values("Accept"), func(value string) bool { return strings.Contains(strings.ToLower(value), "text/html") })
}

// watchedWriter remembers whether anything has been answered.
type watchedWriter struct {
	*caddyhttp.ResponseWriterWrapper
	used bool
}

// WriteHeader implements http.ResponseWriter.
func (w *watchedWriter) WriteHeader(status int) {
	w.used = true
	w.ResponseWriterWrapper.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watchedWriter) Write(p []byte) (int, error) {
	w.used = true
	return w.ResponseWriterWrapper.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (w *watchedWriter) ReadFrom(r io.Reader) (int64, error) {
	w.used = true
	return w.ResponseWriterWrapper.ReadFrom(r)
}
