package rest

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// heartbeat is how often a comment is sent on an idle stream.
	heartbeat = 15 * time.Second

	// eventBatch is how many events are written at once at most, and eventBytes the
	// number of bytes after which no further one is added.
	eventBatch = 100
	eventBytes = 64 << 10
)

// events answers GET /events: a stream of server-sent events, one for each email
// that matches. The event's id is the email's, its data the email's entry in lists. The
// stream begins after the email that Last-Event-ID or the parameter after names, or
// else with the next to arrive.
func (a *API) events(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	newest := a.bucket.Newest()
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if expected := parseAfter(last, &q.After); expected != "" {
			return badParameter("Last-Event-ID", "expected "+expected)
		}
	} else if q.After == (store.ID{}) {
		q.After = newest
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // for proxies that would hold events back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	q.Ascending, q.Limit = true, eventBatch
	a.stream(w, r, q.Query)
	return nil
}

// stream writes events until the client has gone or the server stops.
func (a *API) stream(w http.ResponseWriter, r *http.Request, q store.Query) {
	send := func(b []byte) bool {
		extendWriteDeadline(w, 0)
		_, err := w.Write(b)
		return err == nil && http.NewResponseController(w).Flush() == nil
	}
	if !send([]byte("retry: 1000\n\n")) {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.running, cancel)()
	beat := time.NewTicker(a.heartbeat)
	defer beat.Stop()
	for ctx.Err() == nil {
		watch := a.bucket.Watch(q)
		events, err := a.nextEvents(ctx, &q)
		ok := err == nil
		switch {
		case !ok:
		case len(events) > 0:
			ok = send(events)
		default:
			select {
			case <-watch.C:
			case <-beat.C:
				ok = send([]byte(":\n\n"))
			case <-ctx.Done():
			}
		}
		watch.Stop()
		if !ok {
			return
		}
	}
}

// nextEvents gives the events of the first emails that q finds, and changes q so that it
// finds those after them.
func (a *API) nextEvents(ctx context.Context, q *store.Query) ([]byte, error) {
	newest := a.bucket.Newest()
	page, err := a.search(ctx, *q, a.limits.Searches.Await)
	if err != nil {
		return nil, err
	}
	if len(page.Messages) == 0 {
		if later(newest, q.After) {
			q.After = newest
		}
		return nil, nil
	}
	var out bytes.Buffer
	for _, m := range page.Messages {
		out.WriteString("id: " + m.ID.String() + "\ndata: ")
		e := a.entry(m)
		out.Write(bufferJSON(e.size(), e.write)) // ends with a line feed
		out.WriteString("\n")
		if q.After = m.ID; out.Len() >= eventBytes {
			break
		}
	}
	return out.Bytes(), nil
}
