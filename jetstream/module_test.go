package jetstream

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestCaddyfile(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"servers": {"jetstream nats://a:4222 b", `{"servers":["nats://a:4222","b"]}`},
		"everything": {`jetstream tls://a:4222 {
			stream      mail
			replicas    3
			credentials /mail.creds
			ca          ca.pem
			certificate cert.pem key.pem
		}`, `{"servers":["tls://a:4222"],"stream":"mail","replicas":3,"credentials":"/mail.creds","ca":"ca.pem","certificate":"cert.pem","key":"key.pem"}`},
		"placeholders": {"jetstream {env.SERVERS} {\nuser {env.A} {env.B}\n}", `{"servers":["{env.SERVERS}"],"user":"{env.A}","password":"{env.B}"}`},
		"no servers":   {"jetstream", "expected the addresses of servers, as in nats://127.0.0.1:4222, at Testfile:1"},
		"scheme":       {"jetstream http://a", "expected nats:// or tls://, not http://"},
		"other option": {"jetstream a {\nstreams x\n}", `unrecognized option "streams": expected stream, replicas, credentials, user, ca or certificate, at Testfile:2`},
		"twice":        {"jetstream a {\nstream x\nstream y\n}", "stream is already given: expected it once, at Testfile:3"},
		"no argument":  {"jetstream a {\nstream\n}", "stream: expected a name"},
		"one argument": {"jetstream a {\nuser x\n}", "user: expected a name and a password"},
		"replicas":     {"jetstream a {\nreplicas 6\n}", `replicas "6": expected a number from 1 to 5`},
	} {
		t.Run(name, func(t *testing.T) {
			m := new(Module)
			got := ""
			if err := m.UnmarshalCaddyfile(caddyfile.NewTestDispenser(test.text)); err != nil {
				got = err.Error()
			} else if text, err := json.Marshal(m); err != nil {
				t.Fatal(err)
			} else {
				got = string(text)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestModuleMakesTheJournalOfABucket(t *testing.T) {
	t.Setenv("NATS_PASSWORD", "secret")
	m := &Module{Servers: []string{"nats://127.0.0.1:4222"}, User: "mail", Password: "{env.NATS_PASSWORD}"}
	j, err := m.Journal("staging", store.Limits{MaxMessages: 7})
	if err != nil {
		t.Fatal(err)
	}
	s := j.(*Journal).settings
	if s.Stream != "mailbucket-staging" || s.Password != "secret" || s.Limits.MaxMessages != 7 {
		t.Errorf("the settings are %+v", s)
	}
	if _, err := m.Journal("a.b", store.Limits{}); err == nil {
		t.Error("a bucket whose name makes no stream's name has a stream")
	}
}
