package web

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// filter says which emails a list shows, and which page of it. All links between pages
// keep it.
type filter struct {
	Sender, Recipient, Q string
	Page                 int // from 1
}

// nullSender is how the null reverse-path is written in the filter.
const nullSender = "<>"

// maxFilterPage is the highest page of a list that can be asked for.
const maxFilterPage = 1 << 20

// readFilter reads the query string of a page. Its parameters are those of the filter and
// the others, with the values that each of these may have; each may be given once. The
// text of an error is shown to the reader.
func readFilter(r *http.Request, others map[string][]string) (f filter, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return filter{}, errors.New(english.text("error.query"))
	}
	f.Page = 1
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		if len(values[name]) > 1 {
			return filter{}, errors.New(english.text("error.twice", name))
		}
		switch choices, known := others[name]; {
		case name == "sender":
			f.Sender = strings.TrimSpace(value)
		case name == "recipient":
			f.Recipient = strings.TrimSpace(value)
		case name == "q":
			f.Q = strings.TrimSpace(value)
		case name == "page":
			if f.Page, err = strconv.Atoi(value); err != nil || f.Page < 1 || f.Page > maxFilterPage {
				return filter{}, errors.New(english.text("error.page"))
			}
		case !known:
			return filter{}, errors.New(english.text("error.parameter", name))
		case !slices.Contains(choices, value):
			return filter{}, errors.New(english.text("error.value", name, strings.Join(choices, ", ")))
		}
	}
	return f, nil
}

func (f filter) Empty() bool { return f.Sender == "" && f.Recipient == "" && f.Q == "" }

// api is the filter as parameters of the API.
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

// query is the store's query for the filter.
func (s *Site) query(f filter) (store.Query, error) { return s.Filter(f.api().Encode()) }

// values is the filter as parameters of the site's pages.
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

// with is the URL of path with the filter, and with the parameters in more, which are
// names and values in turn.
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
