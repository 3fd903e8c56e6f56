package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// newTestSite has the emails, of which the last is the newest.
func newTestSite(t testing.TB, emails ...*store.Message) *Site {
	t.Helper()
	b := store.New(store.Limits{})
	for _, m := range emails {
		if err := b.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := guard.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{
		Access: guard.Everything(b), Failed: new(store.FailedSessions), Guard: rules, Limits: guard.NewLimits(nil),
		Addresses: func() []string { return []string{":8025"} },
	})
}

func mail(sender, raw string) *store.Message {
	return &store.Message{Sender: sender, Recipients: []string{"r@x", "r2@x"}, Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw))}
}

// ask gives the answer to a request, whose form is sent if there is one.
func ask(t testing.TB, s *Site, method, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://mail.test:8080"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	if !s.Serve(w, r) {
		return nil, ""
	}
	response := w.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func page(t testing.TB, s *Site, path string) string {
	t.Helper()
	response, body := ask(t, s, "GET", path, nil)
	if response == nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", path, response, body)
	}
	return body
}

func wantIn(t testing.TB, what, page string, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if !strings.Contains(page, piece) {
			t.Errorf("%s has no %s:\n%s", what, piece, page)
		}
	}
}

func TestEmptySiteTellsWhereToSend(t *testing.T) {
	body := page(t, newTestSite(t), "/")
	wantIn(t, "the page", body, "<title>mailbucket</title>", "Send an email to mail.test:8025 by SMTP", "curl --crlf", "smtp://mail.test:8025", "events?after=00000000000000000000000000000000-")
}

func TestListShowsTheNewestFirst(t *testing.T) {
	s := newTestSite(t, mail("", "Subject: =?utf-8?q?J=C3=BCrgen?=\r\n\r\n"), mail("a@x", "\r\n"),
		mail("b@x", "Content-Type: application/pdf\r\nSubject: <b>bold\r\n\r\n%PDF"))
	body := page(t, s, "/")
	wantIn(t, "the list", body, "<title>(3) mailbucket</title>", "3 emails", "Jürgen", "&lt;&gt;", "(no subject)", "→ r@x, r2@x", "&lt;b&gt;bold", "1–3 of 3", `class="row unread"`)
	if strings.Count(body, `aria-label="1 attachment"`) != 1 || strings.Index(body, "bold") > strings.Index(body, "Jürgen") {
		t.Errorf("marks or order: %s", body)
	}
}

func TestListIsNarrowedByTheQueryAndItsLinksKeepIt(t *testing.T) {
	s := newTestSite(t, mail("", "Subject: null\r\n\r\n"), mail("a+1@x", "Subject: one\r\n\r\n"), mail("a+1@x", "Subject: two\r\n\r\n"))
	body := page(t, s, "/?sender=a%2B1@x&q=")
	wantIn(t, "the list", body, "2 emails match", `<input type="hidden" name="sender" value="a&#43;1@x">`, "sender: a&#43;1@x", `<a href="./" aria-label="Without sender: a&#43;1@x">`, "?sender=a%2B1%40x", "events?after=", "Delete all 2 that match")
	if wantIn(t, "the null sender's", page(t, s, "/?sender=%3C%3E"), "1 email matches", "events?after="); strings.Contains(body, "null") {
		t.Error("an email that does not match")
	}
	wantIn(t, "no match", page(t, s, "/?sender=none@x"), "No email matches")
	if response, body := ask(t, s, "GET", "/?since=wrong", nil); response.StatusCode != 400 || !strings.Contains(body, "since: expected") {
		t.Errorf("%v %s", response, body)
	}
}

