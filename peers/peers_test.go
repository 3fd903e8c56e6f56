package peers

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// peer is the APIs over a bucket, served on a socket.
type peer struct {
	t      *testing.T
	bucket *store.Bucket
	faults *smtp.Faults
	limits *guard.Limits
	api    *API
	url    string
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	g, err := guard.New(nil, "https://app.test")
	if err != nil {
		t.Fatal(err)
	}
	bucket := store.New(store.Limits{MaxMessages: 1000, MaxBytes: 64 << 20})
	limits, faults := guard.NewLimits(nil), new(smtp.Faults)
	a := New(Options{Access: guard.Everything(bucket), Faults: faults, Guard: g, Limits: limits, Contents: content.New(limits), Logger: zaptest.NewLogger(t)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.Serve(w, r) {
			if len(w.Header()) > 0 {
				t.Errorf("%s %s: not answered, but touched: %v", r.Method, r.URL, w.Header())
			}
			http.Error(w, "nobody's path", http.StatusTeapot)
		}
	}))
	t.Cleanup(func() {
		a.Stop()
		server.Close()
		bucket.Close()
	})
	return &peer{t, bucket, faults, limits, a, server.URL}
}

// add stores a mail, and returns its id.
func (p *peer) add(sender string, recipients []string, raw string) string {
	p.t.Helper()
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	m := &store.Message{Sender: sender, Recipients: recipients, Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw))}
	if err := p.bucket.Append(context.Background(), m); err != nil {
		p.t.Fatal(err)
	}
	return m.ID.String()
}

// ask sends a request with header fields in the form "Name: value".
func (p *peer) ask(method, path, body string, fields ...string) (*http.Response, string) {
	p.t.Helper()
	request, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response, string(answer)
}

// get returns the JSON of an answer whose status has to be 200.
func (p *peer) get(path string) any {
	p.t.Helper()
	response, body := p.ask(http.MethodGet, path, "")
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
		p.t.Fatalf("GET %s: %s, %s\n%s", path, response.Status, response.Header.Get("Content-Type"), body)
	}
	return decode(p.t, body)
}

func decode(t *testing.T, document string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return v
}

func TestPathsOfOthersAreLeftAlone(t *testing.T) {
	p := newPeer(t)
	for _, path := range []string{"/", "/emails", "/view/0123", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/messages/a/b/c/d", "/api/v1/%zz", "/" + strings.Repeat("a/", maxPath)} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.URL.Path, request.URL.RawPath = path, ""
		if found, _ := findRoute(request.URL); found != nil {
			t.Errorf("%.40s is answered by %s", path, found.path)
		}
	}
	if response, _ := p.ask("GET", "/nowhere", ""); response.StatusCode != http.StatusTeapot {
		t.Errorf("%s", response.Status)
	}
}

func TestDoubledSlashesCountAsOne(t *testing.T) {
	p := newPeer(t)
	for _, path := range []string{"//api/v1/messages", "/api//v1/messages", "/api/v1/messages/"} {
		if response, _ := p.ask("GET", path, ""); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	p := newPeer(t)
	for _, c := range []struct {
		method, path string
		fields       []string
		status       int
	}{
		{"GET", "/api/v1/messages", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"GET", "/api/v1/messages", []string{"Origin: https://evil.test"}, 403},
		{"GET", "/api/v1/messages", []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.test"}, 200},
		{"GET", "/api/v1/messages", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"POST", "/api/v1/messages", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"POST", "/api/v1/messages", nil, 405},
		{"OPTIONS", "/api/v1/messages", nil, 204},
	} {
		response, body := p.ask(c.method, c.path, "", c.fields...)
		if response.StatusCode != c.status {
			t.Errorf("%s %s %v: %s, want %d", c.method, c.path, c.fields, response.Status, c.status)
		}
		if c.status >= 400 && (response.Header.Get("Content-Type") != "text/plain; charset=utf-8" || body == "") {
			t.Errorf("%s %s %v: %q as %s", c.method, c.path, c.fields, body, response.Header.Get("Content-Type"))
		}
	}
	response, _ := p.ask("OPTIONS", "/api/v1/messages", "", "Origin: https://app.test", "Access-Control-Request-Method: GET")
	if h := response.Header; h.Get("Access-Control-Allow-Origin") != "https://app.test" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("preflight: %v", h)
	}
}
