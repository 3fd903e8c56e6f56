package release

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// rules reads pairs of a pattern and an address.
func rules(t *testing.T, pairs ...string) func(*Config) {
	t.Helper()
	var list []Rule
	for i := 0; i < len(pairs); i += 2 {
		r, err := ParseRule(pairs[i], pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return func(c *Config) { c.Rules = list }
}

// eventually waits until a condition is met. It ends what hangs, and measures nothing.
func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// arrive stores a mail to the recipients and offers it.
func arrive(t *testing.T, f *Forwarder, b *store.Bucket, raw string, session *store.Session, recipients ...string) *store.Message {
	t.Helper()
	m := &store.Message{Sender: "app@app.test", Recipients: recipients, Raw: raw, Session: session}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	f.Offer(m)
	return m
}

func TestMailIsForwardedByRule(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, rules(t, "*@alerts.test", "ops@ours.example.com", "*@*.test", "ops@OURS.example.com", "cto@*", "ann@people.example.com"))
	f := new(Forwarder)
	arrive(t, f, b, plainMail, nil, "x@alerts.test") // nothing is forwarded yet
	f.Use(o)
	arrive(t, f, b, plainMail, nil, "x@other.example")
	m := arrive(t, f, b, plainMail, nil, "x@other.example", "Y@ALERTS.test", "cto@z.example")
	eventually(t, "one is forwarded", func() bool { return o.ledger.Counts().Forwarded == 1 })
	got := r.Mails()
	if len(got) != 1 || !slices.Equal(got[0].Recipients, []string{"ops@ours.example.com", "ann@people.example.com"}) || !strings.HasSuffix(got[0].Data, plainMail) || got[0].ReversePath != "bucket@ours.example.com" {
		t.Fatalf("sent %+v", got)
	}
	if kept := b.Releases(m.ID); len(kept) != 1 || kept[0].By != "forward *@alerts.test, *@*.test, cto@*" {
		t.Errorf("kept %+v", kept)
	}
	f.Use(nil)
	arrive(t, f, b, plainMail, nil, "x@alerts.test")
	if c := o.ledger.Counts(); c != (Counts{Forwarded: 1}) || len(f.waiting) != 0 {
		t.Errorf("counted %+v, %d wait", c, len(f.waiting))
	}
}

// TestForwardingEndsInNoCircle has mails that came from the relay, or that a mailbucket
// has sent on.
func TestForwardingEndsInNoCircle(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, func(c *Config) {
		rules(t, "*", "ops@ours.example.com")(c)
		c.Server.Address = strings.Replace(c.Server.Address, "127.0.0.1", "localhost", 1)
		c.Server.Security = Plain
	})
	f := new(Forwarder)
	f.Use(o)
	arrive(t, f, b, plainMail, nil, "x@alerts.test")
	eventually(t, "one is forwarded", func() bool { return o.ledger.Counts().Forwarded == 1 })
	first := r.Mails()[0]
	arrive(t, f, b, first.Data, nil, "x@alerts.test")
	arrive(t, f, b, plainMail, &store.Session{Hello: "LOCALHOST", Client: "192.0.2.1:1"}, "x@alerts.test")
	arrive(t, f, b, strings.Repeat("Received: x\r\n", maxReceived+1)+"\r\n", nil, "x@alerts.test")
	eventually(t, "the others are counted", func() bool { return o.ledger.Counts().ForwardsFailed == 3 })
	arrive(t, f, b, plainMail, &store.Session{Hello: "app.test", Client: "127.0.0.1:1"}, "x@alerts.test")
	eventually(t, "another application's is forwarded", func() bool { return o.ledger.Counts().Forwarded == 2 })
	if n := len(r.Mails()); n != 2 {
		t.Errorf("%d mails were sent", n)
	}
	far := &Outlet{config: Config{Server: Server{Address: "192.0.2.1:25"}}}
	for client, want := range map[string]bool{"192.0.2.1:4": true, "192.0.2.2:4": false, "[::ffff:192.0.2.1]:4": true, "": false} {
		if got := far.loops(&store.Message{Session: &store.Session{Client: client}}); got != want {
			t.Errorf("from %s: %t", client, got)
		}
	}
}

