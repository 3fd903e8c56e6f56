package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// patience is how long a test waits for what has to come. It ends what hangs, and
// measures nothing.
const patience = 5 * time.Minute

func init() { http.DefaultClient.Timeout = patience }

// serveAPI serves a over real connections.
func serveAPI(t *testing.T, a *API) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Serve(w, r) }))
	t.Cleanup(func() {
		a.Stop()
		s.Close()
	})
	return s
}

// ask makes a GET call and returns how many emails it answers with.
func ask(url string) (results int, status int, err error) {
	response, err := http.Get(url)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	var answer struct{ Results []json.RawMessage }
	err = json.NewDecoder(response.Body).Decode(&answer)
	return len(answer.Results), response.StatusCode, err
}

// waiting waits until n calls wait on the bucket of a.
func waiting(t *testing.T, a *API, n int) {
	t.Helper()
	for deadline := time.Now().Add(patience); bucketOf(a).Watching() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls wait, want %d", bucketOf(a).Watching(), n)
		}
	}
}

func TestWaitIsAnsweredWhenEnoughHaveCome(t *testing.T) {
	for _, query := range []string{"recipient=r@x&count=3", "sender=s@x&count=3", "subject=wanted&count=3", "recipient=*@x&count=3", "count=3&recipient=r@x&order=asc"} {
		t.Run(query, func(t *testing.T) {
			a := newTestAPI(t, mail("s@x", "r@x", "Subject: wanted\r\n\r\n"))
			server := serveAPI(t, a)
			done := make(chan error, 1)
			go func() {
				n, status, err := ask(server.URL + "/emails?wait=5m&" + query)
				if err == nil && (n != 3 || status != 200) {
					err = fmt.Errorf("%d emails, status %d", n, status)
				}
				done <- err
			}()
			waiting(t, a, 1)
			for range 2 {
				// One that does not match wakes nobody up for good.
				for _, m := range []*store.Message{mail("other@y", "other@y", "Subject: other\r\n\r\n"), mail("s@x", "r@x", "Subject: wanted\r\n\r\n")} {
					select {
					case err := <-done:
						t.Fatalf("answered too early (%v)", err)
					default:
					}
					if err := bucketOf(a).Append(t.Context(), m); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			waiting(t, a, 0)
		})
	}
}

func TestWaitEndsWithItsTime(t *testing.T) {
	a := newTestAPI(t, mail("s@x", "r@x", "x"))
	if _, body := do(t, a, "GET", "/emails?recipient=q@x&wait=1ms"); body != `{"results":[],"totalResults":0,"totalPages":0}`+"\n" {
		t.Errorf("nothing came: %s", body)
	}
	if _, body := do(t, a, "GET", "/emails?recipient=r@x&wait=1ms&count=2"); !strings.HasSuffix(body, `"totalResults":1,"totalPages":1}`+"\n") {
		t.Errorf("fewer came: %s", body)
	}
}

func TestClientThatHasGoneWaitsNoMore(t *testing.T) {
	a := newTestAPI(t)
	server := serveAPI(t, a)
	ctx, cancel := context.WithCancel(context.Background())
	for _, path := range []string{"/emails?wait=10m", "/emails?wait=10m&recipient=a@x", "/events"} {
		request, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if response, err := http.DefaultClient.Do(request); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
	}
	waiting(t, a, 3)
	cancel()
	waiting(t, a, 0)
}

func TestStopEndsWhatWaits(t *testing.T) {
	a := newTestAPI(t)
	server := serveAPI(t, a)
	done := make(chan int, 1)
	go func() {
		_, status, _ := ask(server.URL + "/emails?wait=10m")
		done <- status
	}()
	events, err := http.Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	waiting(t, a, 2)
	a.Stop()
	if status := <-done; status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	if _, err := io.Copy(io.Discard, events.Body); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
}

// TestWaitersAndArrivalsRace has many clients wait for mails of their own that are
// on their way already or not.
func TestWaitersAndArrivalsRace(t *testing.T) {
	const clients, rounds = 8, 250
	a := newTestAPI(t)
	server := serveAPI(t, a)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for round := range rounds {
				recipient := fmt.Sprintf("c%dr%d@x", i, round)
				wg.Go(func() {
					if err := bucketOf(a).Append(t.Context(), mail("s@x", recipient, "x")); err != nil {
						t.Error(err)
					}
				})
				if n, status, err := ask(server.URL + "/emails?wait=5m&recipient=" + recipient); n != 1 || status != 200 || err != nil {
					t.Errorf("%s: %d emails, status %d, %v", recipient, n, status, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestEventsTellOfEachEmailOnce(t *testing.T) {
	first, second := mail("s@x", "r@x", "Subject: first\r\n\r\n"), mail("s@x", "r@x", "Subject: second\r\n\r\n")
	a := newTestAPI(t, first, second)
	server := serveAPI(t, a)
	listen := func(path, lastEventID string) *bufio.Reader {
		request, err := http.NewRequest("GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if lastEventID != "" {
			request.Header.Set("Last-Event-ID", lastEventID)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %s", got)
		}
		return bufio.NewReader(response.Body)
	}
	expect := func(r *bufio.Reader, want string) {
		t.Helper()
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line = strings.TrimSuffix(line, "\n"); line == "" || line == ":" || strings.HasPrefix(line, "retry: ") {
				continue
			}
			if !strings.HasPrefix(line, want) {
				t.Errorf("%s, want %s", line, want)
			}
			return
		}
	}
	fresh, resumed := listen("/events?recipient=r@x", ""), listen("/events?subject=o", first.ID.String())
	expect(resumed, "id: "+second.ID.String())
	expect(resumed, `data: {"id":"`+second.ID.String()+`","sender":"s@x"`)
	for i := range 2 * eventBatch {
		third := mail("s@x", "r@x", fmt.Sprintf("Subject: o%d\r\n\r\n", i))
		for _, m := range []*store.Message{mail("s@x", "other@x", "Subject: x\r\n\r\n"), third} {
			if err := bucketOf(a).Append(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range []*bufio.Reader{fresh, resumed} {
			expect(r, "id: "+third.ID.String())
			expect(r, "data: ")
		}
	}
	expect(listen("/events?after="+first.ID.String(), ""), "id: "+second.ID.String())
}

// TestClosedBucketEndsWhatWaits closes the bucket while the API itself still runs.
func TestClosedBucketEndsWhatWaits(t *testing.T) {
	a := newTestAPI(t)
	server := serveAPI(t, a)
	paths := []string{"/emails?wait=10m", "/emails?wait=10m&recipient=*@x", "/events"}
	done := make(chan error, len(paths))
	for _, path := range paths {
		go func() {
			response, err := http.Get(server.URL + path)
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			if err == nil && path != "/events" && response.StatusCode != http.StatusServiceUnavailable {
				err = fmt.Errorf("%s: status %d", path, response.StatusCode)
			}
			done <- err
		}()
	}
	waiting(t, a, len(paths))
	bucketOf(a).Close()
	for range paths {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"/emails", "/emails?wait=10m", "/emails?q=x"} {
		if answer, body := do(t, a, "GET", path); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s on a closed bucket: %d, %v, %s", path, answer.StatusCode, answer.Header, body)
		}
	}
}

// TestWaitLooksAtEachEmailOnce counts how often emails are looked at by a call that
// waits for more of them than come at once.
func TestWaitLooksAtEachEmailOnce(t *testing.T) {
	const before, after = 50, 20
	a := newTestAPI(t)
	for range before {
		if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "x")); err != nil {
			t.Fatal(err)
		}
	}
	q, p := parseQuery(fmt.Sprintf("wait=10m&count=%d&q=x", before+after), pagingParameters)
	if p != nil {
		t.Fatal(p)
	}
	var looks atomic.Int64
	match := q.Match
	q.Match = func(b *store.Bucket, m *store.Message) bool {
		looks.Add(1)
		return match(b, m)
	}
	done := make(chan *store.Page)
	go func() {
		r := httptest.NewRequest("GET", "/emails", nil)
		page, _ := a.of(r).await(httptest.NewRecorder(), r, q)
		done <- page
	}()
	for i := range after {
		// The call has looked at all there is before the next one comes.
		for deadline := time.Now().Add(patience); looks.Load() < int64(before+2*i) || bucketOf(a).Watching() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d looks at %d emails", looks.Load(), before+2*i)
			}
		}
		if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "x")); err != nil {
			t.Fatal(err)
		}
	}
	if page := <-done; page == nil || page.Total != before+after {
		t.Errorf("%v", page)
	}
	// Each once by the call, those that come once by the bucket, and all of them again for
	// the answer.
	if n, most := looks.Load(), int64(2*(before+after)+after); n > most {
		t.Errorf("%d looks, want %d at most", n, most)
	}
}
