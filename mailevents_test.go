package mailbucket

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// mailWatcher is an event handler that records the events of mail.
type mailWatcher struct {
	// Hold makes the handler wait for release.
	Hold bool `json:"hold,omitempty"`
}

var watched struct {
	sync.Mutex
	events  []string
	entered int
	release chan struct{}
}

func init() { caddy.RegisterModule(new(mailWatcher)) }

func (*mailWatcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.mail_watcher", New: func() caddy.Module { return new(mailWatcher) }}
}

func (w *mailWatcher) Handle(_ context.Context, e caddy.Event) error {
	watched.Lock()
	watched.entered++
	release := watched.release
	watched.Unlock()
	if w.Hold {
		<-release
	}
	watched.Lock()
	defer watched.Unlock()
	data := e.Data
	watched.events = append(watched.events, fmt.Sprintf("%s %s %s %s %s %d %s %d", e.Name(), data["bucket"], data["sender"], data["recipients"], data["subject"], data["size"], data["login"], len(data["id"].(string))))
	if data["subject"] == "panic" {
		panic("as asked for")
	}
	return nil
}

// watchMail is a configuration whose events go to a mailWatcher.
func (s *site) watchMail(config string, w map[string]any) error {
	w["handler"] = "mail_watcher"
	return s.loadJSON(config, func(config map[string]any) {
		config["apps"].(map[string]any)["events"] = map[string]any{"subscriptions": []any{
			map[string]any{"events": []string{mailReceived}, "handlers": []any{w}}}}
	})
}

// startWatching is a site without a watcher whose records are empty.
func startWatching(t *testing.T) *site {
	watched.Lock()
	watched.events, watched.entered, watched.release = nil, 0, make(chan struct{})
	watched.Unlock()
	return start(t, shortest)
}

func watchedEvents() []string {
	watched.Lock()
	defer watched.Unlock()
	return append([]string(nil), watched.events...)
}

func TestMailEmitsAnEvent(t *testing.T) {
	s := startWatching(t)
	c := s.dial()
	must(t, c.talk("", "220", "EHLO x", "250-"))
	must(t, skipTo(c.r, "250 "))
	must(t, c.talk("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00ann\x00x")), "235"))
	must(t, c.send("before@x", "b@x", "nobody watches"))
	must(t, s.watchMail(shortest, map[string]any{}))
	must(t, c.talk("MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "RCPT TO:<c@x>", "250", "DATA", "354",
		"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n.", "250"))
	must(t, c.send("a@x", "b@x", "Subject: panic\r\n\r\n"))
	must(t, c.send("a@x", "b@x", ""))
	want := []string{
		"mail_received default a@x [b@x c@x] Grüße 43 ann 32",
		"mail_received default a@x [b@x] panic 20 ann 32",
		"mail_received default a@x [b@x]  2 ann 32",
	}
	eventually(t, "three events", func() bool { return len(watchedEvents()) >= len(want) })
	if got := watchedEvents(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events: %q", got)
	}
}

func TestEachMailIsToldOnceOverReloads(t *testing.T) {
	s := startWatching(t)
	must(t, s.watchMail(shortest, map[string]any{}))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	const mails = 200
	done := make(chan error, 1)
	go func() {
		for i := range mails {
			if err := c.send(fmt.Sprint(i), "b@x", "body"); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 5 {
		must(t, s.watchMail(shortest, map[string]any{}))
		if err := s.loadJSON(shortest, failLate); err == nil {
			t.Error("the configuration was not rejected")
		}
	}
	must(t, <-done)
	eventually(t, "an event for each mail", func() bool { return len(watchedEvents()) >= mails })
	for i, event := range watchedEvents() {
		if !strings.HasPrefix(event, fmt.Sprintf("mail_received default %d ", i)) {
			t.Fatalf("event %d is %s", i, event)
		}
	}
}

func TestHandlerOfAnEventHoldsUpNoMail(t *testing.T) {
	s := startWatching(t)
	config := strings.Replace(withLimit(2, ""), "mailbucket\n}", "mailbucket\n metrics /metrics\n}", 1)
	must(t, s.watchMail(config, map[string]any{"hold": true}))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for i := range 10 {
		must(t, c.send(fmt.Sprint(i), "b@x", "body"))
		eventually(t, "the first event", func() bool {
			watched.Lock()
			defer watched.Unlock()
			return watched.entered > 0
		})
	}
	close(watched.release)
	eventually(t, "the events of what is left", func() bool { return len(watchedEvents()) == 3 })
	if got := watchedEvents(); !strings.Contains(got[0], " 0 ") || !strings.Contains(got[1], " 8 ") || !strings.Contains(got[2], " 9 ") {
		t.Errorf("events: %q", got)
	}
	if page := s.page("/metrics"); !strings.Contains(page, `mailbucket_events_dropped_total{bucket="default"} 7`) {
		t.Error("the metrics do not count 7 dropped events")
	}
}
