package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of a secret, in bytes (Standard Webhooks).
const (
	minSecret = 24
	maxSecret = 64
)

// Secret is a symmetric key of Standard Webhooks (https://www.standardwebhooks.com). With the
// zero value nothing is signed.
type Secret struct{ key []byte }

// ParseSecret reads a key in base64, with or without whsec_ before it.
func ParseSecret(s string) (Secret, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
	if err != nil || len(key) < minSecret || len(key) > maxSecret {
		return Secret{}, errors.New("expected 24 to 64 bytes in base64, as from `openssl rand -base64 32`, perhaps with whsec_ before them")
	}
	return Secret{key}, nil
}

// sign sets the fields by which the receiver knows a message and who sent it. The fields of
// Standard Webhooks without the signature are set in any case.
func (s Secret) sign(h http.Header, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	if len(s.key) == 0 {
		return
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
