package mailbucket

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// breaking is an app whose start fails when it is told to.
type breaking struct {
	Fail bool `json:"fail,omitempty"`
	ctx  caddy.Context
}

func init() { caddy.RegisterModule(new(breaking)) }

func (*breaking) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "breaking", New: func() caddy.Module { return new(breaking) }}
}

func (b *breaking) Provision(ctx caddy.Context) error {
	b.ctx = ctx
	return nil
}

func (b *breaking) Start() error {
	if b.Fail {
		return errors.New("broken on purpose")
	}
	return nil
}

func (*breaking) Stop() error { return nil }

// loadJSON loads a configuration that was changed after adapting it.
func (s *site) loadJSON(config string, change func(config map[string]any)) error {
	s.t.Helper()
	adapted, err := adapt(s.fill(config))
	must(s.t, err)
	var object map[string]any
	must(s.t, json.Unmarshal(adapted, &object))
	change(object)
	body, err := json.Marshal(object)
	must(s.t, err)
	return s.loadAdapted(body)
}

// failLate has a configuration fail after all of its apps have started, when Caddy sees
// to what it would load next.
func failLate(config map[string]any) { loadNext(config, map[string]any{"module": "nosuch"}) }

func loadNext(config, loader map[string]any) {
	config["admin"] = map[string]any{"disabled": true, "config": map[string]any{"load": loader}}
}

// both is a configuration in all forms: SMTP by the global option, a layer4 server, and
// a site. More is for the options.
func both(hostname, option, more string) string {
	return "{\nLOGOFF\nmailbucket SMTP {\nbucket default {\n" + option + "\n}\n}\nlayer4 {\nTLS {\nroute {\nmailbucket {\nhostname " + hostname +
		"\n}\n}\n}\n" + more + "}\n}\nHTTP {\nmailbucket\n}\n"
}

// TestRejectedConfigurationChangesNothing rejects configurations at each point where
// Caddy does, again and again, as the order in which it starts apps is chance.
func TestRejectedConfigurationChangesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	nothing := func(map[string]any) {}
	const wants = "max_messages 5\nfault connect {\nreply 421 by the rejected one\n}"
	for name, rejected := range map[string]struct {
		config string
		change func(config map[string]any)
	}{
		"when provisioned":                  {both("rejected.test", wants, "127.0.0.1:1 {\nroute {\nmailbucket nosuch\n}\n}\n"), nothing},
		"a layer4 address is taken":         {both("rejected.test", wants, taken.Addr().String()+" {\nroute {\nmailbucket\n}\n}\n"), nothing},
		"an address of the option is taken": {strings.Replace(both("rejected.test", wants, ""), "SMTP {", "SMTP "+taken.Addr().String()+" {", 1), nothing},
		"the address of a site is taken":    {both("rejected.test", wants, "") + "http://" + taken.Addr().String() + " {\nbind 127.0.0.1\nmailbucket\n}\n", nothing},
		"another app does not start": {both("rejected.test", wants, ""), func(config map[string]any) {
			config["apps"].(map[string]any)["breaking"] = map[string]any{"fail": true}
		}},
		"after all have started": {both("rejected.test", wants, ""), failLate},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, both("good.test", "max_messages 100", ""))
			c := s.dial()
			must(t, c.talk("", "220", "HELO x", "250"))
			for range 20 {
				must(t, c.send("a@x", "b@x", "body"))
			}
			addresses := []string{s.smtp, s.https, s.http}
			before := usage(addresses)
			for range 6 {
				if err := s.loadJSON(rejected.config, rejected.change); err == nil {
					t.Fatal("no error")
				}
				eventually(t, "nothing of it listens", func() bool { return usage(addresses) == before && s.answers() })
			}
			if n := s.total("/emails"); n != 20 {
				t.Errorf("%d messages are left of 20", n)
			}
			for range 10 {
				must(t, s.dial().talk("", "220"))
				conn, err := net.Dial("tcp", s.https)
				must(t, err)
				must(t, (&client{conn, bufio.NewReader(conn)}).talk("", "220 good.test"))
				must(t, conn.Close())
			}
			must(t, c.send("a@x", "b@x", "body"))
		})
	}
}

