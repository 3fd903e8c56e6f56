package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func richMail() *store.Message {
	m := mail("s@x", rich)
	m.Extras, m.MailParameters = &store.Extras{Problems: []string{"told on the wire"}}, "SIZE=5"
	m.Session = &store.Session{Client: "192.0.2.1:5", Hello: "me", Extended: true, TLSVersion: "TLS 1.3", TLSCipher: "C", AuthMechanism: "PLAIN", AuthIdentity: "alice", Preamble: "S: 220 x\nC: EHLO me\n"}
	m.Exchange = store.NewTranscript([]byte("C: MAIL FROM:<s@x>\nS: 250 Sender OK\n"))
	return m
}

func TestEachViewHasItsURL(t *testing.T) {
	m := richMail()
	s := newTestSite(t, mail("older@x", ""), m, mail("newer@x", ""))
	for show, want := range map[string][]string{
		"": {
			"<title>Welcome</title>", "Jürgen &lt;j@x&gt;", "a@x, B &lt;b@x&gt;", "r2@x", "<code>123456</code>", "1 remote item is blocked.",
			`sandbox="allow-popups allow-popups-to-escape-sandbox"`, `src="../emails/` + m.ID.String() + `/html?preview=light"`, `rel="next"`, `rel="prev"`, `href="../#m` + m.ID.String(),
		},
		"/html?width=phone&scheme=dark&remote=1": {
			`class="phone dark"`, "preview=dark&amp;remote=1", "1 remote item may be loaded", "/html?remote=1&amp;scheme=dark&amp;width=tablet", `href="../../view/`,
		},
		"/text":        {"Your code is 123456. &lt;script&gt; See <a", `href="https://x.test/text?a=1&amp;b=2"`, "</a>."},
		"/headers":     {"X-A", "ä", "=?utf-8?q?=C3=A4?="},
		"/source":      {"--m", "&lt;script&gt;alert(1)", "/raw"},
		"/attachments": {"dot.png", "image/png, 4 B", "../../emails/" + m.ID.String() + "/attachments/0", "<img src", "script&gt;.html", "/attachments/1"},
		"/links":       {`<span>Go</span>`, `href="https://x.test/go"`, "Copy https://x.test/go"},
		"/session":     {"192.0.2.1:5", "EHLO me", "TLS 1.3", "alice (PLAIN)", "MAIL FROM:&lt;s@x&gt; SIZE=5", `class="client">C: EHLO me`, "S: 250 Sender OK"},
		"/problems":    {"told on the wire"},
	} {
		body := page(t, s, "/view/"+m.ID.String()+show)
		wantIn(t, show, body, append(want, "Welcome", `<span class="badge">2</span>`, "aria-current")...)
		if strings.Contains(body, "<script>") {
			t.Errorf("%s: markup of the email's", show)
		}
	}
}

func TestViewsOfAnEmailWithLittleInIt(t *testing.T) {
	bare, page2 := mail("", "\r\n"), mail("", "Content-Type: text/html\r\n\r\n<p>Only HTML")
	long := mail("", "Subject: long\r\n\r\n"+strings.Repeat("ä", maxShownText))
	s := newTestSite(t, bare, page2, long)
	for path, want := range map[string]string{
		bare.ID.String():                  "This email has no text.",
		bare.ID.String() + "/html":        "This email has no HTML.",
		bare.ID.String() + "/attachments": "This email has no attachments.",
		bare.ID.String() + "/links":       "This email has no links.",
		bare.ID.String() + "/session":     "This email was not received by SMTP.",
		page2.ID.String() + "/text":       "Only HTML</pre>",
		long.ID.String() + "/text":        "Only the beginning is shown.",
		long.ID.String() + "/source":      "Only the beginning is shown.",
	} {
		wantIn(t, path, page(t, s, "/view/"+path), want)
	}
}

// FuzzView shows all of an email of any bytes, to any query.
func FuzzView(f *testing.F) {
	f.Add(rich, "sender=a@x&width=phone&scheme=dark&remote=1&page=2")
	f.Add("Content-Type: text/html\n\n<img srcset='//x 1x'><style>@import '//x'", "q=%ff&page=9")
	f.Add("Content-Type: text/html\n\n", "page=-1")
	f.Fuzz(func(t *testing.T, raw, query string) {
		m := mail("a@x", raw)
		s := newTestSite(t, m)
		query = (&url.URL{RawQuery: query}).Query().Encode()
		for show := range shows {
			path := "/view/" + m.ID.String() + "?" + query
			if show != "" {
				path = "/view/" + m.ID.String() + "/" + show + "?" + query
			}
			response, body := ask(t, s, "GET", path, nil)
			if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %v", path, response)
			}
			if !strings.HasSuffix(strings.TrimSpace(body), "</html>") || strings.Count(body, "<script") != 1 || strings.Count(body, "<iframe") > 1 {
				t.Errorf("%s:\n%s", path, body)
			}
		}
		if response, body := ask(t, s, "GET", "/?"+query, nil); response.StatusCode >= 500 || response.StatusCode == 200 && strings.Count(body, "<script") != 1 {
			t.Errorf("%v\n%s", response, body)
		}
	})
}

func TestLinksOfOtherSchemesAreShown(t *testing.T) {
	want := []segment{{"See ", ""}, {"www.a.test/x", "http://www.a.test/x"}, {", ", ""}, {"myapp://b?c=1&d", "myapp://b?c=1&d"}, {" javascript:e()", ""}}
	if got := linkify("See www.a.test/x, myapp://b?c=1&d javascript:e()"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	m := mail("a@x", "Subject: s\r\nContent-Type: text/html\r\n\r\n<a href='myapp://verify?a=1&amp;b=2'>Verify</a><a href='javascript:alert(1)'>No</a>")
	body := page(t, newTestSite(t, m), "/view/"+m.ID.String()+"/links")
	if !strings.Contains(body, `<a href="myapp://verify?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">`) || strings.Contains(body, "javascript:") {
		t.Errorf("links: %s", body)
	}
}
