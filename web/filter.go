package web

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// filter is what a list is narrowed down to, and the page of it. All links between
// pages carry it.
type filter struct {
	conditions url.Values // by the names that the API has for its filters
	page       int        // from 1, 0 if the address does not say
}

// nullSender is how people write the null reverse-path.
const nullSender = "<>"

// maxFilterPage is the highest page of a list that can be asked for.
const maxFilterPage = 1 << 20

// readFilter reads the query string of a page, whose parameters are the API's filters,
// page, and the others. These may be given once and have to have one of the values that
// they are listed with, or any if none is listed. The error is for the reader.
func readFilter(r *http.Request, others map[string][]string) (f filter, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return filter{}, errors.New(english.text("error.query"))
	}
	f.conditions = make(url.Values)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		choices, known := others[name]
		switch {
		case name != "page" && !known:
			f.add(name, values[name])
		case len(values[name]) > 1:
			return filter{}, errors.New(english.text("error.twice", name))
		case name == "page":
			if f.page, err = strconv.Atoi(value); err != nil || f.page < 1 || f.page > maxFilterPage {
				return filter{}, errors.New(english.text("error.page"))
			}
		case len(choices) > 0 && !slices.Contains(choices, value):
			return filter{}, errors.New(english.text("error.value", name, strings.Join(choices, ", ")))
		}
	}
	return f, nil
}

// add adds a condition as it was typed.
func (f filter) add(name string, values []string) {
	for _, value := range values {
		value = strings.TrimSpace(value)
		if name == "sender" && value == nullSender {
			value = ""
		}
		if name != "q" || value != "" {
			f.conditions.Add(name, value)
		}
	}
}

// Q is what stands in the search box.
func (f filter) Q() string { return f.conditions.Get("q") }

// Empty tells that the list is of all mail.
func (f filter) Empty() bool { return len(f.conditions) == 0 }

// Page is the page of the list, from 1.
func (f filter) Page() int { return max(1, f.page) }

// Others are the conditions beside those in the search box, which a search keeps.
func (f filter) Others() []condition {
	var list []condition
	for _, name := range slices.Sorted(maps.Keys(f.conditions)) {
		for _, value := range f.conditions[name] {
			if name != "q" {
				list = append(list, condition{name, value})
			}
		}
	}
	return list
}

// condition is one of the filters in an address.
type condition struct{ Name, Value string }

// query is what the filter matches. The error is for the reader.
func (f filter) query() (store.Query, error) {
	var filters search.Filters
	for _, name := range slices.Sorted(maps.Keys(f.conditions)) {
		known, err := filters.Add(name, f.conditions[name]...)
		if !known {
			err = errors.New(english.text("error.unknown"))
		}
		if err != nil {
			return store.Query{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	var q store.Query
	filters.Narrow(&q)
	return q, nil
}

// without is the filter without one of its conditions, on the first page.
func (f filter) without(c condition) filter {
	conditions := make(url.Values)
	for name, values := range f.conditions {
		for _, value := range values {
			if name != c.Name || value != c.Value {
				conditions.Add(name, value)
			}
		}
	}
	return filter{conditions: conditions}
}

// search is the filter with another text in the search box, on the first page.
func (f filter) search(q string) filter {
	conditions := maps.Clone(f.conditions)
	delete(conditions, "q")
	if q != "" {
		conditions.Set("q", q)
	}
	return filter{conditions: conditions}
}

// with is the URL of path with the filter, and with what is in more.
func (f filter) with(path string, more ...string) string {
	values := maps.Clone(f.conditions)
	if values == nil {
		values = make(url.Values)
	}
	if f.page > 1 {
		values.Set("page", strconv.Itoa(f.page))
	}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (f filter) onPage(page int) filter {
	f.page = page
	return f
}

// firstName is the name of one of the conditions.
func (f filter) firstName() string {
	for _, name := range slices.Sorted(maps.Keys(f.conditions)) {
		return name
	}
	return ""
}
