package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/release/outlettest"
	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// newReleasingSite has emails that may be released to ours.test through the relay.
func newReleasingSite(t *testing.T, r *releasetest.Relay, emails ...*store.Message) *Site {
	t.Helper()
	s := newTestSite(t, emails...)
	s.Outlet = outlettest.New(t, bucketOf(s), r, 0)
	s.Who = func(*http.Request) string { return "<tester>" }
	return s
}

func TestReleaseIsAskedForAndShown(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	m := mail("a@x", "Subject: <Hello>\r\n\r\nx\r\n")
	s := newReleasingSite(t, relay, m)
	view := "/view/" + m.ID.String()
	wantIn(t, "the email", page(t, s, view+"?q=hello"), `href="../view/`+m.ID.String()+`/release?q=hello"`, "Release to a real address")
	asked := page(t, s, view+"/release?q=hello")
	wantIn(t, "the page that asks", asked, "&lt;Hello&gt;", `action="../../view/`+m.ID.String()+`/release?q=hello"`, "Allowed: *@ours.test", "by "+relay.Address+" and from bucket@ours.test", "Yes, send it")
	if strings.Contains(asked, `id="list"`) || strings.Contains(asked, `id="mail"`) {
		t.Error("the script would take the form for a deletion")
	}
	for to, want := range map[string]struct {
		status int
		text   string
	}{
		"":                            {400, "there is no address"},
		"ann":                         {400, "expected a plain address"},
		`"><script>@ours.test`:        {400, "value=\"&#34;&gt;&lt;script&gt;@ours.test\""},
		"ann@evil.test":               {403, "ann@evil.test is not on the list"},
		"ann@ours.test,ann@evil.test": {403, "Nothing was sent"},
	} {
		response, body := ask(t, s, "POST", view+"/release", url.Values{"to": {to}})
		if response.StatusCode != want.status || !strings.Contains(body, want.text) || len(relay.Mails()) != 0 || bucketOf(s).Stats().Messages != 1 {
			t.Errorf("%q: %d, %d mails\n%s", to, response.StatusCode, len(relay.Mails()), body)
		}
	}
	response, body := ask(t, s, "POST", view+"/release?q=hello", url.Values{"to": {" ann@ours.test, bob@ours.test;ann@ours.test\r\n"}})
	if response.StatusCode != 303 || response.Header.Get("Location") != "../../view/"+m.ID.String()+"/release?q=hello" || len(relay.Mails()) != 1 {
		t.Fatalf("%d %v %s", response.StatusCode, response.Header, body)
	}
	if got := relay.Mails()[0]; len(got.Recipients) != 2 || !strings.HasSuffix(got.Data, m.Raw) {
		t.Errorf("sent %+v", got)
	}
	for _, path := range []string{view + "/release", view} {
		wantIn(t, path, page(t, s, path), "ann@ours.test, bob@ours.test", "by &lt;tester&gt;", "Released")
	}
}

func TestReleaseThatCannotBe(t *testing.T) {
	m := mail("a@x", "Subject: Hello\r\n\r\nx\r\n")
	s := newTestSite(t, m)
	view := "/view/" + m.ID.String()
	for _, method := range []string{"GET", "POST"} {
		if response, _ := ask(t, s, method, view+"/release", url.Values{"to": {"ann@ours.test"}}); response.StatusCode != 404 {
			t.Errorf("%s where it is not configured: %d", method, response.StatusCode)
		}
	}
	if body := page(t, s, view); strings.Contains(body, "/release") {
		t.Errorf("the email's page links to it:\n%s", body)
	}
	relay := releasetest.NewRelay(t, nil)
	m = mail("a@x", "Subject: Hello\r\n\r\nx\r\n")
	s = newReleasingSite(t, relay, m)
	view = "/view/" + m.ID.String()
	for path, want := range map[string]int{
		"/view/" + strings.Repeat("1", 32) + "/release": 404, view + "/release?nosuch=1": 400, view + "/release/": 0, view + "/release/x": 0,
	} {
		response, _ := ask(t, s, "POST", path, url.Values{"to": {"ann@ours.test"}})
		if want == 0 && response != nil || want != 0 && (response == nil || response.StatusCode != want) {
			t.Errorf("%s: %v", path, response)
		}
	}
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example"} {
		r := httptest.NewRequest("POST", "http://mail.test"+view+"/release", strings.NewReader("to=ann@ours.test"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
		w := httptest.NewRecorder()
		if s.Serve(w, r); w.Code != 403 {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
	if response, _ := ask(t, s, "POST", view+"/release", nil); response.StatusCode != 400 {
		t.Errorf("without a form: %d", response.StatusCode)
	}
	if n := len(relay.Mails()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}
