package peers

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// patience is how long a test waits for something that has to happen.
const patience = time.Minute

// dial opens a WebSocket with header fields in the form "Name: value".
func (p *peer) dial(path string, fields ...string) (*websocket.Conn, *http.Response, error) {
	header := make(http.Header)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		header.Set(name, value)
	}
	return websocket.Dial(p.t.Context(), p.url+path, &websocket.DialOptions{HTTPHeader: header})
}

// nextEvent returns the next event that is not of the type stats.
func nextEvent(t *testing.T, conn *websocket.Conn) (event struct {
	Type string
	Data any
}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for event.Type == "" || event.Type == "stats" {
		_, text, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	return event
}

func TestMailpitEventsTellWhatHappens(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Subject: before\n\nx\n")
	conn, _, err := p.dial("/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	_, text, err := conn.Read(t.Context())
	if err != nil || !strings.HasPrefix(string(text), `{"Type":"stats","Data":{"Total":1,"Unread":1,"Version":"mailbucket`) {
		t.Fatalf("greeting: %s, %v", text, err)
	}
	first := p.add("a@x", []string{"b@x"}, "Subject: first\n\nx\n")
	if event := nextEvent(t, conn); event.Type != "new" || event.Data.(map[string]any)["ID"] != first || event.Data.(map[string]any)["Subject"] != "first" {
		t.Errorf("%v", event)
	}
	for range 2 * arrivalBatch {
		p.add("a@x", []string{"b@x"}, "Subject: more\n\nx\n")
	}
	for i := range 2 * arrivalBatch {
		if event := nextEvent(t, conn); event.Type != "new" || event.Data.(map[string]any)["Subject"] != "more" {
			t.Fatalf("%d: %v", i, event)
		}
	}
}

func TestMailpitEventsTellOfMarksAndDeletions(t *testing.T) {
	p := newPeer(t)
	one, two := p.add("a@x", []string{"b@x"}, "Subject: one\n\nx\n"), p.add("a@x", []string{"b@x"}, "Subject: two\n\nx\n")
	many := make([]string, manyChanges+1)
	for i := range many {
		many[i] = p.add("a@x", []string{"b@x"}, "Subject: more\n\nx\n")
	}
	conn, _, err := p.dial("/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for _, step := range []struct {
		do   func()
		want []string
	}{
		{func() { p.ask("GET", "/api/v1/message/"+one, "") }, []string{`update {"ID":"` + one + `","Read":true}`}},
		{func() { p.ask("PUT", "/api/v1/messages", `{"IDs":["`+one+`"],"Read":false}`) }, []string{`update {"ID":"` + one + `","Read":false}`}},
		{func() { p.ask("DELETE", "/api/v1/messages", `{"IDs":["`+two+`"]}`) }, []string{`delete {"ID":"` + two + `"}`}},
		{func() { p.ask("PUT", "/api/v1/messages", `{"Search":"subject:more","Read":true}`) }, []string{"prune null"}},
		{func() { p.ask("DELETE", "/api/v1/search?query=subject:more", "") }, []string{"prune null"}},
		{func() { p.ask("DELETE", "/api/v1/messages", "") }, []string{`delete {"ID":"` + one + `"}`, "truncate null"}},
	} {
		step.do()
		for _, want := range step.want {
			event := nextEvent(t, conn)
			data, err := json.Marshal(event.Data)
			if got := event.Type + " " + string(data); err != nil || got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

func TestMailpitEventsTellOfMailsThatHadToMakeRoom(t *testing.T) {
	p := newPeer(t)
	conn, _, err := p.dial("/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	p.add("a@x", []string{"b@x"}, "Subject: first\n\nx\n")
	nextEvent(t, conn)
	p.bucket.SetLimits(store.Limits{MaxMessages: 1})
	p.add("a@x", []string{"b@x"}, "Subject: last\n\nx\n")
	types := []string{nextEvent(t, conn).Type, nextEvent(t, conn).Type}
	slices.Sort(types)
	if !slices.Equal(types, []string{"new", "prune"}) {
		t.Errorf("%v", types)
	}
}

func TestMailpitEventsEndAndAreRefused(t *testing.T) {
	p := newPeer(t)
	if _, response, err := p.dial("/api/events", "Origin: https://evil.test"); err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("another site: %v", err)
	}
	if response, _ := p.ask("GET", "/api/events", ""); response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("no WebSocket: %s", response.Status)
	}
	conn, _, err := p.dial("/api/events", "Origin: https://app.test")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	p.api.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the end: %v", err)
	}
	p.noListeners()
}

// noListeners waits until nobody listens to events.
func (p *peer) noListeners() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); listeners.Load() != 0 || p.bucket.Watching() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%d listeners and %d watches are left", listeners.Load(), p.bucket.Watching())
		}
	}
}
