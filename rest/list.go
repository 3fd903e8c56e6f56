package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// list answers GET /emails, at once or when enough emails match. HEAD is answered
// without a search.
func (a *API) list(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	when := a.now()
	kept := a.pages.get(a.pageKey(r), when)
	var q *query
	if kept == nil {
		var p *problem
		if q, p = parseQuery(r.URL.RawQuery, pagingParameters); p != nil {
			return p
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if guard.Unmarked(r) {
		w = guard.Begin(w)
	}
	var p *problem
	if kept != nil {
		p = a.sendBuilt(w, r, len(kept), func() []byte { return kept })
	} else {
		p = a.sendPage(w, r, q, when)
	}
	if p != nil {
		a.sendProblem(w, r, p)
	}
	return nil
}

// sendPage answers with the list that q asks for, and keeps it for those who ask for the
// same at that moment. The document is made before it is sent, so that
// slow clients keep it in memory rather than the messages, which are larger.
func (a *API) sendPage(w http.ResponseWriter, r *http.Request, q *query, when moment) *problem {
	page, p := a.page(w, r, q)
	if p != nil {
		return p
	}
	size := 100
	entries := make([]entry, len(page.Messages))
	for i, m := range page.Messages {
		entries[i] = a.entry(m)
		size += entries[i].size()
	}
	return a.sendBuilt(w, r, size, func() []byte {
		document := bufferJSON(size, func(s *jsonstream.Stream) {
			s.Plain(`{"results":`)
			jsonstream.Array(s, entries, func(e entry) { e.write(s) })
			s.Plain(`,"totalResults":` + strconv.Itoa(page.Total))
			s.Plain(`,"totalPages":` + strconv.Itoa((page.Total+q.Limit-1)/q.Limit) + "}")
		})
		if q.wait == 0 {
			a.pages.put(a.pageKey(r), when, document)
		}
		return document
	})
}

// page is the page that q asks for, once as many emails match as q waits for or its
// time is over.
func (a *API) page(w http.ResponseWriter, r *http.Request, q *query) (*store.Page, *problem) {
	if q.wait > 0 {
		if page, p := a.await(w, r, q); page != nil || p != nil {
			return page, p
		}
	}
	page, err := a.search(r.Context(), q.Query, a.limits.Searches.Take)
	if err != nil {
		return nil, workProblem(err)
	}
	return &page, nil
}

// search finds what q matches when it is its turn.
func (a *API) search(ctx context.Context, q store.Query, wait func(context.Context) (func(), error)) (store.Page, error) {
	done, err := a.turn(ctx, q, wait)
	if err != nil {
		return store.Page{}, err
	}
	defer done()
	return a.bucket.Find(ctx, q)
}

// turn waits until each message that q leaves may be looked at, if that is needed.
func (a *API) turn(ctx context.Context, q store.Query, wait func(context.Context) (func(), error)) (done func(), err error) {
	if !a.bucket.LooksAtEach(q) {
		return func() {}, nil
	}
	return wait(ctx)
}
