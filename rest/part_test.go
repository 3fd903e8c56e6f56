package rest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const rich = "From: =?utf-8?q?J=C3=BCrgen?= <j@x>\r\nTo: a@x, B <b@x>\r\nReply-To: r@x\r\nDate: Tue, 24 Nov 2026 06:40:06 +0100\r\n" +
	"Message-ID: <m@x>\r\nSubject: Welcome\r\nReceived: one\r\nReceived: two\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
	"--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n" +
	"--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain\r\n\r\nYour code is 123456.\r\n" +
	"--a\r\nContent-Type: text/html\r\n\r\n<img SRC=\"CID:logo%40x\"><a href=\"https://x.test/go?a=1&amp;b=2\">Go</a><div style=\"background:url(cid:logo@x)\">x</div><script>alert(1)</script>\r\n" +
	"--a--\r\n" +
	"--r\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n" +
	"--m\r\nContent-Type: text/html; name=\"x.html\"\r\nContent-Disposition: attachment; filename*=UTF-8''%E2%82%AC%22%0D%0A.html\r\n\r\n<script>alert(1)</script>\r\n" +
	"--m--\r\n"

func TestEmailShowsWhatIsInIt(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	m.Extras = &store.Extras{Problems: []string{"told on the wire"}}
	_, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String())
	var e struct {
		Size            int
		From, To, Cc    []message.Address
		ReplyTo         []message.Address
		Date            time.Time
		MessageID, Text string
		Headers         []message.Field
		Attachments     []attachmentAnswer
		Links           []message.Link
		Codes           []string
		Problems        []problemFound
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"from":        {e.From, []message.Address{{Name: "Jürgen", Address: "j@x"}}},
		"to":          {e.To, []message.Address{{Address: "a@x"}, {Name: "B", Address: "b@x"}}},
		"cc":          {e.Cc, []message.Address{}},
		"replyTo":     {e.ReplyTo, []message.Address{{Address: "r@x"}}},
		"date":        {e.Date.Unix(), int64(1795498806)},
		"messageId":   {e.MessageID, "m@x"},
		"size":        {e.Size, len(rich)},
		"header":      {message.Field{Name: e.Headers[6].Name}, message.Field{Name: "Received"}},
		"text":        {e.Text, "Your code is 123456."},
		"links":       {e.Links, []message.Link{{URL: "https://x.test/go?a=1&b=2", Text: "Go"}}},
		"codes":       {e.Codes, []string{"123456"}},
		"attachments": {len(e.Attachments), 2},
		"first":       {e.Attachments[0], attachmentAnswer{0, "", "image/png", 8, "logo@x", true, "4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6"}},
		"problem":     {e.Problems[0], problemFound{"smtp", "told on the wire", 0}},
	} {
		if got, want := fmt.Sprint(pair[0]), fmt.Sprint(pair[1]); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
}

