package rest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of a query.
const (
	maxQueryString = 8 << 10
	maxPage        = 1 << 20
	defaultLimit   = 100
	maxLimit       = 1000
	maxWait        = 10 * time.Minute

	// maxText bounds a text to look for, in bytes: a search takes at most so many
	// times as long as the mails are large.
	maxText = 256

	// maxStars bounds the asterisks in an address, and maxHeaders the conditions on
	// header fields.
	maxStars   = 8
	maxHeaders = 8
)

// parameter reads one parameter's value into a query under construction, or
// says what was expected instead.
type parameter func(q *query, value string) (expected string)

var filterParameters = map[string]parameter{
	"sender":        func(q *query, v string) string { return q.parseSender(v) },
	"recipient":     func(q *query, v string) string { return q.parseRecipient(v) },
	"from":          func(q *query, v string) string { return q.matchText(v, costField, newText(v).inFrom) },
	"to":            func(q *query, v string) string { return q.matchText(v, costField, newText(v).inTo) },
	"subject":       func(q *query, v string) string { return q.matchText(v, costField, newText(v).inSubject) },
	"q":             func(q *query, v string) string { return q.matchText(v, costBody, newText(v).anywhere) },
	"header":        func(q *query, v string) string { return q.parseHeader(v) },
	"hasAttachment": func(q *query, v string) string { return q.parseHasAttachment(v) },
	"since":         func(q *query, v string) string { return parseTime(v, &q.Since) },
	"until":         func(q *query, v string) string { return parseTime(v, &q.Until) },
	"after":         func(q *query, v string) string { return parseAfter(v, &q.After) },
}

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
	page       int
	wait       time.Duration
	count      int // of emails to wait for
	headers    int // conditions on fields
	conditions []condition
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
	for name, all := range values {
		parse := filterParameters[name]
		if parse == nil {
			parse = paging[name]
		}
		field, isHeader := strings.CutPrefix(name, "header:")
		if isHeader { // as in header:Name=text
			parse = func(q *query, v string) string { return q.parseHeader(field + ":" + v) }
		}
		if parse == nil {
			return nil, badParameter(name, "unknown parameter")
		}
		if len(all) > 1 && name != "header" && !isHeader {
			return nil, badParameter(name, "given more than once")
		}
		for _, value := range all {
			if expected := parse(q, value); expected != "" {
				return nil, badParameter(name, "expected "+expected)
			}
		}
	}
	if q.count > 0 && q.wait == 0 {
		return nil, badParameter("count", "expected wait beside it")
	}
	q.Offset = (q.page - 1) * q.Limit
	if len(q.conditions) > 0 {
		slices.SortStableFunc(q.conditions, func(a, b condition) int { return int(a.cost - b.cost) })
		q.Match = q.match
	}
	return q, nil
}

// Filter is what the filters in a query string match, as GET /emails has them.
func Filter(rawQuery string) (store.Query, error) {
	q, p := parseQuery(rawQuery, nil)
	if p != nil {
		return store.Query{}, errors.New(p.Detail)
	}
	return q.Query, nil
}

func (q *query) matchText(value string, cost cost, matches func(*candidate) bool) string {
	if len(value) > maxText {
		return "a text of at most 256 bytes"
	}
	if value != "" {
		q.conditions = append(q.conditions, condition{cost, matches})
	}
	return ""
}

// address is value with a plus sign where a query string turned it into a blank,
// which no address has outside quotes.
func address(value string) string {
	if strings.Contains(value, `"`) {
		return value
	}
	return strings.ReplaceAll(value, " ", "+")
}

func (q *query) parseSender(value string) string {
	value = address(value)
	if !strings.Contains(value, "*") {
		q.Sender = &value
		return ""
	}
	return q.matchPattern(value, &q.SenderDomain, func(p pattern, c *candidate) bool { return p.matches(c.Sender) })
}

func (q *query) parseRecipient(value string) string {
	value = address(value)
	switch {
	case value == "":
		return "an address"
	case !strings.Contains(value, "*"):
		q.Recipient = value
		return ""
	}
	return q.matchPattern(value, &q.RecipientDomain, func(p pattern, c *candidate) bool { return slices.ContainsFunc(c.Recipients, p.matches) })
}

// matchPattern reads a pattern of addresses, of which an index answers the domain.
func (q *query) matchPattern(value string, domain *string, matches func(pattern, *candidate) bool) string {
	pattern := newPattern(value)
	if len(pattern)-1 > maxStars {
		return "at most " + strconv.Itoa(maxStars) + " asterisks"
	}
	var whole bool
	if *domain, whole = pattern.domain(); !whole {
		q.conditions = append(q.conditions, condition{costEnvelope, func(c *candidate) bool { return matches(pattern, c) }})
	}
	return ""
}

func (q *query) parseHeader(value string) string {
	name, text, ok := strings.Cut(value, ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "a field's name and a text, as in header:X-Run=42"
	}
	if text = strings.TrimSpace(text); len(text) > maxText {
		return "a text of at most 256 bytes"
	}
	if q.headers++; q.headers > maxHeaders {
		return "at most " + strconv.Itoa(maxHeaders) + " conditions on header fields"
	}
	q.conditions = append(q.conditions, condition{costParsed, newText(text).inHeader(name)})
	return ""
}

func (q *query) parseHasAttachment(value string) string {
	if value != "true" && value != "false" {
		return "true or false"
	}
	q.conditions = append(q.conditions, condition{costAttachments, func(c *candidate) bool { return c.hasAttachments() == (value == "true") }})
	return ""
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

func parseAfter(value string, to *store.ID) string {
	id, err := store.ParseID(value)
	if err != nil || id == (store.ID{}) {
		return "the id of an email, 32 hexadecimal digits"
	}
	*to = id
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
	// The plus of a zone may have become a blank.
	if t, err := time.Parse(time.RFC3339, strings.ReplaceAll(value, " ", "+")); err == nil && t.UnixMilli() > 0 {
		*to = t.UnixMilli()
		return ""
	}
	return "milliseconds since 1970 or a time such as 2006-01-02T15:04:05Z"
}
