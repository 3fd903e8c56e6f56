package rest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// filterCases are queries, with the names of the emails that they find. FIRST is the id of
// the first one, and SOON and MILLISECONDS are a time in an hour.
var filterCases = []struct {
	query string
	want  string
}{
	{"", "attached encoded third second first"},
	{"order=asc", "first second third encoded attached"},
	{"recipient=*@run42.test", "attached encoded"},
	{"recipient=user+*@RUN42.test", "encoded"},
	{"recipient=user tag@run42.test", "encoded"},
	{"recipient=*@x&sender=*", "third second first"},
	{"sender=a*", "third first"},
	{"from=J%C3%9CRGEN", "encoded"},
	{"to=team", "encoded"},
	{"header:X-Run=VIERZIG", "encoded"},
	{"header=x-run:two", "encoded"},
	{"header:X-Run=three", ""},
	{"q=hidden w%C3%B6rter", "encoded"},
	{"q=SGlkZGVu", ""},
	{"q=not looked at", ""},
	{"hasAttachment=true", "attached"},
	{"hasAttachment=false&sender=x@y", "encoded"},
	{"sender=A@X", "third first"},
	{"sender=", "second"},
	{"recipient=r1@X", "first"},
	{"recipient=r2@x&sender=a@x", "third"},
	{"recipient=r", ""},
	{"subject=GR%C3%9C", "first"},
	{"subject=T", "third second"},
	{"q=needle", "second"},
	{"q=r1@", "first"},
	{"after=FIRST", "attached encoded third second"},
	{"since=SOON", ""},
	{"until=MILLISECONDS", "attached encoded third second first"},
	{"limit=1", "attached"},
	{"limit=2&page=2", "third second"},
	{"limit=2&page=4", ""},
}

func TestFilters(t *testing.T) {
	names := []string{"first", "second", "third", "encoded", "attached"}
	mails := []*store.Message{
		mail("a@x", "R1@x", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\none\r\n"),
		mail("", "r2@x", "Subject: two\r\n\r\nNEEDLE\r\n"),
		mail("a@x", "r2@x", "Subject: three\r\n\r\n"),
		mail("x@y", "user+tag@run42.test", "From: =?utf-8?q?J=C3=BCrgen?= <j@y>\r\nTo: Team <t@y>\r\nX-Run: =?utf-8?q?vierzig?=\r\nX-Run: two\r\nContent-Transfer-Encoding: base64\r\n\r\nSGlkZGVuIFfDtnJ0ZXI=\r\n"),
		mail("x@y", "q@run42.test", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Disposition: attachment; filename=f\r\n\r\nNOT LOOKED AT\r\n--b--\r\n"),
	}
	a := newTestAPI(t, mails...)
	soon := time.Now().Add(time.Hour)
	written := strings.NewReplacer("+", "%2B", " ", "+", "FIRST", mails[0].ID.String(),
		"SOON", soon.UTC().Format(time.RFC3339), "MILLISECONDS", strconv.FormatInt(soon.UnixMilli(), 10))
	for _, test := range filterCases {
		t.Run(test.query, func(t *testing.T) {
			_, body := do(t, a, "GET", "/emails?"+written.Replace(test.query))
			var got struct{ Results []struct{ ID string } }
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, r := range got.Results {
				found = append(found, names[slices.IndexFunc(mails, func(m *store.Message) bool { return m.ID.String() == r.ID })])
			}
			if got := strings.Join(found, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if _, body := do(t, a, "GET", "/emails?limit=2"); !strings.HasSuffix(body, `"totalResults":5,"totalPages":3}`+"\n") {
		t.Errorf("totals: %s", body)
	}
	if _, body := do(t, newTestAPI(t), "GET", "/emails"); body != `{"results":[],"totalResults":0,"totalPages":0}`+"\n" {
		t.Errorf("empty bucket: %s", body)
	}
}

// FuzzQuery checks that any query string gives either a bounded query or a
// problem of the client's.
func FuzzQuery(f *testing.F) {
	f.Add("sender=a&recipient=b&limit=3&page=2&order=asc")
	f.Add("sender=*&recipient=a%2B*@x&from=a&to=b&header:X-A=b&header=x:y&hasAttachment=true&wait=1s&count=2")
	f.Add("since=2006-01-02T15:04:05Z&until=1&after=0123456789abcdef0123456789abcdef&q=%ff")
	f.Fuzz(func(t *testing.T, raw string) {
		q, p := parseQuery(raw, pagingParameters)
		if p != nil {
			if p.Status < 400 || p.Status > 499 || p.Detail == "" {
				t.Errorf("%+v", p)
			}
			return
		}
		if q.Limit < 1 || q.Limit > maxLimit || q.Offset < 0 || q.Since < 0 || q.Until < 0 {
			t.Errorf("%+v", q)
		}
		if q.Match != nil {
			q.Match(store.New(store.Limits{}), mail("a", "b", "Subject: x\r\n\r\n"))
		}
		if q.wait < 0 || q.wait > maxWait || q.count < 0 {
			t.Errorf("%+v", q)
		}
	})
}
