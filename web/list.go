package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	pageSize = 50

	// maxForm bounds the body of a form, in bytes: some 20 times what a page's own
	// form sends.
	maxForm = 64 << 10
)

// filter is what a list is narrowed down to, and the page of it. All links between
// pages carry it.
type filter struct {
	Sender, Recipient, Q string
	Page                 int // from 1
}

// nullSender is how people write the null reverse-path.
const nullSender = "<>"

func readFilter(r *http.Request) filter {
	values := r.URL.Query()
	f := filter{
		Sender:    strings.TrimSpace(values.Get("sender")),
		Recipient: strings.TrimSpace(values.Get("recipient")),
		Q:         strings.TrimSpace(values.Get("q")),
	}
	f.Page, _ = strconv.Atoi(values.Get("page"))
	f.Page = max(1, min(f.Page, 1<<20))
	return f
}

func (f filter) Empty() bool { return f.Sender == "" && f.Recipient == "" && f.Q == "" }

// api is the filter as a query string of the API's.
func (f filter) api() url.Values {
	values := make(url.Values)
	if f.Sender == nullSender {
		values.Set("sender", "")
	} else if f.Sender != "" {
		values.Set("sender", f.Sender)
	}
	if f.Recipient != "" {
		values.Set("recipient", f.Recipient)
	}
	if f.Q != "" {
		values.Set("q", f.Q)
	}
	return values
}

// query is what the filter matches.
func (s *Site) query(f filter) (store.Query, error) { return s.Filter(f.api().Encode()) }

// values is the filter as a query string of the site's.
func (f filter) values() url.Values {
	values := f.api()
	if f.Sender != "" {
		values.Set("sender", f.Sender)
	}
	if f.Page > 1 {
		values.Set("page", strconv.Itoa(f.Page))
	}
	return values
}

// with is the URL of path with the filter, and with what is in more.
func (f filter) with(path string, more ...string) string {
	values := f.values()
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (f filter) onPage(page int) filter {
	f.Page = page
	return f
}

// listPage is what the list shows.
type listPage struct {
	layout
	Rows         []row
	Total        int
	First, Last  int    // of the rows among all, from 1
	Newer, Older string // URLs, empty if there is no such page
	Newest       store.ID
	Events       string // URL of the stream of what comes after this page
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
	f := readFilter(r)
	if r.Method == http.MethodPost {
		s.deleteFromList(w, r, f)
		return
	}
	newest := s.Bucket.Newest()
	q, err := s.query(f)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.filter", err.Error())
		return
	}
	q.Limit, q.Offset = pageSize, (f.Page-1)*pageSize
	found, err := s.Bucket.Find(r.Context(), q)
	if err != nil {
		s.fail(w, r, http.StatusServiceUnavailable, "error.ended")
		return
	}
	if last := (found.Total + pageSize - 1) / pageSize; f.Page > 1 && f.Page > last {
		redirect(w, f.onPage(last).with("./"))
		return
	}
	p := listPage{
		Rows: make([]row, len(found.Messages)), Total: found.Total, Newest: newest,
		First: q.Offset + 1, Last: q.Offset + len(found.Messages), Here: f.with("./"),
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
		newest[len(newest)-1] = 1 // all that ever comes is after it
	}
	events := f.api()
	events.Set("after", newest.String())
	p.Events = "events?" + events.Encode()
	render(w, r, http.StatusOK, "list.html", &p)
}

func (s *Site) row(m *store.Message, f filter) row {
	return row{
		ID: m.ID, URL: f.with("view/" + m.ID.String()),
		Sender: sender(m), Recipients: strings.Join(m.Recipients, ", "), Subject: message.DecodeHeader(m.Subject),
		Size: len(m.Raw), Attachments: s.attachments.of(m), Time: m.Time(),
	}
}

func sender(m *store.Message) string {
	if m.Sender == "" {
		return nullSender
	}
	return m.Sender
}

// deleteFromList deletes the emails that were selected, or all that the filter
// matched when the list was drawn: what has come since stays.
func (s *Site) deleteFromList(w http.ResponseWriter, r *http.Request, f filter) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form", err.Error())
		return
	}
	switch r.PostForm.Get("delete") {
	case "selected":
		for _, name := range r.PostForm["id"] {
			if id, err := store.ParseID(name); err == nil {
				s.Bucket.Delete(id)
			}
		}
	case "matching":
		newest, err := store.ParseID(r.PostForm.Get("newest"))
		q, filterErr := s.query(f)
		if err != nil || filterErr != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form", "newest")
			return
		}
		if _, err := s.Bucket.DeleteMatching(r.Context(), upTo(q, newest)); err != nil {
			s.fail(w, r, http.StatusServiceUnavailable, "error.ended")
			return
		}
		f.Page = 1
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form", "delete")
		return
	}
	redirect(w, f.with("./"))
}

// upTo is q without what is newer than the email with that ID.
func upTo(q store.Query, newest store.ID) store.Query {
	for i := len(newest) - 1; i >= 0; i-- { // the ID after it
		if newest[i]++; newest[i] != 0 {
			break
		}
	}
	q.Before = newest
	return q
}
