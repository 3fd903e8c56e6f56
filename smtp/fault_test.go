package smtp

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestFaultsAreLogged(t *testing.T) {
	srv, _ := newTestServer()
	core, logs := observer.New(zap.InfoLevel)
	srv.Logger = zap.New(core)
	srv.Faults = new(Faults)
	if err := srv.Faults.Set([]Fault{{Step: "helo", Probability: 1e-15, Drop: true}, {Step: "helo", Reply: "450 No"}}); err != nil {
		t.Fatal(err)
	}
	converse(t, srv, "HELO x\r\nQUIT\r\n")
	if got := logs.FilterMessage("fault on purpose").FilterField(zap.String("fault", "reply 450 No")).Len(); got != 1 {
		t.Errorf("logged: %v", logs.All())
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	for _, test := range []struct{ document, want string }{
		{`{"faults":[{"step":"quit","drop":true}]}`, "step \"quit\": expected one of connect"},
		{`{"faults":[{"step":"mail"}]}`, "expected something to do"},
		{`{"faults":[{"step":"mail","drop":true,"stall":true}]}`, "expected one of reply, drop and stall"},
		{`{"faults":[{"step":"mail","recipient":"a","drop":true}]}`, "recipient: not known at step mail"},
		{`{"faults":[{"step":"helo","sender":"a","drop":true}]}`, "sender: not known at step helo"},
		{`{"faults":[{"step":"mail","probability":2,"drop":true}]}`, "probability 2"},
		{`{"faults":[{"step":"mail","probability":0,"drop":true}]}`, "probability 0: expected a number above 0"},
		{`{"faults":[{"step":"mail","probability":-0.0,"drop":true}]}`, "probability -0: expected a number above 0"},
		{`{"faults":[{"step":"mail","times":0,"drop":true}]}`, "times 0: expected a positive number"},
		{`{"faults":[{"step":"mail","times":-1,"drop":true}]}`, "times -1: expected a positive number"},
		{`{"faults":[{"step":"mail","times":1.5,"drop":true}]}`, "reading faults"},
		{`{"faults":[{"step":"mail","client":"::ffff:0:0/90","drop":true}]}`, "client \"::ffff:0:0/90\""},
		{`{"faults":[{"step":"mail","client":"localhost","drop":true}]}`, "client \"localhost\""},
		{`{"faults":[{"step":"mail","delay":"1h"}]}`, "delay 1h0m0s: expected at most 10m0s"},
		{`{"faults":[{"step":"mail","delay":"soon"}]}`, "duration \"soon\""},
		{`{"faults":[{"step":"mail","reply":"250 OK"}]}`, "reply \"250 OK\""},
		{`{"faults":[{"step":"mail","reply":"550 5.1.1 x\r\n250 OK"}]}`, "line of text"},
		{`{"faults":[{"step":"mail","reply":"550 4.1.1 x"}]}`, "enhanced status code that begins with 5"},
		{`{"faults":[{"step":"mail","replies":"550"}]}`, "unknown field"},
		{`{"fault":[]}`, "unknown field"},
		{`{}`, "expected an object"},
		{`[]`, "reading faults"},
	} {
		faults := new(Faults)
		if err := faults.SetJSON([]byte(test.document)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.document, err, test.want)
		}
	}
}

func TestFaultsAreListed(t *testing.T) {
	faults := new(Faults)
	document := `{"configured":[{"step":"rcpt","probability":0.5,"drop":true}],"faults":[{"step":"mail","times":2,"delay":"1m0s","reply":"450 x"}]}`
	if err := faults.Configure([]Fault{{Step: "rcpt", Probability: 0.5, Drop: true}}); err != nil {
		t.Fatal(err)
	}
	if err := faults.SetJSON([]byte(`{"faults":[{"step":"mail","times":2,"delay":"60s","reply":"450 x"}]}`)); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(faults); err != nil || string(got) != document {
		t.Errorf("%s %v", got, err)
	}
}

func TestClientsOfAFault(t *testing.T) {
	for _, test := range []struct {
		client, ip string
		want       bool
	}{
		{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "192.0.2.8", false}, {"::ffff:192.0.2.7", "192.0.2.7", true},
		{"192.0.2.0/24", "192.0.2.7", true}, {"::ffff:192.0.2.0/120", "192.0.2.7", true}, {"::ffff:192.0.2.0/120", "192.0.3.7", false},
		{"::ffff:0:0/96", "192.0.2.7", true}, {"2001:db8::/32", "2001:db8::1", true}, {"2001:db8::/32", "192.0.2.7", false},
	} {
		rule, err := (&Fault{Step: "connect", Client: test.client, Drop: true}).compile()
		if err != nil {
			t.Fatal(err)
		}
		s := &session{ip: netip.MustParseAddr(test.ip)}
		if got := rule.applies(s, ""); got != test.want {
			t.Errorf("%s for %s: %v", test.client, test.ip, got)
		}
	}
}
