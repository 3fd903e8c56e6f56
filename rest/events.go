package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// heartbeat is how often an idle stream says that it is alive.
	heartbeat = 15 * time.Second

	// eventBatch is how many events are written at once.
	eventBatch = 100
)

// events answers GET /events: a stream of server-sent events, one for each email
// that matches, whose id is the email's and whose data is its summary. It begins
// after the email that Last-Event-ID or the parameter after names, or else now.
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
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		watch := a.bucket.Watch(q)
		newest := a.bucket.Newest()
		page, err := a.bucket.Find(r.Context(), q)
		if err != nil {
			watch.Stop()
			return
		}
		if n := len(page.Messages); n > 0 {
			watch.Stop()
			q.After = page.Messages[n-1].ID
			if !send(appendEvents(nil, page.Messages)) {
				return
			}
			continue
		}
		if later(newest, q.After) {
			q.After = newest
		}
		select {
		case <-watch.C:
		case <-beat.C:
			if !send([]byte(":\n\n")) {
				watch.Stop()
				return
			}
		case <-r.Context().Done():
			watch.Stop()
			return
		case <-a.stopping:
			watch.Stop()
			return
		}
		watch.Stop()
	}
}

func appendEvents(b []byte, messages []*store.Message) []byte {
	out := bytes.NewBuffer(b)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, m := range messages {
		out.WriteString("id: " + m.ID.String() + "\ndata: ")
		_ = encoder.Encode(summarize(m)) // into memory, and ends in a line end
		out.WriteString("\n")
	}
	return out.Bytes()
}
