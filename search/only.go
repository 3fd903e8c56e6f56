package search

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/caddy-mailbucket/mailbucket/pattern"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Only is a filter of a configuration. It says which messages may be seen at all: those that
// match one of its values.
//
// The values are those of the API's filter with that name, except that case matters in a
// login and that a blank is no plus sign. What is filled in when somebody asks is a plain
// text, whatever characters it has: an asterisk in it stands for itself.
type Only struct {
	filter string
	values []Value
	read   onlyFilter
}

// Value is a text of which some parts may be known only when somebody asks.
type Value []Piece

// Piece is a part of a value: a text, or the name of what takes its place.
type Piece struct {
	Text   string
	FillIn bool
}

// maxFilledIn bounds what is filled in for a piece, in bytes. A value with a longer one
// matches nothing.
const maxFilledIn = 1 << 10

// NewOnly checks a filter. The error says what was expected instead.
func NewOnly(filter string, values ...Value) (*Only, error) {
	o := &Only{filter: filter, values: values, read: onlyFilters[filter]}
	if field, ok := strings.CutPrefix(filter, "header:"); ok {
		o.read = func(v Value) (Expression, string) {
			return onlyHeader(append(Value{{Text: field + ":"}}, v...))
		}
	}
	switch {
	case o.read == nil:
		return nil, fmt.Errorf("unknown filter %q: expected one of %s", filter, strings.Join(slices.Sorted(maps.Keys(onlyFilters)), ", "))
	case len(values) == 0:
		return nil, errors.New("expected a value after it")
	}
	for _, v := range values {
		if expected := o.check(v); expected != "" {
			return nil, errors.New("expected " + expected)
		}
	}
	return o, nil
}

// check reads a value that is known already.
func (o *Only) check(v Value) (expected string) {
	if !v.fillsIn() {
		_, expected = o.read(v)
		return expected
	}
	switch {
	case o.filter == "q":
		return "a value without placeholders: they have their place in the other filters"
	case o.filter == "header" && !strings.Contains(v[0].known(), ":"):
		return "a field's name and a text, as in header X-Run:42"
	case v.pattern(pattern.Of).Stars() > pattern.MaxStars:
		return tooManyStars
	}
	return ""
}

// expression is what the values match with what fill gives for the names in them. It
// reports false if nothing can match. Name is the same for equal values.
func (o *Only) expression(fill func(name string) string) (e Expression, some bool, name string) {
	var all []Expression
	name = strconv.Quote(o.filter)
	for _, v := range o.values {
		filled, ok := v.fill(fill)
		if !ok {
			continue
		}
		e, expected := o.read(filled)
		if expected != "" {
			continue
		}
		all = append(all, e)
		name += "=" + filled.name()
	}
	return anyOf(all), len(all) > 0, name
}

// anyOf matches what one of the expressions matches.
func anyOf(all []Expression) Expression {
	if len(all) == 1 {
		return all[0]
	}
	most := costEnvelope
	for _, e := range all {
		for _, c := range e.conditions {
			most = max(most, c.cost)
		}
	}
	return one(condition{cost: most, matches: func(c *candidate) bool {
		return slices.ContainsFunc(all, func(e Expression) bool { return c.meets(e.conditions) })
	}})
}

// View is what of a bucket all the filters let be seen, of which nil or none let everything
// be. Fill gives what takes the place of the names in their values; where it is empty or
// blank nothing is seen.
func View(b *store.Bucket, filters []*Only, fill func(name string) string) *store.View {
	if len(filters) == 0 {
		return b.All()
	}
	var q store.Query
	var names []string
	for _, o := range filters {
		e, some, name := o.expression(fill)
		if !some {
			return b.None()
		}
		e.Narrow(&q)
		names = append(names, name)
	}
	return b.Only(q, strings.Join(names, "&"))
}

// fillsIn reports whether there is something to be filled in.
func (v Value) fillsIn() bool {
	return slices.ContainsFunc(v, func(p Piece) bool { return p.FillIn })
}

// fill puts what fill gives in the place of the names, and reports whether a message can
// match that. What was filled in still has FillIn set.
func (v Value) fill(fill func(name string) string) (filled Value, ok bool) {
	filled = slices.Clone(v)
	for i, p := range filled {
		if !p.FillIn {
			continue
		}
		text := fill(p.Text)
		if len(text) > maxFilledIn || fold(text) == "" {
			return nil, false
		}
		filled[i].Text = text
	}
	return filled, true
}

// String is the value without regard to where its parts come from.
func (v Value) String() string {
	var b strings.Builder
	for _, p := range v {
		b.WriteString(p.Text)
	}
	return b.String()
}

