package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

func newTestAPI(t testing.TB, mails ...*store.Message) *API {
	t.Helper()
	b := store.New(store.Limits{})
	for _, m := range mails {
		if err := b.Append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return newAPIOf(t, b)
}

// newAPIOf makes an API that pages of the origins may use.
func newAPIOf(t testing.TB, b *store.Bucket, origins ...string) *API {
	t.Helper()
	rules, err := guard.New(nil, origins...)
	if err != nil {
		t.Fatal(err)
	}
	limits := guard.NewLimits(nil)
	return New(Options{
		Access: guard.Everything(b), Failed: new(store.FailedSessions), Faults: &testFaults{document: []byte(`{"faults":[],"configured":[]}`)},
		Guard: rules, Limits: limits, Contents: content.New(limits), Logger: zap.NewNop(),
	})
}

// testFaults are any JSON but that with "no such".
type testFaults struct{ document []byte }

func (f *testFaults) MarshalJSON() ([]byte, error) { return f.document, nil }

func (f *testFaults) SetJSON(document []byte) error {
	if strings.Contains(string(document), "no such") {
		return errors.New("no such fault")
	}
	f.document = document
	return nil
}

func mail(sender, recipient, raw string) *store.Message {
	return &store.Message{Sender: sender, Recipients: []string{recipient}, Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw))}
}

// description is openapi.json, which every answer in these tests has to keep to.
var description = sync.OnceValue(func() validator.Validator {
	document, err := libopenapi.NewDocument([]byte(openapi))
	if err != nil {
		panic(err)
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		panic(errs)
	}
	return v
})

func TestDescriptionIsValid(t *testing.T) {
	if ok, errs := description().ValidateDocument(); !ok {
		for _, err := range errs {
			t.Error(err.Message, err.Reason)
		}
	}
}

// do makes a request and returns the answer with its body. Pairs of header field
// names and values may follow.
func do(t testing.TB, a *API, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	return doBody(t, a, method, target, "", header...)
}

func doBody(t testing.TB, a *API, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	if !a.Serve(w, r) {
		t.Fatalf("%s is not the API's", target)
	}
	answer := w.Body.String()
	checkDescribed(t, r, w.Result())
	return w.Result(), answer
}

// checkDescribed validates an answer against openapi.json. What is not a call of
// the API cannot be.
func checkDescribed(t testing.TB, r *http.Request, answer *http.Response) {
	t.Helper()
	method := r.Method
	if method == http.MethodHead || method == http.MethodOptions || answer.StatusCode == http.StatusMethodNotAllowed || answer.StatusCode == http.StatusRequestURITooLong {
		return
	}
	if _, _, p := resourceAt(strings.TrimPrefix(r.URL.Path, "/emails/")); strings.HasPrefix(r.URL.Path, "/emails/") && p != nil {
		return
	}
	if ok, errs := description().ValidateHttpResponse(r, answer); !ok {
		for _, err := range errs {
			t.Errorf("%s %s is not as described: %s: %s", method, r.URL, err.Message, err.Reason)
			for _, schema := range err.SchemaValidationErrors {
				t.Error(schema.Reason)
			}
		}
	}
}

func TestTutorialsAnswers(t *testing.T) {
	m := mail("smtptutorial_sender@example.com", "smtptutorial_recipient@example.com",
		"Subject:Subject line goes here!\r\n\r\nThe message body goes here!\r\n")
	a := newTestAPI(t, m)
	fields := fmt.Sprintf(`"id":"%s","sender":"smtptutorial_sender@example.com","recipients":["smtptutorial_recipient@example.com"],"subject":"Subject line goes here!"`, m.ID)
	_, list := do(t, a, "GET", "/emails?sender=smtptutorial_sender@example.com", "Accept", "text/html")
	if want := fmt.Sprintf(`{"results":[{%s,"timeCreated":%d,"from":null,"snippet":"The message body goes here!","attachments":0,"read":false,"login":""}],"totalResults":1,"totalPages":1}`+"\n", fields, m.Arrived); list != want {
		t.Errorf("list:\n%s\nwant:\n%s", list, want)
	}
	response, email := do(t, a, "GET", "/emails/"+m.ID.String())
	if want := fmt.Sprintf(`{%s,"body":"Subject:Subject line goes here!\n\nThe message body goes here!\n","timeCreated":%d,"size":64,`, fields, m.Arrived); !strings.HasPrefix(email, want) {
		t.Errorf("email:\n%s\nwant:\n%s", email, want)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %s", got)
	}
}

