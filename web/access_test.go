package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
)

// askFrom makes a request with header fields given as "Name: value".
func askFrom(t *testing.T, s *Site, method, path string, fields ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://mail.test:8080"+path, nil)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	if !s.Serve(w, r) {
		t.Fatalf("%s is not the site's", path)
	}
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

// TestLinksOfOtherSitesTellNothing follows links to pages that there are and to some
// that there are not: what the other site could tell from the answer is the same.
func TestLinksOfOtherSitesTellNothing(t *testing.T) {
	m := mail("a@x", "Subject: secret\r\n\r\n")
	s := newTestSite(t, m)
	for _, site := range []string{"cross-site", "same-site"} {
		for _, paths := range [][]string{{"/", "/?q=secret", "/?unknown=1"}, {"/view/" + m.ID.String(), "/view/" + strings.Repeat("0", 32)}} {
			want := ""
			for _, path := range paths {
				response, body := askFrom(t, s, "GET", path, "Sec-Fetch-Site: "+site, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
				got := fmt.Sprint(response.StatusCode, response.Header, body)
				if want == "" {
					want = got
				}
				if got != want || response.StatusCode != http.StatusOK || !strings.Contains(body, `<meta http-equiv="refresh" content="0">`) || strings.Contains(body, "secret") {
					t.Errorf("%s from %s: %s", path, site, got)
				}
			}
			if _, body := askFrom(t, s, "GET", paths[0], "Sec-Fetch-Site: same-origin"); strings.Contains(body, "refresh") {
				t.Errorf("%s: asks again for ever", paths[0])
			}
		}
	}
}

func TestOtherSitesAreRefusedInThePagesOwnForm(t *testing.T) {
	m := mail("a@x", "Subject: secret\r\n\r\n")
	s := newTestSite(t, m)
	gone := strings.Repeat("0", 32)
	for _, test := range []struct {
		method, path, dest string
		text               string
	}{
		{"GET", "/", "empty", "may not load this"},
		{"GET", "/?q=secret", "iframe", "may not load this"},
		{"GET", "/view/" + m.ID.String(), "image", "may not load this"},
		{"GET", "/view/" + gone, "image", "may not load this"},
		{"GET", "/mailbucket.css", "style", "may not load this"},
		{"POST", "/view/" + m.ID.String(), "document", "may not change anything"},
		{"POST", "/view/" + gone, "document", "may not change anything"},
		{"POST", "/", "document", "may not change anything"},
	} {
		response, body := askFrom(t, s, test.method, test.path, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: "+test.dest)
		if response.StatusCode != http.StatusForbidden || !strings.Contains(body, test.text) || !strings.Contains(body, "<!doctype html>") {
			t.Errorf("%s %s: %d %s", test.method, test.path, response.StatusCode, body)
		}
	}
	if bucketOf(s).Stats().Messages != 1 {
		t.Error("another site has deleted an email")
	}
}

func TestNamesThatAreNotTheSitesAreRefused(t *testing.T) {
	s := newTestSite(t, mail("a@x", "Subject: secret\r\n\r\n"))
	rules, err := guard.New(func(*http.Request) *guard.Refusal { return &guard.Refusal{Status: http.StatusMisdirectedRequest} })
	if err != nil {
		t.Fatal(err)
	}
	s.Guard = rules
	for _, path := range []string{"/", "/mailbucket.js", "/view/" + strings.Repeat("0", 32)} {
		if response, body := askFrom(t, s, "GET", path); response.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(body, "does not answer to that name") || strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
}

func TestEveryAnswerIsForThisSiteOnly(t *testing.T) {
	m := mail("a@x", "")
	s := newTestSite(t, m)
	for _, test := range []struct {
		path   string
		status int
	}{
		{"/", 200}, {"/?since=wrong", 400}, {"/?x=1", 400}, {"/view/" + m.ID.String(), 200}, {"/view/" + strings.Repeat("0", 32), 404},
		{"/mailbucket.css", 200}, {"/mailbucket.svg?v=" + assets["mailbucket.svg"].version, 200},
	} {
		response, _ := askFrom(t, s, "GET", test.path)
		if response.StatusCode != test.status {
			t.Errorf("%s: %d, want %d", test.path, response.StatusCode, test.status)
		}
		for name, want := range map[string]string{
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q", test.path, name, got)
			}
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors '") || response.Header.Get("X-Frame-Options") == "" {
			t.Errorf("%s: %v", test.path, response.Header)
		}
	}
	asset := askETag(t, s)
	if response, _ := askFrom(t, s, "GET", "/mailbucket.css", "If-None-Match: "+asset); response.StatusCode != http.StatusNotModified || response.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("not modified: %v", response)
	}
}

func askETag(t *testing.T, s *Site) string {
	t.Helper()
	response, _ := askFrom(t, s, "GET", "/mailbucket.css")
	return response.Header.Get("ETag")
}

func TestAddressesOfPagesHaveToBeRight(t *testing.T) {
	m := mail("a@x", "Content-Type: text/html\r\n\r\n<p>x")
	s := newTestSite(t, m)
	view := "/view/" + m.ID.String()
	for path, want := range map[string]string{
		"/?x=1":                         "x: there is no such filter",
		"/?width=375":                   "width: there is no such filter",
		"/?page=0":                      "page has to be a number from 1 to 1048576",
		"/?page=x":                      "page has to be a number from 1 to 1048576",
		"/?page=1048577":                "page has to be a number from 1 to 1048576",
		"/?q=a&q=b":                     "q: given more than once",
		"/?q=%zz":                       "what follows the question mark is malformed",
		view + "?x=1":                   "x: there is no such filter",
		view + "?since=wrong":           "since: expected",
		view + "/html?width=watch":      "width has to be one of full, 375, 768, 1280, both",
		view + "/html?scheme=sepia":     "scheme has to be one of light, dark, both",
		view + "/html?remote=yes":       "remote has to be one of 0, 1",
		view + "/text?page=2&page=3":    "page is given more than once",
		view + "?sender=%3Cscript%3E&x": "x: there is no such filter",
	} {
		if response, body := askFrom(t, s, "GET", path); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d, want %q in\n%s", path, response.StatusCode, want, body)
		}
	}
	for _, path := range []string{"/?sender=&q=", "/?page=1", view + "/html?width=375&scheme=dark&remote=1&page=3&q=x", view + "/html?remote=0"} {
		if response, _ := askFrom(t, s, "GET", path); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

// TestUnmarkedBrowsersGetTheHeaderFirst has the only slot for searches taken meanwhile.
func TestUnmarkedBrowsersGetTheHeaderFirst(t *testing.T) {
	s := newTestSite(t, mail("a@x", "Subject: one\r\n\r\n"))
	s.Limits.Searches = guard.NewSlots(1, 10, 5*time.Minute)
	release, err := s.Limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Serve(w, r) }))
	defer server.Close()
	request, err := http.NewRequest("GET", server.URL+"/?q=one&page=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0")
	request.Header.Set("Accept-Language", "en")
	response, err := (&http.Client{Timeout: 5 * time.Minute}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" || response.Header.Get("X-Frame-Options") == "" {
		t.Errorf("%v", response)
	}
	release()
	// The page beyond the last is the last: it is too late to send the browser there.
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), "1–1 of 1") {
		t.Errorf("%v: %s", err, body)
	}
}

