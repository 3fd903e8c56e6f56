package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const pageSize = 50

// list is the pane with the list.
type list struct {
	Rows         []row
	Kept         int // rows that are left out, as the page has them
	Total        int
	First, Last  int    // of the rows among all, from 1
	Newer, Older string // URLs, empty if there is no such page
	Newest       store.ID
	Events       string // URL of the stream of what comes after this page
	Here         string // URL of the list alone, to draw it anew and to send its form to
	Chips        []chip
	Wider        []chip // searches that find something, if this one does not
	Boxes        []boxGroup
	Mbox         string   // URL of all that match, in one file
	Suggestions  []string // for the search
}

// Any tells that the page of the list has rows.
func (l list) Any() bool { return len(l.Rows)+l.Kept > 0 }

// row is an email in the list.
type row struct {
	ID                       store.ID
	URL                      string
	From, Recipients         string
	Subject, Snippet, Code   string
	Attachments              int
	Current, Unread, Problem bool
	Time                     time.Time
}

// chip is a condition of the filter: its words, the URL of the list without it, and
// how many emails are in that, if it was counted.
type chip struct {
	Text, URL string
	Total     int

	without filter
}

// serveList answers with the list, and beside it what there is to know before an email
// is chosen.
func (s *Site) serveList(w http.ResponseWriter, r *http.Request) {
	f, err := readFilter(r, listParameters)
	var newer store.ID
	if err == nil && r.URL.Query().Has("newer") {
		newer, err = store.ParseID(r.URL.Query().Get("newer"))
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.address", err)
		return
	}
	if r.Method == http.MethodPost {
		s.changeList(w, r, f)
		return
	}
	q, err := f.query()
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.filter", err.Error())
		return
	}
	if guard.Unmarked(r) && r.Method == http.MethodGet {
		setPageHeader(w.Header())
		w = guard.Begin(w)
	}
	l, f, err := s.list(r, f, q, store.ID{})
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	p := panes{layout: s.layout(r, english.text("title.list"), f), List: l}
	if p.Unread, err = s.unread(r.Context()); err != nil {
		s.failSearch(w, r, err)
		return
	}
	if newer != (store.ID{}) {
		p.List.keepNewer(newer)
		s.render(w, r, http.StatusOK, "newer.html", &p)
		return
	}
	s.render(w, r, http.StatusOK, "page.html", &p)
}

// listParameters are those of a list's address beside the filter's. The script asks for
// the list with the rows alone that are newer than an email.
var listParameters = map[string][]string{"newer": nil}

// keepNewer leaves the rows of emails that are newer than one.
func (l *list) keepNewer(than store.ID) {
	n, _ := slices.BinarySearchFunc(l.Rows, than, func(r row, id store.ID) int { return bytes.Compare(id[:], r.ID[:]) })
	l.Rows, l.Kept = l.Rows[:n], len(l.Rows)-n
}

// unread is how many emails that may be seen have not been read.
func (s *Site) unread(ctx context.Context) (int, error) {
	done, err := s.turn(ctx, store.Query{})
	if err != nil {
		return 0, err
	}
	defer done()
	counts, err := s.Bucket.Counts(ctx)
	return counts.Unread, err
}

// list is the page of the list that f asks for, or the one with the current email, or
// the last. The filter that it returns has that page.
func (s *Site) list(r *http.Request, f filter, q store.Query, current store.ID) (list, filter, error) {
	done, err := s.turn(r.Context(), q)
	if err != nil {
		return list{}, f, err
	}
	defer done()
	now, err := s.Bucket.Now(r.Context())
	if err != nil {
		return list{}, f, err
	}
	if f.page == 0 && current != (store.ID{}) && q.Match == nil {
		// The page is told by how many are newer.
		newer := q
		newer.After = current
		before, err := s.Bucket.Find(r.Context(), newer)
		if err != nil {
			return list{}, f, err
		}
		f.page = before.Total/pageSize + 1
	}
	q.Limit, q.Offset = pageSize, (f.Page()-1)*pageSize
	found, err := s.Bucket.Find(r.Context(), q)
	if last := (found.Total + pageSize - 1) / pageSize; err == nil && f.Page() > max(1, last) {
		f.page = max(1, last)
		q.Offset = (f.page - 1) * pageSize
		found, err = s.Bucket.Find(r.Context(), q)
	}
	if err != nil {
		return list{}, f, err
	}
	l := s.drawList(root(r), f, found, now, current)
	l.Boxes = s.boxGroups(r.Context(), root(r), f)
	l.Suggestions = s.suggestions(r.Context(), q, found.Messages)
	if len(l.Rows) == 0 {
		l.Wider, err = s.wider(r.Context(), root(r), f)
	}
	return l, f, err
}