// answers reports whether the site answers on a new connection. Caddy ends sites beside
// going on, so that for a moment one may still come to a site that is about to end.
func (s *site) answers() bool {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + s.http + "/stats")
	return err == nil && response.Body.Close() == nil
}

// usage is how many listeners there are at each address in this process.
func usage(addresses []string) string {
	var counts []string
	for _, address := range addresses {
		counts = append(counts, address+" "+strconv.Itoa(caddy.ListenerUsage("tcp", address)))
	}
	return strings.Join(counts, ", ")
}

// TestSessionsOfARejectedConfigurationEnd has clients connect while it is not yet known
// that it will be rejected.
func TestSessionsOfARejectedConfigurationEnd(t *testing.T) {
	s := start(t, shortest)
	running := s.dial()
	must(t, running.talk("", "220", "HELO x", "250"))
	var idle, busy *client
	loader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, c := range []**client{&idle, &busy} {
			conn, err := net.Dial("tcp", s.https)
			must(t, err)
			*c = &client{conn, bufio.NewReader(conn)}
			must(t, (*c).talk("", "220 rejected.test", "HELO x", "250"))
		}
		must(t, busy.talk("MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "half", ""))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer loader.Close()
	if err := s.loadJSON(both("rejected.test", "", ""), func(config map[string]any) {
		loadNext(config, map[string]any{"module": "http", "url": loader.URL})
	}); err == nil {
		t.Fatal("no error")
	}
	must(t, idle.talk("", "421"))
	must(t, busy.talk(".", "250", "", "421"))
	if conn, err := net.Dial("tcp", s.https); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
	must(t, running.send("a@x", "b@x", "body"))
	must(t, s.load(shortest))
}

// TestRejectedFirstConfigurationLeavesNothing is about a process that runs nothing yet.
func TestRejectedFirstConfigurationLeavesNothing(t *testing.T) {
	s := start(t, shortest)
	must(t, caddy.Stop())
	if err := s.loadJSON(both("rejected.test", "", ""), failLate); err == nil {
		t.Fatal("no error")
	}
	eventually(t, "nothing of it listens", func() bool {
		for _, address := range []string{s.smtp, s.https, s.http} {
			if caddy.ListenerUsage("tcp", address) > 0 {
				return false
			}
		}
		return true
	})
	if _, open := buckets.References(defaultBucket); open {
		t.Error("its bucket is still open")
	}
	eventually(t, "nobody looks after memory any more", func() bool {
		freed.mu.Lock()
		defer freed.mu.Unlock()
		return !freed.running
	})
}

// TestEventsOfOtherModulesMeanNothing emits Caddy's own names.
func TestEventsOfOtherModulesMeanNothing(t *testing.T) {
	s := start(t, shortest)
	must(t, s.loadJSON(shortest, func(config map[string]any) {
		config["apps"].(map[string]any)["breaking"] = map[string]any{}
	}))
	app, err := caddy.ActiveContext().App("breaking")
	must(t, err)
	events, err := caddy.ActiveContext().App("events")
	must(t, err)
	for _, name := range []string{"stopping", "started"} {
		events.(*caddyevents.App).Emit(app.(*breaking).ctx, name, nil)
	}
	response, err := http.Get("http://" + s.http + "/emails?wait=1ms")
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		t.Errorf("a waiting call gets %s", response.Status)
	}
	// What the next configuration wants must wait for it to be in force.
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for range 20 {
		must(t, c.send("a@x", "b@x", "body"))
	}
	if err := s.loadJSON(withLimit(5, ""), failLate); err == nil {
		t.Error("no error")
	}
	if n := s.total("/emails"); n != 20 {
		t.Errorf("%d messages are left of 20", n)
	}
}

// TestFaultsHoldFromTheFirstClientOn looks before anything has started.
func TestFaultsHoldFromTheFirstClientOn(t *testing.T) {
	b, err := openBucket("faulty", store.Limits{}, nil, "")
	must(t, err)
	defer closeBucket("faulty")
	config := &BucketConfig{Faults: []smtp.Fault{{Step: "connect", Reply: "421 down"}}}
	b.configs.add(b, config)
	document, err := json.Marshal(&b.faults)
	must(t, err)
	if !strings.Contains(string(document), "421 down") {
		t.Errorf("in force are %s", document)
	}
}
