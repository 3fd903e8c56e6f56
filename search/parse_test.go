package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestQueriesAreReadAsTerms(t *testing.T) {
	for query, want := range map[string][]term{
		"":                       nil,
		" \t\n ":                 nil,
		"two  words":             {{value: "two"}, {value: "words"}},
		`"a phrase" word`:        {{value: "a phrase", phrase: true}, {value: "word"}},
		`"without an end`:        {{value: "without an end", phrase: true}},
		"\u201cof a phone\u201d": {{value: "of a phone", phrase: true}},
		`"a"b`:                   {{value: "a", phrase: true}, {value: "b"}},
		`5"`:                     {{value: `5"`}},
		`""`:                     {{phrase: true}},
		"-a !b":                  {{negated: true, value: "a"}, {negated: true, value: "b"}},
		`-"a b"`:                 {{negated: true, value: "a b", phrase: true}},
		"--a":                    {{negated: true, value: "-a"}},
		"- a -":                  {{value: "-"}, {value: "a"}, {value: "-"}},
		`"-a"`:                   {{value: "-a", phrase: true}},
		"e-mail":                 {{value: "e-mail"}},
		"From:a TO:b":            {{name: "from", value: "a"}, {name: "to", value: "b"}},
		`-subject:"two words" c`: {{negated: true, name: "subject", value: "two words", phrase: true}, {value: "c"}},
		"from: a":                {{name: "from"}, {value: "a"}},
		"header.X-Run:a:b":       {{name: "header.x-run", value: "a:b"}},
		"header.:a":              {{value: "header.:a"}},
		"https://a.test/":        {{value: "https://a.test/"}},
		"re: x":                  {{value: "re:"}, {value: "x"}},
		"a\u3000b":               {{value: "a"}, {value: "b"}},
		`"from:a"`:               {{value: "from:a", phrase: true}},
	} {
		got, err := readTerms(query)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %+v (%v), want %+v", query, got, err, want)
		}
	}
}

func TestQueriesAreBounded(t *testing.T) {
	for query, ok := range map[string]bool{
		strings.Repeat("x", MaxQuery):      true,
		strings.Repeat("x", MaxQuery+1):    false,
		strings.Repeat("x ", MaxTerms):     true,
		strings.Repeat("x ", MaxTerms+1):   false,
		strings.Repeat(`""`, MaxTerms+1):   false,
		strings.Repeat(" ", MaxQuery):      true,
		strings.Repeat("has:x ", MaxTerms): true,
	} {
		if _, err := Parse(query); (err == nil) != ok {
			t.Errorf("%.20q, %d bytes: %v", query, len(query), err)
		}
	}
}

// FuzzParse checks of any query that Parse accepts it unless it is too long, that its
// negation matches when it does not, and that it is parsed as the same again when it is
// written.
func FuzzParse(f *testing.F) {
	f.Add(`a "b c" -d !e from:f to:"g h" header.X-Run:1 has:attachment is:unread before:2026-01-02 larger:1.5M client:10.0.0.0/8`)
	f.Add("recipient:<>")
	f.Add("sender:*@b recipient:<> subject: after:yesterday smaller:1kib -after:now tag:x message-id:<y> \u201cz\u201d \xff")
	b := store.New(store.Limits{})
	m := &store.Message{Sender: "a@b", Recipients: []string{"c@d"}, Raw: "Subject: f\r\nX-Tags: x\r\n\r\na b c\r\n"}
	if err := b.Append(f.Context(), m); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		terms, err := readTerms(query)
		e, parseErr := Parse(query)
		if (err == nil) != (parseErr == nil) {
			t.Fatal(err, parseErr)
		}
		if err != nil {
			return
		}
		var q store.Query
		e.Narrow(&q)
		q.Limit = 1
		page, err := b.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readTerms(strings.Join(Terms(query), " "))
		if len(query) < MaxQuery/4 && (err != nil || !slices.Equal(again, terms)) {
			t.Errorf("%q: %+v, and then %+v (%v)", query, terms, again, err)
		}
		if len(e.conditions) == 0 {
			return
		}
		var not store.Query
		e.Not().Narrow(&not)
		if n, err := b.Find(t.Context(), not); err != nil || n.Total+page.Total != 1 {
			t.Errorf("%q: %d match, and %d of its opposite (%v)", query, page.Total, n.Total, err)
		}
	})
}
