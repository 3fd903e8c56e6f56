package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// await returns what q matches when that are as many emails as it wants, or nil when
// its time is over or the client has gone. Each message is looked at once while it
// waits.
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

// enough is the page that q asks for if as many emails match as it waits for. Found
// is how many did before those that news finds, which are added to it.
func (a *API) enough(ctx context.Context, q *query, news store.Query, found *int) (*store.Page, error) {
	wanted := max(1, q.count)
	page, err := a.search(ctx, news, a.limits.Searches.Await)
	if *found += page.Total; err != nil || *found < wanted {
		return nil, err
	}
	// Some of them may have gone since they were counted.
	page, err = a.search(ctx, q.Query, a.limits.Searches.Await)
	if *found = page.Total; err != nil || *found < wanted {
		return nil, err
	}
	return &page, nil
}

func later(a, b store.ID) bool { return string(a[:]) > string(b[:]) }

// extendWriteDeadline gives a long call its time, also where the server has a write
// timeout.
func extendWriteDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d + time.Minute))
}
