package rest

import (
	_ "embed"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// statsAnswer is GET /stats. The counters are since the bucket was made.
type statsAnswer struct {
	Received uint64       `json:"received"`
	Evicted  uint64       `json:"evicted"` // removed to make room for newer ones
	Expired  uint64       `json:"expired"` // removed at the maximum age
	Deleted  uint64       `json:"deleted"`
	Refused  uint64       `json:"refused"`
	Messages int          `json:"messages"` // held now
	Unread   int          `json:"unread"`   // of these
	Bytes    int64        `json:"bytes"`    // held now, envelopes and index included
	Oldest   *int64       `json:"oldest"`   // arrival of the oldest, milliseconds since 1970
	Limits   limitsAnswer `json:"limits"`
}

// limitsAnswer has null where there is no limit.
type limitsAnswer struct {
	MaxMessages *int   `json:"maxMessages"`
	MaxBytes    *int64 `json:"maxBytes"`
	MaxAge      *int64 `json:"maxAge"` // milliseconds

	MaxMessagesPer boxLimitsAnswer `json:"maxMessagesPer"`
}

// boxLimitsAnswer has null for the kinds of boxes that have no limit.
type boxLimitsAnswer struct {
	Login     *int `json:"login"`
	Recipient *int `json:"recipient"`
	Sender    *int `json:"sender"`
}

func (a *API) stats(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	s, ok := a.bucket.Stats()
	if !ok {
		return hidden()
	}
	answer := statsAnswer{
		Received: s.Received, Evicted: s.Evicted, Expired: s.Expired, Deleted: s.Deleted, Refused: s.Refused,
		Messages: s.Messages, Unread: s.Unread, Bytes: s.Bytes, Oldest: positive(s.Oldest),
		Limits: limitsAnswer{
			positive(s.Limits.MaxMessages), positive(s.Limits.MaxBytes), positive(int64(s.Limits.MaxAge / time.Millisecond)),
			boxLimitsAnswer{positive(s.Limits.PerBox.Login), positive(s.Limits.PerBox.Recipient), positive(s.Limits.PerBox.Sender)},
		},
	}
	w.Header().Set("Cache-Control", "no-store")
	a.sendJSON(w, r, http.StatusOK, "application/json", answer)
	return nil
}

func positive[T int | int64](n T) *T {
	if n <= 0 {
		return nil
	}
	return &n
}

//go:embed openapi.json
var openapi string

// started stands in for the time of the last change of the embedded document.
var started = time.Now()

func (a *API) openapi(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")

	http.ServeContent(w, r, "", started, strings.NewReader(openapi))
	return nil
}
