package peers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/release/outlettest"
	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
)

// releases lets mails be released to ours.test through the relay.
func (p *peer) releases(relay *releasetest.Relay) {
	p.t.Helper()
	p.api.outlet = outlettest.New(p.t, p.bucket, relay, 0)
	p.api.who = func(*http.Request) string { return "tester" }
}

func TestReleaseByThePeersCalls(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	if err := relay.Faults.Configure([]smtp.Fault{{Step: "rcpt", Recipient: "gone@*", Reply: "550 5.1.1 No such user"}}); err != nil {
		t.Fatal(err)
	}
	p := newPeer(t)
	p.releases(relay)
	id := p.add("a@x", []string{"b@x"}, "Subject: Hello\n\n..x\n")
	host, port, _ := strings.Cut(relay.Address, ":")
	mailpit, mailhog := "/api/v1/message/"+id+"/release", "/api/v1/messages/"+id+"/release"
	sent := 0
	for _, test := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{mailpit, `{"To":["ann@ours.test","bob@ours.test"]}`, 200, "ok"},
		{"/api/v1/message/latest/release", `{"to":["ann@ours.test"]}`, 200, "ok"},
		{mailpit, `{"To":["ann@evil.test"]}`, 400, "Error: ann@evil.test is not on the list of those to whom mail may be released: *@ours.test"},
		{mailpit, `{"To":["Ann <ann@ours.test>"]}`, 400, "expected a plain address"},
		{mailpit, `{"To":["gone@ours.test"]}`, 502, "550 5.1.1 No such user"},
		{mailpit, `{}`, 400, "no valid addresses"},
		{mailhog, `{"Email":"ann@ours.test"}`, 200, ""},
		{mailhog, `{"name":"release","host":"` + host + `","port":"` + port + `","email":"ann@ours.test","username":"x","password":"y","mechanism":"PLAIN"}`, 200, ""},
		{mailhog, `{"host":"evil.test","port":"25","email":"ann@ours.test"}`, 403, "release goes through " + relay.Address + " only"},
		{mailhog, `{"host":"` + host + `","port":"1","email":"ann@ours.test"}`, 403, "release goes through"},
		{mailhog, `{"name":"other","email":"ann@ours.test"}`, 403, "release goes through"},
		{mailhog, `{"email":"ann@evil.test"}`, 400, "not on the list"},
		{mailhog, `{}`, 400, "expected a plain address"},
	} {
		response, body := p.ask("POST", test.path, test.body)
		status := response.StatusCode
		if status != test.status || !strings.Contains(body, test.answer) || test.answer == "" && body != "" {
			t.Errorf("%s %s: %d %q, want %d %q", test.path, test.body, status, body, test.status, test.answer)
		}
		if status == http.StatusOK {
			sent++
		}
		if n := len(relay.Mails()); n != sent {
			t.Fatalf("%s %s: %d mails were sent, want %d", test.path, test.body, n, sent)
		}
	}
	for path, want := range map[string]string{
		"/api/v1/webui":         `"MessageRelay":{"Enabled":true,"SMTPServer":"` + relay.Address + `","ReturnPath":"bucket@ours.test","AllowedRecipients":"^([^@]*@ours\\.test)$"`,
		"/api/v2/outgoing-smtp": `{"release":{"Name":"release","Host":"` + host + `","Port":"` + port + `"}}`,
	} {
		if response, body := p.ask("GET", path, ""); response.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %s %s", path, response.Status, body)
		}
	}
}
