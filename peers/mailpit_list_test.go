package peers

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestMailpitListShowsEntries(t *testing.T) {
	p := newPeer(t)
	id := p.add("bounce@example.com", []string{"Ann@Example.com", "c@example.com", "hidden@example.com", "hidden@example.com"},
		"From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\nTo: Ann <ann@example.com>\nCc: c@example.com\nBcc: named@example.com\nReply-To: R <r@example.com>\n"+
			"Message-ID: <m1@example.com>\nX-Tags: one, two\nSubject: =?utf-8?q?Caf=C3=A9?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+
			"--b\nContent-Type: text/plain; charset=utf-8\n\nHello\n   there, Grüße.\n--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n--b--\n")
	got := p.get("/api/v1/messages?unknown=1").(map[string]any)
	want := decode(t, `{"total":1,"unread":1,"count":1,"messages_count":1,"messages_unread":1,"start":0,"tags":["one","two"],"messages":[{
		"ID":"`+id+`","MessageID":"m1@example.com","Read":false,"From":{"Name":"Jürgen","Address":"j@example.com"},
		"To":[{"Name":"Ann","Address":"ann@example.com"}],"Cc":[{"Name":"","Address":"c@example.com"}],
		"Bcc":[{"Name":"","Address":"named@example.com"},{"Name":"","Address":"hidden@example.com"}],"ReplyTo":[{"Name":"R","Address":"r@example.com"}],
		"Subject":"Café","Created":"","Username":"","Tags":["one","two"],"Size":0,"Attachments":1,"Snippet":"Hello there, Grüße."}]}`).(map[string]any)
	entry := got["messages"].([]any)[0].(map[string]any)
	if created := entry["Created"].(string); !strings.HasSuffix(created, "Z") || len(created) > len("2006-01-02T15:04:05.000Z") {
		t.Errorf("created %q", created)
	}
	if entry["Size"].(float64) != 428 {
		t.Errorf("size %v", entry["Size"])
	}
	entry["Created"], entry["Size"] = "", 0.0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestMailpitListHasPages(t *testing.T) {
	p := newPeer(t)
	for i := range 60 {
		p.add("a@x", []string{"b@x"}, fmt.Sprintf("Subject: %d\n\nx\n", i))
	}
	for _, c := range []struct {
		parameters   string
		start, count int
		first        string
	}{
		{"", 0, 50, "59"},
		{"?limit=0&start=-1", 0, 50, "59"},
		{"?limit=x&start=x", 0, 50, "59"},
		{"?limit=20&start=55", 55, 5, "4"},
		{"?limit=100000", 0, 60, "59"},
		{"?start=60", 60, 0, ""},
	} {
		got := p.get("/api/v1/messages" + c.parameters).(map[string]any)
		messages := got["messages"].([]any)
		if len(messages) != c.count || got["count"] != float64(c.count) || got["start"] != float64(c.start) || got["total"] != 60.0 || got["messages_count"] != 60.0 {
			t.Errorf("%s: %d mails, %v", c.parameters, len(messages), got)
		}
		if c.count > 0 && messages[0].(map[string]any)["Subject"] != c.first {
			t.Errorf("%s: first %v", c.parameters, messages[0])
		}
	}
}

func TestMailpitSearch(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"one@x"}, "To: one@x\nSubject: first green\n\nx\n")
	read := p.add("a@x", []string{"one@x"}, "To: one@x\nSubject: second red\n\nx\n")
	p.add("a@x", []string{"two@x"}, "To: two@x\nSubject: third green\n\nx\n")
	id, _ := store.ParseID(read)
	p.bucket.Mark(t.Context(), []store.ID{id}, true)
	for _, c := range []struct {
		query              string
		subjects           []any
		matches, unread    float64
		totalUnread, start float64
	}{
		{"query=to:one@x&limit=1&timeout=2000", []any{"second red"}, 2, 1, 2, 0},
		{"query=subject:green", []any{"third green", "first green"}, 2, 2, 2, 0},
		{"query=is:read", []any{"second red"}, 1, 0, 2, 0},
		{"query=is:unread&start=1", []any{"first green"}, 2, 2, 2, 1},
		{"query=nothing", []any{}, 0, 0, 2, 0},
		{"query=before:2020-01-01&tz=Europe/Berlin", []any{}, 0, 0, 2, 0},
		{"query=green&tz=../../etc/passwd", []any{"third green", "first green"}, 2, 2, 2, 0},
	} {
		got := p.get("/api/v1/search?" + c.query).(map[string]any)
		subjects := []any{}
		for _, m := range got["messages"].([]any) {
			subjects = append(subjects, m.(map[string]any)["Subject"])
		}
		if !reflect.DeepEqual(subjects, c.subjects) || got["messages_count"] != c.matches || got["messages_unread"] != c.unread || got["unread"] != c.totalUnread || got["total"] != 3.0 || got["start"] != c.start {
			t.Errorf("%s: %v, %v", c.query, subjects, got)
		}
	}
	for _, path := range []string{"/api/v1/search", "/api/v1/search?query=%20", "/api/v1/search?query=" + strings.Repeat("x", 2000)} {
		if response, body := p.ask("GET", path, ""); response.StatusCode != 400 || !strings.HasPrefix(body, "Error: ") {
			t.Errorf("%.40s: %s %q", path, response.Status, body)
		}
	}
	if response, body := p.ask("DELETE", "/api/v1/search?query=green", ""); response.StatusCode != 200 || body != "ok" || p.bucket.Stats().Messages != 1 {
		t.Errorf("%s %q, %d left", response.Status, body, p.bucket.Stats().Messages)
	}
	if response, body := p.ask("DELETE", "/api/v1/search?query=green", ""); response.StatusCode != 200 || body != "ok" {
		t.Errorf("nothing left: %s %q", response.Status, body)
	}
	if response, _ := p.ask("DELETE", "/api/v1/search", ""); response.StatusCode != 400 || p.bucket.Stats().Messages != 1 {
		t.Errorf("no query: %s", response.Status)
	}
}
