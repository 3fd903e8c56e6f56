package web

import (
	"net/http"
	"time"
)

// sessionsPage is what is shown of sessions from which no email came.
type sessionsPage struct {
	layout
	Sessions []failedSession
}

type failedSession struct {
	Client, Hello, Login, Reason string
	Count                        int
	Ended                        time.Time
	Transcript                   []line
}

// serveSessions shows the last sessions from which no email came, the newest first.
func (s *Site) serveSessions(w http.ResponseWriter, r *http.Request) {
	f, err := readFilter(r, nil)
	if err == nil && !f.Empty() {
		s.fail(w, r, http.StatusBadRequest, "error.address", english.text("error.parameter", f.firstName()))
		return
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.address", err)
		return
	}
	p := sessionsPage{layout: s.layout(r, english.text("failed.title"), f)}
	for _, failed := range s.Failed.List() {
		p.Sessions = append(p.Sessions, failedSession{
			Client: failed.Session.Client, Hello: failed.Session.Hello, Login: failed.Session.AuthIdentity,
			Reason: failed.Reason, Count: failed.Count, Ended: time.UnixMilli(failed.Ended), Transcript: transcript(failed.Transcript),
		})
	}
	s.render(w, r, http.StatusOK, "sessions.html", &p)
}
