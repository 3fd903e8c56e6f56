package web

import (
	"context"
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

// changeList deletes the emails that were selected, or deletes or marks as read all that
// matched the filter when the page was made: those that have arrived since stay as they are.
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
	what := form.Get("delete") + form.Get("mark")
	newest, noNewest := store.ParseID(form.Get("newest"))
	q, noQuery := f.query()
	switch {
	case what == "selected":
		err = s.deleteSelected(r.Context(), form["id"])
	case what != "matching" && what != "read":
		s.fail(w, r, http.StatusBadRequest, "error.form", "delete, mark")
		return
	case noNewest != nil || noQuery != nil:
		s.fail(w, r, http.StatusBadRequest, "error.form", "newest")
		return
	default:
		q.Before = newest.Next()
		err = s.changeMatching(r.Context(), q, what == "read")
		f.page = 0
	}
	if err != nil {
		s.failChange(w, r, err)
		return
	}
	redirect(w, f.with("./"))
}

func (s *Site) deleteSelected(ctx context.Context, names []string) error {
	var ids []store.ID
	for _, name := range names {
		if id, err := store.ParseID(name); err == nil {
			ids = append(ids, id)
		}
	}
	done, err := s.turn(ctx, store.Query{})
	if err != nil {
		return err
	}
	defer done()
	_, err = s.Bucket.DeleteIDs(ctx, ids)
	return err
}

// changeMatching marks what q matches as read, or deletes it.
func (s *Site) changeMatching(ctx context.Context, q store.Query, read bool) error {
	done, err := s.turn(ctx, q)
	if err != nil {
		return err
	}
	defer done()
	if read {
		_, err = s.Bucket.MarkMatching(ctx, q, true)
	} else {
		_, err = s.Bucket.DeleteMatching(ctx, q)
	}
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
