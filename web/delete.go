package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// maxForm bounds the body of a form, in bytes. It is some 20 times what the forms of our
// pages send.
const maxForm = 64 << 10

// changeList deletes the emails that were selected, or all that matched the filter
// when the page was made: those that have arrived since stay.
func (s *Site) changeList(w http.ResponseWriter, r *http.Request, f filter) {
	form, err := s.readForm(w, r)
	switch {
	case errors.Is(err, guard.ErrBusy):
		s.busy(w, r)
		return
	case err != nil:
		s.fail(w, r, http.StatusBadRequest, "error.form", err)
		return
	}
	switch form.Get("delete") {
	case "selected":
		var ids []store.ID
		for _, name := range form["id"] {
			if id, err := store.ParseID(name); err == nil {
				ids = append(ids, id)
			}
		}
		done, err := s.turn(r.Context(), store.Query{})
		if err != nil {
			s.failSearch(w, r, err)
			return
		}
		_, err = s.Bucket.DeleteIDs(r.Context(), ids)
		if done(); err != nil {
			s.failChange(w, r, err)
			return
		}
	case "matching":
		newest, err := store.ParseID(form.Get("newest"))
		q, filterErr := f.query()
		if err != nil || filterErr != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form", "newest")
			return
		}
		q.Before = newest.Next()
		if err := s.deleteMatching(r, q); err != nil {
			s.failChange(w, r, err)
			return
		}
		f.page = 0
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form", "delete")
		return
	}
	redirect(w, f.with("./"))
}

func (s *Site) deleteMatching(r *http.Request, q store.Query) error {
	done, err := s.turn(r.Context(), q)
	if err != nil {
		return err
	}
	defer done()
	_, err = s.Bucket.DeleteMatching(r.Context(), q)
	return err
}

// failChange answers a request for a change that could not be made.
func (s *Site) failChange(w http.ResponseWriter, r *http.Request, err error) {
	if store.OfJournal(err) {
		s.fail(w, r, http.StatusServiceUnavailable, "error.journal")
		return
	}
	s.failSearch(w, r, err)
}

// readForm reads the body of a form as browsers send it.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("Content-Type: expected application/x-www-form-urlencoded")
	}
	body, done, err := s.Limits.Bodies.Read(w, r, maxForm)
	if err != nil {
		return nil, err
	}
	defer done()
	return url.ParseQuery(body)
}
