package rest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of a query.
const (
	defaultLimit   = 100
	maxLimit       = 1000
	maxPage        = 1_000_000_000
	maxQueryString = 8 << 10
)

// summary is a message as lists show it.
type summary struct {
	ID          store.ID `json:"id"`
	Sender      string   `json:"sender"`
	Recipients  []string `json:"recipients"`
	Subject     string   `json:"subject"`
	TimeCreated int64    `json:"timeCreated"` // milliseconds since 1970
}

// list answers GET /emails.
func (a *API) list(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, pagingParameters)
	if p != nil {
		return p
	}
	page := a.bucket.Find(q)
	answer := struct {
		Results      []summary `json:"results"`
		TotalResults int       `json:"totalResults"`
		TotalPages   int       `json:"totalPages"`
	}{make([]summary, len(page.Messages)), page.Total, (page.Total + q.Limit - 1) / q.Limit}
	for i, m := range page.Messages {
		answer.Results[i] = summary{m.ID, m.Sender, m.Recipients, message.DecodeHeader(m.Subject), m.UnixMilli()}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, r, http.StatusOK, "application/json", answer)
	return nil
}

// deleteMatching answers DELETE /emails: without a filter, it deletes all.
func (a *API) deleteMatching(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	deleted := struct {
		Deleted int `json:"deleted"`
	}{a.bucket.DeleteMatching(q)}
	writeJSON(w, r, http.StatusOK, "application/json", deleted)
	return nil
}

// parameter reads one parameter's value into a query under construction, or
// says what was expected instead.
type parameter func(q *queryBuilder, value string) (expected string)

var filterParameters = map[string]parameter{
	"sender":    func(q *queryBuilder, v string) string { q.Sender = &v; return "" },
	"recipient": parseRecipient,
	"subject":   func(q *queryBuilder, v string) string { q.subject = strings.ToLower(v); return "" },
	"q":         func(q *queryBuilder, v string) string { q.text = strings.ToLower(v); return "" },
	"since":     func(q *queryBuilder, v string) string { return parseTime(v, &q.Since) },
	"until":     func(q *queryBuilder, v string) string { return parseTime(v, &q.Until) },
	"after":     parseAfter,
}

var pagingParameters = map[string]parameter{
	"limit": func(q *queryBuilder, v string) string { return parseCount(v, maxLimit, &q.Limit) },
	"page":  func(q *queryBuilder, v string) string { return parseCount(v, maxPage, &q.page) },
	"order": parseOrder,
}

// queryBuilder gathers what the parameters say.
type queryBuilder struct {
	store.Query
	page          int
	subject, text string // lower case
}

// parseQuery reads a query string whose parameters are the filters and those in
// paging. Each may be given once, and no other.
func parseQuery(rawQuery string, paging map[string]parameter) (store.Query, *problem) {
	if len(rawQuery) > maxQueryString {
		return store.Query{}, newProblem(http.StatusRequestURITooLong, "the query string is longer than 8 KiB")
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return store.Query{}, newProblem(http.StatusBadRequest, "the query string is malformed: "+err.Error())
	}
	b := queryBuilder{page: 1}
	b.Limit = defaultLimit
	for name, all := range values {
		parse := filterParameters[name]
		if parse == nil {
			parse = paging[name]
		}
		if parse == nil {
			return store.Query{}, badParameter(name, "unknown parameter")
		}
		if len(all) > 1 {
			return store.Query{}, badParameter(name, "given more than once")
		}
		if expected := parse(&b, all[0]); expected != "" {
			return store.Query{}, badParameter(name, "expected "+expected)
		}
	}
	b.Offset = (b.page - 1) * b.Limit
	if b.subject != "" || b.text != "" {
		b.Match = b.match
	}
	return b.Query, nil
}

// match looks for the texts wherever a reader would see them: in the subject, and
// q also in the envelope's addresses and in the mail as sent.
func (q *queryBuilder) match(m *store.Message) bool {
	subject := strings.ToLower(message.DecodeHeader(m.Subject))
	if !strings.Contains(subject, q.subject) {
		return false
	}
	if q.text == "" || strings.Contains(subject, q.text) || strings.Contains(strings.ToLower(m.Sender), q.text) {
		return true
	}
	for _, r := range m.Recipients {
		if strings.Contains(strings.ToLower(r), q.text) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(m.Raw), q.text)
}

func parseRecipient(q *queryBuilder, value string) string {
	if value == "" {
		return "an address"
	}
	q.Recipient = value
	return ""
}

func parseAfter(q *queryBuilder, value string) string {
	id, err := store.ParseID(value)
	if err != nil || id == (store.ID{}) {
		return "the id of an email, 32 hexadecimal digits"
	}
	q.After = id
	return ""
}

func parseOrder(q *queryBuilder, value string) string {
	if value != "asc" && value != "desc" {
		return "asc or desc"
	}
	q.Ascending = value == "asc"
	return ""
}

func parseCount(value string, most int, to *int) string {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return "a number from 1 to " + strconv.Itoa(most)
	}
	*to = n
	return ""
}

// parseTime reads milliseconds since 1970 or RFC 3339.
func parseTime(value string, to *int64) string {
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 {
		*to = ms
		return ""
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil && t.UnixMilli() > 0 {
		*to = t.UnixMilli()
		return ""
	}
	return "milliseconds since 1970 or a time such as 2006-01-02T15:04:05Z"
}
