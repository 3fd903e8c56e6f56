package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// patience ends what hangs, and measures nothing.
const patience = 5 * time.Minute

// receiver is an HTTP server that records what it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	seen   []http.Header
	answer func(n int, w http.ResponseWriter, r *http.Request) // n counts the requests from 0; nil is 204
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	n := len(r.bodies)
	r.bodies, r.seen = append(r.bodies, string(body)), append(r.seen, request.Header)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, w, request)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bodies)
}

func status(code int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// newHook is one with short pauses whose messages are told of by their subjects.
func newHook(url string, b *store.Bucket) (*Hook, *observer.ObservedLogs) {
	core, logs := observer.New(zap.InfoLevel)
	h := New(Options{
		Bucket: b, URL: url, Counts: new(Counts), Logger: zap.New(core),
		Encode: func(m *store.Message) []byte {
			text, _ := json.Marshal(m.Subject)
			return text
		},
	})
	h.firstPause, h.longestPause = time.Millisecond, 4*time.Millisecond
	return h, logs
}

// run runs the hook until the test ends, or the returned function is called.
func run(t *testing.T, h *Hook, from uint64) (stop func() (next uint64)) {
	ctx, cancel := context.WithCancel(context.Background())
	done, next := make(chan struct{}), from
	go func() {
		defer close(done)
		h.Run(ctx, &next)
	}()
	stop = func() uint64 {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("the hook does not end")
		}
		return next
	}
	t.Cleanup(func() { stop() })
	return stop
}

func appendMail(t *testing.T, b *store.Bucket, subject string) *store.Message {
	t.Helper()
	m := &store.Message{Sender: "a@x", Recipients: []string{"b@x"}, Raw: "Subject: " + subject + "\r\n\r\n", HeaderFields: store.HeaderFields{Subject: subject}}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

func TestMessagesAreToldInOrderAndSigned(t *testing.T) {
	b := store.New(store.Limits{})
	r := newReceiver(t, nil)
	h, _ := newHook(r.URL, b)
	h.Matches = func(m *store.Message) bool { return !strings.HasPrefix(m.Subject, "no") }
	h.Secret, _ = ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	var done []store.ID
	h.Done = func(id store.ID) { done = append(done, id) }
	appendMail(t, b, "before")
	stop := run(t, h, b.NextNumber())
	var ids []store.ID
	for _, subject := range []string{"1", "no", "2", "3"} {
		ids = append(ids, appendMail(t, b, subject).ID)
	}
	eventually(t, "three are told", func() bool { return h.Counts.Sent.Load() == 3 && h.Counts.Lag(b) == 0 })
	if next := stop(); next != 5 || !slices.Equal(done, ids) {
		t.Errorf("ended at %d, and dealt with %v", next, done)
	}
	if got := r.told(); !slices.Equal(got, []string{`"1"`, `"2"`, `"3"`}) {
		t.Errorf("told: %q", got)
	}
	for i, id := range []store.ID{ids[0], ids[2], ids[3]} {
		head := r.seen[i]
		again := make(http.Header)
		var seconds int64
		fmt.Sscan(head.Get("webhook-timestamp"), &seconds)
		h.Secret.sign(again, id.String(), time.Unix(seconds, 0), []byte(r.bodies[i]))
		if head.Get("webhook-id") != id.String() || head.Get("webhook-signature") != again.Get("webhook-signature") || time.Since(time.Unix(seconds, 0)) > patience {
			t.Errorf("header: %v", head)
		}
		if head.Get("Content-Type") != "application/json" || !strings.HasPrefix(head.Get("User-Agent"), "mailbucket ") {
			t.Errorf("header: %v", head)
		}
	}
}

// TestReceiversThatFailAreAskedAgain has receivers that take the third request.
func TestReceiversThatFailAreAskedAgain(t *testing.T) {
	for name, fail := range map[string]func(n int, w http.ResponseWriter, r *http.Request){
		"500":    status(500),
		"400":    status(400),
		"closes": func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"says wait": func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999")
			w.WriteHeader(503)
		},
		"redirects": func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"is slow": func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"long header": func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 3*maxAnswer))
		},
		"endless": func(_ int, w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); fill(w, r) },
	} {
		t.Run(name, func(t *testing.T) {
			b := store.New(store.Limits{})
			r := newReceiver(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					t.Errorf("a redirect to %s was followed", r.URL.Path)
				}
				if n < 2 {
					fail(n, w, r)
				}
			})
			h, logs := newHook(r.URL+"/", b)
			if name == "is slow" {
				h.timeout = 300 * time.Millisecond // which a busy machine may exceed when it is not
			}
			run(t, h, 0)
			appendMail(t, b, "1")
			appendMail(t, b, "2")
			eventually(t, "both are told", func() bool { return h.Counts.Sent.Load() == 2 })
			if got := r.told(); !slices.Equal(got[len(got)-4:], []string{`"1"`, `"1"`, `"1"`, `"2"`}) && name != "is slow" {
				t.Errorf("told: %q", got)
			}
			if h.Counts.Failed.Load() != 0 || h.Counts.Retried.Load() < 2 || logs.FilterMessage("a webhook failed and is tried again").Len() == 0 {
				t.Errorf("%d failed, %d requests were repeated, logged: %v", h.Counts.Failed.Load(), h.Counts.Retried.Load(), logs.All())
			}
		})
	}
}

