package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestLatestStandsForAnID(t *testing.T) {
	older, newer := mail("s@x", "one@x", withImage), mail("s@x", "two@x", "Subject: newer\r\n\r\nHello\r\n")
	older.Session = &store.Session{Client: "192.0.2.1:1", Hello: "h"}
	a := newTestAPI(t, older, newer)
	id := older.ID.String()
	for _, below := range []string{"", "/raw", "/html", "/html?remote=1&preview=dark", "/text", "/headers", "/session", "/attachments/0", "/inline/i"} {
		separator := "?"
		if strings.Contains(below, "?") {
			separator = "&"
		}
		want, wanted := do(t, a, "GET", "/emails/"+id+below)
		got, body := do(t, a, "GET", "/emails/latest"+below+separator+"recipient=one@x")
		if got.StatusCode != http.StatusOK || body != wanted {
			t.Errorf("latest%s: %d %s\nwant %s", below, got.StatusCode, body, wanted)
		}
		for _, name := range []string{"Content-Type", "ETag", "Content-Security-Policy", "Content-Disposition"} {
			if got.Header.Get(name) != want.Header.Get(name) {
				t.Errorf("latest%s: %s %q, want %q", below, name, got.Header.Get(name), want.Header.Get(name))
			}
		}
		if got := got.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("latest%s: Cache-Control %s", below, got)
		}
		if head, _ := do(t, a, "HEAD", "/emails/latest"+below+separator+"recipient=one@x"); head.StatusCode != http.StatusOK || head.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("HEAD latest%s: %v", below, head)
		}
	}
	if _, body := do(t, a, "GET", "/emails/latest/text"); body != "Hello\n" {
		t.Errorf("without a filter: %q", body)
	}
	if response, _ := do(t, a, "GET", "/emails/latest", "If-None-Match", etag(newer.ID, "json")); response.StatusCode != http.StatusNotModified {
		t.Errorf("what the client has: %d", response.StatusCode)
	}
}

func TestLatestThatIsNotThere(t *testing.T) {
	a := newTestAPI(t)
	for _, test := range []struct {
		method, target string
		status         int
		detail         string
	}{
		{"GET", "/emails/latest", 404, "no email that is held matches"},
		{"GET", "/emails/latest/html?recipient=a@x", 404, "no email that is held matches"},
		{"GET", "/emails/latest?recipient=a@x&wait=1ms", 404, "no email that is held matches"},
		{"DELETE", "/emails/latest", 404, "no email that is held matches"},
		{"GET", "/emails/latest?limit=1", 400, "limit: unknown parameter"},
		{"GET", "/emails/latest/raw?remote=1", 400, "remote: unknown parameter"},
		{"GET", "/emails/latest/html?hasAttachment=maybe", 400, "hasAttachment: expected"},
		{"PUT", "/emails/latest", 405, "is not allowed here"},
		{"GET", "/emails/latest/nonsense", 404, "below an email there is"},
	} {
		response, body := do(t, a, test.method, test.target)
		var p problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || response.StatusCode != test.status || !strings.Contains(p.Detail, test.detail) {
			t.Errorf("%s %s: %d %s, want %d %s (%v)", test.method, test.target, response.StatusCode, body, test.status, test.detail, err)
		}
	}
}

func TestLatestWaits(t *testing.T) {
	a := newTestAPI(t, mail("s@x", "other@x", "x"))
	server := serveAPI(t, a)
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, below := range []string{"", "/text"} {
		wg.Go(func() {
			response, err := http.Get(server.URL + "/emails/latest" + below + "?recipient=*@run42.test&wait=5m")
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "the mail") {
				t.Errorf("latest%s: %d %s %v", below, response.StatusCode, body, err)
			}
		})
	}
	waiting(t, a, 2)
	if err := bucketOf(a).Append(t.Context(), mail("s@x", "a@run42.test", "\r\nthe mail\r\n")); err != nil {
		t.Error(err)
	}
}

// TestLatestIsDeletedOnce deletes from many sides until nothing is left.
func TestLatestIsDeletedOnce(t *testing.T) {
	a := newTestAPI(t)
	const n = 400
	for i := range n {
		if err := bucketOf(a).Append(t.Context(), mail("s@x", fmt.Sprintf("%d@x", i%2), "x")); err != nil {
			t.Fatal(err)
		}
	}
	if response, _ := do(t, a, "DELETE", "/emails/latest?recipient=0@x"); response.StatusCode != http.StatusNoContent {
		t.Fatalf("%v", response)
	}
	if page, _ := bucketOf(a).Find(t.Context(), store.Query{Recipient: "0@x"}); page.Total != n/2-1 {
		t.Errorf("%d are left of those that match", page.Total)
	}
	var deleted [4]int
	var wg sync.WaitGroup
	for i := range deleted {
		wg.Go(func() {
			for response, _ := do(t, a, "DELETE", "/emails/latest"); response.StatusCode == http.StatusNoContent; response, _ = do(t, a, "DELETE", "/emails/latest") {
				deleted[i]++
			}
		})
	}
	wg.Wait()
	if sum := deleted[0] + deleted[1] + deleted[2] + deleted[3]; sum != n-1 {
		t.Errorf("%d were deleted of %d", sum, n-1)
	}
}

// TestUnmarkedBrowsersLearnNothingOfTheLatest is about what a page of another site can
// time where a browser does not say which page asks.
func TestUnmarkedBrowsersLearnNothingOfTheLatest(t *testing.T) {
	a := newTestAPI(t, mail("s@x", "r@x", "Subject: secret\r\n\r\n<p>x"))
	release := oneSlot(t, a, 10, patience)
	server := serveAPI(t, a)
	found, none := askUnmarked(t, server.URL+"/emails/latest?q=secret"), askUnmarked(t, server.URL+"/emails/latest?q=other")
	release() // only now can they look
	if body, err := io.ReadAll(found.Body); err != nil || !strings.Contains(string(body), `"subject":"secret"`) {
		t.Errorf("%s %v", body, err)
	}
	if body, err := io.ReadAll(none.Body); err == nil {
		t.Errorf("an answer that could not be made ends well: %q", body)
	}
	const browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
	for _, test := range []struct {
		method, target string
		status         int
	}{{"GET", "/emails/latest/raw?q=secret", 403}, {"HEAD", "/emails/latest?q=secret", 403}, {"GET", "/emails/latest/raw", 200}, {"HEAD", "/emails/latest", 200}} {
		if response, body := do(t, a, test.method, test.target, "User-Agent", browser, "Accept-Language", ""); response.StatusCode != test.status {
			t.Errorf("%s %s: %d %s", test.method, test.target, response.StatusCode, body)
		}
	}
}
