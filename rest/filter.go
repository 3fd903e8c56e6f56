package rest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of a query.
const (
	maxQueryString = 8 << 10
	maxPage        = 1 << 20
	defaultLimit   = 100
	maxLimit       = 1000
	maxWait        = 10 * time.Minute
)

// parameter reads one parameter's value into a query under construction, or
// says what was expected instead.
type parameter func(q *query, value string) (expected string)

var pagingParameters = map[string]parameter{
	"limit": func(q *query, v string) string { return parseCount(v, maxLimit, &q.Limit) },
	"page":  func(q *query, v string) string { return parseCount(v, maxPage, &q.page) },
	"order": func(q *query, v string) string { return q.parseOrder(v) },
	"wait":  func(q *query, v string) string { return q.parseWait(v) },
	"count": func(q *query, v string) string { return parseCount(v, maxPage, &q.count) },
}

// query is what the parameters of a call say.
type query struct {
	store.Query
	page  int
	wait  time.Duration
	count int // of emails to wait for
}

// parseQuery reads a query string whose parameters are the filters and those in
// paging. Each may be given once, but header several times, and no other.
func parseQuery(rawQuery string, paging map[string]parameter) (*query, *problem) {
	if len(rawQuery) > maxQueryString {
		return nil, newProblem(http.StatusRequestURITooLong, "the query string is longer than 8 KiB")
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "the query string is malformed: "+err.Error())
	}
	q := &query{page: 1}
	q.Limit = defaultLimit
	var filters search.Filters
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if known, err := filters.Add(name, values[name]...); err != nil {
			return nil, badParameter(name, err.Error())
		} else if known {
			continue
		}
		if p := q.parse(name, values[name], paging[name]); p != nil {
			return nil, p
		}
	}
	if q.count > 0 && q.wait == 0 {
		return nil, badParameter("count", "expected wait beside it")
	}
	q.Offset = (q.page - 1) * q.Limit
	filters.Narrow(&q.Query)
	return q, nil
}

// parse reads a parameter that is no filter.
func (q *query) parse(name string, values []string, parse parameter) *problem {
	switch {
	case parse == nil:
		return badParameter(name, "unknown parameter")
	case len(values) > 1:
		return badParameter(name, "given more than once")
	}
	if expected := parse(q, values[0]); expected != "" {
		return badParameter(name, "expected "+expected)
	}
	return nil
}

func (q *query) parseOrder(value string) string {
	if value != "asc" && value != "desc" {
		return "asc or desc"
	}
	q.Ascending = value == "asc"
	return ""
}

func (q *query) parseWait(value string) string {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > maxWait {
		return "a duration up to 10m, such as 30s"
	}
	q.wait = d
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
