package peers

import (
	"context"
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// manyChanges is how many mails that are removed or marked in a row are told of one by
	// one. Of more, clients are only told to load their lists again.
	manyChanges = 200

	// eventBytes is the number of bytes of events after which no further step is added to
	// those that wait to be sent.
	eventBytes = 64 << 10
)

// mailpitEvent is what Mailpit's WebSocket sends.
type mailpitEvent struct {
	Type string
	Data any
}

// mailpitStats is the data of an event of the type stats.
type mailpitStats struct {
	Total   int
	Unread  int
	Version string
}

// The data of events about single mails.
type (
	mailpitUpdate struct { // update
		ID   string
		Read bool
	}
	mailpitRemoval struct{ ID string } // delete
)

// mailpitEvents answers GET /api/events with a WebSocket. It sends the numbers of mails
// (stats) at the beginning and after whatever happens, and before that each mail that
// arrives (new), is marked (update) or is deleted (delete). Where many were, or older ones
// had to make room, it sends that lists have to be loaded again (prune), and where a
// deletion left none, that all are gone (truncate).
func (a *API) mailpitEvents(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	from, f := a.position(r.Context())
	if f != nil {
		return f
	}
	return a.serveSocket(w, r, func(ctx context.Context, s *socket) {
		stats, _, err := a.mailpitStats(ctx)
		if err != nil || s.send(ctx, stats) != nil {
			return
		}
		a.follow(ctx, from, nil, func(h happened) (int, error) {
			stats, empty, err := a.mailpitStats(ctx)
			if err != nil {
				return 0, err
			}
			events, told := a.mailpitEventsOf(h, empty)
			for _, event := range append(events, stats) {
				if err := s.send(ctx, event); err != nil {
					return 0, err
				}
			}
			return told, nil
		})
	})
}

// mailpitStats is the event with the numbers of mails, and whether there are none.
func (a *API) mailpitStats(ctx context.Context) (event []byte, empty bool, err error) {
	box, err := a.counts(ctx)
	if err != nil {
		return nil, false, err
	}
	return encode(mailpitEvent{"stats", mailpitStats{box.Messages, box.Unread, version()}}), box.Messages == 0, nil
}

// mailpitEventsOf are the events of the first steps of what happened, as JSON, and of how
// many steps they are. Empty is whether no mail is left.
func (a *API) mailpitEventsOf(h happened, empty bool) (events [][]byte, told int) {
	prune, deleted, size := h.lost, false, 0
	add := func(kind string, data any) {
		event := encode(mailpitEvent{kind, data})
		events, size = append(events, event), size+len(event)
	}
	for _, step := range h.steps {
		if size >= eventBytes {
			break
		}
		told++
		if step.Arrived != nil {
			add("new", a.mailpitEntry(step.Arrived))
		}
		many := len(step.Changes) > manyChanges
		prune = prune || many
		for _, c := range step.Changes {
			deleted = deleted || c.Kind == store.Deleted
			switch {
			case c.Kind == store.Evicted, c.Kind == store.Expired:
				prune = true
			case many:
			case c.Kind == store.Deleted:
				add("delete", mailpitRemoval{c.ID.String()})
			default:
				add("update", mailpitUpdate{c.ID.String(), c.Kind == store.MarkedRead})
			}
		}
	}
	switch {
	case deleted && empty:
		add("truncate", nil)
	case prune:
		add("prune", nil)
	}
	return events, told
}
