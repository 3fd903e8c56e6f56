package mailbucket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/store/journaltest"
)

// hookReceiver records what webhooks send. While it is deaf it answers 503.
type hookReceiver struct {
	*httptest.Server
	mu      sync.Mutex
	deaf    bool
	refused int
	bodies  []string
	signed  []string // what the signature is of, for each of bodies
	by      []string // the signatures
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := new(hookReceiver)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *hookReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deaf {
		r.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.bodies = append(r.bodies, string(body))
	r.signed = append(r.signed, request.Header.Get("webhook-id")+"."+request.Header.Get("webhook-timestamp")+"."+string(body))
	r.by = append(r.by, request.Header.Get("webhook-signature"))
}

// subjects are those of what was received.
func (r *hookReceiver) subjects() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, body := range r.bodies {
		var entry struct{ Subject string }
		if json.Unmarshal([]byte(body), &entry) != nil {
			return "not JSON: " + body
		}
		all = append(all, entry.Subject)
	}
	return strings.Join(all, " ")
}

func (r *hookReceiver) setDeaf(deaf bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = deaf
}

// hooked is a configuration with webhooks and metrics.
func hooked(webhooks string) string {
	config := strings.Replace(shortest, "SMTP\n", "SMTP {\nbucket default {\n"+webhooks+"\n}\n}\n", 1)
	return strings.Replace(config, "mailbucket\n}", "mailbucket\n metrics /metrics\n}", 1)
}

func (c *client) sendSubjects(subjects ...string) error {
	for _, subject := range subjects {
		if err := c.send("a@x", "b@x", "Subject: "+subject+"\r\n\r\n"); err != nil {
			return err
		}
	}
	return nil
}

