package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// maxAnswer bounds the header and the body of an answer, in bytes. More is not read.
const maxAnswer = 64 << 10

const userAgent = "mailbucket (+https://github.com/caddy-mailbucket/mailbucket)"

// answerError is the error of a receiver that did not take a message.
type answerError struct {
	status string
	code   int
	after  time.Duration // how long the receiver wants us to wait, 0 if it did not say
}

func (e *answerError) Error() string {
	return "the receiver answered " + strings.TrimSpace(e.status)
}

// deliver sends a message until the receiver takes it or it is given up. It reports false if
// ctx is done before that.
func (h *Hook) deliver(ctx context.Context, l *letter) bool {
	begin := time.Now()
	for attempt := 0; ; attempt++ {
		err := h.Post(ctx, l.id.String(), l.body)
		if err == nil {
			h.Counts.Sent.Add(1)
			h.recovered()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		answer := new(answerError)
		pause := h.pause(attempt)
		if errors.As(err, &answer) {
			pause = max(pause, min(answer.after, h.longestPause))
		}
		// 410 is how a receiver says that it wants no more of this (Standard Webhooks).
		if answer.code == http.StatusGone || time.Since(begin)+pause > h.giveUpAfter {
			h.Counts.Failed.Add(1)
			h.Logger.Error("a webhook was given up", zap.Stringer("id", l.id), zap.Time("arrived", l.arrived), zap.Int("requests", attempt+1), zap.Error(err))
			return true
		}
		h.Counts.Retried.Add(1)
		h.failed(err, pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
}

// failed logs that the receiver has begun to fail, and recovered that it takes messages again.
func (h *Hook) failed(err error, pause time.Duration) {
	if !h.failing {
		h.Logger.Warn("a webhook failed and is tried again", zap.Duration("after", pause), zap.Error(err))
	}
	h.failing = true
}

func (h *Hook) recovered() {
	if h.failing {
		h.Logger.Info("the receiver of a webhook takes messages again")
	}
	h.failing = false
}

// pause is how long to wait after a failed attempt, of which the first is 0: twice as long
// each time, give or take a quarter, so that many hooks do not come back at the same time.
func (h *Hook) pause(attempt int) time.Duration {
	pause := h.longestPause
	if attempt < 30 {
		pause = min(pause, h.firstPause<<attempt)
	}
	return pause*3/4 + rand.N(pause/2+1)
}

// Post sends one request. It returns nil if the receiver answers with a status of 200 to 299.
// The error does not name the URL, which may hold a secret.
func (h *Hook) Post(ctx context.Context, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", withoutURL(err))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", userAgent)
	h.Secret.sign(request.Header, id, time.Now(), body)
	response, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the receiver: %w", withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return &answerError{response.Status, response.StatusCode, retryAfter(response)}
	}
	// The connection can be used again if the answer has been read.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // the receiver has taken the message, whatever else it says
	return nil
}

// withoutURL is the cause of an error of package http.
func withoutURL(err error) error {
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// retryAfter is what the field of that name says in seconds (RFC 9110 section 10.2.3).
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 20)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