func TestHTMLIsHarmlessAndShowsItsOwnImages(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	a := newTestAPI(t, m)
	response, body := do(t, a, "GET", "/emails/"+m.ID.String()+"/html")
	for name, want := range map[string]string{
		"Content-Security-Policy": content.PolicyHTML + "; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Content-Type":            "text/html; charset=utf-8",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	const logo = "data:image/png;base64,iVBORw0KGgo="
	if !strings.Contains(body, `<img src="`+logo+`">`) || !strings.Contains(body, "url(&#34;"+logo+"&#34;)") {
		t.Errorf("cid: URLs: %s", body)
	}
	response, body = do(t, a, "GET", "/emails/"+m.ID.String()+"/inline/logo@x")
	if response.Header.Get("Content-Type") != "image/png" || body != "\x89PNG\r\n\x1a\n" || response.Header.Get("Content-Disposition") != `inline; filename="part-5.png"` {
		t.Errorf("%v %q", response.Header, body)
	}
	if response, _ := do(t, a, "GET", "/emails/"+m.ID.String()+"/html?remote=1"); !strings.Contains(response.Header.Get("Content-Security-Policy"), "sandbox; default-src 'none'; img-src data: https: http:;") {
		t.Errorf("with remote content: %v", response.Header)
	}
}

func TestFormsOfTheHTML(t *testing.T) {
	page := `<base href=//x><meta http-equiv=refresh content="0;url=//x"><link rel=preconnect href=//x><link rel=stylesheet href=http://x/s>` +
		`<style>@media (prefers-color-scheme: dark) { a { b: url(//x) } }</style><body><iframe src=//x></iframe><img src=http://x/i><p onclick="a"><a href=http://x/ target=_top>b</a>`
	const head, end = "<html><head>", "</a></p></body></html>"
	m := mail("s@x", "r@x", "Content-Type: text/html\r\n\r\n"+page)
	for query, want := range map[string]string{
		"": head + `<style>@media (prefers-color-scheme: dark) { a { b: url("data:,") } }</style></head><body><img><p><a href="http://x/" rel="noopener noreferrer">b` + end,
		"?preview=dark": head + `<style>@media (min-width: 0) { a { b: url("data:,") } }</style></head>` +
			`<body><img><p><a href="http://x/" target="_blank" rel="noopener noreferrer">b` + end,
		"?preview=light&remote=1": head + `<link rel="stylesheet" href="http://x/s"><style>@media (max-width: 0) { a { b: url("//x") } }</style></head>` +
			`<body><img src="http://x/i"><p><a href="http://x/" target="_blank" rel="noopener noreferrer">b` + end,
	} {
		response, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String()+"/html"+query)
		if body != want {
			t.Errorf("%s: %s, want %s", query, body, want)
		}
		policy := strings.TrimSuffix(response.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
		if strings.Contains(policy, "self") || strings.Contains(policy, "http") != strings.Contains(query, "remote") {
			t.Errorf("%s: %s", query, policy)
		}
	}
}

func TestAttachmentsAreSavedUnderTheirName(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	response, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String()+"/attachments/1")
	if body != "<script>alert(1)</script>" || response.Header.Get("Content-Security-Policy") != content.PolicyNothing {
		t.Errorf("%v %q", response.Header, body)
	}
	disposition := response.Header.Get("Content-Disposition")
	kind, parameters, err := mime.ParseMediaType(disposition)
	if err != nil || kind != "attachment" || parameters["filename"] != "€\" .html" || !strings.Contains(disposition, `filename="__ .html"`) {
		t.Errorf("%s (%v)", disposition, err)
	}
}

func TestPartsAnswerConditionsAndRanges(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	a := newTestAPI(t, m)
	seen := make(map[string]string)
	for _, part := range []string{"", "/raw", "/text", "/html", "/html?remote=1", "/html?preview=dark", "/html?preview=dark&remote=1", "/headers", "/attachments/0", "/attachments/1"} {
		target := "/emails/" + m.ID.String() + part
		response, _ := do(t, a, "GET", target)
		etag := response.Header.Get("ETag")
		if other := seen[etag]; etag == "" || other != "" {
			t.Errorf("%s has the ETag %s, as %s", part, etag, other)
		}
		seen[etag] = part
		if response, body := do(t, a, "GET", target, "If-None-Match", `"x", W/`+etag); response.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s: %d %q", part, response.StatusCode, body)
		}
		if response, body := do(t, a, "HEAD", target); response.StatusCode != 200 || body != "" {
			t.Errorf("HEAD %s: %d %q", part, response.StatusCode, body)
		}
	}
	for _, part := range []string{"/raw", "/attachments/0"} {
		target := "/emails/" + m.ID.String() + part
		if response, body := do(t, a, "GET", target, "Range", "bytes=1-2"); response.StatusCode != 206 || len(body) != 2 {
			t.Errorf("%s: %d %q", part, response.StatusCode, body)
		}
	}
}

func TestHeadersAreInOrderAndRepeated(t *testing.T) {
	m := mail("s@x", "r@x", rich)
	_, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String()+"/headers")
	if !strings.HasPrefix(body, `{"headers":[{"name":"From","value":"Jürgen <j@x>","raw":" =?utf-8?q?J=C3=BCrgen?= <j@x>"},`) ||
		!strings.Contains(body, `{"name":"Received","value":"one","raw":" one"},{"name":"Received","value":"two","raw":" two"}`) {
		t.Errorf("headers: %s", body)
	}
}

