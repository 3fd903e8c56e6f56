package peers

import (
	"context"
	"net/http"
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

// mailpitEvents answers GET /api/events: a WebSocket that sends each mail that arrives
// (new), and the numbers of mails at the beginning and after arrivals (stats).
func (a *API) mailpitEvents(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	from := &follower{a.bucket, a.bucket.Newest()}
	greeted := false
	return a.follow(w, r, func(ctx context.Context, s *socket) (more bool, err error) {
		arrived, more, err := from.next(ctx)
		if err != nil {
			return false, err
		}
		for _, m := range arrived {
			if err := s.send(ctx, encode(mailpitEvent{"new", a.mailpitEntry(m)})); err != nil {
				return false, err
			}
		}
		if len(arrived) == 0 && greeted {
			return false, nil
		}
		greeted = true
		box := a.bucket.Stats()
		return more, s.send(ctx, encode(mailpitEvent{"stats", mailpitStats{box.Messages, box.Unread, version()}}))
	})
}