// name is different for values with different meanings.
func (v Value) name() string {
	var b strings.Builder
	for _, p := range v {
		b.WriteString(strconv.FormatBool(p.FillIn) + strconv.Quote(p.Text))
	}
	return b.String()
}

// known is the text of a piece, if it is known already.
func (p Piece) known() string {
	if p.FillIn {
		return ""
	}
	return p.Text
}

func (v Value) pattern(of func(...pattern.Part) pattern.Pattern) pattern.Pattern {
	parts := make([]pattern.Part, len(v))
	for i, p := range v {
		parts[i] = pattern.Part{Text: p.Text, Plain: p.FillIn}
	}
	return of(parts...)
}

// onlyFilter reads a value in which everything is filled in, or says what was expected
// instead.
type onlyFilter func(Value) (e Expression, expected string)

var onlyFilters = map[string]onlyFilter{
	"sender":        func(v Value) (Expression, string) { return onlyEnvelope(v, senderKeys) },
	"recipient":     onlyRecipient,
	"login":         onlyLogin,
	"client":        onlyClient,
	"from":          func(v Value) (Expression, string) { return onlyText(v, costField, text.inFrom) },
	"to":            func(v Value) (Expression, string) { return onlyText(v, costField, text.inTo) },
	"subject":       func(v Value) (Expression, string) { return onlyText(v, costField, text.inSubject) },
	"header":        onlyHeader,
	"q":             func(v Value) (Expression, string) { return some(languageFilter(v.String())) },
	"hasAttachment": func(v Value) (Expression, string) { return filters["hasAttachment"](v.String()) },
	"read":          func(v Value) (Expression, string) { return filters["read"](v.String()) },
	"since":         func(v Value) (Expression, string) { return filters["since"](v.String()) },
	"until":         func(v Value) (Expression, string) { return filters["until"](v.String()) },
	"after":         func(v Value) (Expression, string) { return filters["after"](v.String()) },
}

// some refuses an expression that matches everything.
func some(e Expression, expected string) (Expression, string) {
	if expected == "" && len(e.conditions) == 0 {
		return e, "a text to look for"
	}
	return e, expected
}

func onlyRecipient(v Value) (Expression, string) {
	if len(v.String()) == 0 {
		return Expression{}, "an address"
	}
	return onlyEnvelope(v, recipientKeys)
}

// onlyEnvelope reads an address or a pattern. Addresses are compared in lower case, in which
// a few letters outside of ASCII become letters of ASCII, such as the Kelvin sign: nobody
// whose name has such a letter gets the mail of another.
func onlyEnvelope(v Value, keys envelopeKeys) (Expression, string) {
	for _, p := range v {
		if p.FillIn && strings.ContainsFunc(p.Text, func(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) != r }) {
			return Expression{}, "small letters outside of ASCII"
		}
	}
	p := v.pattern(pattern.Of)
	if p.Stars() > pattern.MaxStars {
		return Expression{}, tooManyStars
	}
	return one(envelopeCondition(v.String(), p, keys)), ""
}

// onlyLogin reads a login or a pattern. Unlike in the filter of the API case matters, as
// users whose names differ in case may be different ones.
func onlyLogin(v Value) (Expression, string) {
	p := v.pattern(pattern.Exact)
	if p.Stars() > pattern.MaxStars {
		return Expression{}, tooManyStars
	}
	c := condition{matches: func(c *candidate) bool { return p.Matches(c.Login()) }}
	if login := v.String(); p.Stars() == 0 {
		c.narrow = func(q *store.Query) bool {
			if q.Login == nil {
				q.Login = &login
			}
			return false // as the index does not tell case
		}
	}
	return one(c), ""
}

// onlyClient reads an address or a range. What is filled in is one address.
func onlyClient(v Value) (Expression, string) {
	for _, p := range v {
		if p.FillIn && strings.Contains(p.Text, "/") {
			return Expression{}, "an address"
		}
	}
	return clientFilter(v.String())
}

func onlyText(v Value, cost cost, in func(text, *candidate) bool) (Expression, string) {
	t, expected := onlyNeedle(v.String())
	return one(textCondition(cost, t, in)), expected
}

func onlyHeader(v Value) (Expression, string) {
	if len(v) == 0 {
		return Expression{}, "a field's name and a text, as in header X-Run:42"
	}
	name, first, ok := strings.Cut(v[0].known(), ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return Expression{}, "a field's name and a text, as in header X-Run:42"
	}
	t, expected := onlyNeedle(first + v[1:].String())
	return one(headerCondition(name, t)), expected
}

// onlyNeedle is a text to look for.
func onlyNeedle(s string) (text, string) {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return text{}, "a text of at most 256 bytes"
	}
	t := newText(s)
	t.plus = nil
	if t.needle.text == "" {
		return t, "a text to look for"
	}
	return t, ""
}
