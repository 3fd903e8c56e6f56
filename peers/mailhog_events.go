package peers

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// keepAlive is how often a comment is sent on an idle stream of events.
const keepAlive = 15 * time.Second

// mailhogEvents answers GET /api/v1/events: a stream of server-sent events without names,
// whose data are the items of the mails that arrive.
func (a *API) mailhogEvents(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	done, f := listen()
	if f != nil {
		return f
	}
	defer done()
	from, f := a.position(r.Context())
	if f != nil {
		return f
	}
	guard.BeginEvents(w)
	if r.Method == http.MethodHead {
		return nil
	}
	paced := pacedAnswer(w, r)
	send := func(write func(out *jsonstream.Stream) error) error {
		out := jsonstream.New(w)
		if err := write(out); err != nil {
			return err
		}
		out.To(paced(0))
		if err := out.Flush(); err != nil {
			return err
		}
		out.End()
		return http.NewResponseController(w).Flush()
	}
	comment := func() error {
		return send(func(out *jsonstream.Stream) error {
			out.Plain(":\n\n")
			return nil
		})
	}
	if comment() != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.running, cancel)()
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	a.follow(ctx, from, beat.C, a.eachArrival(func(m *store.Message) error {
		return send(func(out *jsonstream.Stream) error {
			out.Plain("data: ")
			err := a.sendItem(ctx, out, m, paced)
			out.Plain("\n\n")
			return err
		})
	}, comment))
	return nil
}

// mailhogSocket answers GET /api/v2/websocket: a WebSocket whose messages are the items of
// the mails that arrive.
func (a *API) mailhogSocket(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	from, f := a.position(r.Context())
	if f != nil {
		return f
	}
	return a.serveSocket(w, r, func(ctx context.Context, s *socket) {
		a.follow(ctx, from, nil, a.eachArrival(func(m *store.Message) error {
			ctx, cancel := context.WithTimeout(ctx, guard.TimeFor(len(m.Raw)))
			defer cancel()
			message, err := s.conn.Writer(ctx, websocket.MessageText)
			if err != nil {
				return err
			}
			out := jsonstream.New(message)
			if err := a.sendItem(ctx, out, m, func(int) io.Writer { return message }); err != nil {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
			out.End()
			return message.Close()
		}, nil))
	})
}

// eachArrival calls send for each mail that has arrived and is still there, and idle where
// there is nothing to tell.
func (a *API) eachArrival(send func(m *store.Message) error, idle func() error) teller {
	return func(h happened) (told int, err error) {
		if len(h.steps) == 0 && !h.lost {
			return 0, idle()
		}
		var ids []store.ID
		for _, step := range h.steps {
			if step.Arrived != nil {
				ids = append(ids, step.Arrived.ID)
			}
		}
		told, h.steps = len(h.steps), nil // so that they do not keep the mails in memory
		for _, id := range ids {
			m, ok := a.bucket.Get(id)
			if !ok {
				continue
			}
			if err := send(m); err != nil {
				return 0, err
			}
		}
		return told, nil
	}
}
