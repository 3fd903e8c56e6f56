package search

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// readFilters reads a query string of filters. An error begins with the name of the filter
// that is wrong.
func readFilters(t *testing.T, query string) (Expression, error) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var f Filters
	for name, all := range values {
		known, err := f.Add(name, all...)
		if !known {
			err = errors.New("unknown parameter")
		}
		if err != nil {
			return Expression{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f.Expression, nil
}

// plusCases are query strings, with how many mails they match. They are as they came, so
// that each + is a blank.
var plusCases = []struct {
	query string
	want  int
}{
	{"", 2},
	{"from=ann+shop@a.test", 1},
	{"from=Ann+<ann+shop@a.test>", 0}, // one blank and one plus sign
	{"from=Ann+<ann%2bshop@a.test>", 1},
	{"to=user+tag@b.test", 1},
	{"subject=one+two", 1},
	{"header:X-Run=1+1", 1},
	{"header=x-run:1+1", 1},
	{"q=user+tag@b.test", 1},
	{"q=%22user+tag@b.test%22", 1},
	{"q=to:%22user+tag@b.test%22", 1},
	{"sender=ann+shop@a.test", 1},
	{"sender=ann+*@a.test", 1},
	{"recipient=USER+tag@b.test", 1},
	{"recipient=*@b.test", 2},
	{"recipient=*@b.test&q=-from:ann", 1},
	{"recipient=user+tag@b.test&q=recipient:user*", 1},
	{"recipient=*@b.test&q=recipient:*@a.test", 0},
	{"sender=", 0},
	{"login=ROBOT+ci", 1},
	{"login=robot", 0},
	{"login=robot*", 1},
	{"login=", 1},
	{"client=10.1.2.3", 1},
	{"client=::ffff:10.1.2.3", 1},
	{"client=10.0.0.0/8", 1},
	{"client=10.1.2.4", 0},
	{"client=0.0.0.0/0", 1},
	{"client=::/0", 0},
	{"read=true", 1},
	{"read=false", 1},
	{"read=true&q=is:unread", 0},
	{"hasAttachment=false&read=true", 1},
}

func TestFiltersMatchAndForgivePlusSigns(t *testing.T) {
	b := store.New(store.Limits{})
	raw := "From: Ann <ann+shop@a.test>\r\nTo: user+tag@b.test\r\nX-Run: 1+1\r\nSubject: one+two\r\n\r\nfor user+tag@b.test\r\n"
	m := &store.Message{
		Sender: "ann+shop@a.test", Recipients: []string{"user+tag@b.test"}, Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw)),
		Session: &store.Session{Client: "[::ffff:10.1.2.3]:25", AuthIdentity: "robot+ci"},
	}
	other := &store.Message{Sender: "x@a.test", Recipients: []string{"x@b.test"}, Raw: "\r\nx"}
	for _, m := range []*store.Message{m, other} {
		if err := b.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	b.Mark(t.Context(), []store.ID{m.ID}, true)
	for _, test := range plusCases {
		e, err := readFilters(t, test.query)
		if err != nil {
			t.Errorf("%s: %v", test.query, err)
			continue
		}
		var q store.Query
		e.Narrow(&q)
		if page, err := b.Find(t.Context(), q); err != nil || page.Total != test.want {
			t.Errorf("%s: %d found (%v), want %d", test.query, page.Total, err, test.want)
		}
	}
}

func TestFiltersSayWhatTheyExpect(t *testing.T) {
	for query, want := range map[string]string{
		"recipient=":                            "recipient: expected an address",
		"recipient=a&recipient=b":               "recipient: given more than once",
		"recipient=" + strings.Repeat("*a", 9):  "recipient: expected at most 8 asterisks",
		"login=" + strings.Repeat("*a", 9):      "login: expected at most 8 asterisks",
		"client=10.1":                           "client: expected an address or a range of them, such as 10.1.0.0/16",
		"client=10.1.0.0/33":                    "client: expected an address or a range of them, such as 10.1.0.0/16",
		"read=yes":                              "read: expected true or false",
		"header=x":                              "header: expected a field's name and a text, as in header:X-Run=42",
		"since=soon":                            "since: expected milliseconds since 1970 or a time such as 2006-01-02T15:04:05Z",
		"after=1":                               "after: expected the id of an email, 32 hexadecimal digits",
		"from=" + strings.Repeat("x", 257):      "from: expected a text of at most 256 bytes",
		"q=" + strings.Repeat("x", MaxQuery+1):  "q: expected a query of at most 1024 bytes",
		"q=" + strings.Repeat("x+", MaxTerms+1): "q: expected at most 32 terms",
		"xyzzy=1":                               "xyzzy: unknown parameter",
	} {
		if _, err := readFilters(t, query); err == nil || err.Error() != want {
			t.Errorf("%.40s: %v, want %s", query, err, want)
		}
	}
}

// TestIndexesAnswerWhereTheyCan checks for which queries the store has to look at each
// message.
func TestIndexesAnswerWhereTheyCan(t *testing.T) {
	for query, looks := range map[string]bool{
		"":                                       false,
		"recipient=a@b":                          false,
		"recipient=*@b":                          false,
		"recipient=*@b&sender=*@c":               false,
		"recipient=*@b&q=recipient:*@B":          false,
		"recipient=*@b&q=recipient:*@c":          true,
		"recipient=a*@b":                         true,
		"sender=":                                false,
		"since=1&until=2&read=true":              false,
		"q=after:2026-01-01 before:2027-01-01":   false,
		"q=-after:2026-01-01 is:unread":          false,
		"q=is:read&read=false":                   true,
		"q=word":                                 true,
		"q=-recipient:*@b":                       true,
		"client=10.1.2.3":                        true,
		"q=subject: from:\"\"":                   false,
		"after=0123456789abcdef0123456789abcdef": false,
	} {
		e, err := readFilters(t, query)
		if err != nil {
			t.Fatal(err)
		}
		var q store.Query
		e.Narrow(&q)
		if (q.Match != nil) != looks {
			t.Errorf("%s: looks at each message: %v", query, !looks)
		}
	}
}
