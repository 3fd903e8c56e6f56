package guard

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

const testMost = 4 << 20

// serveBodies answers with the length of each body, or why it could not be read.
func serveBodies(t *testing.T, b *Bodies) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, done, err := b.Read(w, r, testMost)
		tooLarge := new(http.MaxBytesError)
		switch {
		case errors.As(err, &tooLarge):
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case errors.Is(err, ErrSlow):
			w.WriteHeader(http.StatusRequestTimeout)
		case errors.Is(err, ErrBusy):
			w.WriteHeader(http.StatusServiceUnavailable)
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		default:
			fmt.Fprint(w, len(body), strings.Count(body, "x"))
			done()
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func newBodies(wait time.Duration) *Bodies {
	return NewBodies(NewBudget(2<<20, wait, nil), NewBudget(8<<20, wait, nil))
}

func TestBodiesAreReadWhole(t *testing.T) {
	server := serveBodies(t, newBodies(testPatience))
	for _, size := range []int{0, 1, firstRoom, firstRoom + 1, smallBody, smallBody + 1, testMost, testMost + 1} {
		for _, announced := range []bool{true, false} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", size))
			if !announced {
				body = io.MultiReader(body) // of a length that the client does not know
			}
			response, err := http.Post(server.URL, "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(response.Body)
			response.Body.Close()
			want, status := fmt.Sprint(size, size), http.StatusOK
			if size > testMost {
				want, status = "", http.StatusRequestEntityTooLarge
			}
			if err != nil || string(answer) != want || response.StatusCode != status {
				t.Errorf("%d bytes, announced %v: %d %s (%v)", size, announced, response.StatusCode, answer, err)
			}
		}
	}
}

// announce begins a request with a body that it does not send.
func announce(t *testing.T, server *httptest.Server, size int, sent string) *bufio.Reader {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testPatience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, sent)
	return bufio.NewReader(conn)
}

func statusLine(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, status, _ := strings.Cut(strings.TrimSpace(line), " ")
	return status
}

func TestBodiesThatDoNotComeEnd(t *testing.T) {
	bodies := newBodies(testPatience)
	bodies.grace = time.Millisecond
	server := serveBodies(t, bodies)
	for _, size := range []int{100, 2 << 20} {
		if got := statusLine(t, announce(t, server, size, "x")); got != "408 Request Timeout" {
			t.Errorf("%d: %s", size, got)
		}
	}
}

// TestAnnouncedBodiesTakeNoMemory has clients announce far more than they send, and
// others find that there is no room beside them.
func TestAnnouncedBodiesTakeNoMemory(t *testing.T) {
	bodies := newBodies(time.Millisecond)
	server := serveBodies(t, bodies)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 2 {
		announce(t, server, testMost, "x")
	}
	for bodies.large.bytes.TryAcquire(1) { // until these two have all of it
		bodies.large.bytes.Release(1)
		time.Sleep(time.Millisecond)
	}
	for range 38 {
		if got := statusLine(t, announce(t, server, testMost, "x")); got != "503 Service Unavailable" {
			t.Errorf("beyond the budget: %s", got)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > testMost {
		t.Errorf("40 announced bodies of %d bytes take %d", testMost, more)
	}
	if response, err := http.Post(server.URL, "text/plain", strings.NewReader("x")); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("a small one beside them: %v (%v)", response, err)
	}
}
