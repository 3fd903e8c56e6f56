package rest

import (
	"net/http"
	"testing"
)

func TestHealthyIsSaid(t *testing.T) {
	a := newTestAPI(t)
	for _, path := range []string{"/livez", "/readyz"} {
		response, body := do(t, a, "GET", path)
		if response.StatusCode != http.StatusOK || body != "ok\n" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s: %q, %v", path, response.Status, body, response.Header)
		}
		if response, body := do(t, a, "HEAD", path); response.StatusCode != http.StatusOK || body != "" {
			t.Errorf("HEAD %s: %s: %q", path, response.Status, body)
		}
		if response, _ := do(t, a, "POST", path); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %s", path, response.Status)
		}
	}
}