// fill sends without end.
func fill(w io.Writer, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}

func TestEndlessAnswersAreCutOff(t *testing.T) {
	b := store.New(store.Limits{})
	r := newReceiver(t, func(_ int, w http.ResponseWriter, r *http.Request) { fill(w, r) })
	h, _ := newHook(r.URL, b)
	run(t, h, 0)
	appendMail(t, b, "1")
	appendMail(t, b, "2")
	eventually(t, "both are told", func() bool { return h.Counts.Sent.Load() == 2 })
}

func TestWhatIsGivenUp(t *testing.T) {
	tls := httptest.NewTLSServer(http.NotFoundHandler()) // whose certificate nobody knows
	defer tls.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for name, test := range map[string]struct {
		url, why string
		at       time.Duration
	}{
		"an unknown certificate": {tls.URL, "certificate", 20 * time.Millisecond},
		"nobody listens":         {"http://user:hunter2@" + listener.Addr().String() + "/hunter2?hunter2", "refused", 20 * time.Millisecond},
		"an hour of errors":      {newReceiver(t, status(500)).URL, "the receiver answered 500 Internal Server Error", 20 * time.Millisecond},
		"410":                    {newReceiver(t, status(410)).URL, "410 Gone", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := store.New(store.Limits{})
			h, logs := newHook(test.url, b)
			h.giveUpAfter = test.at
			run(t, h, 0)
			m := appendMail(t, b, "1")
			eventually(t, "it is given up", func() bool { return h.Counts.Failed.Load() == 1 && h.Counts.Lag(b) == 0 })
			entries := logs.FilterMessage("a webhook was given up").All()
			if len(entries) != 1 {
				t.Fatalf("logged: %v", logs.All())
			}
			fields := fmt.Sprint(entries[0].ContextMap())
			if !strings.Contains(fields, test.why) || !strings.Contains(fields, m.ID.String()) || strings.Contains(fmt.Sprint(logs.All()), "hunter2") {
				t.Errorf("logged: %s", fields)
			}
		})
	}
}

