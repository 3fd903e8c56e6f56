package mailbucket

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestWhatOthersDoChangesNoAnswer asks for all there is before and after another's mail has come,
// has been read and tagged, and has gone: whoever sees only their own cannot tell.
func TestWhatOthersDoChangesNoAnswer(t *testing.T) {
	s := startTeam(t, "only login {http.auth.user.id}", "ann", "bob")
	id := s.sendAs("ann", "shared@box.test", "secretann")
	s.sendAs("bob", "shared@box.test", "secretbob")
	if _, page := s.as("ann", "GET", "/", ""); !strings.Contains(page, "<title>(1) ") {
		t.Errorf("the title does not have the number of one's own unread emails: %.300s", page)
	}
	var attempts []attempt
	for _, a := range append(s.restAttempts("ann", id), otherAttempts("ann", id)...) {
		if a.method == http.MethodGet {
			attempts = append(attempts, a)
		}
	}
	// Times differ, and with them lengths, and places among the changes look different each time.
	differs := regexp.MustCompile(`\b(?:Date|Content-Length):\[[^\]]*|"Uptime":\d+|(after=[0-9a-f]{32}-)[0-9a-f]{32}`)
	ask := func() []string {
		answers := make([]string, len(attempts))
		for i, a := range attempts {
			_, answer := s.as("ann", a.method, a.path, "")
			answers[i] = differs.ReplaceAllString(answer, "$1")
		}
		return answers
	}
	ask() // some mark the mail as read
	before := ask()
	for range 3 {
		other := s.sendAs("bob", "shared@box.test", "secretbob")
		for _, a := range []attempt{
			{method: "PUT", path: "/all/api/v1/tags", body: `{"IDs":["` + other + `"],"Tags":["secret"]}`}, {method: "PATCH", path: "/all/emails/" + other, body: `{"read":true}`},
			{method: "GET", path: "/all/view/" + other}, {method: "PUT", path: "/all/api/v1/messages", body: `{"IDs":["` + other + `"],"Read":false}`},
		} {
			if status, answer := s.as("bob", a.method, a.path, a.body, "Content-Type", "application/json"); status >= 300 {
				t.Fatalf("%s %s: %d %s", a.method, a.path, status, answer)
			}
		}
	}
	if status, answer := s.as("bob", "DELETE", "/all/emails/"+s.ids["bob"][0], ""); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, answer)
	}
	for i, after := range ask() {
		if after != before[i] {
			at := 0
			for at < min(len(after), len(before[i])) && after[at] == before[i][at] {
				at++
			}
			t.Errorf("%s: %.200q, and before %.200q", attempts[i].path, after[at:], before[i][at:])
		}
	}
	if len(attempts) < 60 {
		t.Errorf("%d requests", len(attempts))
	}
}