func TestSearchesOfTheSiteWaitForTheirTurn(t *testing.T) {
	m := mail("a@x", "Subject: x\r\n\r\n")
	s := newTestSite(t, m)
	s.Limits.Searches = guard.NewSlots(1, 10, time.Millisecond)
	release, err := s.Limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"delete": {"matching"}, "newest": {m.ID.String()}}
	for _, call := range []struct {
		method, path string
		form         url.Values
	}{{"GET", "/?q=x", nil}, {"GET", "/view/" + m.ID.String() + "?q=x", nil}, {"POST", "/?q=x", form}, {"POST", "/view/" + m.ID.String() + "?q=x", url.Values{}}} {
		response, body := ask(t, s, call.method, call.path, call.form)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || !strings.Contains(body, "busy with other searches") {
			t.Errorf("%s %s: %v %s", call.method, call.path, response, body)
		}
	}
	release()
	if response, _ := ask(t, s, "GET", "/?q=x", nil); response.StatusCode != http.StatusOK || bucketOf(s).Stats().Messages != 1 {
		t.Errorf("afterwards: %v", response)
	}
}

func TestAfterDeletingAllTheFirstPageIsShown(t *testing.T) {
	m := mail("a@x", "")
	s := newTestSite(t, m)
	response, _ := ask(t, s, "POST", "/?sender=a@x&page=2", url.Values{"delete": {"matching"}, "newest": {strings.Repeat("f", 32)}})
	if got := response.Header.Get("Location"); got != "./?sender=a%40x" || bucketOf(s).Stats().Messages != 0 {
		t.Errorf("%s, %+v", got, bucketOf(s).Stats())
	}
}

func TestLongThingsAreCut(t *testing.T) {
	m := mail("a@x", "Subject: x\r\n"+strings.Repeat("X-A: "+strings.Repeat("a", 900)+"\r\n", 400)+"\r\n")
	for range 1000 {
		m.Recipients = append(m.Recipients, strings.Repeat("r", 60)+"@x")
	}
	s := newTestSite(t, m)
	if body := page(t, s, "/"); len(body) > 20_000 || !strings.Contains(body, "…") {
		t.Errorf("the list has %d bytes", len(body))
	}
	if body := page(t, s, "/view/"+m.ID.String()+"/headers"); len(body) > 2*maxShownSource || !strings.Contains(body, "Only the beginning is shown.") {
		t.Errorf("the header has %d bytes", len(body))
	}
}
