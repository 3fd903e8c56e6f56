package search

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a query in the language.
const (
	// MaxQuery is how long a query may be, in bytes.
	MaxQuery = 1024
	// MaxTerms is how many terms it may have: a search takes at most so many times as
	// long as the mails are large.
	MaxTerms = 32
)

// Parse reads a query in the language of searches, with dates in the time zone of the
// machine. See [ParseIn].
func Parse(query string) (Expression, error) { return ParseIn(query, time.Local) }

// ParseIn reads a query in the language of searches. Any text is a valid query: there is an
// error only if it is longer than [MaxQuery] or has more than [MaxTerms] terms.
//
//	query  = *( blank / term )
//	term   = [ "-" / "!" ] ( phrase / prefix [ value ] / word )
//	prefix = name ":"
//	value  = phrase / word
//	phrase = DQUOTE *( any but DQUOTE ) ( DQUOTE / end )
//	word   = 1*( any but blank )
//
// All terms have to match, and one with a "-" or "!" must not. A word or a phrase matches
// where a reader would see it; a prefix, in any case, says where to look. What has a prefix
// that is unknown, or a value that its prefix cannot have, is a word. A prefix without a
// value matches everything, except that header.NAME: matches mails that have the field.
//
// Dates without a time zone are in loc.
func ParseIn(query string, loc *time.Location) (Expression, error) {
	terms, err := readTerms(query)
	if err != nil {
		return Expression{}, err
	}
	var e Expression
	for _, t := range terms {
		e = e.And(t.expression(loc))
	}
	return e, nil
}

// Terms returns the terms of a query, each written so that it means the same on its own, or
// none if [Parse] would return an error.
func Terms(query string) []string {
	terms, err := readTerms(query)
	if err != nil {
		return nil
	}
	written := make([]string, len(terms))
	for i, t := range terms {
		written[i] = t.String()
	}
	return written
}

// term is one term of a query, as it is written.
type term struct {
	negated bool
	name    string // of the prefix, in lower case, "" if there is none
	value   string
	phrase  bool // the value stood in quotes
}

func readTerms(query string) ([]term, error) {
	if len(query) > MaxQuery {
		return nil, fmt.Errorf("expected a query of at most %d bytes", MaxQuery)
	}
	var terms []term
	for {
		query = strings.TrimLeftFunc(query, unicode.IsSpace)
		if query == "" {
			return terms, nil
		}
		if len(terms) == MaxTerms {
			return nil, fmt.Errorf("expected at most %d terms", MaxTerms)
		}
		var t term
		t, query = readTerm(query)
		terms = append(terms, t)
	}
}

// readTerm reads the term that a query begins with.
func readTerm(query string) (t term, rest string) {
	if after := query[1:]; (query[0] == '-' || query[0] == '!') && after != "" && !beginsBlank(after) {
		t.negated, query = true, after
	}
	if value, rest, ok := cutPhrase(query); ok {
		t.value, t.phrase = value, true
		return t, rest
	}
	word, rest := cutWord(query)
	name, value, ok := strings.Cut(word, ":")
	if !ok || !isPrefix(strings.ToLower(name)) {
		t.value = word
		return t, rest
	}
	t.name, t.value = strings.ToLower(name), value
	if value, rest, ok := cutPhrase(query[len(name)+1:]); ok {
		t.value, t.phrase = value, true
		return t, rest
	}
	return t, rest
}

// cutPhrase takes a phrase in quotes from the beginning of s. One whose end is missing
// goes on to the end of s.
func cutPhrase(s string) (phrase, rest string, ok bool) {
	if first, size := utf8.DecodeRuneInString(s); isQuote(first) {
		s = s[size:]
		end := strings.IndexFunc(s, isQuote)
		if end < 0 {
			return s, "", true
		}
		_, size = utf8.DecodeRuneInString(s[end:])
		return s[:end], s[end+size:], true
	}
	return "", s, false
}

// isQuote reports whether a character is the quotation mark of keyboards, or one of those
// that telephones replace it with.
func isQuote(r rune) bool { return r == '"' || r == '\u201c' || r == '\u201d' || r == '\u201e' }

func cutWord(s string) (word, rest string) {
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func beginsBlank(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// String writes the term so that it is parsed as the same term again.
func (t term) String() string {
	s := t.value
	if t.phrase {
		s = `"` + s + `"`
	}
	if t.name != "" {
		s = t.name + ":" + s
	}
	if t.negated {
		s = "-" + s
	}
	return s
}
