package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// await returns the page that q asks for as soon as enough emails match, or nil when its
// time is over or the client has gone. While it waits it looks at each message only
// once.
func (a *API) await(w http.ResponseWriter, r *http.Request, q *query) (*store.Page, *problem) {
	extendWriteDeadline(w, q.wait)
	ctx, cancel := context.WithTimeout(r.Context(), q.wait)
	defer cancel()
	defer context.AfterFunc(a.running, cancel)()
	news, found := q.Query, 0
	news.Limit = 0
	for {
		watch := a.bucket.Watch(q.Query)
		newest := a.bucket.Newest()
		page, err := a.enough(ctx, q, news, &found)
		if page == nil && err == nil {
			if later(newest, news.After) {
				news.After = newest
			}
			select {
			case <-watch.C:
			case <-ctx.Done():
			}
		}
		watch.Stop()
		switch {
		case page != nil:
			return page, nil
		case a.running.Err() != nil:
			return nil, stoppingProblem()
		case ctx.Err() != nil:
			return nil, nil
		case err != nil:
			return nil, workProblem(err)
		}
	}
}

// enough is the page that q asks for if as many emails match as q waits for, or nil.
// Found counts those that matched so far, to which it adds those that news finds.
func (a *API) enough(ctx context.Context, q *query, news store.Query, found *int) (*store.Page, error) {
	required := max(1, q.count)
	page, err := a.search(ctx, news, a.limits.Searches.Await)
	if *found += page.Total; err != nil || *found < required {
		return nil, err
	}
	// Some may have been removed since they were counted.
	page, err = a.search(ctx, q.Query, a.limits.Searches.Await)
	if *found = page.Total; err != nil || *found < required {
		return nil, err
	}
	return &page, nil
}

func later(a, b store.ID) bool { return string(a[:]) > string(b[:]) }

// extendWriteDeadline sets the connection's write deadline to a minute after d, which
// for this call replaces the server's write timeout.
func extendWriteDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d + time.Minute))
}
