package web

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// showRelease is the name in the path of the page that asks to whom an email is to be
// released.
const showRelease = "release"

// releasePage asks to whom an email is to be released. It has no list beside it, so that
// the script, which takes other forms for deletions, leaves it alone.
type releasePage struct {
	layout
	Subject, Here, Mail   string
	Server, From, Allowed string
	To, Error             string // what was entered, and why it was not done
	Releases              []shownRelease
}

// shownRelease is that an email was sent on.
type shownRelease struct {
	At            time.Time
	By, To, Reply string
}

func shownReleases(list []store.Release) []shownRelease {
	shown := make([]shownRelease, len(list))
	for i, r := range list {
		shown[len(list)-1-i] = shownRelease{time.UnixMilli(r.At), r.By, strings.Join(r.To, ", "), r.Reply}
	}
	return shown
}

// serveRelease answers with the page that asks, or does what its form says.
func (s *Site) serveRelease(w http.ResponseWriter, r *http.Request, id store.ID) {
	if s.Outlet == nil || !s.Bucket.Changeable() {
		s.fail(w, r, http.StatusNotFound, "error.path")
		return
	}
	f, _, m, ok := s.askedFor(w, r, id)
	if !ok {
		return
	}
	p := releasePage{
		layout: s.layout(r, english.text("release.title"), f), Subject: message.DecodeHeader(m.Subject),
		Server: s.Outlet.Server(), From: s.Outlet.From(), Allowed: s.Outlet.Allowed(),
	}
	p.Mail = f.with(p.Root + "view/" + id.String())
	p.Here = f.with(p.Root + "view/" + id.String() + "/" + showRelease)
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if status = s.releaseMail(w, r, m, &p); status == 0 {
			return
		}
	}
	p.Releases = shownReleases(s.Bucket.Releases(id))
	s.render(w, r, status, "release.html", &p)
}

// releaseMail does what the form says. It returns the status of a page that says why it
// was not done, or 0 if the request is answered.
func (s *Site) releaseMail(w http.ResponseWriter, r *http.Request, m *store.Message, p *releasePage) (status int) {
	form, err := s.readForm(w, r)
	switch {
	case errors.Is(err, guard.ErrBusy):
		s.busy(w, r)
		return 0
	case err != nil:
		s.fail(w, r, http.StatusBadRequest, "error.form", err)
		return 0
	}
	p.To = form.Get("to")
	to := strings.FieldsFunc(p.To, func(c rune) bool { return c == ',' || c == ';' || unicode.IsSpace(c) })
	if _, err := s.Outlet.Release(r.Context(), m, to, s.Who(r)); err != nil {
		p.Error = err.Error()
		if e, ok := errors.AsType[*release.Error](err); ok {
			return e.Status()
		}
		return http.StatusInternalServerError
	}
	redirect(w, p.Here)
	return 0
}
