package peers

import (
	"encoding/base64"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// letter is a mail with text, HTML with an image, an attachment and an attached message.
const letter = `From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>
To: Ann <ann@example.com>
Cc: c@example.com
Message-ID: <m1@example.com>
X-Tags: one, two
Subject: =?utf-8?q?Caf=C3=A9?=
Date: Sat, 03 Oct 2026 10:00:00 +0200
X-Long: first
  second
X-Long: third
List-Unsubscribe: <mailto:u@example.com>, <https://example.com/u>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Hello
   there, Grüße.
--a
Content-Type: text/html; charset=utf-8

<p>Hello <b>there</b>, Grüße. <img src="cid:logo@x"><script>alert(1)</script></p>
--a--
--r
Content-Type: image/png; name=logo.png
Content-ID: <logo@x>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
--r--
--b
Content-Type: application/pdf; name="a b.pdf"
Content-Disposition: attachment; filename="a b.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--b
Content-Type: text/html; name=page.html
Content-Disposition: attachment; filename=page.html

<script>1</script>
--b--
`

func TestMailpitMessage(t *testing.T) {
	p := newPeer(t)
	id := p.add("bounce@example.com", []string{"ann@example.com", "hidden@example.com"}, letter)
	if response, _ := p.ask("HEAD", "/api/v1/message/"+id, ""); response.StatusCode != 200 || p.bucket.Stats().Unread != 1 {
		t.Errorf("HEAD: %s, %d unread", response.Status, p.bucket.Stats().Unread)
	}
	got := p.get("/api/v1/message/" + id).(map[string]any)
	if p.bucket.Stats().Unread != 0 {
		t.Error("the message is still unread")
	}
	want := decode(t, `{"ID":"`+id+`","MessageID":"m1@example.com","From":{"Name":"Jürgen","Address":"j@example.com"},
		"To":[{"Name":"Ann","Address":"ann@example.com"}],"Cc":[{"Name":"","Address":"c@example.com"}],"Bcc":[{"Name":"","Address":"hidden@example.com"}],"ReplyTo":[],
		"ReturnPath":"bounce@example.com","Subject":"Café","ListUnsubscribe":{"Header":"<mailto:u@example.com>, <https://example.com/u>",
		"Links":["mailto:u@example.com","https://example.com/u"],"Errors":"","HeaderPost":"List-Unsubscribe=One-Click"},
		"Date":"2026-10-03T10:00:00+02:00","Tags":["one","two"],"Username":"","Text":"Hello\r\n   there, Grüße.",
		"HTML":"<p>Hello <b>there</b>, Grüße. <img src=\"cid:logo@x\"><script>alert(1)</script></p>","Size":0,
		"Inline":[{"PartID":"1.2","FileName":"logo.png","ContentType":"image/png","ContentID":"logo@x","Size":70,"Checksums":{
			"MD5":"f829b914fc47cfc9c0747c119c27cf1b","SHA1":"4a5eb7171b58e08a6881721e3b43d5a44419a2be","SHA256":"6b7fa434f92a8b80aab02d9bf1a12e49ffcae424e4013a1c4f68b67e3d2bbcd0"}}],
		"Attachments":[{"PartID":"2","FileName":"a b.pdf","ContentType":"application/pdf","ContentID":"","Size":4,"Checksums":{
			"MD5":"bfa4b10a76324b166cfdad5e02a63730","SHA1":"39b6d73eff36493ba0674e48255a9d81724b4521","SHA256":"315d429b7714cedb6ad04ac31240145257692630457f3c88253c5beceac76027"}},
			{"PartID":"3","FileName":"page.html","ContentType":"text/html","ContentID":"","Size":18,"Checksums":{"MD5":"c477127917b0f30a0d2393aa58f6f175","SHA1":"295364708de9387d7c64d33b0107f1af22491c4e","SHA256":"c3bfdfb992fcd1a44825e5a057e7e40e2ec14816bc5f2d5e22160a39b0aee635"}}]}`).(map[string]any)
	got["Size"] = 0.0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if entry := p.get("/api/v1/messages").(map[string]any)["messages"].([]any)[0].(map[string]any); entry["Read"] != true || entry["Attachments"] != 2.0 {
		t.Errorf("entry %v", entry)
	}
}

func TestMailpitMessageWithoutHTML(t *testing.T) {
	p := newPeer(t)
	p.add("", []string{"p@x.test"}, "From: d@x.test\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=d\n\n--d\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString([]byte("it\nfailed\n"))+"\n--d\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.test\n\n--d--\n")
	got := p.get("/api/v1/message/latest").(map[string]any)
	if got["HTML"] != "" || got["Text"] != "it\nfailed\n" || got["ReturnPath"] != "" {
		t.Errorf("%v", got)
	}
	date, created := got["Date"], p.get("/api/v1/messages").(map[string]any)["messages"].([]any)[0].(map[string]any)["Created"]
	if date != created {
		t.Errorf("without a date: %v, arrived %v", date, created)
	}
	if response, body := p.ask("GET", "/view/latest.html", ""); response.StatusCode != 404 || !strings.Contains(body, "does not contain an HTML part") {
		t.Errorf("%s %q", response.Status, body)
	}
	if response, body := p.ask("GET", "/view/latest.txt", ""); response.StatusCode != 200 || body != "it\nfailed\n" {
		t.Errorf("%s %q", response.Status, body)
	}
}

func TestMailpitShowsOnlyHTML(t *testing.T) {
	p := newPeer(t)
	p.add("", []string{"p@x.test"}, "Content-Type: text/html\n\n<h1>Hi</h1>\n")
	if got := p.get("/api/v1/message/latest").(map[string]any); got["HTML"] != "<h1>Hi</h1>\r\n" || strings.TrimSpace(got["Text"].(string)) != "Hi" {
		t.Errorf("%q", got)
	}
}

// TestMailpitTextHasTheLinksOfHTML looks for a link as tests do that expect a mail to have a
// text.
func TestMailpitTextHasTheLinksOfHTML(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Subject: s\nContent-Type: text/html\n\n<p>Please <a href=\"https://a.test/?b=1&amp;c=2\">confirm</a>\n")
	text := p.get("/api/v1/message/latest").(map[string]any)["Text"].(string)
	if link := regexp.MustCompile(`https?://\S+`).FindString(text); link != "https://a.test/?b=1&c=2" {
		t.Errorf("link %q in %q", link, text)
	}
}

func TestMailpitHeaders(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@x", []string{"b@x"}, letter)
	got := p.get("/api/v1/message/" + id + "/headers").(map[string]any)
	for name, want := range map[string][]any{
		"Message-Id": {"<m1@example.com>"}, "Mime-Version": {"1.0"}, "Subject": {"=?utf-8?q?Caf=C3=A9?="}, "X-Long": {"first second", "third"},
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if p.bucket.Stats().Unread != 1 {
		t.Error("reading the headers has marked it read")
	}
}

func TestMailpitParts(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@x", []string{"b@x"}, letter)
	for _, c := range []struct {
		path, contentType, disposition string
		status                         int
		begins                         string
	}{
		{"part/2", "application/pdf", `inline; filename="a b.pdf"`, 200, "%PDF"},
		{"part/1.2", "image/png", `inline; filename="logo.png"`, 200, "\x89PNG"},
		{"part/1.1.1", "text/plain; charset=utf-8", `inline; filename="part-3.txt"`, 200, "Hello"},
		{"part/3", "text/html", `attachment; filename="page.html"`, 200, "<script>"},
		{"part/9", "text/plain; charset=utf-8", "", 404, "Error: "},
		{"part/2.1", "text/plain; charset=utf-8", "", 404, "Error: "},
		{"part/-1", "text/plain; charset=utf-8", "", 404, "Error: "},
		{"raw", "text/plain; charset=utf-8", "", 200, "From: =?utf-8"},
		{"raw?dl=1", "text/plain; charset=utf-8", `attachment; filename="` + id + `.eml"`, 200, "From: =?utf-8"},
	} {
		for _, name := range []string{id, latest} {
			response, body := p.ask("GET", "/api/v1/message/"+name+"/"+c.path, "")
			h := response.Header
			if response.StatusCode != c.status || h.Get("Content-Type") != c.contentType || h.Get("Content-Disposition") != c.disposition || !strings.HasPrefix(body, c.begins) {
				t.Errorf("%s: %s %s %s %.20q", c.path, response.Status, h.Get("Content-Type"), h.Get("Content-Disposition"), body)
			}
			if c.status == 200 && !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: policy %s", c.path, h.Get("Content-Security-Policy"))
			}
		}
	}
	if p.bucket.Stats().Unread != 1 {
		t.Error("reading parts has marked it read")
	}
}

func TestMailpitViews(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@x", []string{"b@x"}, letter)
	p.add("a@x", []string{"c@x"}, "Subject: newer\n\nnewer\n")
	for _, path := range []string{"/view/" + id + ".html", "//view/" + id + ".html", "/view/latest.html?query=subject:caf%C3%A9"} {
		response, body := p.ask("GET", path, "")
		if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(body, "Hello <b>there</b>") ||
			strings.Contains(body, "<script") || !strings.Contains(body, "data:image/png;base64,") || !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("%s: %s %v\n%s", path, response.Status, response.Header, body)
		}
	}
	if response, body := p.ask("GET", "/view/"+id+".txt", ""); response.StatusCode != 200 || body != "Hello\r\n   there, Grüße." {
		t.Errorf("%s %q", response.Status, body)
	}
	if p.bucket.Stats().Unread != 1 {
		t.Errorf("%d unread", p.bucket.Stats().Unread)
	}
	if response, _ := p.ask("GET", "/view/"+id, ""); response.StatusCode != http.StatusTeapot {
		t.Errorf("the website's own page: %s", response.Status)
	}
}

