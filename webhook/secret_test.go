package webhook

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSignatures has the example of Standard Webhooks' own libraries.
func TestSignatures(t *testing.T) {
	for _, text := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		secret, err := ParseSecret(text)
		if err != nil {
			t.Fatal(err)
		}
		h := make(http.Header)
		secret.sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
		for field, want := range map[string]string{
			"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
			"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		} {
			if got := h.Get(field); got != want {
				t.Errorf("%s: %s, want %s", field, got, want)
			}
		}
	}
	h := make(http.Header)
	Secret{}.sign(h, "x", time.Unix(1, 0), nil)
	if len(h) != 2 || h.Get("webhook-signature") != "" {
		t.Errorf("without a secret: %v", h)
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "whsec_", "secret", "whsec_not base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		base64.StdEncoding.EncodeToString(make([]byte, 23)), base64.StdEncoding.EncodeToString(make([]byte, 65)),
	} {
		if _, err := ParseSecret(text); err == nil || !strings.Contains(err.Error(), "expected 24 to 64 bytes in base64") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
