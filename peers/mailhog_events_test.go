package peers

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
)

// itemSubject is the subject of an item of MailHog's API.
func itemSubject(t *testing.T, item string) any {
	t.Helper()
	fields := decode(t, item).(map[string]any)["Content"].(map[string]any)["Headers"].(map[string]any)
	return fields["Subject"].([]any)[0]
}

// stream opens MailHog's stream of events, and returns its lines.
func (p *peer) stream(ctx context.Context) *bufio.Scanner {
	p.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { response.Body.Close() })
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		p.t.Fatalf("%s, %s", response.Status, got)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 8<<20)
	return lines
}

// nextData is the data of the next event of a stream.
func nextData(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	t.Fatalf("the stream has ended: %v", lines.Err())
	return ""
}

func TestMailHogEventsAreItems(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Subject: before\n\nx\n")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lines := p.stream(ctx)
	p.add("a@x", []string{"b@x"}, "Subject: first\n\nline\nline\n")
	if got := itemSubject(t, nextData(t, lines)); got != "first" {
		t.Errorf("%v", got)
	}
	p.add("a@x", []string{"b@x"}, "Subject: large\n\n"+strings.Repeat("a line of text\n", largeItem/10))
	p.add("a@x", []string{"b@x"}, "Subject: last\n\nx\n")
	for _, want := range []string{"large", "last"} {
		if got := itemSubject(t, nextData(t, lines)); got != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	p.api.Stop()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the end: %v", err)
	}
	p.noListeners()
}

func TestMailHogSocketSendsItems(t *testing.T) {
	p := newPeer(t)
	conn, _, err := p.dial("/api/v2/websocket")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(8 << 20)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	gone := p.add("a@x", []string{"b@x"}, "Subject: first\n\nx\n")
	for _, subject := range []string{"first", "second", "large"} {
		if subject != "first" {
			p.add("a@x", []string{"b@x"}, "Subject: "+subject+"\n\n"+strings.Repeat("line\n", len(subject)/5*largeItem))
		}
		_, text, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := itemSubject(t, string(text)); got != subject {
			t.Errorf("%v, want %s", got, subject)
		}
		p.ask("DELETE", "/api/v1/messages/"+gone, "")
	}
	if err := conn.CloseNow(); err != nil {
		t.Error(err)
	}
	p.noListeners()
}

func TestMailHogsJimIsFaults(t *testing.T) {
	p := newPeer(t)
	if err := p.faults.SetJSON([]byte(`{"faults":[{"step":"connect","client":"192.0.2.1","drop":true},{"step":"mail","times":2,"reply":"550 Invalid sender"}]}`)); err != nil {
		t.Fatal(err)
	}
	const usual = `{"DisconnectChance":0.005,"AcceptChance":0.99,"LinkSpeedAffect":0,"LinkSpeedMin":0,"LinkSpeedMax":0,"RejectSenderChance":0.05,"RejectRecipientChance":0.05,"RejectAuthChance":0.05}`
	const some = `{"DisconnectChance":0,"AcceptChance":1,"LinkSpeedAffect":0,"LinkSpeedMin":0,"LinkSpeedMax":0,"RejectSenderChance":0.5,"RejectRecipientChance":0,"RejectAuthChance":1}`
	for _, c := range []struct {
		method, body string
		status       int
		want         string
		faults       int
	}{
		{"GET", "", 404, "", 2},
		{"PUT", "{}", 404, "", 2},
		{"DELETE", "", 404, "", 2},
		{"POST", "", 201, "", 12},
		{"GET", "", 200, usual, 12},
		{"POST", "", 400, "", 12},
		{"PUT", `{"AcceptChance":1,"RejectSenderChance":0.5,"RejectAuthChance":1}`, 200, "", 4},
		{"GET", "", 200, some, 4},
		{"PUT", "Jim", 400, "", 4},
		{"PUT", `{"AcceptChance":1.01}`, 400, "", 4},
		{"PUT", `{"RejectAuthChance":-0.01}`, 400, "", 4},
		{"PUT", `{"AcceptChance":1,"LinkSpeedAffect":0.1}`, 400, "", 4},
		{"GET", "", 200, some, 4},
		{"DELETE", "", 200, "", 2},
		{"GET", "", 404, "", 2},
		{"POST", "Jim", 400, "", 2},
		{"POST", `{"AcceptChance":0}`, 201, "", 3},
	} {
		response, body := p.ask(c.method, "/api/v2/jim", c.body)
		if response.StatusCode != c.status || c.want != "" && strings.TrimSpace(body) != c.want || c.status < 300 && c.want == "" && body != "" {
			t.Errorf("%s %s: %s %s", c.method, c.body, response.Status, body)
		}
		document := must(p.faults.MarshalJSON())
		if n := len(decode(t, string(document)).(map[string]any)["faults"].([]any)); n != c.faults {
			t.Errorf("%s %s: %d faults in %s, want %d", c.method, c.body, n, document, c.faults)
		}
	}
}
