package rest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// heartbeat is how often a comment is sent on an idle stream.
	heartbeat = 15 * time.Second

	// eventBatch is how many arrivals are written at once at most, and eventBytes the
	// number of bytes after which no further one is added. changeBatch is how many changes
	// are: their ids take 35 bytes each.
	eventBatch  = 100
	eventBytes  = 64 << 10
	changeBatch = 1000

	// changePause is how long a stream waits after changes before it looks for more, so
	// that a bucket that evicts a mail for each that comes does not keep streams busy.
	changePause = 100 * time.Millisecond
)

// events answers GET /events: a stream of server-sent events. Those without a name are one
// for each email that arrives and matches: the event's id is the email's, its data the
// email's entry in lists. Events deleted and read have the ids of emails that were removed
// and marked, of all that may be seen, whether they match or not, as a removed email can no
// longer be looked at. All are in the order in which it happened.
//
// The stream begins after the event that Last-Event-ID or the parameter after names, or else
// with what happens next. Where some of what happened since is no longer remembered, an event
// reset says so, and only emails that arrived since are told of.
func (a *API) events(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	from, rawQuery, p := a.eventsFrom(r)
	if p != nil {
		return p
	}
	q, p := parseQuery(rawQuery, nil)
	if p != nil {
		return p
	}
	if from == (store.Position{}) {
		var err error
		if from, err = a.position(r.Context()); err != nil {
			return workProblem(err)
		}
	}
	guard.BeginEvents(w)
	if r.Method == http.MethodHead {
		return nil
	}
	s := &stream{API: a, follower: store.Follower{
		View: a.bucket, At: from, Query: q.Query, Arrivals: eventBatch, Changes: changeBatch, Turn: a.limits.Searches.Await,
	}}
	s.serve(w, r)
	return nil
}

// position is that after all that has happened so far.
func (a *API) position(ctx context.Context) (store.Position, error) {
	done, err := a.turn(ctx, store.Query{}, a.limits.Searches.Take)
	if err != nil {
		return store.Position{}, err
	}
	defer done()
	return a.bucket.Now(ctx)
}

// eventsFrom finds out where the stream begins, the zero position if the request does not
// say so. It returns the query string without that.
func (a *API) eventsFrom(r *http.Request) (from store.Position, rawQuery string, p *problem) {
	read := func(name, value string) *problem {
		var err error
		if from, err = a.bucket.ParsePosition(value); err != nil || from == (store.Position{}) {
			return badParameter(name, "expected the id of an email or of an event")
		}
		return nil
	}
	rawQuery = r.URL.RawQuery
	values, err := url.ParseQuery(rawQuery)
	if err == nil && len(rawQuery) <= maxQueryString && len(values["after"]) == 1 {
		if p := read("after", values.Get("after")); p != nil {
			return from, "", p
		}
		values.Del("after")
		rawQuery = values.Encode()
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		p = read("Last-Event-ID", last)
	}
	return from, rawQuery, p
}

// stream is a stream of events under way.
type stream struct {
	*API
	follower store.Follower // which has read what has been written
	out      bytes.Buffer
}

// serve writes events until the client has gone or the server stops.
func (s *stream) serve(w http.ResponseWriter, r *http.Request) {
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
	defer context.AfterFunc(s.running, cancel)()
	beat := time.NewTicker(s.heartbeat)
	defer beat.Stop()
	defer s.follower.Begin()()
	for ctx.Err() == nil {
		watch, changed := s.bucket.Watch(s.follower.Query), s.bucket.WatchChanges()
		more, changes, err := s.next(ctx)
		ok := err == nil && (s.out.Len() == 0 || send(s.out.Bytes()))
		if ok && !more {
			var pause <-chan time.Time
			if changes {
				changed, pause = nil, time.After(changePause)
			}
			select {
			case <-watch.C:
			case <-changed:
			case <-pause:
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

// next makes the events of what happened next, in out. More says that there is more already,
// and changed whether anything but arrivals has happened, whether it may be seen or not.
func (s *stream) next(ctx context.Context) (more, changed bool, err error) {
	s.out.Reset()
	from := s.follower.At.Next
	steps, more, err := s.follower.Next(ctx)
	if errors.Is(err, store.ErrForgotten) {
		s.event("reset", s.follower.At, "{}")
		return false, true, nil
	}
	for _, step := range steps {
		if s.out.Len() >= eventBytes {
			return true, changed, nil
		}
		if step.Arrived != nil {
			s.arrival(step.Arrived)
		} else {
			s.changes(step)
		}
		s.follower.At = step.At
	}
	return more, s.follower.At.Next != from, err
}

// arrival writes the event of an email that has arrived.
func (s *stream) arrival(m *store.Message) {
	s.out.WriteString("id: " + m.ID.String() + "\ndata: ")
	e := s.entry(m)
	s.out.Write(bufferJSON(e.size(), e.write)) // ends with a line feed
	s.out.WriteString("\n")
}

// changes writes the event of changes of one sort.
func (s *stream) changes(step store.Step) {
	kind := eventOf(step.Changes[0].Kind)
	s.event(kind.name, step.At, fragmentJSON(func(out *jsonstream.Stream) {
		out.Plain(`{"ids":`)
		jsonstream.Array(out, step.Changes, func(c store.Change) { out.Plain(`"` + c.ID.String() + `"`) })
		out.Plain(kind.more + "}")
	}))
}

// changeEvent is the name of an event of changes, and what its data has beside the ids.
type changeEvent struct{ name, more string }

func eventOf(kind store.ChangeKind) changeEvent {
	switch {
	case kind.Removed():
		return changeEvent{"deleted", ""}
	case kind == store.MarkedRead:
		return changeEvent{"read", `,"read":true`}
	}
	return changeEvent{"read", `,"read":false`}
}

// event writes an event with a name, after which a stream may begin.
func (s *stream) event(name string, at store.Position, data string) {
	s.out.WriteString("event: " + name + "\nid: " + s.bucket.ShowPosition(at) + "\ndata: " + data + "\n\n")
}
