package peers

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestMailpitSend(t *testing.T) {
	p := newPeer(t)
	response, body := p.ask("POST", "/api/v1/send", `{"From":{"Email":"j@example.com","Name":"Jürgen"},"To":[{"Email":"ann@example.com","Name":"Ann"}],
		"Cc":[{"Email":"c@example.com"}],"Bcc":["hidden@example.com"],"ReplyTo":[{"Email":"r@example.com","Name":"R"},{"Email":"q@example.com"}],
		"Subject":"Café","Text":"Grüße","HTML":"<p>Grüße <img src=\"cid:logo\"></p>","Tags":["one","two"],"Headers":{"X-Run":"42 ü"},
		"Attachments":[{"Content":"data:text/plain;base64,aGVsbG8=","Filename":"ä.txt","ContentType":"text/plain"},{"Content":"iVBORw0KGgo=","Filename":"logo.png","ContentID":"logo"}]}`)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s %s", response.Status, body)
	}
	id := decode(t, body).(map[string]any)["ID"].(string)
	m := p.get("/api/v1/message/" + id).(map[string]any)
	one := func(list any, i int, key string) any { return list.([]any)[i].(map[string]any)[key] }
	for what, pair := range map[string][2]any{
		"from":       {m["From"].(map[string]any)["Name"], "Jürgen"},
		"to":         {one(m["To"], 0, "Address"), "ann@example.com"},
		"cc":         {one(m["Cc"], 0, "Address"), "c@example.com"},
		"bcc":        {one(m["Bcc"], 0, "Address"), "hidden@example.com"},
		"reply-to":   {one(m["ReplyTo"], 1, "Address"), "q@example.com"},
		"subject":    {m["Subject"], "Café"},
		"text":       {strings.TrimSpace(m["Text"].(string)), "Grüße"},
		"tags":       {fmt.Sprint(m["Tags"]), "[one two]"},
		"attachment": {one(m["Attachments"], 0, "FileName"), "ä.txt"},
		"its size":   {one(m["Attachments"], 0, "Size"), 5.0},
		"inline":     {one(m["Inline"], 0, "ContentID"), "logo"},
		"its type":   {one(m["Inline"], 0, "ContentType"), "image/png"},
		"returnpath": {m["ReturnPath"], "j@example.com"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	stored, _ := p.bucket.Get(must(store.ParseID(id)))
	if !reflect.DeepEqual(stored.Recipients, []string{"ann@example.com", "c@example.com", "hidden@example.com"}) || strings.Contains(stored.Raw, "hidden") || stored.Subject == "" {
		t.Errorf("%q\n%s", stored.Recipients, stored.Raw)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestMailpitSendRefuses(t *testing.T) {
	p := newPeer(t)
	const from, to = `"From":{"Email":"a@b.test"}`, `"To":[{"Email":"c@d.test"}]`
	for document, want := range map[string]string{
		``:               "expected",
		`{"From":1}`:     "expected",
		`{` + to + `}`:   "invalid From address",
		`{` + from + `}`: "no recipients",
		`{` + from + `,"To":[{"Email":"nobody"}]}`:                                                      "invalid To address",
		`{` + from + `,"Bcc":["x\r\nRCPT"]}`:                                                            "invalid Bcc address",
		`{` + from + `,` + to + `,"Subject":"x\r\nBcc: y@z"}`:                                           "invalid Subject",
		`{` + from + `,"To":[{"Email":"c@d.test","Name":"x\r\nBcc: y"}]}`:                               "invalid name",
		`{` + from + `,` + to + `,"Headers":{"X-A":"x\r\nX-B: y"}}`:                                     "control characters",
		`{` + from + `,` + to + `,"Headers":{"X-A: x\r\nX-B":"y"}}`:                                     "invalid name",
		`{` + from + `,` + to + `,"Headers":{"SUBJECT":"y"}}`:                                           "cannot overwrite header",
		`{` + from + `,` + to + `,"Tags":["a\nb"]}`:                                                     "invalid Tags",
		`{` + from + `,` + to + `,"Attachments":[{"Content":"***","Filename":"a"}]}`:                    "base64",
		`{` + from + `,` + to + `,"Attachments":[{"Content":"","Filename":"a","ContentType":"x\r\n"}]}`: "invalid ContentType",
		`{` + from + `,` + to + `,"Attachments":[{"Content":"","Filename":"a\nb"}]}`:                    "invalid Filename",
		`{` + from + `,"Bcc":[` + strings.Repeat(`"a@b.test",`, 1000) + `"a@b.test"]}`:                  "at most 1000 recipients",
	} {
		response, body := p.ask("POST", "/api/v1/send", document)
		text, _ := decode(t, body).(map[string]any)["Error"].(string)
		if response.StatusCode != 400 || !strings.Contains(text, want) {
			t.Errorf("%.80s: %s %s, want %q", document, response.Status, body, want)
		}
	}
	if p.bucket.Stats().Messages != 0 {
		t.Errorf("%d stored", p.bucket.Stats().Messages)
	}
}

func FuzzMailpitSend(f *testing.F) {
	f.Add(`{"From":{"Email":"a@b.test","Name":"x"},"To":[{"Email":"c@d.test"}],"Subject":"s","Text":"t","HTML":"<p>","Headers":{"X-A":"b"},"Tags":["t"],"Attachments":[{"Content":"aGk=","Filename":"f","ContentID":"i"}]}`)
	f.Add(`{"from":{"email":"a@b.test"},"bcc":["c@d.test"]}`)
	f.Fuzz(func(t *testing.T, document string) {
		var sent mailpitSent
		if len(document) > 1<<16 || decodeJSON(document, &sent) != nil {
			return
		}
		m, err := sent.compose()
		if err != nil {
			return
		}
		header, _, _ := strings.Cut(m.Raw, "\r\n\r\n")
		for line := range strings.SplitSeq(header, "\r\n") {
			if name, _, ok := strings.Cut(line, ":"); line == "" || line[0] != ' ' && line[0] != '\t' && (!ok || !isFieldName(name)) || strings.ContainsAny(line, "\r\n") {
				t.Errorf("header line %q of %q", line, document)
			}
		}
	})
}

func TestMailpitChaosIsFaults(t *testing.T) {
	p := newPeer(t)
	if err := p.faults.SetJSON([]byte(`{"faults":[{"step":"rcpt","recipient":"x@*","reply":"550 no"},{"step":"mail","sender":"y","reply":"451 Chaos sender error"}]}`)); err != nil {
		t.Fatal(err)
	}
	const none = `{"Sender":{"ErrorCode":451,"Probability":0},"Recipient":{"ErrorCode":451,"Probability":0},"Authentication":{"ErrorCode":535,"Probability":0}}`
	const some = `{"Sender":{"ErrorCode":450,"Probability":100},"Recipient":{"ErrorCode":451,"Probability":33},"Authentication":{"ErrorCode":535,"Probability":0}}`
	for _, c := range []struct {
		method, body string
		status       int
		want         string
		faults       int
	}{
		{"GET", "", 200, none, 2},
		{"PUT", `{"Sender":{"ErrorCode":450,"Probability":100},"Recipient":{"Probability":33}}`, 200, some, 4},
		{"GET", "", 200, some, 4},
		{"PUT", `{"Sender":{"ErrorCode":300,"Probability":1}}`, 400, "", 4},
		{"PUT", `{"Sender":{"ErrorCode":450,"Probability":101}}`, 400, "", 4},
		{"PUT", `{"Sender":{"ErrorCode":450,"Probability":0.5}}`, 400, "", 4},
		{"PUT", `Sender`, 400, "", 4},
		{"GET", "", 200, some, 4},
		{"PUT", `{}`, 200, none, 2},
	} {
		response, body := p.ask(c.method, "/api/v1/chaos", c.body)
		if response.StatusCode != c.status || c.want != "" && strings.TrimSpace(body) != c.want {
			t.Errorf("%s %s: %s %s", c.method, c.body, response.Status, body)
		}
		document := must(p.faults.MarshalJSON())
		if n := len(decode(t, string(document)).(map[string]any)["faults"].([]any)); n != c.faults {
			t.Errorf("%s %s: %d faults in %s, want %d", c.method, c.body, n, document, c.faults)
		}
	}
}

func TestMailpitInfoTagsAndChecks(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@x", []string{"b@x"}, "X-Tags: b, One\nSubject: x\n\nx\n")
	p.add("a@x", []string{"b@x"}, "X-Tags: one\nSubject: x\n\nx\n")
	info := p.get("/api/v1/info").(map[string]any)
	for _, key := range []string{"Version", "LatestVersion", "Database", "DatabaseSize", "Messages", "Unread", "Tags", "RuntimeStats"} {
		if _, ok := info[key]; !ok {
			t.Errorf("info has no %s: %v", key, info)
		}
	}
	run := info["RuntimeStats"].(map[string]any)
	for _, key := range []string{"Uptime", "Memory", "MessagesDeleted", "SMTPAccepted", "SMTPAcceptedSize", "SMTPRejected", "SMTPIgnored"} {
		if _, ok := run[key].(float64); !ok {
			t.Errorf("RuntimeStats has no %s: %v", key, run)
		}
	}
	if info["Messages"] != 2.0 || info["Unread"] != 2.0 || run["SMTPAccepted"] != 2.0 || run["Memory"].(float64) < 1<<20 || !reflect.DeepEqual(info["Tags"], map[string]any{"b": 1.0, "one": 2.0}) {
		t.Errorf("%v", info)
	}
	if tags := p.get("/api/v1/tags"); !reflect.DeepEqual(tags, []any{"b", "one"}) {
		t.Errorf("tags %v", tags)
	}
	if ui := p.get("/api/v1/webui").(map[string]any); ui["ChaosEnabled"] != true || ui["MessageRelay"].(map[string]any)["Enabled"] != false {
		t.Errorf("webui %v", ui)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"PUT", "/api/v1/tags", `{"IDs":["` + id + `"],"Tags":["x"]}`, 200, "ok"},
		{"PUT", "/api/v1/tags", `x`, 400, "Error: "},
		{"PUT", "/api/v1/tags/a%2Fb", `{"Name":"x"}`, 400, "Error: tag not found: a/b"},
		{"DELETE", "/api/v1/tags/one", ``, 200, "ok"},
		{"POST", "/api/v1/message/" + id + "/release", `{"To":["x@y.test"]}`, 400, "Error: no message is released"},
		{"POST", "/api/v1/message/" + id + "/release", `{"To":[]}`, 400, "Error: no valid addresses"},
		{"POST", "/api/v1/message/x/release", `{"To":["x@y.test"]}`, 404, "Error: message not found"},
		{"GET", "/api/v1/message/" + id + "/link-check?follow=true", "", 404, "Error: there is no such check"},
		{"GET", "/api/v1/message/" + id + "/sa-check", "", 404, "Error: there is no such check"},
	} {
		if response, body := p.ask(c.method, c.path, c.body); response.StatusCode != c.status || !strings.HasPrefix(body, c.answer) {
			t.Errorf("%s %s %s: %s %q", c.method, c.path, c.body, response.Status, body)
		}
	}
}

func TestWorkOfOthersIsWaitedForInTurn(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Subject: x\n\nx\n")
	p.limits.Searches = guard.NewSlots(1, 0, 0)
	release, err := p.limits.Searches.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/api/v1/search?query=x": 503, "/api/v1/tags": 503, "/api/v1/messages": 200} {
		response, body := p.ask("GET", path, "")
		if response.StatusCode != want || want == 503 && (response.Header.Get("Retry-After") == "" || !strings.HasPrefix(body, "Error: the server is busy")) {
			t.Errorf("%s: %s %s", path, response.Status, body)
		}
	}
	release()
	if response, _ := p.ask("GET", "/api/v1/search?query=x", ""); response.StatusCode != 200 {
		t.Errorf("afterwards: %s", response.Status)
	}
}