func TestCreate(t *testing.T) {
	a := newTestAPI(t)
	response, body := doBody(t, a, "POST", "/emails?sender=&recipient=a%2Bb@x&recipient=c+d@x", rich, "Content-Type", "message/rfc822")
	var created struct {
		ID         string
		Recipients []string
		Subject    string
	}
	if err := json.Unmarshal([]byte(body), &created); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 201 || strings.Join(created.Recipients, " ") != "a+b@x c+d@x" || created.Subject != "Welcome" {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if got := response.Header.Get("Location"); got != "emails/"+created.ID {
		t.Errorf("Location: %s", got)
	}
	if _, body := do(t, a, "GET", "/"+response.Header.Get("Location")+"/raw"); body != rich {
		t.Errorf("raw: %q", body)
	}
	if response, _ := doBody(t, a, "POST", "/emails?recipient=a@x", strings.Repeat("x", maxCreated+1), "Content-Type", "message/rfc822"); response.StatusCode != 413 {
		t.Errorf("too large: %d", response.StatusCode)
	}
	if stats := bucketOf(a).Stats(); stats.Received != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestStats(t *testing.T) {
	m := mail("a@x", "b@x", "x")
	a := newTestAPI(t, m)
	if _, body := do(t, a, "GET", "/stats"); !strings.Contains(body, fmt.Sprintf(`"received":1,"evicted":0,"expired":0,"deleted":0,"refused":0,"messages":1,"unread":1,"bytes":%d,"oldest":%d,"limits":{"maxMessages":null,`, bucketOf(a).Stats().Bytes, m.Arrived)) {
		t.Errorf("stats: %s", body)
	}
	bucketOf(a).SetLimits(store.Limits{MaxMessages: 3, MaxBytes: 5, PerBox: store.BoxLimits{Recipient: 7}})
	if _, body := do(t, a, "GET", "/stats"); !strings.Contains(body, `"oldest":null,"limits":{"maxMessages":3,"maxBytes":5,"maxAge":null,"maxMessagesPer":{"login":null,"recipient":7,"sender":null}}`) {
		t.Errorf("stats: %s", body)
	}
	if _, body := do(t, a, "GET", "/openapi.json"); body != openapi {
		t.Error("openapi.json differs")
	}
}

func TestPagesOfConfiguredOriginsMayUseTheAPI(t *testing.T) {
	for _, test := range []struct {
		origins []string
		origin  string
		allowed bool
	}{
		{nil, "https://app.test", false},
		{[]string{"https://app.test"}, "https://app.test", true},
		{[]string{"https://app.test"}, "https://evil.test", false},
		{[]string{"*"}, "https://evil.test", true},
	} {
		a := newAPIOf(t, store.New(store.Limits{}), test.origins...)
		want, status := "", 403
		if test.allowed {
			want, status = test.origin, 200
		}
		for _, method := range []string{"GET", "OPTIONS", "DELETE"} {
			response, _ := do(t, a, method, "/emails", "Origin", test.origin, "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", "DELETE")
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%v: %s from %s: allowed %q", test.origins, method, test.origin, got)
			}
			if method == "DELETE" && response.StatusCode != status {
				t.Errorf("%v: %s from %s: %d", test.origins, method, test.origin, response.StatusCode)
			}
		}
	}
}

// TestBrokenMailGetsAnAnswer reads all there is of each mail of the corpus of
// package message.
func TestBrokenMailGetsAnAnswer(t *testing.T) {
	files, err := filepath.Glob("../message/testdata/*/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d mails (%v)", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, raw)
	}
}

// FuzzEmail stores any bytes and reads all that there is of them: each answer is
// one, and as described.
func FuzzEmail(f *testing.F) {
	f.Add([]byte(rich))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=a\n\n--a"))
	f.Add([]byte("Subject: =?x?b?\xff?=\r\nContent-Type: text/html; charset=\"x\r\n y\"\r\nContent-ID: <\x00>\r\n\r\n<img src=cid:\x00><a style='cid:"))
	f.Fuzz(func(t *testing.T, raw []byte) { readAll(t, raw) })
}

func readAll(t *testing.T, raw []byte) {
	t.Helper()
	m := mail("a@x", "b@x", string(raw))
	a := newTestAPI(t, m)
	_, body := do(t, a, "GET", "/emails/"+m.ID.String())
	var e struct{ Attachments []struct{ ContentID string } }
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	paths := []string{"raw", "text", "html", "html?preview=dark", "headers"}
	for i, attachment := range e.Attachments {
		paths = append(paths, fmt.Sprintf("attachments/%d", i))
		if attachment.ContentID != "" {
			paths = append(paths, "inline/"+url.PathEscape(attachment.ContentID))
		}
	}
	for _, path := range paths {
		if response, body := do(t, a, "GET", "/emails/"+m.ID.String()+"/"+path); response.StatusCode != 200 && response.StatusCode != 404 {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
	do(t, a, "GET", "/emails?q=x&from=y&header:Subject=z&hasAttachment=true")
}
