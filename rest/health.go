package rest

import (
	"io"
	"net/http"
	"strconv"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// healthy answers GET /livez and GET /readyz, by which a supervisor learns that the
// server runs and is ready for mail. A bucket in memory is ready as long as it is served.
func (a *API) healthy(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	const text = "ok\n"
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text) // an error is one of the connection
	}
	return nil
}
