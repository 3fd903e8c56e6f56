package peers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestNoCallReachesWhatMayNotBeSeen makes every call there is, by the id of a mail that is
// not in the view and without one.
func TestNoCallReachesWhatMayNotBeSeen(t *testing.T) {
	p := newPeer(t)
	own := p.add("a@x", []string{"mine@x"}, "Subject: mine\n\nmine\n")
	id := p.add("secret@x", []string{"theirs@x"}, "Subject: secret\nX-Tags: secret\nContent-Type: text/html\n\n<p>secret\n")
	view := p.bucket.Only(store.Query{Recipient: "mine@x"}, "mine")
	p.api.access = func(*http.Request) guard.Access { return guard.Access{Mail: view, User: "mine"} }
	calls := 0
	for _, route := range routes {
		path := strings.NewReplacer("part/*", "part/0", "tags/*", "tags/secret", "*", id).Replace(route.path)
		for method := range route.calls {
			for _, query := range []string{"", "?query=secret", "?query=-nothing&kind=containing"} {
				if method == http.MethodDelete && !strings.Contains(path, id) && query != "?query=secret" || route.path == "/api/v1/messages" && method == http.MethodDelete {
					continue // which deletes one's own
				}
				calls++
				p.wantNothingOf(id, method, path+query)
			}
		}
	}
	if calls < 60 {
		t.Errorf("%d calls", calls)
	}
	if response, body := p.ask("DELETE", "/api/v1/messages", ""); response.StatusCode != http.StatusOK {
		t.Errorf("deleting all: %s %s", response.Status, body)
	}
	left, _ := p.bucket.Get(must(store.ParseID(id)))
	if _, held := p.bucket.Get(must(store.ParseID(own))); held || left == nil || left.Read() {
		t.Errorf("one's own is held: %v; another's is %+v", held, left)
	}
}

// TestStreamsTellOfOnesOwnMailOnly follows all streams while another's mail comes, is marked
// and goes: the first that is told is what happens to one's own.
func TestStreamsTellOfOnesOwnMailOnly(t *testing.T) {
	p := newPeer(t)
	view := p.bucket.Only(store.Query{Recipient: "mine@x"}, "mine")
	p.api.access = func(*http.Request) guard.Access { return guard.Access{Mail: view, User: "mine"} }
	p.add("a@x", []string{"mine@x"}, "Subject: before\n\nx\n")
	kept := p.add("a@x", []string{"theirs@x"}, "Subject: theirs\n\nx\n")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	mailpit, mailhog, stream := p.listen(ctx, "/api/events"), p.listen(ctx, "/api/v2/websocket"), p.stream(ctx)
	const stats = `{"Type":"stats","Data":{"Total":%d,"Unread":%d,"Version":%q}}`
	if got, want := mailpit(), fmt.Sprintf(stats, 1, 1, version()); got != want {
		t.Errorf("the greeting: %s, want %s", got, want)
	}
	for range 3 {
		ids := []store.ID{must(store.ParseID(p.add("a@x", []string{"theirs@x"}, "Subject: theirs\n\nx\n"))), must(store.ParseID(kept))}
		for _, read := range []bool{true, false} {
			if _, err := p.bucket.Mark(ctx, ids, read); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.bucket.DeleteIDs(ctx, ids[:1]); err != nil {
			t.Fatal(err)
		}
		own := p.add("a@x", []string{"mine@x"}, "Subject: mine\n\nx\n")
		if got := mailpit(); !strings.HasPrefix(got, `{"Type":"new","Data":{"ID":"`+own+`"`) {
			t.Errorf("Mailpit's: %s", got)
		}
		if got, want := mailpit(), fmt.Sprintf(stats, 2, 2, version()); got != want {
			t.Errorf("Mailpit's: %s, want %s", got, want)
		}
		for name, next := range map[string]func() string{"MailHog's socket": mailhog, "MailHog's stream": func() string { return nextData(t, stream) }} {
			if got := next(); !strings.HasPrefix(got, `{"ID":"`+own+`"`) {
				t.Errorf("%s: %s", name, got)
			}
		}
		p.ask("DELETE", "/api/v1/messages/"+kept, "")
		p.ask("DELETE", "/api/v1/messages/"+own, "")
		if got := mailpit() + mailpit(); got != `{"Type":"delete","Data":{"ID":"`+own+`"}}`+fmt.Sprintf(stats, 1, 1, version()) {
			t.Errorf("Mailpit's: %s", got)
		}
	}
}

// listen opens a WebSocket, and returns what reads its next message.
func (p *peer) listen(ctx context.Context, path string) (next func() string) {
	p.t.Helper()
	conn, _, err := p.dial(path)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.CloseNow() })
	return func() string {
		p.t.Helper()
		_, text, err := conn.Read(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		return strings.TrimSuffix(string(text), "\n")
	}
}

// wantNothingOf makes a call and looks for the mail with that id in the answer.
func (p *peer) wantNothingOf(id, method, target string) {
	p.t.Helper()
	body := ""
	if method != http.MethodGet {
		body = `{"IDs":["` + id + `"],"To":["a@x"],"name":"x","email":"a@x"}`
	}
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if strings.Contains(response.Header.Get("Content-Type"), "event-stream") {
		return
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	named := strings.Contains(target, id)
	// The name of the tag that the call asked for says nothing of the mail.
	if text := strings.ReplaceAll(string(answer), "tag not found: secret", ""); strings.Contains(text, "secret") || !named && strings.Contains(text, id) {
		p.t.Errorf("%s %s: %s", method, target, text)
	}
	if named && response.StatusCode != http.StatusNotFound {
		p.t.Errorf("%s %s: %s", method, target, response.Status)
	}
}
