package peers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of lists: how many mails they have by default, and how many at most. A list of
// more than longList mails is as much work as a search.
const (
	defaultLimit = 50
	maxLimit     = 10_000
	longList     = 1000
	maxListTags  = 200
)

// mailpitList is what Mailpit's list and search answer with.
type mailpitList struct {
	Total          int             `json:"total"`  // in the whole box
	Unread         int             `json:"unread"` // in the whole box
	Count          int             `json:"count"`  // on this page
	MessagesCount  int             `json:"messages_count"`
	MessagesUnread int             `json:"messages_unread"`
	Start          int             `json:"start"`
	Tags           []string        `json:"tags"` // of the mails on this page
	Messages       []*mailpitEntry `json:"messages"`
}

// mailpitMessages answers GET /api/v1/messages.
func (a *API) mailpitMessages(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	q := pageQuery(r)
	page, err := a.find(r.Context(), q)
	if err != nil {
		return workFailure(err)
	}
	box, err := a.counts(r.Context())
	if err != nil {
		return workFailure(err)
	}
	return a.sendMailpitList(w, r, page, box, box.Unread, q.Offset)
}

// mailpitSearch answers GET /api/v1/search.
func (a *API) mailpitSearch(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	q := pageQuery(r)
	if f := narrowToSearch(r, &q); f != nil {
		return f
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", jsonType)
		return nil
	}
	if guard.Unmarked(r) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Cache-Control", "no-store")
		w = guard.Begin(w)
	}
	page, unread, err := a.findUnread(r.Context(), q)
	if err != nil {
		workFailure(err).send(w, r)
		return nil
	}
	box, err := a.counts(r.Context())
	if err != nil {
		workFailure(err).send(w, r)
		return nil
	}
	if f := a.sendMailpitList(w, r, page, box, unread, q.Offset); f != nil {
		f.send(w, r)
	}
	return nil
}

// mailpitDeleteSearch answers DELETE /api/v1/search.
func (a *API) mailpitDeleteSearch(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	var q store.Query
	if f := narrowToSearch(r, &q); f != nil {
		return f
	}
	if _, err := a.change(r.Context(), q, a.bucket.DeleteMatching); err != nil {
		return workFailure(err)
	}
	sendText(w, r, http.StatusOK, "ok")
	return nil
}

// pageQuery is a query for the page that the request asks for. Numbers that are wrong
// mean the default.
func pageQuery(r *http.Request) store.Query {
	return store.Query{Offset: positive(query(r, "start"), 0), Limit: min(positive(query(r, "limit"), defaultLimit), maxLimit)}
}

// narrowToSearch limits q to what the parameter query matches, in the time zone of the
// parameter tz.
func narrowToSearch(r *http.Request, q *store.Query) *failure {
	text := strings.TrimSpace(query(r, "query"))
	if text == "" {
		return badRequest("no search query")
	}
	return narrow(q, text, query(r, "tz"))
}

// narrow limits q to what a query in the search language matches, in a time zone.
func narrow(q *store.Query, text, tz string) *failure {
	e, err := search.ParseIn(text, zone(tz))
	if err != nil {
		return badRequest(err.Error())
	}
	e.Narrow(q)
	return nil
}

// zone is the time zone with that name, or the machine's if there is none.
func zone(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil && name != "" && len(name) < 100 {
		return loc
	}
	return time.Local
}

// change deletes or marks what q matches. If each message has to be looked at for
// that, it waits for its turn.
func (a *API) change(ctx context.Context, q store.Query, do func(context.Context, store.Query) (int, error)) (int, error) {
	done, err := a.turn(ctx, q)
	if err != nil {
		return 0, err
	}
	defer done()
	return do(ctx, q)
}

// counts counts the mails that the request may see.
func (a *API) counts(ctx context.Context) (store.Counts, error) {
	done, err := a.turn(ctx, store.Query{})
	if err != nil {
		return store.Counts{}, err
	}
	defer done()
	return a.bucket.Counts(ctx)
}

// sendMailpitList answers with a page of the mails that were found. Box is what the list is
// of, and unread how many of all that were found have not been read.
func (a *API) sendMailpitList(w http.ResponseWriter, r *http.Request, page store.Page, box store.Counts, unread, start int) *failure {
	if len(page.Messages) > longList {
		release, err := a.limits.Searches.Take(r.Context())
		if err != nil {
			return workFailure(err)
		}
		defer release()
	}
	list := mailpitList{
		Total: box.Messages, Unread: box.Unread, Count: len(page.Messages),
		MessagesCount: page.Total, MessagesUnread: unread, Start: start,
		Tags: []string{}, Messages: make([]*mailpitEntry, len(page.Messages)),
	}
	size := 200
	for i, m := range page.Messages {
		list.Messages[i] = a.mailpitEntry(m)
		size += list.Messages[i].size()
		list.addTags(list.Messages[i].Tags)
	}
	return a.sendJSON(w, r, list, size)
}

func (l *mailpitList) addTags(tags []string) {
	for _, tag := range tags {
		if !slices.ContainsFunc(l.Tags, func(known string) bool { return strings.EqualFold(known, tag) }) && len(l.Tags) < maxListTags {
			l.Tags = append(l.Tags, tag)
		}
	}
}

// findUnread finds what q matches, and how many of that have not been read.
func (a *API) findUnread(ctx context.Context, q store.Query) (page store.Page, unread int, err error) {
	if match := q.Match; match != nil {
		q.Match = func(b *store.Bucket, m *store.Message) bool {
			matches := match(b, m)
			if matches && !m.Read() {
				unread++
			}
			return matches
		}
		page, err = a.find(ctx, q)
		return page, unread, err
	}
	if page, err = a.find(ctx, q); err != nil {
		return page, 0, err
	}
	if q.Read != nil && *q.Read {
		return page, 0, nil
	}
	q.Read, q.Limit = new(bool), 0
	left, err := a.find(ctx, q)
	return page, left.Total, err
}

// find finds what q matches, when it is its turn.
func (a *API) find(ctx context.Context, q store.Query) (store.Page, error) {
	done, err := a.turn(ctx, q)
	if err != nil {
		return store.Page{}, err
	}
	defer done()
	return a.bucket.Find(ctx, q)
}

// turn waits until each message that q leaves may be looked at, if that is needed.
func (a *API) turn(ctx context.Context, q store.Query) (done func(), err error) {
	if !a.bucket.LooksAtEach(q) {
		return func() {}, nil
	}
	return a.limits.Searches.Take(ctx)
}

// positive is the number that a parameter has, or the default for one that is wrong
// or not positive.
func positive(value string, byDefault int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return byDefault
	}
	return n
}
