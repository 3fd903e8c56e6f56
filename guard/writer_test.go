package guard

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// deadlines notes those that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestClientsAreGivenTimeForEachPiece(t *testing.T) {
	r := request("GET", "/")
	operators := r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, &http.Server{WriteTimeout: time.Second}))
	for _, test := range []struct {
		name string
		r    *http.Request
		held int
		want time.Duration // about; 0 is none
	}{
		{"a stream", r, 0, stall},
		{"a small answer", r, 1, stall},
		{"an answer whose time is nearly over", r, -heldRate * 50, 10 * time.Second},
		{"a server with a timeout of its own", operators, 0, 0},
	} {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		w := Paced(d, test.r, test.held)
		if p, ok := w.(*paced); ok && test.held < 0 {
			p.end = time.Now().Add(test.want)
		}
		before := time.Now()
		for range 3 {
			if _, err := w.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if test.want == 0 {
			if len(d.set) > 0 {
				t.Errorf("%s: %v", test.name, d.set)
			}
			continue
		}
		if len(d.set) == 0 || d.set[0].Before(before.Add(test.want-5*time.Second)) || d.set[0].After(time.Now().Add(test.want)) {
			t.Errorf("%s: %v after %v", test.name, d.set, before)
		}
	}
}
