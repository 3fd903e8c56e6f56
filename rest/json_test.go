package rest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// brokenFaults cannot be encoded.
type brokenFaults struct{ testFaults }

func (*brokenFaults) MarshalJSON() ([]byte, error) { return nil, errors.New("out of order") }

func TestAnswersThatCannotBeEncodedAreErrors(t *testing.T) {
	a := newTestAPI(t)
	core, logged := observer.New(zap.ErrorLevel)
	a.faults, a.logger = new(brokenFaults), zap.New(core)
	response, body := do(t, a, "GET", "/faults")
	if response.StatusCode != http.StatusInternalServerError || response.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "out of order") {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
	}
	if logged.Len() != 1 {
		t.Errorf("logged: %v", logged.All())
	}
}

func TestEmailsOfAnyDateHaveAnAnswer(t *testing.T) {
	for _, date := range []string{
		"Thu, 1 Jan 2026 00:00:00 +9959", "Thu, 1 Jan 2026 00:00:00 +2400", "Thu, 1 Jan 2026 00:00:00 -9999",
		"1 Jan 0001 00:00:00 +0100", "Thu, 01 Jan 20260 00:00:00 +0000", "0000-01-01T00:00:00+23:59",
		"31 Dec 9999 23:59:59 -2359", "Thu, 1 Jan 2026 00:00:00 +0000",
	} {
		m := mail("a@x", "b@x", "Date: "+date+"\r\nSubject: s\r\n\r\nbody\r\n")
		response, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String())
		if response.StatusCode != http.StatusOK || !strings.Contains(body, `"subject":"s"`) {
			t.Errorf("%s: %d %q", date, response.StatusCode, body)
		}
	}
}