func TestForwardingIsTriedAgain(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	if err := r.Faults.Configure([]smtp.Fault{
		{Step: "rcpt", Recipient: "ops@*", Times: 2, Reply: "451 4.3.0 Later"}, {Step: "rcpt", Recipient: "never@*", Reply: "451 4.3.0 Later"},
		{Step: "rcpt", Recipient: "no@*", Reply: "550 5.1.1 No"},
	}); err != nil {
		t.Fatal(err)
	}
	o, b := outletTo(t, r, rules(t, "a@*", "ops@ours.example.com", "b@*", "never@ours.example.com", "c@*", "no@ours.example.com"))
	f := &Forwarder{pauses: []time.Duration{time.Millisecond, time.Millisecond}}
	f.Use(o)
	for _, to := range []string{"a@x", "b@x", "c@x"} {
		arrive(t, f, b, plainMail, nil, to)
	}
	eventually(t, "all are done with", func() bool { return o.ledger.Counts() == Counts{Forwarded: 1, ForwardsFailed: 2} })
	if got := r.Mails(); len(got) != 1 || got[0].Recipients[0] != "ops@ours.example.com" {
		t.Errorf("sent %+v", got)
	}
}

// TestForwardingIsBounded has a server that never answers, more mails than may wait and
// than may be sent in a minute, and a mail that is gone before its turn.
func TestForwardingIsBounded(t *testing.T) {
	hold := make(chan struct{})
	address := releasetest.Listen(t, func(conn net.Conn) { <-hold })
	o, b := newOutlet(t, address, nil, func(c *Config) {
		plainText(c)
		rules(t, "*", "ops@ours.example.com")(c)
		c.MaxPerMinute = 1
	})
	f := &Forwarder{pauses: []time.Duration{}}
	f.Use(o)
	gone := arrive(t, f, b, plainMail, nil, "x@y")
	for range maxWaiting + 10 {
		arrive(t, f, b, plainMail, nil, "x@y")
	}
	if _, err := b.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if n := o.ledger.Counts().ForwardsFailed; n < 9 {
		t.Errorf("%d were passed over", n)
	}
	close(hold) // the first fails, and the others are too many a minute
	eventually(t, "none waits", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return !f.working
	})
	if c := o.ledger.Counts(); c != (Counts{ForwardsFailed: maxWaiting + 11}) {
		t.Errorf("counted %+v", c)
	}
	if _, err := o.Release(t.Context(), arrive(t, f, b, plainMail, nil, "x@y"), []string{"ann@ours.example.com"}, ""); kindOf(err) != Away {
		t.Errorf("what is forwarded uses up the minute of releases: %v", err)
	}
}

func TestForwardingChecksTheListAnew(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, nil)
	m := put(t, b, "a@b", plainMail)
	for to, want := range map[string]Kind{"ann@evil.example": NotAllowed, "ann@ours.example.com": -1} {
		a, err := ParseAddress(to)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.forward(forward{id: m.ID, to: []Address{a}}); err == nil && want != -1 || err != nil && err.Kind != want {
			t.Errorf("%s: %v", to, err)
		}
	}
	if n := len(r.Mails()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestMalformedRulesAreRefused(t *testing.T) {
	for _, pair := range [][2]string{{"", "a@ours.example.com"}, {"*@x", ""}, {"*@x", "ann"}, {"*@x", "*@ours.example.com"}, {"*@x", "a@b\r\n"}, {strings.Repeat("*a", 9), "a@ours.example.com"}} {
		if _, err := ParseRule(pair[0], pair[1]); err == nil {
			t.Errorf("%q is taken", pair)
		}
	}
	a, _ := ParseAddress("ann@ours.example.com")
	c := Config{Allowed: parseList(t, list...), From: a, Rules: []Rule{{Text: "*", To: Address{"x", "evil.example"}}}}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "forward * to x@evil.example: expected an address that allow has") {
		t.Error(err)
	}
	if c.Rules = slices.Repeat([]Rule{{To: a}}, maxRules+1); c.Check() == nil {
		t.Error("too many rules are taken")
	}
}

// TestStoringWaitsForNoForwarder offers mails from many goroutines while the outlet changes.
func TestStoringWaitsForNoForwarder(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, func(c *Config) {
		rules(t, "*", "ops@ours.example.com")(c)
		c.MaxPerMinute = 1000
	})
	f := new(Forwarder)
	f.Use(o)
	done := make(chan error, 4)
	for range cap(done) {
		go func() {
			for i := range 10 {
				m := &store.Message{Recipients: []string{fmt.Sprint(i, "@x")}, Raw: plainMail}
				if err := b.Append(context.Background(), m); err != nil {
					done <- err
					return
				}
				f.Offer(m)
				f.Use(o)
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all are forwarded", func() bool { return len(r.Mails()) == 40 && o.ledger.Counts().Forwarded == 40 })
}
