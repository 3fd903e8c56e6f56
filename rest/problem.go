package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// problem is an error as the client gets it (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Parameter names the query parameter at fault.
	Parameter string `json:"parameter,omitempty"`
}

func newProblem(status int, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

func badParameter(name, detail string) *problem {
	p := newProblem(http.StatusBadRequest, name+": "+detail)
	p.Parameter = name
	return p
}

// searchProblem is the answer to a search or deletion that ended early. If it was
// the client's going away that ended it, nobody reads the answer.
func searchProblem(w http.ResponseWriter, err error) *problem {
	if errors.Is(err, store.ErrClosed) {
		return stoppingProblem(w)
	}
	return newProblem(http.StatusServiceUnavailable, err.Error())
}

func stoppingProblem(w http.ResponseWriter) *problem {
	w.Header().Set("Retry-After", "1")
	return newProblem(http.StatusServiceUnavailable, "the server is stopping or reloading its configuration: ask again")
}

func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, r, p.Status, "application/problem+json", p)
}

// writeJSON answers with v. Strings that are not UTF-8 come out as if U+FFFD
// stood for the wrong bytes.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	// An error is one of the connection: there is nobody left to tell.
	_ = encoder.Encode(v)
}
