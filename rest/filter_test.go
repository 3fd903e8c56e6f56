package rest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestFilters(t *testing.T) {
	first := mail("a@x", "R1@x", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\none\r\n")
	second := mail("", "r2@x", "Subject: two\r\n\r\nNEEDLE\r\n")
	third := mail("a@x", "r2@x", "Subject: three\r\n\r\n")
	var others []*store.Message
	a := newTestAPI(t, first, second, third)
	for _, m := range []*store.Message{
		mail("x@y", "user+tag@run42.test", "From: =?utf-8?q?J=C3=BCrgen?= <j@y>\r\nTo: Team <t@y>\r\nX-Run: =?utf-8?q?vierzig?=\r\nX-Run: two\r\nContent-Transfer-Encoding: base64\r\n\r\nSGlkZGVuIFfDtnJ0ZXI=\r\n"),
		mail("x@y", "q@run42.test", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Disposition: attachment; filename=f\r\n\r\nNOT LOOKED AT\r\n--b--\r\n"),
	} {
		if err := bucketOf(a).Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		others = append(others, m)
	}
	encoded, attached := others[0], others[1]
	soon := time.Now().Add(time.Hour)
	for _, test := range []struct {
		query string
		want  []*store.Message
	}{
		{"", []*store.Message{attached, encoded, third, second, first}},
		{"order=asc", []*store.Message{first, second, third, encoded, attached}},
		{"recipient=*@run42.test", []*store.Message{attached, encoded}},
		{"recipient=user+*@RUN42.test", []*store.Message{encoded}},
		{"recipient=user tag@run42.test", []*store.Message{encoded}},
		{"recipient=*@x&sender=*", []*store.Message{third, second, first}},
		{"sender=a*", []*store.Message{third, first}},
		{"from=J%C3%9CRGEN", []*store.Message{encoded}},
		{"to=team", []*store.Message{encoded}},
		{"header:X-Run=VIERZIG", []*store.Message{encoded}},
		{"header=x-run:two", []*store.Message{encoded}},
		{"header:X-Run=three", nil},
		{"q=hidden w%C3%B6rter", []*store.Message{encoded}},
		{"q=SGlkZGVu", nil},
		{"q=not looked at", nil},
		{"hasAttachment=true", []*store.Message{attached}},
		{"hasAttachment=false&sender=x@y", []*store.Message{encoded}},
		{"sender=A@X", []*store.Message{third, first}},
		{"sender=", []*store.Message{second}},
		{"recipient=r1@X", []*store.Message{first}},
		{"recipient=r2@x&sender=a@x", []*store.Message{third}},
		{"recipient=r", nil},
		{"subject=GR%C3%9C", []*store.Message{first}},
		{"subject=T", []*store.Message{third, second}},
		{"q=needle", []*store.Message{second}},
		{"q=r1@", []*store.Message{first}},
		{"after=" + first.ID.String(), []*store.Message{attached, encoded, third, second}},
		{"since=" + soon.Format("2006-01-02T15:04:05Z07:00"), nil},
		{fmt.Sprintf("until=%d", soon.UnixMilli()), []*store.Message{attached, encoded, third, second, first}},
		{"limit=1", []*store.Message{attached}},
		{"limit=2&page=2", []*store.Message{third, second}},
		{"limit=2&page=4", nil},
	} {
		t.Run(test.query, func(t *testing.T) {
			_, body := do(t, a, "GET", "/emails?"+strings.NewReplacer("+", "%2B", " ", "+").Replace(test.query))
			var got struct{ Results []struct{ ID string } }
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			var gotIDs, wantIDs []string
			for _, r := range got.Results {
				gotIDs = append(gotIDs, r.ID)
			}
			for _, m := range test.want {
				wantIDs = append(wantIDs, m.ID.String())
			}
			if strings.Join(gotIDs, " ") != strings.Join(wantIDs, " ") {
				t.Errorf("got %s, want %s", gotIDs, wantIDs)
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