func TestMailpitHeadersTellOfTheArrival(t *testing.T) {
	p := newPeer(t)
	for _, test := range []struct {
		sender     string
		recipients []string
		want       []any // Return-Path and Bcc
	}{
		{"a@x.test", []string{"to@x.test", "hidden@x.test", "more@x.test"}, []any{[]any{"<a@x.test>"}, []any{"hidden@x.test, more@x.test"}}},
		{"", []string{"to@x.test"}, []any{nil, nil}},
	} {
		id := p.add(test.sender, test.recipients, "To: to@x.test\nSubject: x\n\nx\n")
		fields := p.get("/api/v1/message/" + id + "/headers").(map[string]any)
		if got := []any{fields["Return-Path"], fields["Bcc"]}; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q to %q: %v, want %v", test.sender, test.recipients, got, test.want)
		}
		received, _ := fields["Received"].([]any)
		if len(received) != 1 || !strings.HasPrefix(received[0].(string), "from unknown by mailbucket id "+id+"; ") {
			t.Errorf("received %v", fields["Received"])
		}
	}
}

// TestMailpitLatestTellsOtherSitesNothing is about what a page of another site can measure
// where the browser does not say that the page asks: when the header section comes, which
// must not depend on mail.
func TestMailpitLatestTellsOtherSitesNothing(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Subject: secret\nContent-Type: text/html\n\n<p>secret</p>\n")
	p.add("a@x", []string{"b@x"}, "Subject: other\n\nx\n")
	browser := []string{"User-Agent: Mozilla/5.0", "Accept-Language: en"}
	const there, none, noHTML = "?query=secret", "?query=nothing", "?query=other"
	for _, test := range []struct {
		method, path string
		fields       []string
		status       int // 0 for an answer that begins well and is not ended
	}{
		{"GET", "/api/v1/message/latest" + there, browser, 200},
		{"GET", "/api/v1/message/latest" + none, browser, 0},
		{"GET", "/api/v1/message/latest/headers" + there, browser, 200},
		{"GET", "/api/v1/message/latest/headers" + none, browser, 0},
		{"GET", "/api/v1/message/latest/html-check" + there, browser, 200},
		{"GET", "/api/v1/message/latest/html-check" + noHTML, browser, 0},
		{"GET", "/view/latest.html" + there, browser, 200},
		{"GET", "/view/latest.html" + noHTML, browser, 0},
		{"GET", "/view/latest.html" + none, browser, 0},
		{"GET", "/view/latest.html" + there, append(browser, "Sec-Fetch-Site: none"), 200},
		{"GET", "/view/latest.html" + none, append(browser, "Sec-Fetch-Site: none"), 404},
		{"HEAD", "/view/latest.html" + there, browser, 403},
		{"GET", "/view/latest.txt" + there, browser, 403},
		{"GET", "/api/v1/message/latest/raw" + none, browser, 403},
		{"GET", "/api/v1/message/latest/part/1" + there, browser, 403},
		// Cypress and Playwright ask like this.
		{"GET", "/view/latest.txt" + there, browser[:1], 200},
		{"GET", "/view/latest.html" + none, browser[:1], 404},
		{"GET", "/api/v1/message/latest/raw" + there, browser[:1], 200},
		{"GET", "/view/latest.txt", browser, 200},
	} {
		request := must(http.NewRequest(test.method, p.url+test.path, nil))
		for _, field := range test.fields {
			name, value, _ := strings.Cut(field, ": ")
			request.Header.Set(name, value)
		}
		response := must(http.DefaultClient.Do(request))
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if test.status == 0 && (response.StatusCode != 200 || err == nil) || test.status != 0 && (response.StatusCode != test.status || err != nil) {
			t.Errorf("%s %s %q: %s, %v\n%s", test.method, test.path, test.fields, response.Status, err, body)
		}
		if strings.HasPrefix(test.path, "/view/") && response.StatusCode == 200 && !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s %q: policy %q", test.path, test.fields, response.Header.Get("Content-Security-Policy"))
		}
	}
}

