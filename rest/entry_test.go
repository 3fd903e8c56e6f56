package rest

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// withImage has an image that its HTML shows, and an attachment.
const withImage = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>, k@example.com\r\nSubject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b><img src=\"cid:i\">\r\n" +
	"--b\r\nContent-Type: image/png\r\nContent-ID: <i>\r\n\r\n\x89PNG\r\n\x1a\n\r\n" +
	"--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n--b--\r\n"

func TestEntries(t *testing.T) {
	first := mail("a@x", "b@x", "Subject: first\r\n\r\n")
	bare := mail("a@x", "b@x", "\r\n")
	rich := mail("a@x", "b@x", withImage)
	rich.Session = &store.Session{AuthIdentity: "alice"}
	long := mail("a@x", "b@x", "Content-Type: text/plain; charset=utf-8\r\n\r\n"+strings.Repeat("ü", 300))
	a := newTestAPI(t, first, bare, rich, long)
	var want []string
	for _, test := range []struct {
		m     *store.Message
		shown string
	}{
		{bare, `"from":null,"snippet":"","attachments":0,"read":false,"login":""`},
		{rich, `"from":{"name":"Jürgen","address":"j@example.com"},"snippet":"Hello you","attachments":1,"read":false,"login":"alice"`},
		{long, `"from":null,"snippet":"` + strings.Repeat("ü", maxSnippet) + `","attachments":0,"read":false,"login":""`},
	} {
		want = append(want, fmt.Sprintf(`{"id":"%s","sender":"a@x","recipients":["b@x"],"subject":"%s","timeCreated":%d,%s}`, test.m.ID, test.m.Subject, test.m.Arrived, test.shown))
	}
	after := "after=" + first.ID.String()
	for range 2 {
		if _, list := do(t, a, "GET", "/emails?order=asc&"+after); !strings.HasPrefix(list, `{"results":[`+strings.Join(want, ",")+"]") {
			t.Errorf("list:\n%s\nwant:\n%s", list, strings.Join(want, ",\n"))
		}
	}
	response, err := http.Get(serveAPI(t, a).URL + "/events?" + after)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for scanner := bufio.NewScanner(response.Body); len(want) > 0 && scanner.Scan(); {
		if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
			if data != want[0] {
				t.Errorf("event:\n%s\nwant:\n%s", data, want[0])
			}
			want = want[1:]
		}
	}
	for _, m := range []*store.Message{bare, rich} {
		if _, body := do(t, a, "GET", "/emails/"+m.ID.String()); !strings.Contains(body, `,"login":"`+m.Login()+`",`) {
			t.Errorf("email: %s", body)
		}
	}
}

func TestFirstCharacters(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"", 1, ""}, {"ab", 2, "ab"}, {"abc", 2, "ab"}, {"üöä", 2, "üö"}, {"üöä", 3, "üöä"}} {
		if got := firstCharacters(test.text, test.n); got != test.want || !utf8.ValidString(got) {
			t.Errorf("%d of %q: %q", test.n, test.text, got)
		}
	}
}

// TestReadIsTheLastOfAnEmail is about a small email, which is kept as it is sent, and a
// large one.
func TestReadIsTheLastOfAnEmail(t *testing.T) {
	for _, raw := range []string{"Subject: x\r\n\r\nHello", "Subject: x\r\n\r\n" + strings.Repeat("Hello\r\n", smallDocument/5)} {
		m := mail("s@x", "r@x", raw)
		a := newTestAPI(t, m)
		target := "/emails/" + m.ID.String()
		unread, before := do(t, a, "GET", target)
		again, _ := do(t, a, "GET", target, "If-None-Match", unread.Header.Get("ETag"))
		bucketOf(a).Mark(t.Context(), []store.ID{m.ID}, true)
		read, after := do(t, a, "GET", target, "If-None-Match", unread.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || read.StatusCode != http.StatusOK || read.Header.Get("ETag") == unread.Header.Get("ETag") {
			t.Errorf("%d, after it was read %d", again.StatusCode, read.StatusCode)
		}
		if !strings.HasSuffix(before, `,"read":false}`+"\n") || after != strings.TrimSuffix(before, "false}\n")+"true}\n" {
			t.Errorf("%.200s\n%.200s", before, after)
		}
		for body, response := range map[string]*http.Response{before: unread, after: read} {
			if length := response.Header.Get("Content-Length"); length != "" && length != fmt.Sprint(len(body)) {
				t.Errorf("Content-Length %s of %d", length, len(body))
			}
		}
	}
}
