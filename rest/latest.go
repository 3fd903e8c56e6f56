package rest

import (
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// latestName stands where an id does for the newest email that matches the filters of
// the call.
const latestName = "latest"

// latestOf makes the calls of a resource act on the latest email. Own are the parameters
// that the calls have in addition to the filters. Early says that they answer with JSON,
// so that the header section may be sent before the search begins.
func latestOf(res resource, early bool, own ...string) resource {
	parameters := map[string]parameter{"wait": pagingParameters["wait"]}
	for _, name := range own {
		parameters[name] = func(*query, string) string { return "" } // the call itself reads it
	}
	calls := make(resource, len(res))
	for method, c := range res {
		calls[method] = func(a *API, w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
			q, p := parseQuery(r.URL.RawQuery, parameters)
			if p != nil {
				return p
			}
			if r.URL.RawQuery != "" && guard.Unmarked(r) && (method == http.MethodGet) {
				return a.latestUnmarked(w, r, q, c, early)
			}
			return a.latest(w, r, q, c)
		}
	}
	return calls
}

// latestTries is how often a call searches for the latest email if the one it found is
// removed before it is read.
const latestTries = 10

// latest makes a call for the newest email that q matches.
func (a *API) latest(w http.ResponseWriter, r *http.Request, q *query, c call) *problem {
	q.Limit = 1
	w = uncached{w}
	for try := 1; ; try++ {
		page, p := a.page(w, r, q)
		if p != nil {
			return p
		}
		if len(page.Messages) == 0 {
			return newProblem(http.StatusNotFound, "no email that is held matches: GET /emails lists those that are")
		}
		id := page.Messages[0].ID
		p = c(a, w, r, id)
		if _, held := a.bucket.Get(id); p == nil || held || try == latestTries {
			return p
		}
	}
}

// latestUnmarked is latest for a browser that may be acting for a page of another site.
// How long the answer takes must tell that page nothing: see [guard.Unmarked].
func (a *API) latestUnmarked(w http.ResponseWriter, r *http.Request, q *query, c call, early bool) *problem {
	if !early || r.Method == http.MethodHead {
		return newProblem(http.StatusForbidden, "over this connection the browser does not say which site's page is asking, so that this is answered only without a filter: "+
			"ask for emails/latest with the filter, and then for this by the id")
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	r.Header.Del("If-None-Match")
	w = guard.Begin(w)
	if p := a.latest(w, r, q, c); p != nil {
		a.sendProblem(w, r, p)
	}
	return nil
}

// uncached is an answer that no cache may keep.
type uncached struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w uncached) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w uncached) Unwrap() http.ResponseWriter { return w.ResponseWriter }