// turn waits until a query that has to look at each message may do so.
func (s *Site) turn(ctx context.Context, q store.Query) (done func(), err error) {
	if !s.Bucket.LooksAtEach(q) {
		return func() {}, nil
	}
	return s.Limits.Searches.Take(ctx)
}

// failSearch answers when a search, or a deletion of what one finds, has ended early.
func (s *Site) failSearch(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, guard.ErrBusy) {
		s.busy(w, r)
		return
	}
	s.fail(w, r, http.StatusServiceUnavailable, "error.ended")
}

// drawList shows what was found on a page of the list. Now is before the search, so that
// the events from it on tell of all that the page does not show.
func (s *Site) drawList(root string, f filter, found store.Page, now store.Position, current store.ID) list {
	first := (f.Page()-1)*pageSize + 1
	l := list{
		Rows: make([]row, len(found.Messages)), Total: found.Total, Newest: now.After,
		First: first, Last: first - 1 + len(found.Messages), Here: f.with(root), Chips: chips(root, f),
		Mbox: f.onPage(0).with(root + "emails.mbox"),
	}
	for i, m := range found.Messages {
		l.Rows[i] = s.row(m, f.with(root+"view/"+m.ID.String()))
		l.Rows[i].Current = m.ID == current
		l.Rows[i].Unread = m.ID != current && !m.Read()
	}
	if f.Page() > 1 {
		l.Newer = f.onPage(f.Page() - 1).with(root)
	}
	if l.Last < l.Total {
		l.Older = f.onPage(f.Page() + 1).with(root)
	}
	l.Events = f.onPage(0).with(root+"events", "after", s.Bucket.ShowPosition(now))
	return l
}

func (s *Site) row(m *store.Message, url string) row {
	e := search.Entry(s.Bucket, m)
	found := s.facts.of(m)
	from := m.Sender
	if e.From != nil {
		from = cmp.Or(e.From.Name, e.From.Address, from)
	}
	return row{
		ID: m.ID, URL: url, From: cmp.Or(from, nullSender), Recipients: shorten(strings.Join(m.Recipients, ", ")),
		Subject: e.Subject, Snippet: e.Snippet, Code: found.code,
		Attachments: e.Attachments, Problem: found.problems > 0, Time: m.Time(),
	}
}

func newChip(root, text string, without filter) chip {
	return chip{Text: text, URL: without.with(root), without: without}
}

// chips are the conditions of the filter, each term of a search by itself.
func chips(root string, f filter) []chip {
	var list []chip
	terms := search.Terms(f.Q())
	for i, term := range terms {
		rest := strings.Join(slices.Delete(slices.Clone(terms), i, i+1), " ")
		list = append(list, newChip(root, term, f.search(rest)))
	}
	for _, c := range f.Others() {
		list = append(list, newChip(root, c.Name+": "+cmp.Or(c.Value, nullSender), f.without(c)))
	}
	return list
}

// maxWider is how many wider searches are tried.
const maxWider = 4

// wider are the searches with one condition less that find something. If there is only
// one condition, without it all mail is found.
func (s *Site) wider(ctx context.Context, root string, f filter) ([]chip, error) {
	all := chips(root, f)
	if len(all) < 2 {
		return nil, nil
	}
	var found []chip
	for _, c := range all[:min(len(all), maxWider)] {
		q, err := c.without.query()
		if err != nil {
			continue
		}
		page, err := s.Bucket.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		if page.Total > 0 {
			c.Total = page.Total
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b chip) int { return cmp.Compare(a.Total, b.Total) })
	return found, nil
}