// wrongRequests are requests, in which ID is that of an email, and what their problem documents
// say.
var wrongRequests = []struct {
	method, target string
	status         int
	parameter      string
	allow          string
}{
	{"GET", "/emails?sendr=a", 400, "sendr", ""},
	{"GET", "/emails?sender=a&sender=b", 400, "sender", ""},
	{"GET", "/emails?recipient=", 400, "recipient", ""},
	{"GET", "/emails?limit=0", 400, "limit", ""},
	{"GET", "/emails?limit=1001", 400, "limit", ""},
	{"GET", "/emails?page=0", 400, "page", ""},
	{"GET", "/emails?order=up", 400, "order", ""},
	{"GET", "/emails?since=yesterday", 400, "since", ""},
	{"GET", "/emails?after=1", 400, "after", ""},
	{"GET", "/emails?a=%zz", 400, "", ""},
	{"GET", "/emails?q=" + strings.Repeat("x", maxQueryString), 414, "", ""},
	{"DELETE", "/emails?limit=1", 400, "limit", ""},
	{"GET", "/emails/", 404, "", ""},
	{"GET", "/emails/1", 404, "", ""},
	{"GET", "/emails/" + strings.Repeat("0", 32), 404, "", ""},
	{"DELETE", "/emails/" + strings.Repeat("0", 32), 404, "", ""},
	{"GET", "/emails/ID/xyzzy", 404, "", ""},
	{"GET", "/emails/" + strings.Repeat("0", 32) + "/raw", 404, "", ""},
	{"GET", "/emails?count=2", 400, "count", ""},
	{"GET", "/emails?wait=1h", 400, "wait", ""},
	{"GET", "/emails?wait=soon", 400, "wait", ""},
	{"GET", "/emails?header=x", 400, "header", ""},
	{"GET", "/emails?header:X=" + strings.Repeat("x", 257), 400, "header:X", ""},
	{"GET", "/emails?q=" + strings.Repeat("x", search.MaxQuery+1), 400, "q", ""},
	{"GET", "/emails?hasAttachment=yes", 400, "hasAttachment", ""},
	{"GET", "/events?limit=1", 400, "limit", ""},
	{"GET", "/emails/ID/html?remote=2", 400, "remote", ""},
	{"GET", "/emails/ID/html", 404, "", ""},
	{"GET", "/emails/ID/session", 404, "", ""},
	{"GET", "/emails/ID/attachments", 404, "", ""},
	{"GET", "/emails/ID/attachments/0", 404, "", ""},
	{"GET", "/emails/ID/attachments/-1", 404, "", ""},
	{"GET", "/emails/ID/inline/x", 404, "", ""},
	{"POST", "/emails?recipient=b@x", 415, "", ""},
	{"POST", "/emails", 400, "recipient", ""},
	{"POST", "/emails?recipient=b@x&sender=a", 422, "sender", ""},
	{"POST", "/emails?recipient=<b@x>", 422, "recipient", ""},
	{"POST", "/emails?recipient=b@x&x=1", 400, "x", ""},
	{"PUT", "/emails", 405, "", "DELETE, GET, HEAD, OPTIONS, PATCH, POST"},
	{"PUT", "/emails/ID", 405, "", "DELETE, GET, HEAD, OPTIONS, PATCH"},
	{"DELETE", "/emails/ID/raw", 405, "", "GET, HEAD, OPTIONS"},
}

func TestErrorsAreProblemDocuments(t *testing.T) {
	m := mail("a@x", "b@x", "x")
	a := newTestAPI(t, m)
	id := m.ID.String()
	for _, test := range wrongRequests {
		t.Run(test.method+" "+test.target[:min(len(test.target), 60)], func(t *testing.T) {
			response, body := do(t, a, test.method, strings.ReplaceAll(test.target, "ID", id))
			var p problem
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if response.StatusCode != test.status || p.Status != test.status || p.Parameter != test.parameter || p.Detail == "" {
				t.Errorf("%d %s", response.StatusCode, body)
			}
			if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type %s", got)
			}
			if got := response.Header.Get("Allow"); got != test.allow {
				t.Errorf("Allow %q", got)
			}
		})
	}
}

func TestFaultsAreSetAndCleared(t *testing.T) {
	a := newTestAPI(t)
	const rules = `{"faults":[{"step":"mail","drop":true}],"configured":[]}`
	for _, step := range []struct {
		method, body string
		status       int
		answer       string
	}{
		{"PUT", rules, 200, rules},
		{"PUT", `no such`, 422, `"detail":"no such fault"`},
		{"PUT", strings.Repeat(" ", maxFaultsDocument+1), 413, `larger than 256 KiB`},
		{"GET", "", 200, rules},
		{"POST", "", 405, "DELETE, GET, HEAD, OPTIONS, PUT"},
		{"DELETE", "", 204, ""},
	} {
		response, answer := doBody(t, a, step.method, "/faults", step.body, "Content-Type", "application/json")
		if response.StatusCode != step.status || !strings.Contains(answer, step.answer) {
			t.Errorf("%s %.20s: %d %s", step.method, step.body, response.StatusCode, answer)
		}
	}
	if got := string(a.faults.(*testFaults).document); got != `{"faults":[]}` {
		t.Errorf("after DELETE: %s", got)
	}
}