func TestListHasPages(t *testing.T) {
	var emails []*store.Message
	for i := range 2*pageSize + 1 {
		emails = append(emails, mail("a@x", fmt.Sprintf("Subject: mail %03d\r\n\r\n", i)))
	}
	s := newTestSite(t, emails...)
	first := page(t, s, "/")
	wantIn(t, "page 1", first, "1–50 of 101", `rel="next" href="./?page=2"`, "mail 100", "mail 051")
	wantIn(t, "page 2", page(t, s, "/?page=2"), "51–100 of 101", `rel="prev" href="./"`, `rel="next" href="./?page=3"`, "mail 050", "mail 001", "?page=2")
	wantIn(t, "page 3", page(t, s, "/?page=3"), "101–101 of 101", "mail 000")
	if strings.Contains(first, `rel="prev"`) {
		t.Error("the first page has one before it")
	}
	wantIn(t, "a page beyond the last", page(t, s, "/?page=9"), "101–101 of 101")
	old := page(t, s, "/view/"+emails[0].ID.String())
	wantIn(t, "the page of the list beside an email", old, "101–101 of 101", `aria-current="true"`, `rel="up" href="../?page=3#m`)
}

func TestSelectedEmailsAreDeleted(t *testing.T) {
	emails := []*store.Message{mail("a@x", ""), mail("b@x", ""), mail("c@x", "")}
	s := newTestSite(t, emails...)
	response, _ := ask(t, s, "POST", "/?sender=a@x&page=2", url.Values{"delete": {"selected"}, "id": {emails[0].ID.String(), "nonsense", emails[2].ID.String()}})
	if response.StatusCode != 303 || response.Header.Get("Location") != "./?page=2&sender=a%40x" {
		t.Errorf("%v", response)
	}
	left, err := bucketOf(s).Find(t.Context(), store.Query{Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	if left.Total != 1 || left.Messages[0] != emails[1] {
		t.Errorf("left: %v", left)
	}
}

func TestDeletingAllThatMatchSparesWhatTheReaderHasNotSeen(t *testing.T) {
	s := newTestSite(t, mail("a@x", ""), mail("b@x", ""))
	seen := bucketOf(s).Newest().String()
	late := mail("a@x", "")
	if err := bucketOf(s).Append(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if response, _ := ask(t, s, "POST", "/?sender=a@x", url.Values{"delete": {"matching"}, "newest": {seen}}); response.StatusCode != 303 {
		t.Errorf("%v", response)
	}
	if _, ok := bucketOf(s).Get(late.ID); !ok || bucketOf(s).Stats().Messages != 2 {
		t.Error("want the one that does not match, and the one that came late")
	}
}

func TestAllThatMatchAreMarkedAsRead(t *testing.T) {
	seen, other := mail("a@x", ""), mail("b@x", "")
	s := newTestSite(t, seen, other)
	newest := bucketOf(s).Newest().String()
	late := mail("a@x", "")
	if err := bucketOf(s).Append(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if response, _ := ask(t, s, "POST", "/?sender=a@x", url.Values{"mark": {"read"}, "newest": {newest}}); response.StatusCode != 303 || response.Header.Get("Location") != "./?sender=a%40x" {
		t.Errorf("%v", response)
	}
	if !seen.Read() || other.Read() || late.Read() || bucketOf(s).Stats().Messages != 3 {
		t.Error("want the mark on the one that matches and was seen, and nothing deleted")
	}
}

func TestDeletingFromAViewShowsTheNextOlderOne(t *testing.T) {
	emails := []*store.Message{mail("a@x", ""), mail("b@x", ""), mail("a@x", "")}
	s := newTestSite(t, emails...)
	for _, step := range []struct{ id, location string }{
		{emails[2].ID.String(), "../view/" + emails[0].ID.String() + "?sender=a%40x"},
		{emails[0].ID.String(), "../?sender=a%40x"},
	} {
		response, _ := ask(t, s, "POST", "/view/"+step.id+"?sender=a@x", url.Values{})
		if response.StatusCode != 303 || response.Header.Get("Location") != step.location {
			t.Errorf("%v, want %s", response, step.location)
		}
	}
}

func TestRequestsThatAreAnsweredWithErrors(t *testing.T) {
	m := mail("a@x", "")
	s := newTestSite(t, m)
	for _, test := range []struct {
		method, path string
		form         url.Values
		status       int
		text         string
	}{
		{"GET", "/view/0123456789abcdef0123456789abcdef", nil, 404, "no longer here"},
		{"GET", "/view/0123456789abcdef0123456789abcdef/text", nil, 404, "../../"},
		{"PUT", "/", nil, 405, "does not support that method"},
		{"DELETE", "/view/" + m.ID.String(), nil, 405, "does not support that method"},
		{"POST", "/mailbucket.css", nil, 405, "does not support that method"},
		{"POST", "/", url.Values{}, 400, "This form could not be read"},
		{"POST", "/", url.Values{"delete": {"matching"}, "newest": {"x"}}, 400, "newest"},
		{"POST", "/", url.Values{"mark": {"read"}}, 400, "newest"},
		{"POST", "/", url.Values{"delete": {"matching"}, "mark": {"read"}, "newest": {m.ID.String()}}, 400, "delete, mark"},
		{"POST", "/", url.Values{"id": {strings.Repeat("x", maxForm)}}, 400, "too large"},
	} {
		response, body := ask(t, s, test.method, test.path, test.form)
		if response.StatusCode != test.status || !strings.Contains(body, test.text) {
			t.Errorf("%s %s: %d, want %d with %q:\n%s", test.method, test.path, response.StatusCode, test.status, test.text, body)
		}
	}
	if bucketOf(s).Stats().Messages != 1 {
		t.Error("an email is gone")
	}
}

func TestPagesOfOtherSitesChangeNothing(t *testing.T) {
	m := mail("a@x", "")
	s := newTestSite(t, m)
	for _, path := range []string{"/", "/view/" + m.ID.String()} {
		r := httptest.NewRequest("POST", "http://mail.test"+path, strings.NewReader("delete=selected&id="+m.ID.String()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		if s.Serve(w, r); w.Code != 403 || bucketOf(s).Stats().Messages != 1 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestOtherPathsAreNotTheSites(t *testing.T) {
	id := mail("a@x", "")
	s := newTestSite(t, id)
	for _, path := range []string{"/index.html", "/view", "/view/", "/view/x", "/view/" + id.ID.String() + "/", "/view/" + id.ID.String() + "/nothing", "/view/" + id.ID.String() + "/text/", "/emails", "//"} {
		if response, _ := ask(t, s, "GET", path, nil); response != nil {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

const rich = "From: =?utf-8?q?J=C3=BCrgen?= <j@x>\r\nTo: a@x, B <b@x>\r\nSubject: Welcome\r\nX-A: =?utf-8?q?=C3=A4?=\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
	"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain\r\n\r\nYour code is 123456. <script> See https://x.test/text?a=1&b=2.\r\n" +
	"--a\r\nContent-Type: text/html\r\n\r\n<img src=\"https://x.test/i.png\"><a href=\"https://x.test/go\">Go</a><script>alert(1)</script>\r\n--a--\r\n" +
	"--m\r\nContent-Type: image/png; name=\"dot.png\"\r\n\r\n\x89PNG\r\n" +
	"--m\r\nContent-Type: text/html; name=\"</a><script>.html\"\r\nContent-Disposition: attachment\r\n\r\n<p>\r\n--m--\r\n"

func TestAssetsMayBeKept(t *testing.T) {
	s := newTestSite(t)
	for name, a := range assets {
		if comment := regexp.MustCompile(`(?m)^\s*(//|/\*).*`).Find(a.content); comment != nil {
			t.Errorf("%s has the comment %s", name, comment)
		}
		wantIn(t, "the page", page(t, s, "/"), `"./`+name+"?v="+a.version)
		response, body := ask(t, s, "GET", "/"+name+"?v="+a.version, nil)
		if response.StatusCode != 200 || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") || body == "" {
			t.Errorf("%s: %v", name, response)
		}
		if response, _ := ask(t, s, "GET", "/"+name, nil); response.Header.Get("Cache-Control") != "no-cache" || response.Header.Get("ETag") == "" {
			t.Errorf("%s without version: %v", name, response)
		}
	}
}

func TestAddressesAreAsTheReaderReachesThem(t *testing.T) {
	for _, test := range [][3]string{
		{":8025", "localhost:8080", "localhost:8025"},
		{"0.0.0.0:25", "mail.test", "mail.test:25"},
		{"[::]:25", "[::1]:80", "[::1]:25"},
		{"127.0.0.1:8025", "localhost", "127.0.0.1:8025"},
		{"unix//run/mail.sock", "localhost", "unix//run/mail.sock"},
	} {
		if got := completeAddress(test[0], test[1]); got != test[2] {
			t.Errorf("%s for %s: %s, want %s", test[0], test[1], got, test[2])
		}
	}
}

// BenchmarkList draws the first page of a bucket of 100,000.
func BenchmarkList(b *testing.B) {
	var emails []*store.Message
	for range 100_000 {
		emails = append(emails, mail("a@x", "Subject: a\r\n\r\nbody"))
	}
	s := newTestSite(b, emails...)
	for b.Loop() {
		page(b, s, "/")
	}
}

func TestListOfNewerRowsAlone(t *testing.T) {
	s := newTestSite(t, mail("a@x", "Subject: first\n\nx"), mail("a@x", "Subject: second\n\nx"), mail("b@x", "Subject: third\n\nx"))
	page1 := page(t, s, "/")
	ids := regexp.MustCompile(`data-id="([0-9a-f]{32})"`).FindAllStringSubmatch(page1, -1)
	for _, c := range []struct {
		path    string
		in, out []string
	}{
		{"/?newer=" + ids[1][1], []string{"third", "3 emails", "1–3 of 3", "mailbucket</title>"}, []string{">second<", ">first<", "<header"}},
		{"/?newer=" + ids[0][1], []string{"3 emails", `<ol class="rows">`}, []string{"third", "No mail yet"}},
		{"/?sender=a@x&newer=" + ids[2][1], []string{"second", "2 emails match"}, []string{">first<", "third", "newer="}},
	} {
		body := page(t, s, c.path)
		wantIn(t, c.path, body, c.in...)
		for _, piece := range c.out {
			if strings.Contains(body, piece) {
				t.Errorf("%s has %s:\n%s", c.path, piece, body)
			}
		}
	}
	for _, query := range []string{"newer=1", "newer=", "newer=" + ids[0][1] + "&newer=" + ids[0][1]} {
		if response, body := ask(t, s, "GET", "/?"+query, nil); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d\n%s", query, response.StatusCode, body)
		}
	}
}

func TestSearchSuggestsAddressesSeenLately(t *testing.T) {
	var emails []*store.Message
	for i := range 120 {
		m := mail("a@x", "Subject: x\n\nx")
		m.Recipients = []string{fmt.Sprintf("user%d@x", i/2)}
		if i%4 == 3 {
			m.Sender = "b@x"
		}
		emails = append(emails, m)
	}
	emails[119].Recipients = []string{strings.Repeat("a", 200) + "@x"}
	s := newTestSite(t, emails...)
	for _, c := range []struct {
		path    string
		in, out []string
	}{
		{"/?page=2", []string{"from:", "to:user59@x", "to:user30@x"}, []string{"to:user29@x", "to:aaa"}},
		{"/?sender=b@x", []string{"to:user1@x"}, []string{"to:user0@x"}}, // of what the list is of
		{"/?q=nothing", []string{"has:attachment"}, []string{"to:user"}},
	} {
		body := page(t, s, c.path)
		list := body[strings.Index(body, "<datalist"):]
		wantIn(t, c.path, list, c.in...)
		for _, piece := range c.out {
			if strings.Contains(list, `"`+piece) {
				t.Errorf("%s suggests %s", c.path, piece)
			}
		}
	}
}

// bucketOf is the bucket of a site that shows all of it.
func bucketOf(s *Site) *store.Bucket {
	b, ok := s.Access(nil).Mail.Whole()
	if !ok {
		panic("the site shows only a part of its bucket")
	}
	return b
}
