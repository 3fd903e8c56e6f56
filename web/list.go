package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const pageSize = 50

// listPage is what the list shows.
type listPage struct {
	layout
	Rows         []row
	Total        int
	First, Last  int    // positions of the first and last row among all, from 1
	Newer, Older string // URLs of the neighbouring pages, empty if there are none
	Newest       store.ID
	Events       string // URL of the event stream for emails newer than this page
	Here         string // URL of this page
}

type row struct {
	ID                          store.ID
	URL                         string
	Sender, Recipients, Subject string
	Size                        int
	Attachments                 bool
	Time                        time.Time
}

func (s *Site) serveList(w http.ResponseWriter, r *http.Request) {
	f, err := readFilter(r, nil)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.address", err)
		return
	}
	if r.Method == http.MethodPost {
		s.deleteFromList(w, r, f)
		return
	}
	q, err := s.query(f)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.filter", err.Error())
		return
	}
	if guard.Unmarked(r) && r.Method == http.MethodGet {
		setPageHeader(w.Header())
		w = guard.Begin(w)
	}
	newest := s.Bucket.Newest()
	found, err := s.page(r.Context(), q, f.Page)
	last := (found.Total + pageSize - 1) / pageSize
	if err == nil && f.Page > 1 && f.Page > last {
		if f = f.onPage(max(1, last)); !guard.Begun(w) {
			redirect(w, f.with("./"))
			return
		}
		found, err = s.page(r.Context(), q, f.Page)
	}
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	s.showList(w, r, f, found, newest)
}

// page is one of the pages of what q matches, counted from 1.
func (s *Site) page(ctx context.Context, q store.Query, page int) (store.Page, error) {
	done, err := s.turn(ctx, q)
	if err != nil {
		return store.Page{}, err
	}
	defer done()
	q.Limit, q.Offset = pageSize, (page-1)*pageSize
	return s.Bucket.Find(ctx, q)
}

// turn waits for a slot if q has to look at each message. The caller must call done.
func (s *Site) turn(ctx context.Context, q store.Query) (done func(), err error) {
	if !q.LooksAtEach() {
		return func() {}, nil
	}
	return s.Limits.Searches.Take(ctx)
}

// failSearch answers when a search, or a deletion by a search, has ended early.
func (s *Site) failSearch(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, guard.ErrBusy) {
		s.busy(w, r)
		return
	}
	s.fail(w, r, http.StatusServiceUnavailable, "error.ended")
}

// showList answers with the list of what was found. Newest is the newest email at the
// time of the search.
func (s *Site) showList(w http.ResponseWriter, r *http.Request, f filter, found store.Page, newest store.ID) {
	first := (f.Page-1)*pageSize + 1
	p := listPage{
		Rows: make([]row, len(found.Messages)), Total: found.Total, Newest: newest,
		First: first, Last: first - 1 + len(found.Messages), Here: f.with("./"),
	}
	p.layout = s.layout(r, english.text("title.list", formatNumber(found.Total)), f)
	for i, m := range found.Messages {
		p.Rows[i] = s.row(m, f)
	}
	if f.Page > 1 {
		p.Newer = f.onPage(f.Page - 1).with("./")
	}
	if p.Last < p.Total {
		p.Older = f.onPage(f.Page + 1).with("./")
	}
	if newest == (store.ID{}) {
		newest[len(newest)-1] = 1 // all IDs are greater
	}
	events := f.api()
	events.Set("after", newest.String())
	p.Events = "events?" + events.Encode()
	s.render(w, r, http.StatusOK, "list.html", &p)
}

func (s *Site) row(m *store.Message, f filter) row {
	entry := search.Entry(s.Bucket, m)
	return row{
		ID: m.ID, URL: f.with("view/" + m.ID.String()),
		Sender: sender(m), Recipients: shorten(strings.Join(m.Recipients, ", ")), Subject: entry.Subject,
		Size: len(m.Raw), Attachments: entry.Attachments > 0, Time: m.Time(),
	}
}

func sender(m *store.Message) string {
	if m.Sender == "" {
		return nullSender
	}
	return m.Sender
}
