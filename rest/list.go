package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// summary is an email as lists and events show it.
type summary struct {
	ID          store.ID `json:"id"`
	Sender      string   `json:"sender"`
	Recipients  []string `json:"recipients"`
	Subject     string   `json:"subject"`
	TimeCreated int64    `json:"timeCreated"` // milliseconds since 1970
}

func summarize(m *store.Message) summary {
	return summary{m.ID, m.Sender, m.Recipients, message.DecodeHeader(m.Subject), m.UnixMilli()}
}

// list answers GET /emails, at once or when enough emails match.
func (a *API) list(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, pagingParameters)
	if p != nil {
		return p
	}
	if q.wait > 0 {
		if p := a.await(w, r, q); p != nil {
			return p
		}
	}
	page, err := a.bucket.Find(r.Context(), q.Query)
	if err != nil {
		return searchProblem(w, err)
	}
	answer := struct {
		Results      []summary `json:"results"`
		TotalResults int       `json:"totalResults"`
		TotalPages   int       `json:"totalPages"`
	}{make([]summary, len(page.Messages)), page.Total, (page.Total + q.Limit - 1) / q.Limit}
	for i, m := range page.Messages {
		answer.Results[i] = summarize(m)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, r, http.StatusOK, "application/json", answer)
	return nil
}

// await returns when as many emails match as the query wants, its time is over,
// or the client has gone. Each message is looked at once while it waits.
func (a *API) await(w http.ResponseWriter, r *http.Request, q *query) *problem {
	extendWriteDeadline(w, q.wait)
	timeout := time.NewTimer(q.wait)
	defer timeout.Stop()
	news, found := q.Query, 0
	news.Limit = 0
	for {
		watch := a.bucket.Watch(q.Query)
		newest := a.bucket.Newest()
		var err error
		if found, err = a.count(r.Context(), q, news, found); err != nil {
			watch.Stop()
			return searchProblem(w, err)
		}
		if found >= max(1, q.count) {
			watch.Stop()
			return nil
		}
		if later(newest, news.After) {
			news.After = newest
		}
		select {
		case <-watch.C:
			watch.Stop()
			continue
		case <-timeout.C:
		case <-r.Context().Done():
		case <-a.stopping:
			watch.Stop()
			return stoppingProblem(w)
		}
		watch.Stop()
		return nil
	}
}

// count is how many emails match, found of them before those that news finds.
func (a *API) count(ctx context.Context, q *query, news store.Query, found int) (int, error) {
	page, err := a.bucket.Find(ctx, news)
	if found += page.Total; err != nil || found < max(1, q.count) {
		return found, err
	}
	// Some of them may have gone since they were counted.
	all := q.Query
	all.Limit = 0
	page, err = a.bucket.Find(ctx, all)
	return page.Total, err
}

func later(a, b store.ID) bool { return string(a[:]) > string(b[:]) }

// extendWriteDeadline gives a long call its time, as far as the server lets it:
// Caddy's write timeout stays a ceiling.
func extendWriteDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d + time.Minute))
}

// deleteMatching answers DELETE /emails: without a filter, it deletes all.
func (a *API) deleteMatching(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	deleted, err := a.bucket.DeleteMatching(r.Context(), q.Query)
	if err != nil {
		return searchProblem(w, err)
	}
	answer := struct {
		Deleted int `json:"deleted"`
	}{deleted}
	writeJSON(w, r, http.StatusOK, "application/json", answer)
	return nil
}