// TestDeafReceiverHoldsUpNothing has a receiver that never answers: mail goes on coming, and
// what the bucket has no room for is counted.
func TestDeafReceiverHoldsUpNothing(t *testing.T) {
	b := store.New(store.Limits{MaxMessages: 3})
	asked, release := make(chan struct{}, 1), make(chan struct{})
	r := newReceiver(t, func(n int, _ http.ResponseWriter, r *http.Request) {
		if n == 0 {
			asked <- struct{}{}
			<-release
		}
	})
	h, _ := newHook(r.URL, b)
	h.timeout = patience
	run(t, h, 0)
	appendMail(t, b, "first")
	<-asked
	for i := range 1000 {
		appendMail(t, b, fmt.Sprint(i))
	}
	if lag := h.Counts.Lag(b); lag != 1001 {
		t.Errorf("the lag is %d", lag)
	}
	close(release)
	eventually(t, "the rest is told", func() bool { return h.Counts.Lag(b) == 0 })
	if got := r.told(); !slices.Equal(got, []string{`"first"`, `"997"`, `"998"`, `"999"`}) || h.Counts.Dropped.Load() != 997 {
		t.Errorf("told: %q, and %d were dropped", got, h.Counts.Dropped.Load())
	}
}

// TestWhoGoesOnTellsAgainWhatWasUnderWay ends a hook within a request and between two.
func TestWhoGoesOnTellsAgainWhatWasUnderWay(t *testing.T) {
	b := store.New(store.Limits{})
	asked := make(chan struct{}, 10)
	r := newReceiver(t, func(n int, w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		if n == 1 {
			<-r.Context().Done()
		}
	})
	h, _ := newHook(r.URL, b)
	h.timeout = patience
	stop := run(t, h, 0)
	for i := range 3 {
		appendMail(t, b, fmt.Sprint(i))
	}
	<-asked
	<-asked
	next := stop()
	if next != 1 || h.Counts.Failed.Load() != 0 {
		t.Errorf("ended at %d, with %d failed", next, h.Counts.Failed.Load())
	}
	again, _ := newHook(r.URL, b)
	run(t, again, next)
	eventually(t, "the rest is told", func() bool { return again.Counts.Sent.Load() == 2 })
	if got := r.told(); !slices.Equal(got, []string{`"0"`, `"1"`, `"1"`, `"2"`}) || r.seen[1].Get("webhook-id") != r.seen[2].Get("webhook-id") {
		t.Errorf("told: %q", got)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPanicsGiveUpOneMessage has a message that cannot be read.
func TestPanicsGiveUpOneMessage(t *testing.T) {
	b := store.New(store.Limits{})
	r := newReceiver(t, nil)
	h, logs := newHook(r.URL, b)
	encode := h.Encode
	h.Encode = func(m *store.Message) []byte {
		if m.Subject == "bad" {
			panic("it is bad")
		}
		return encode(m)
	}
	run(t, h, 0)
	for _, subject := range []string{"1", "bad", "2"} {
		appendMail(t, b, subject)
	}
	eventually(t, "the others are told", func() bool { return h.Counts.Sent.Load() == 2 && h.Counts.Lag(b) == 0 })
	if got := r.told(); !slices.Equal(got, []string{`"1"`, `"2"`}) || h.Counts.Failed.Load() != 1 || logs.FilterMessage("panic in telling of an email").Len() != 1 {
		t.Errorf("told: %q, %d failed, logged: %v", got, h.Counts.Failed.Load(), logs.All())
	}
}

func TestPausesGrow(t *testing.T) {
	h := New(Options{})
	sum := time.Duration(0)
	for attempt := range 100 {
		want := longestPause
		if attempt < 9 {
			want = firstPause << attempt
		}
		got := h.pause(attempt)
		if got < want*3/4 || got > want*5/4 {
			t.Errorf("attempt %d: %v, want about %v", attempt, got, want)
		}
		sum += got
	}
	if sum < giveUpAfter {
		t.Errorf("a hundred pauses take %v", sum)
	}
}

func TestURLsOfReceivers(t *testing.T) {
	for address, valid := range map[string]bool{
		"https://hooks.example.com/mail": true, "http://127.0.0.1:8080": true, "https://user:pass@[::1]/x?y": true,
		"": false, "hooks.example.com/mail": false, "ftp://example.com": false, "https://": false, "https:///path": false, "https://:443/x": false,
		"https://a/#b": false, "https://a b/": false, "javascript:alert(1)": false, "https://[::1": false,
	} {
		if err := CheckURL(address); (err == nil) != valid {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	if err := withoutURL(io.EOF); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