func TestSessionShowsTheEnvelopeAndTranscript(t *testing.T) {
	m := mail("a@x", "b@x", "x")
	m.MailParameters, m.Extras = "SIZE=1", &store.Extras{RecipientParameters: []string{"NOTIFY=NEVER"}}
	m.Exchange = store.NewTranscript([]byte("C: MAIL FROM:<a@x>\nS: 250 ok\n"))
	m.Session = &store.Session{
		Client: "192.0.2.1:5", Hello: "h", Extended: true, Preamble: "S: 220 x\n",
		TLSVersion: "TLS 1.3", TLSCipher: "c", AuthMechanism: "PLAIN", AuthIdentity: "u",
	}
	_, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String()+"/session")
	if want := `{"client":"192.0.2.1:5","hello":"h","extended":true,"tls":{"version":"TLS 1.3","cipher":"c"},"auth":{"mechanism":"PLAIN","identity":"u"},` +
		`"sender":{"address":"a@x","parameters":"SIZE=1"},"recipients":[{"address":"b@x","parameters":"NOTIFY=NEVER"}],` +
		`"transcript":["S: 220 x","C: MAIL FROM:<a@x>","S: 250 ok"]}` + "\n"; body != want {
		t.Errorf("got %s", body)
	}
	if plain := mail("a@x", "b@x", "x"); true {
		response, body := do(t, newTestAPI(t, plain), "GET", "/emails/"+plain.ID.String()+"/session")
		if response.StatusCode != 404 {
			t.Errorf("not by SMTP: %d %s", response.StatusCode, body)
		}
	}
}

func TestOtherPathsAreNotTheAPIs(t *testing.T) {
	for _, path := range []string{"/", "/emailsx", "/x/emails", "/view/1", "/faults/"} {
		if newTestAPI(t).Serve(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) {
			t.Errorf("%s was answered", path)
		}
	}
}

func TestBodyShowsLineEndsAsLF(t *testing.T) {
	for raw, want := range map[string]string{
		"a\r\nb\r\n":  `"a\nb\n"`,
		"a\nb\n":      `"a\nb\n"`,
		"a\rb\r\r\n":  `"a\rb\r\n"`,
		"<\xff>":      `"<\ufffd>"`,
		"\u2028 \x00": `"\u2028 \u0000"`,
	} {
		m := mail("a", "b", raw)
		_, body := do(t, newTestAPI(t, m), "GET", "/emails/"+m.ID.String())
		if !strings.Contains(body, `"body":`+want+`,`) {
			t.Errorf("%q is shown as %s", raw, body)
		}
	}
}

func TestRawIsWhatWasReceived(t *testing.T) {
	const raw = "Subject: x\r\n\r\n\xff\x00.\r\n"
	m := mail("a", "b", raw)
	a := newTestAPI(t, m)
	target := "/emails/" + m.ID.String() + "/raw"
	response, body := do(t, a, "GET", target)
	if body != raw {
		t.Errorf("raw is %q", body)
	}
	for name, want := range map[string]string{
		"Content-Type":            "message/rfc822",
		"Content-Disposition":     `attachment; filename="` + m.ID.String() + `.eml"`,
		"Content-Security-Policy": content.PolicyNothing,
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if response, body := do(t, a, "GET", target, "Range", "bytes=0-6"); response.StatusCode != 206 || body != "Subject" {
		t.Errorf("range: %d %q", response.StatusCode, body)
	}
	if response, _ := do(t, a, "GET", target, "If-None-Match", response.Header.Get("ETag")); response.StatusCode != 304 {
		t.Errorf("conditional: %d", response.StatusCode)
	}
	if response, body := do(t, a, "HEAD", target); response.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %d %q", response.StatusCode, body)
	}
}

func TestDelete(t *testing.T) {
	m := mail("a@x", "b@x", "x")
	a := newTestAPI(t, m, mail("c@x", "b@x", "x"), mail("c@x", "d@x", "x"))
	if response, body := do(t, a, "DELETE", "/emails/"+m.ID.String()); response.StatusCode != 204 || body != "" {
		t.Errorf("one: %d %q", response.StatusCode, body)
	}
	if _, body := do(t, a, "DELETE", "/emails?recipient=b@x"); body != `{"deleted":1}`+"\n" {
		t.Errorf("by filter: %s", body)
	}
	if _, body := do(t, a, "DELETE", "/emails"); body != `{"deleted":1}`+"\n" {
		t.Errorf("all: %s", body)
	}
	if n := bucketOf(a).Stats().Messages; n != 0 {
		t.Errorf("%d left", n)
	}
}

func TestOtherSitesMayNotDelete(t *testing.T) {
	for _, test := range []struct {
		name, header, value string
		status              int
	}{
		{"cross-site", "Sec-Fetch-Site", "cross-site", 403},
		{"same-site", "Sec-Fetch-Site", "same-site", 403},
		{"another origin", "Origin", "https://evil.example", 403},
		{"same origin", "Sec-Fetch-Site", "same-origin", 200},
		{"no browser", "Accept", "*/*", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := do(t, newTestAPI(t), "DELETE", "/emails", test.header, test.value)
			if response.StatusCode != test.status {
				t.Errorf("%d %s", response.StatusCode, body)
			}
		})
	}
}

// bucketOf is the bucket of an API that shows all of it.
func bucketOf(a *API) *store.Bucket {
	b, ok := a.access(nil).Mail.Whole()
	if !ok {
		panic("the API shows only a part of its bucket")
	}
	return b
}
