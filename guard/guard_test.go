package guard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request makes one whose header fields are given as "Name: value".
func request(method, target string, fields ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	return r
}

func newGuard(t *testing.T, origins ...string) *Guard {
	t.Helper()
	g, err := New(nil, origins...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	const target = "http://mail.test:8080/"
	none, app, all := newGuard(t), newGuard(t, "https://app.test"), newGuard(t, "*")
	navigation := []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	for _, test := range []struct {
		name   string
		guard  *Guard
		method string
		kind   Kind
		fields []string
		status int
	}{
		{"a program", none, "GET", Data, nil, 0},
		{"a program that changes", none, "DELETE", Data, nil, 0},
		{"a browser that leaves marks out", none, "GET", Data, []string{"User-Agent: Mozilla/5.0"}, 0},
		{"a typed address", none, "GET", Data, append(navigation, "Sec-Fetch-Site: none"), 0},
		{"a page of this site", none, "GET", Data, []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"}, 0},
		{"a form of this site", none, "POST", Page, []string{"Sec-Fetch-Site: same-origin", "Origin: http://mail.test:8080"}, 0},
		{"reading", none, "GET", Data, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"reading from another port", none, "GET", Data, []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Origin: http://mail.test:3000"}, 403},
		{"HEAD", none, "HEAD", Data, []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"a mark that nobody knows", none, "GET", Data, []string{"Sec-Fetch-Site: other-site"}, 403},
		{"a link to data", none, "GET", Data, append(navigation, "Sec-Fetch-Site: cross-site"), 403},
		{"a link to a page", none, "GET", Page, append(navigation, "Sec-Fetch-Site: cross-site"), 0},
		{"a link to a page from another port", none, "GET", Page, append(navigation, "Sec-Fetch-Site: same-site"), 0},
		{"a frame with a page", none, "GET", Page, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, 403},
		{"an object with a page", none, "GET", Page, []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: object"}, 403},
		{"loading a page", none, "GET", Page, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: document"}, 403},
		{"a form to a page", none, "POST", Page, append(navigation, "Sec-Fetch-Site: cross-site"), 403},
		{"a script without marks", none, "GET", Data, []string{"Origin: https://evil.test"}, 403},
		{"a script of a local file", none, "GET", Data, []string{"Origin: null"}, 403},
		{"a script of this site without marks", none, "GET", Data, []string{"Origin: http://mail.test:8080"}, 0},
		{"a form without marks", none, "POST", Data, []string{"Origin: https://evil.test"}, 403},
		{"a preflight", none, "OPTIONS", Data, []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.test"}, 0},
		{"a configured origin", app, "GET", Data, []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.test"}, 0},
		{"a configured origin that changes", app, "PUT", Data, []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.test"}, 0},
		{"an image on a configured origin", app, "GET", Data, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"another origin", app, "GET", Data, []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.test.evil.test"}, 403},
		{"any origin", all, "DELETE", Data, []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.test"}, 0},
		{"an image where all are welcome", all, "GET", Data, []string{"Sec-Fetch-Site: cross-site"}, 0},
	} {
		refusal := test.guard.Check(request(test.method, target, test.fields...), test.kind)
		if status := statusOf(refusal); status != test.status {
			t.Errorf("%s: %d, want %d", test.name, status, test.status)
		}
	}
	if CheckOrigins([]string{"https://app.test", "app.test"}) == nil {
		t.Error("an origin without a scheme is taken")
	}
}

func statusOf(refusal *Refusal) int {
	if refusal == nil {
		return 0
	}
	return refusal.Status
}

func TestOverLoopbackOnlyNamesOfTheSiteAreTaken(t *testing.T) {
	rule := HostRule(
		func(r *http.Request) bool { return strings.HasPrefix(r.Host, "mail.example.test") },
		func(r *http.Request) bool { return r.Header.Get("X-Trusted") != "" },
	)
	const here, there = "127.0.0.1:5000", "192.0.2.1:5000"
	for _, test := range []struct {
		host, client string
		fields       []string
		status       int
	}{
		{"localhost:8080", here, nil, 0},
		{"LOCALHOST.", here, nil, 0},
		{"app.localhost:8080", "[::1]:5000", nil, 0},
		{"127.0.0.1:8080", here, nil, 0},
		{"[::1]:8080", "[::1]:5000", nil, 0},
		{"[::1]", here, nil, 0},
		{"192.0.2.7", here, nil, 0},
		{"mail.example.test:8080", here, nil, 0},
		{"host.docker.internal:8080", here, nil, 0},
		{"", here, nil, 0},
		{"evil.example:8080", here, nil, 421},
		{"evil.example", "[::1]:5000", nil, 421},
		{"evil.example", "[::ffff:127.0.0.1]:5000", nil, 421},
		{"evil.example", "127.8.7.6:5000", nil, 421},
		{"localhost.evil.example", here, nil, 421},
		{"evillocalhost", here, nil, 421},
		{"127.0.0.1.evil.example:8080", here, nil, 421},
		{"evil.example", here, []string{"X-Trusted: yes"}, 0},
		{"evil.example", there, nil, 0},
		{"evil.example", "@", nil, 0},
	} {
		r := request("GET", "/", test.fields...)
		r.Host, r.RemoteAddr = test.host, test.client
		if status := statusOf(rule(r)); status != test.status {
			t.Errorf("%q from %s: %d, want %d", test.host, test.client, status, test.status)
		}
	}
}

func TestAnswersAreForTheirOwnSite(t *testing.T) {
	for guard, want := range map[*Guard]string{newGuard(t): "same-origin", newGuard(t, "https://app.test"): "same-origin", newGuard(t, "*"): "cross-origin"} {
		h := make(http.Header)
		guard.Protect(h)
		if got := h.Get("Cross-Origin-Resource-Policy"); got != want {
			t.Errorf("%v: %s, want %s", guard.origins, got, want)
		}
		for name, value := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := h.Get(name); got != value {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// TestBegunAnswersEndWithTheConnection has a handler fail after it has begun.
func TestBegunAnswersEndWithTheConnection(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = Begin(w)
		if !Begun(w) {
			t.Error("not begun")
		}
		if r.URL.Path == "/fails" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	for path, ok := range map[string]bool{"/works": true, "/fails": false} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || (err == nil) != ok || ok && string(body) != "\n{}" {
			t.Errorf("%s: %d %q (%v)", path, response.StatusCode, body, err)
		}
	}
}
