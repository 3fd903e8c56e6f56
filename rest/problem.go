package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/guard"
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

// workProblem is the answer when a search, a deletion or other long work ended early. If
// it ended because the client has gone, nobody reads the answer.
func workProblem(err error) *problem {
	switch {
	case errors.Is(err, store.ErrClosed):
		return stoppingProblem()
	case errors.Is(err, guard.ErrBusy):
		return newProblem(http.StatusServiceUnavailable, guard.ErrBusy.Error())
	case errors.Is(err, store.ErrJournalAway):
		return newProblem(http.StatusServiceUnavailable, store.ErrJournalAway.Error()+": what it has is still shown, but nothing can be changed")
	case errors.Is(err, store.ErrJournalFailed):
		return newProblem(http.StatusServiceUnavailable, store.ErrJournalFailed.Error()+": the server's log says why")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "the request ended before its answer was ready")
	}
	return newProblem(http.StatusInternalServerError, err.Error())
}

func stoppingProblem() *problem {
	return newProblem(http.StatusServiceUnavailable, "the server is stopping or reloading its configuration: ask again")
}

// bodyProblem is the answer to a request whose body could not be read. What says what
// the body should have been.
func bodyProblem(err error, what, most string) *problem {
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "the "+what+" is larger than "+most)
	case errors.Is(err, guard.ErrSlow):
		return newProblem(http.StatusRequestTimeout, "the "+what+" came too slowly")
	case errors.Is(err, guard.ErrBusy):
		return workProblem(err)
	}
	return newProblem(http.StatusBadRequest, "reading the "+what+": "+err.Error())
}

// sendProblem answers with p.
func (a *API) sendProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	a.sendJSON(w, r, p.Status, "application/problem+json", p)
}
