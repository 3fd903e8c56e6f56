package command

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWebhookTestTellsOfAMailAndSaysWhatTheReceiverThinks(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	status := http.StatusNoContent
	var signature string
	var entry struct{ ID, Subject string }
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature = r.Header.Get("webhook-signature")
		if err := json.NewDecoder(r.Body).Decode(&entry); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	if err := testWebhook(t.Context(), receiver.URL, secret); err != nil {
		t.Fatal(err)
	}
	if entry.Subject != "A test of this webhook" || len(entry.ID) != 32 || !strings.HasPrefix(signature, "v1,") {
		t.Errorf("the receiver got %+v, signed %q", entry, signature)
	}
	if err := testWebhook(t.Context(), receiver.URL, ""); err != nil || signature != "" {
		t.Errorf("without a secret: %v, signed %q", err, signature)
	}
	status = http.StatusInternalServerError
	for _, c := range []struct{ url, secret, want string }{
		{receiver.URL, secret, "500"},
		{receiver.URL, "short", secretVariable},
		{"ftp://example.com", "", "--url ftp://example.com: expected a URL"},
		{"", "", "expected a URL"},
	} {
		if err := testWebhook(t.Context(), c.url, c.secret); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.url, err, c.want)
		}
	}
}
