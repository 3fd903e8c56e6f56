package search

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/pattern"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of a filter.
const (
	// maxText bounds a text to look for, in bytes.
	maxText = 256
	// maxHeaders bounds the conditions on header fields.
	maxHeaders = 8
)

// Filters reads filters by their names in the API, such as recipient, one after the
// other. Its zero value has none.
type Filters struct {
	// Expression matches what all filters that were read match.
	Expression

	given   map[string]bool
	headers int
}

// Add reads one filter with its values and reports whether there is one of that name.
// Only header, also as header:Name, may be given more than once, and at most eight
// times in all. The error says what was expected instead.
func (f *Filters) Add(name string, values ...string) (known bool, err error) {
	read := filters[name]
	field, isHeader := strings.CutPrefix(name, "header:")
	if isHeader { // as in header:Name=text
		read = func(v string) (Expression, string) { return headerFilter(field + ":" + v) }
	}
	if read == nil {
		return false, nil
	}
	isHeader = isHeader || name == "header"
	if f.given == nil {
		f.given = make(map[string]bool)
	}
	for _, value := range values {
		if isHeader {
			f.headers++
		} else if f.given[name] {
			return true, errors.New("given more than once")
		}
		f.given[name] = true
		e, expected := read(value)
		if expected == "" && f.headers > maxHeaders {
			expected = "at most " + strconv.Itoa(maxHeaders) + " conditions on header fields"
		}
		if expected != "" {
			return true, errors.New("expected " + expected)
		}
		f.Expression = f.And(e)
	}
	return true, nil
}

// filters read a filter's value, or say what was expected instead.
var filters = map[string]func(value string) (e Expression, expected string){
	"sender":        func(v string) (Expression, string) { return envelopeFilter(v, senderKeys) },
	"recipient":     recipientFilter,
	"from":          func(v string) (Expression, string) { return fieldFilter(v, text.inFrom) },
	"to":            func(v string) (Expression, string) { return fieldFilter(v, text.inTo) },
	"subject":       func(v string) (Expression, string) { return fieldFilter(v, text.inSubject) },
	"q":             languageFilter,
	"header":        headerFilter,
	"hasAttachment": func(v string) (Expression, string) { return boolFilter(v, costAttachment, (*candidate).hasAttachments) },
	"read":          readFilter,
	"login":         loginFilter,
	"client":        clientFilter,
	"since":         func(v string) (Expression, string) { return timeFilter(v, since) },
	"until":         func(v string) (Expression, string) { return timeFilter(v, until) },
	"after":         afterFilter,
}

func one(c condition) Expression { return Expression{[]condition{c}} }

// WithPlus restores the plus sign of an address that was decoded to a blank in a query
// string. An address has no blanks outside quotes.
func WithPlus(address string) string {
	if strings.Contains(address, `"`) {
		return address
	}
	return strings.ReplaceAll(address, " ", "+")
}

func languageFilter(value string) (Expression, string) {
	e, err := Parse(value)
	if err != nil {
		return Expression{}, strings.TrimPrefix(err.Error(), "expected ")
	}
	return e, ""
}

func fieldFilter(value string, in func(text, *candidate) bool) (Expression, string) {
	if len(value) > maxText {
		return Expression{}, "a text of at most 256 bytes"
	}
	if value == "" {
		return Expression{}, ""
	}
	return one(textCondition(costField, newText(value), in)), ""
}

func headerFilter(value string) (Expression, string) {
	name, value, ok := strings.Cut(value, ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return Expression{}, "a field's name and a text, as in header:X-Run=42"
	}
	if value = strings.TrimSpace(value); len(value) > maxText {
		return Expression{}, "a text of at most 256 bytes"
	}
	return one(headerCondition(name, newText(value))), ""
}

func boolFilter(value string, cost cost, holds func(*candidate) bool) (Expression, string) {
	wanted, ok := readBool(value)
	if !ok {
		return Expression{}, "true or false"
	}
	return one(condition{cost: cost, matches: func(c *candidate) bool { return holds(c) == wanted }}), ""
}

func readFilter(value string) (Expression, string) {
	wanted, ok := readBool(value)
	if !ok {
		return Expression{}, "true or false"
	}
	return one(readCondition(wanted)), ""
}

func readBool(value string) (is, ok bool) {
	return value == "true", value == "true" || value == "false"
}

func loginFilter(value string) (Expression, string) {
	p, other := pattern.New(value), pattern.New(WithPlus(value))
	if p.Stars() > pattern.MaxStars {
		return Expression{}, tooManyStars
	}
	c := condition{matches: func(c *candidate) bool { return p.Matches(c.Login()) || other.Matches(c.Login()) }}
	if p.Stars() == 0 && other.String() == p.String() {
		c.narrow = func(q *store.Query) bool {
			if q.Login == nil {
				q.Login = &value
			}
			return sameKey(*q.Login, value)
		}
	}
	return one(c), ""
}

func clientFilter(value string) (Expression, string) {
	clients, ok := readClients(value)
	if !ok {
		return Expression{}, "an address or a range of them, such as 10.1.0.0/16"
	}
	return one(clientCondition(clients)), ""
}

// readClients reads an address, or a range in CIDR notation. An IPv4 address in the
// form of IPv6 is the IPv4 address.
func readClients(value string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(value); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

func afterFilter(value string) (Expression, string) {
	id, err := store.ParseID(value)
	if err != nil || id == (store.ID{}) {
		return Expression{}, "the id of an email, 32 hexadecimal digits"
	}
	return one(condition{narrow: func(q *store.Query) bool {
		if string(id[:]) > string(q.After[:]) {
			q.After = id
		}
		return true
	}}), ""
}

// timeFilter reads milliseconds since 1970 or RFC 3339.
func timeFilter(value string, bound func(int64) condition) (Expression, string) {
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 {
		return one(bound(ms)), ""
	}
	// The plus of a zone may have become a blank.
	if t, err := time.Parse(time.RFC3339, strings.ReplaceAll(value, " ", "+")); err == nil && t.UnixMilli() > 0 {
		return one(bound(t.UnixMilli())), ""
	}
	return Expression{}, "milliseconds since 1970 or a time such as 2006-01-02T15:04:05Z"
}

// since matches what arrived at that time, in milliseconds since 1970, or later.
func since(ms int64) condition {
	return condition{
		matches: func(c *candidate) bool { return c.Arrived >= ms },
		narrow: func(q *store.Query) bool {
			q.Since = max(q.Since, ms)
			return true
		},
	}
}

// until matches what arrived before that time, in milliseconds since 1970.
func until(ms int64) condition {
	return condition{
		matches: func(c *candidate) bool { return c.Arrived < ms },
		narrow: func(q *store.Query) bool {
			if q.Until == 0 || ms < q.Until {
				q.Until = ms
			}
			return true
		},
	}
}