func TestMailpitUnknownMessages(t *testing.T) {
	p := newPeer(t)
	for _, id := range []string{store.ID{1}.String(), "x", "latest"} {
		for _, path := range []string{"/api/v1/message/" + id, "/api/v1/message/" + id + "/headers", "/api/v1/message/" + id + "/raw", "/api/v1/message/" + id + "/part/1", "/view/" + id + ".html", "/view/" + id + ".txt"} {
			if response, body := p.ask("GET", path, ""); response.StatusCode != 404 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") || body == "" {
				t.Errorf("%s: %s %q", path, response.Status, body)
			}
		}
	}
}

func TestMailpitMarksAndDeletes(t *testing.T) {
	p := newPeer(t)
	var ids []string
	for _, subject := range []string{"green", "red", "green"} {
		ids = append(ids, p.add("a@x", []string{"b@x"}, "Subject: "+subject+"\n\nx\n"))
	}
	for _, c := range []struct {
		method, body   string
		status         int
		answer         string
		messages, read int
	}{
		{"PUT", `{"IDs":["` + ids[0] + `","x"],"Read":true}`, 200, "ok", 3, 1},
		{"PUT", `{"ids":["` + ids[0] + `"],"read":false}`, 200, "ok", 3, 0},
		{"PUT", `{"Read":true,"Search":"subject:green"}`, 200, "ok", 3, 2},
		{"PUT", `{"Read":true}`, 200, "ok", 3, 3},
		{"PUT", `{"Read":false}`, 200, "ok", 3, 0},
		{"PUT", `{"Read":true,"Search":"x","IDs":["x"]}`, 400, "Error: expected either", 3, 0},
		{"PUT", ``, 400, "Error: expected a JSON", 3, 0},
		{"PUT", `{"IDs":1}`, 400, "Error: the body", 3, 0},
		{"DELETE", `ids=` + ids[0], 400, "Error: the body", 3, 0},
		{"DELETE", `{"IDs":["` + ids[0] + `"]} x`, 400, "Error: the body", 3, 0},
		{"DELETE", `["` + ids[0] + `"]`, 400, "Error: the body", 3, 0},
		{"DELETE", `{"IDs":["` + strings.Repeat("x", maxDocument) + `"]}`, 413, "Error: the body is larger", 3, 0},
		{"DELETE", `{"IDs":["x"]}`, 200, "ok", 3, 0},
		{"DELETE", `{"ids":["` + ids[0] + `"]}`, 200, "ok", 2, 0},
		{"DELETE", `{"IDs":[]}`, 200, "ok", 0, 0},
	} {
		response, body := p.ask(c.method, "/api/v1/messages", c.body)
		s := p.bucket.Stats()
		if response.StatusCode != c.status || !strings.HasPrefix(body, c.answer) || s.Messages != c.messages || s.Messages-s.Unread != c.read {
			t.Errorf("%s %.60s: %s %q, %d held, %d read", c.method, c.body, response.Status, body, s.Messages, s.Messages-s.Unread)
		}
	}
	p.add("a@x", []string{"b@x"}, "Subject: x\n\nx\n")
	if response, body := p.ask("DELETE", "/api/v1/messages", ""); response.StatusCode != 200 || body != "" || p.bucket.Stats().Messages != 0 {
		t.Errorf("without a body: %s %q", response.Status, body)
	}
}
