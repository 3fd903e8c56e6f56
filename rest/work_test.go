package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

func total(t *testing.T, a *API, query string) string {
	t.Helper()
	response, body := do(t, a, "GET", "/emails?"+query)
	if response.StatusCode != http.StatusOK {
		return fmt.Sprint(response.StatusCode)
	}
	_, after, _ := strings.Cut(body, `"totalResults":`)
	number, _, _ := strings.Cut(after, ",")
	return number
}

func TestConditionsAreBoundedAndAllHold(t *testing.T) {
	a := newTestAPI(t, mail("abc@x.test", "b@x.test", "X-A: one\r\nX-B: two\r\nX-A: three\r\nSubject: s\r\n\r\nbody\r\n"))
	for query, want := range map[string]string{
		"header:X-A=one&header:X-A=three":                        "1",
		"header:x-a=one&header:X-A=three":                        "1",
		"header=X-A:one&header=X-A:three":                        "1",
		"header:X-A=one&header=X-A:three&q=body":                 "1",
		"header:X-A=one&header:X-A=two":                          "0",
		"header:X-A=one&header:X-B=two&subject=s":                "1",
		"header:X-A=one%0Athree":                                 "0",
		strings.Repeat("header:X-A=one&", 8):                     "1",
		strings.Repeat("header:X-A=one&", 9):                     "400",
		strings.Repeat("header=X-A:one&", 9):                     "400",
		"header=X-A:one&" + strings.Repeat("header:X-B=two&", 8): "400",
		"sender=" + strings.Repeat("*", 1000) + "@x.test":        "1",
		"sender=***a***c*@*":                                     "1",
		"sender=***a***d*@*":                                     "0",
		"sender=*a*b*c*@*x*.*t*":                                 "1",
		"sender=*a*b*c*@*x*.*t*t":                                "1",
		"sender=*a*b*c*@*x*.*t*t*":                               "400",
		"recipient=" + strings.Repeat("*b", 9):                   "400",
		"sender=**":                                              "1",
		"hasAttachment=false&header:X-A=one&q=two":               "0",
	} {
		if got := total(t, a, query); got != want {
			t.Errorf("%.60s: %s, want %s", query, got, want)
		}
	}
}

// oneSlot lets one search run at a time, and takes that slot.
func oneSlot(t *testing.T, a *API, line int, wait time.Duration) (release func()) {
	t.Helper()
	a.limits.Searches = guard.NewSlots(1, line, wait)
	release, err := a.limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func TestSearchesWaitForTheirTurn(t *testing.T) {
	a := newTestAPI(t, mail("a@x", "b@x", "x"))
	release := oneSlot(t, a, 10, time.Millisecond)
	for _, call := range [][2]string{
		{"GET", "/emails?q=x"}, {"GET", "/emails?recipient=*b*"}, {"GET", "/emails?header:X=y"}, {"DELETE", "/emails?q=x"},
	} {
		response, body := do(t, a, call[0], call[1])
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", call, response.StatusCode, response.Header, body)
		}
	}
	// What an index answers, and what has no content, does not wait.
	for _, call := range [][2]string{
		{"GET", "/emails"}, {"GET", "/emails?recipient=b@x"}, {"GET", "/emails?sender=a@x"}, {"HEAD", "/emails?q=x"}, {"HEAD", "/emails?q=x&wait=10m"},
	} {
		if response, body := do(t, a, call[0], call[1]); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", call, response.StatusCode, body)
		}
	}
	release()
	if got := total(t, a, "q=x"); got != "1" {
		t.Errorf("afterwards: %s", got)
	}
}

func TestSearchEndsWithItsClient(t *testing.T) {
	a := newTestAPI(t, mail("a@x", "b@x", "x"))
	defer oneSlot(t, a, 10, patience)()
	for _, path := range []string{"/emails?q=x", "/emails?q=x&wait=10m", "/events?q=x&after=00000000000000000000000000000001"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil).WithContext(ctx)) // and does not hang
	}
}

// TestLargeEmailsTakeLittleMemory counts what answers about a mail of 25 MB allocate.
func TestLargeEmailsTakeLittleMemory(t *testing.T) {
	const size = 25 << 20
	head := "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
		"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	attached := mail("a@x", "b@x", head+strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", size/78)+"--b--\r\n")
	text := mail("a@x", "b@x", "Subject: s\r\nContent-Type: text/html\r\n\r\n"+strings.Repeat("<p>hello \"you\" there</p>\r\n", size/26))
	a := newTestAPI(t, attached, text)
	for _, test := range []struct {
		method string
		m      *store.Message
		part   string
		most   uint64
	}{
		{"GET", attached, "", 4 << 20},
		{"GET", attached, "/raw", 1 << 20},
		{"GET", attached, "/attachments/0", 1 << 20},
		{"GET", attached, "/text", 4 << 20},
		{"GET", text, "", 700 << 20}, // by package message, which looks for links and codes
		{"HEAD", text, "", 1 << 20},
		{"HEAD", text, "/text", 4 << 20},
		{"HEAD", text, "/html", 4 << 20},
		{"HEAD", attached, "/raw", 1 << 20},
	} {
		w := httptest.NewRecorder()
		w.Body = nil
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a.Serve(w, httptest.NewRequest(test.method, "/emails/"+test.m.ID.String()+test.part, nil))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; w.Code != http.StatusOK || took > test.most {
			t.Errorf("%s %s: %d, %d KiB allocated, want %d at most", test.method, test.part, w.Code, took>>10, test.most>>10)
		}
	}
}

// deadlineWriter notes the write deadlines that are set.
type deadlineWriter struct {
	*httptest.ResponseRecorder
	last atomic.Int64
}

func (w *deadlineWriter) SetWriteDeadline(t time.Time) error {
	w.last.Store(t.Unix())
	return nil
}

func (w *deadlineWriter) Flush() {}

func TestWaitsAndStreamsHaveTheirTimeAlsoUnderAWriteTimeout(t *testing.T) {
	a := newTestAPI(t, mail("a@x", "b@x", "x"))
	ctx := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{WriteTimeout: time.Second})
	w := &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	a.Serve(w, httptest.NewRequest("GET", "/emails?wait=10m", nil).WithContext(ctx)) // answered at once
	if until := time.Unix(w.last.Load(), 0); time.Until(until) < 9*time.Minute {
		t.Errorf("a wait of 10 minutes may be written until %v", until)
	}
	a.Stop()
	w = &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	a.Serve(w, httptest.NewRequest("GET", "/events", nil).WithContext(ctx)) // ends at once
	if until := time.Unix(w.last.Load(), 0); time.Until(until) < 30*time.Second {
		t.Errorf("an event may be written until %v", until)
	}
}

func TestIdleStreamsSayThatTheyAreAlive(t *testing.T) {
	a := newTestAPI(t)
	a.heartbeat = time.Millisecond
	response, err := http.Get(serveAPI(t, a).URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	const want = "retry: 1000\n\n:\n\n:\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != want {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestMessagesTooLargeForTheBucketAreRefused(t *testing.T) {
	a := newAPIOf(t, store.New(store.Limits{MaxBytes: 1000}))
	response, _ := doBody(t, a, "POST", "/emails?recipient=b@x", strings.Repeat("x", 2000), "Content-Type", "message/rfc822")
	if stats := bucketOf(a).Stats(); response.StatusCode != http.StatusRequestEntityTooLarge || stats.Refused != 1 || stats.Received != 0 {
		t.Errorf("%d, %+v", response.StatusCode, stats)
	}
}