func TestWebhooksTellOfEachMail(t *testing.T) {
	r := newHookReceiver(t)
	secret := make([]byte, 32)
	t.Setenv("MB_HOOK", r.URL+"/path?token=hunter2")
	t.Setenv("MB_SECRET", "whsec_"+base64.StdEncoding.EncodeToString(secret))
	s := start(t, hooked("webhook {env.MB_HOOK} {\nsecret {env.MB_SECRET}\n}"))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.sendSubjects("1", "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "<3>"))
	eventually(t, "three are told", func() bool { return len(strings.Fields(r.subjects())) == 3 })
	if got := r.subjects(); got != "1 Grüße <3>" {
		t.Errorf("told: %s", got)
	}
	list := s.page("/emails?order=asc")
	if want := `{"results":[` + strings.Join(r.bodies, ",") + `],`; !strings.HasPrefix(list, want) {
		t.Errorf("told:  %s\nlisted: %s", want, list)
	}
	for i, signed := range r.signed {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.by[i] != want {
			t.Errorf("the signature of %s is %s, want %s", signed, r.by[i], want)
		}
	}
	host := strings.TrimPrefix(r.URL, "http://")
	eventually(t, "the metrics count them", func() bool {
		return strings.Contains(s.page("/metrics"), fmt.Sprintf("mailbucket_webhook_sent_total{bucket=%q,host=%q} 3", "default", host))
	})
	page := s.page("/metrics")
	for _, name := range []string{"retried_total", "failed_total", "dropped_total", "lag"} {
		if want := fmt.Sprintf("mailbucket_webhook_%s{bucket=%q,host=%q} 0", name, "default", host); !strings.Contains(page, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if strings.Contains(page, "hunter2") {
		t.Error("the metrics tell a secret")
	}
}

// TestWebhooksGoOnAfterAReload has a receiver that is deaf over two reloads, one of them
// rejected.
func TestWebhooksGoOnAfterAReload(t *testing.T) {
	r := newHookReceiver(t)
	config := hooked("webhook " + r.URL + "\nwebhook " + r.URL + "/again")
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.sendSubjects("1"))
	eventually(t, "both hooks tell", func() bool { return r.subjects() == "1 1" })
	r.setDeaf(true)
	must(t, c.sendSubjects("2", "3"))
	eventually(t, "both hooks are refused", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.refused >= 2
	})
	must(t, s.load(config))
	if err := s.loadJSON(config, failLate); err == nil {
		t.Error("the configuration was not rejected")
	}
	must(t, c.sendSubjects("4"))
	r.setDeaf(false)
	eventually(t, "all are told", func() bool { return len(strings.Fields(r.subjects())) >= 8 })
	if got := strings.Split(r.subjects(), " "); strings.Count(strings.Join(got, ""), "2") != 2 || strings.Count(strings.Join(got, ""), "4") != 2 || len(got) != 8 {
		t.Errorf("told: %q", got)
	}
}

func TestWebhooksTellOfWhatMatchesOnly(t *testing.T) {
	all, some, starred := newHookReceiver(t), newHookReceiver(t), newHookReceiver(t)
	t.Setenv("MB_RUN", "run42")
	t.Setenv("MB_STAR", "*")
	s := start(t, hooked("webhook "+some.URL+" {\nonly recipient *@{env.MB_RUN}.test *@other.test\nonly subject told\n}\n"+
		"webhook "+starred.URL+" {\nonly recipient {env.MB_STAR}@run42.test\n}\nwebhook "+all.URL))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for i, to := range []string{"a@run42.test", "a@run43.test", "a@other.test", "a@run42.test.x"} {
		for _, word := range []string{"told", "no"} {
			must(t, c.send("a@x", to, fmt.Sprintf("Subject: %s%d\r\n\r\n", word, i)))
		}
	}
	must(t, c.send("a@x", "*@run42.test", "Subject: told-star\r\n\r\n"))
	eventually(t, "the last mail is told", func() bool {
		return strings.HasSuffix(all.subjects(), "star") && strings.HasSuffix(some.subjects(), "star") && starred.subjects() != ""
	})
	if some.subjects() != "told0 told2 told-star" || starred.subjects() != "told-star" || len(strings.Fields(all.subjects())) != 9 {
		t.Errorf("told: %q, %q and %q", some.subjects(), starred.subjects(), all.subjects())
	}
}

// TestWebhooksGoOnAfterARestart has a bucket that is freed and opened again from its journal.
func TestWebhooksGoOnAfterARestart(t *testing.T) {
	testLog(t)
	r := newHookReceiver(t)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	config := journaled(t, "webhook "+r.URL+"\n")
	s := start(t, journaled(t, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.sendSubjects("before"))
	restart := func() {
		t.Helper()
		must(t, s.load("{\n LOGOFF\n}\n"))
		must(t, s.load(config))
		c = s.dial()
		must(t, c.talk("", "220", "HELO x", "250"))
	}
	r.setDeaf(true)
	restart()
	must(t, c.sendSubjects("1", "2"))
	restart()
	must(t, c.sendSubjects("3"))
	r.setDeaf(false)
	eventually(t, "all are told", func() bool { return r.subjects() == "1 2 3" })
	restart()
	must(t, c.sendSubjects("4"))
	eventually(t, "the next is told", func() bool { return r.subjects() == "1 2 3 4" })
	if n := s.total("/emails"); n != 5 {
		t.Errorf("%d mails are held", n)
	}
}

// TestMailOfASharedLogIsToldWhereItWasReceived looks at what decides that.
func TestMailOfASharedLogIsToldWhereItWasReceived(t *testing.T) {
	log := journaltest.NewLog()
	var buckets [2]*store.Bucket
	for i := range buckets {
		b, err := store.Open(t.Context(), store.Limits{}, log.Journal(), nil)
		must(t, err)
		t.Cleanup(func() { b.Close() })
		buckets[i] = b
	}
	for i, b := range buckets {
		must(t, b.Append(t.Context(), &store.Message{Sender: fmt.Sprint(i), Recipients: []string{"b@x"}}))
	}
	for i, b := range buckets {
		eventually(t, "each has both", func() bool { return b.NextNumber() == 2 })
		arrivals, _, err := b.Arrivals(0, 2)
		must(t, err)
		for _, a := range arrivals {
			if got, want := !a.Message.CameElsewhere(), a.Message.Sender == fmt.Sprint(i); got != want {
				t.Errorf("bucket %d received the mail of bucket %s: %v", i, a.Message.Sender, got)
			}
		}
	}
}

func TestPlacesOfWebhooksThatCannotBeRead(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	p := openHookPlaces("b")
	if _, ok := p.after("hook"); ok {
		t.Error("there is a place before there is a file")
	}
	m := store.ID{1, 2, 3}
	p.set("hook", m)
	p.save()
	if after, ok := openHookPlaces("b").after("hook"); !ok || after != m {
		t.Errorf("read %v, %v", after, ok)
	}
	for _, text := range []string{"", "{", `{"x":1}`, `{"x":"y"}`} {
		must(t, os.WriteFile(p.path, []byte(text), 0o600))
		if _, ok := openHookPlaces("b").after("hook"); ok {
			t.Errorf("%q has a place", text)
		}
	}
}
