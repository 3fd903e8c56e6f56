package rest

import (
	"io"
	"net/http"
	"strconv"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// mostBehind is how many records a bucket may be behind its journal and still be ready. A
// few are always under way.
const mostBehind = 1000

// ready answers GET /readyz, by which a supervisor learns that the server is ready for mail.
// A bucket in memory is as long as it is served, and one with a journal while that can be
// written, and the bucket has nearly all that is in it.
func (a *API) ready(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	state, _ := a.bucket.Journal()
	switch {
	case a.bucket.Confined() && (state.Err != nil || state.Behind > mostBehind):
		// How much there is, and where, is about all mail.
		return newProblem(http.StatusServiceUnavailable, "the bucket's journal cannot be used, or the bucket is behind it: the server's log says why")
	case state.Err != nil:
		return newProblem(http.StatusServiceUnavailable, "the bucket's journal: "+state.Err.Error())
	case state.Behind > mostBehind:
		return newProblem(http.StatusServiceUnavailable, "the bucket is "+strconv.FormatUint(state.Behind, 10)+" records behind its journal")
	}
	return a.healthy(w, r, id)
}

// healthy answers GET /livez, by which a supervisor learns that the server runs.
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
