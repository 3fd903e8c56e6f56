package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestOtherSitesLearnNothing asks for all there is as a page of another site makes a
// browser do: the answer does not depend on whether it exists.
func TestOtherSitesLearnNothing(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	a := newTestAPI(t, m)
	want := ""
	for _, path := range []string{
		"/emails", "/emails?q=welcome", "/emails?q=nothing", "/emails?wait=10m&recipient=none", "/emails?unknown=1",
		"/emails/" + m.ID.String(), "/emails/" + strings.Repeat("0", 32), "/emails/nonsense", "/emails/" + m.ID.String() + "/nonsense",
		"/emails/" + m.ID.String() + "/raw", "/emails/" + m.ID.String() + "/html", "/emails/" + m.ID.String() + "/inline/logo@x",
		"/emails/" + m.ID.String() + "/inline/none", "/emails/" + m.ID.String() + "/attachments/1", "/emails/" + m.ID.String() + "/session",
		"/events", "/sessions", "/stats", "/faults", "/openapi.json",
	} {
		for _, site := range []string{"cross-site", "same-site"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.Header.Set("Sec-Fetch-Dest", "document")
			w := httptest.NewRecorder()
			a.Serve(w, r)
			got := fmt.Sprint(w.Code, w.Header(), w.Body)
			if want == "" {
				want = got
			}
			if w.Code != http.StatusForbidden || got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
	}
	if bucketOf(a).Stats().Messages != 1 {
		t.Error("something has changed")
	}
}

// TestEveryAnswerIsForItsOwnSite looks at what keeps browsers from handing an answer to
// pages of other sites.
func TestEveryAnswerIsForItsOwnSite(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	a := newTestAPI(t, m)
	id := m.ID.String()
	etag := `"` + id + `-json"`
	for _, test := range []struct {
		method, path string
		fields       []string
		status       int
	}{
		{"GET", "/emails", nil, 200},
		{"GET", "/emails?limit=0", nil, 400},
		{"GET", "/emails", []string{"User-Agent", "Mozilla/5.0"}, 200},
		{"GET", "/emails/" + id, nil, 200},
		{"HEAD", "/emails/" + id, nil, 200},
		{"GET", "/emails/" + id, []string{"If-None-Match", etag}, 304},
		{"GET", "/emails/" + strings.Repeat("0", 32), nil, 404},
		{"GET", "/emails/nonsense", nil, 404},
		{"PUT", "/emails/" + id, nil, 405},
		{"OPTIONS", "/emails", nil, 204},
		{"GET", "/emails/" + id + "/raw", nil, 200},
		{"GET", "/emails/" + id + "/raw", []string{"Range", "bytes=1-2"}, 206},
		{"GET", "/emails/" + id + "/text", nil, 200},
		{"GET", "/emails/" + id + "/html", nil, 200},
		{"GET", "/emails/" + id + "/headers", nil, 200},
		{"GET", "/emails/" + id + "/attachments/0", nil, 200},
		{"GET", "/emails/" + id + "/session", nil, 404},
		{"GET", "/stats", nil, 200},
		{"GET", "/faults", nil, 200},
		{"GET", "/openapi.json", nil, 200},
		{"DELETE", "/faults", nil, 204},
		{"DELETE", "/emails", []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		response, _ := do(t, a, test.method, test.path, test.fields...)
		if response.StatusCode != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, response.StatusCode, test.status)
		}
		for name, want := range map[string]string{
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s %s (%d): %s: %q", test.method, test.path, test.status, name, got)
			}
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s %s: %s", test.method, test.path, policy)
		}
	}
}

// TestOnlyThePreviewIsForFrames is about those of this site.
func TestOnlyThePreviewIsForFrames(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	response, _ := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String()+"/html?preview=light")
	if policy := response.Header.Get("Content-Security-Policy"); response.Header.Get("X-Frame-Options") != "SAMEORIGIN" || !strings.HasSuffix(policy, "frame-ancestors 'self'") {
		t.Errorf("%v", response.Header)
	}
}

// TestAnswersVaryByOrigin is for caches between the API and pages that may use it.
func TestAnswersVaryByOrigin(t *testing.T) {
	a := newAPIOf(t, store.New(store.Limits{}), "https://app.test")
	for _, path := range []string{"/emails", "/emails/nonsense"} {
		for _, origin := range []string{"https://app.test", "https://evil.test", ""} {
			response, _ := do(t, a, "GET", path, "Origin", origin)
			if got := response.Header.Get("Vary"); got != "Origin" {
				t.Errorf("%s from %s: Vary %q", path, origin, got)
			}
			if got := response.Header.Get("Access-Control-Allow-Origin"); (got == origin) != (origin != "https://evil.test") {
				t.Errorf("%s from %s: allowed %q", path, origin, got)
			}
		}
	}
}

// askUnmarked makes a GET request as a browser does where it does not trust the
// connection, and returns when the header section of the answer has come.
func askUnmarked(t *testing.T, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
	request.Header.Set("Accept-Language", "en")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if got := response.Header.Get("Cross-Origin-Resource-Policy"); response.StatusCode != http.StatusOK || got != "same-origin" {
		t.Errorf("%s: %d, %q", url, response.StatusCode, got)
	}
	return response
}

// TestUnmarkedBrowsersAreAnsweredBeforeAnythingIsLookedFor keeps what a page of another
// site can time from depending on mail.
func TestUnmarkedBrowsersAreAnsweredBeforeAnythingIsLookedFor(t *testing.T) {
	a := newTestAPI(t, mail("s@x", "r@x", "Subject: secret\r\n\r\n"))
	a.limits.Searches = guard.NewSlots(1, 10, patience)
	release, err := a.limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := serveAPI(t, a)
	found, none := askUnmarked(t, server.URL+"/emails?q=secret"), askUnmarked(t, server.URL+"/emails?q=other")
	waits := askUnmarked(t, server.URL+"/emails?recipient=new@x&wait=5m")
	ends := askUnmarked(t, server.URL+"/emails?recipient=none@x&wait=5m")
	release() // only now can they look
	if err := bucketOf(a).Append(t.Context(), mail("s@x", "new@x", "x")); err != nil {
		t.Fatal(err)
	}
	for response, total := range map[*http.Response]int{found: 1, none: 0, waits: 1} {
		var list struct{ TotalResults int }
		if err := json.NewDecoder(response.Body).Decode(&list); err != nil || list.TotalResults != total {
			t.Errorf("%s: %+v, want %d (%v)", response.Request.URL, list, total, err)
		}
	}
	waiting(t, a, 1)
	a.Stop()
	if body, err := io.ReadAll(ends.Body); err == nil {
		t.Errorf("an answer that could not be made ends well: %q", body)
	}
}
