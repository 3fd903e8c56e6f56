package mailbucket

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
)

// releasing is a configuration with users whose bucket releases to ours.test.
func releasing(t *testing.T, relay *releasetest.Relay, more string) string {
	t.Helper()
	trusted := filepath.Join(t.TempDir(), "relay.pem")
	must(t, os.WriteFile(trusted, relay.PEM, 0o600))
	t.Setenv("RELAY_PASSWORD", releasetest.Password)
	return fmt.Sprintf(`{
	LOGOFF
	mailbucket SMTP {
		bucket default {
			release %s {
				allow     *@ours.test
				user      robot {env.RELAY_PASSWORD}
				tls       starttls
				tls_trust %s
				from      bucket@ours.test
				%s
			}
		}
	}
}
HTTP {
	@users path /users/*
	basic_auth @users {
		ann %s
	}
	handle_path /users/* {
		mailbucket
	}
	metrics /metrics
	mailbucket
}
`, relay.Address, trusted, more, bcryptOf(t, "secret", bcrypt.MinCost))
}

// release asks for a release of the newest mail, and returns the answer and its status.
func (s *site) release(path, body, user string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequest("POST", "http://"+s.http+path, strings.NewReader(body))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	if user != "" {
		r.SetBasicAuth(user, "secret")
	}
	http.DefaultClient.CloseIdleConnections() // a reload may be closing them
	response, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(s.t, err)
	return response.StatusCode, string(text)
}

func TestReleaseOfOneMail(t *testing.T) {
	relay := releasetest.NewRelay(t, func(s *smtp.Server) { s.Auth = smtp.AuthRequired })
	s := start(t, releasing(t, relay, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("app@x", "someone@x", "Subject: Hello\r\n\r\n..two"))
	if status, answer := s.release("/emails/latest/release", `{"to":["ann@evil.test"]}`, ""); status != 403 || !strings.Contains(answer, "*@ours.test") {
		t.Errorf("%d %s", status, answer)
	}
	for path, user := range map[string]string{"/emails/latest/release": "", "/users/emails/latest/release": "ann"} {
		status, answer := s.release(path, `{"to":["ann@ours.test"]}`, user)
		var released struct{ By, MessageID string }
		if user == "" {
			user = "127.0.0.1"
		}
		if err := json.Unmarshal([]byte(answer), &released); err != nil || status != 202 || released.By != user {
			t.Errorf("%s: %d %s, by %q", path, status, answer, released.By)
		}
	}
	for _, m := range relay.Mails() {
		if m.ReversePath != "bucket@ours.test" || m.Session.AuthIdentity != "robot" || m.Session.TLSVersion == "" || !strings.HasSuffix(m.Data, ">\r\nSubject: Hello\r\n\r\n.two\r\n") {
			t.Errorf("the relay got %+v, %q", m.Session, m.Data)
		}
	}
	var email struct{ Releases []struct{ By string } }
	s.get("/emails/latest", &email)
	if len(email.Releases) != 2 || len(relay.Mails()) != 2 {
		t.Errorf("shown: %v, sent: %d", email.Releases, len(relay.Mails()))
	}
	metrics := s.page("/metrics")
	for _, want := range []string{`mailbucket_messages_released_total{bucket="default"} 2`, `mailbucket_messages_release_failed_total{bucket="default"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestMailIsForwardedByRule(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	config := releasing(t, relay, "forward *@alerts.test to ops@ours.test")
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("app@x", "someone@x", "Subject: not this\r\n\r\n"))
	must(t, c.send("app@x", "disk@ALERTS.test", "Subject: Full\r\n\r\n"))
	eventually(t, "it is forwarded", func() bool {
		return strings.Contains(s.page("/metrics"), `mailbucket_messages_forwarded_total{bucket="default"} 1`)
	})
	if got := relay.Mails(); len(got) != 1 || got[0].Recipients[0] != "ops@ours.test" || !strings.HasSuffix(got[0].Data, ">\r\nSubject: Full\r\n\r\n\r\n") {
		t.Errorf("the relay got %+v", got)
	}
	var email struct{ Releases []struct{ By string } }
	if s.get("/emails/latest", &email); len(email.Releases) != 1 || email.Releases[0].By != "forward *@alerts.test" {
		t.Errorf("shown: %v", email.Releases)
	}
	if err := s.load(strings.Replace(config, "to ops@ours.test", "to ops@theirs.test", 1)); err == nil || !strings.Contains(err.Error(), "expected an address that allow has, at Caddyfile:") {
		t.Errorf("to an address that is not allowed: %v", err)
	}
	must(t, s.load(shortest))
	must(t, c.send("app@x", "disk@alerts.test", "Subject: Full again\r\n\r\n"))
	if n := len(relay.Mails()); n != 1 {
		t.Errorf("%d mails were sent where nothing is configured", n)
	}
}

// TestReleaseOutlivesReloads has the bound of a minute and what was released stay, and the
// configuration change.
func TestReleaseOutlivesReloads(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	config := releasing(t, relay, "max_per_minute 1")
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("app@x", "someone@x", "Subject: Hello\r\n\r\n"))
	if status, answer := s.release("/emails/latest/release", `{"to":["ann@ours.test"]}`, ""); status != 202 {
		t.Fatalf("%d %s", status, answer)
	}
	must(t, s.load(config))
	if status, answer := s.release("/emails/latest/release", `{"to":["ann@ours.test"]}`, ""); status != 429 {
		t.Errorf("in the same minute, after a reload: %d %s", status, answer)
	}
	if err := s.load(strings.Replace(config, "*@ours.test", "*@", 1)); err == nil {
		t.Error("a malformed list is taken")
	}
	must(t, s.load(strings.NewReplacer("*@ours.test", "*@theirs.test", "max_per_minute 1", "").Replace(config)))
	for to, want := range map[string]int{"ann@ours.test": 403, "ann@theirs.test": 202} {
		if status, answer := s.release("/emails/latest/release", `{"to":["`+to+`"]}`, ""); status != want {
			t.Errorf("to %s: %d %s", to, status, answer)
		}
	}
	must(t, s.load(shortest))
	if status, answer := s.release("/emails/latest/release", `{"to":["ann@ours.test"]}`, ""); status != 404 {
		t.Errorf("where it is not configured: %d %s", status, answer)
	}
	var email struct{ Releases []any }
	if s.get("/emails/latest", &email); len(email.Releases) != 2 {
		t.Errorf("shown: %v", email.Releases)
	}
}
