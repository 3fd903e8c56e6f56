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
			"Welcome</title>", "Jürgen &lt;j@x&gt;", "a@x, B &lt;b@x&gt;", "r2@x", "<code>123456</code>", "Load 1 blocked item", "dot.png",
			`sandbox="allow-popups allow-popups-to-escape-sandbox"`, `src="../emails/` + m.ID.String() + `/html?preview=light"`, `rel="next"`, `rel="prev"`, `href="../#m` + m.ID.String(),
		},
		"/html?width=375&scheme=dark&remote=1": {
			`class="fit w375 `, `class="dark"`, "preview=dark&amp;remote=1", "Block 1 remote item", "/html?remote=1&amp;scheme=dark&amp;width=768", `href="../../view/`,
		},
		"/html?width=both&scheme=both": {`class="fit w375 `, `class="fit wfull `, `class="light"`, `class="dark"`},
		"/text":                        {"Your code is 123456. &lt;script&gt; See <a", `href="https://x.test/text?a=1&amp;b=2"`, "</a>."},
		"/headers":                     {"X-A", "ä", "=?utf-8?q?=C3=A4?="},
		"/source":                      {"--m", "&lt;script&gt;alert(1)"},
		"/html-source":                 {"&lt;img src=&#34;https://x.test/i.png"},
		"/parts":                       {"multipart/alternative", "dot.png", "4 B", "../../emails/" + m.ID.String() + "/parts/4", "<img src", "script&gt;.html", `class="depth2"`},
		"/parts?part=2":                {"Your code is 123456."},
		"/links":                       {`>Go</span>`, `href="https://x.test/go"`, "Copy https://x.test/go"},
		"/session":                     {"192.0.2.1:5", "EHLO me", "TLS 1.3", "alice (PLAIN)", "MAIL FROM:&lt;s@x&gt; SIZE=5", `class="client">C: EHLO me`, "S: 250 Sender OK"},
		"/check":                       {"told on the wire"},
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
		bare.ID.String():              "This email has no text.",
		bare.ID.String() + "/html":    "This email has no HTML.",
		bare.ID.String() + "/links":   "This email has no links.",
		bare.ID.String() + "/session": "This email was not received by SMTP.",
		page2.ID.String() + "/text":   "Only HTML</pre>",
		long.ID.String() + "/text":    "Only the beginning is shown.",
		long.ID.String() + "/source":  "Only the beginning is shown.",
	} {
		wantIn(t, path, page(t, s, "/view/"+path), want)
	}
}

// FuzzView shows all of an email of any bytes, to any query.
func FuzzView(f *testing.F) {
	f.Add(rich, "sender=a@x&width=375&scheme=both&remote=1&page=2&part=1")
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
			if !strings.HasSuffix(strings.TrimSpace(body), "</html>") || strings.Count(body, "<script") != 1 || strings.Count(body, "<iframe") > 2 {
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

func TestPartsAreShownAsWhatTheySay(t *testing.T) {
	m := mail("a@x", "Content-Type: multipart/mixed; boundary=m\r\n\r\n"+
		"--m\r\nContent-Type: message/rfc822\r\n\r\nFrom: Ann <ann@x>\r\nSubject: your order\r\n\r\nIt is on its way.\r\n"+
		"--m\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=en:Lunch\\, at one\r\nATTENDEE:mailto:ann\r\n @x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"+
		"--m\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822;bo@x\r\nStatus: 5.1.1\r\n--m--\r\n")
	s := newTestSite(t, m)
	for part, want := range map[string][]string{
		"1": {"Ann &lt;ann@x&gt;", "your order", "It is on its way."},
		"3": {"<dd dir=\"auto\">Lunch, at one</dd>", "<dd dir=\"auto\">ann@x</dd>", "Invitation"},
		"4": {"Status: 5.1.1", "<dt>Final-Recipient</dt><dd dir=\"auto\">rfc822;bo@x</dd>"},
	} {
		wantIn(t, "part "+part, page(t, s, "/view/"+m.ID.String()+"/parts?part="+part), want...)
	}
}

func TestSessionsWithoutMailAreShown(t *testing.T) {
	s := newTestSite(t)
	wantIn(t, "the page", page(t, s, "/view/sessions"), "There are none.")
	for range 3 {
		s.Failed.Add(&store.FailedSession{Session: store.Session{Client: "192.0.2.1:5", Hello: "<app>"}, Reason: "550 No", Transcript: "C: QUIT\n"})
	}
	wantIn(t, "the page", page(t, s, "/view/sessions"), "550 No", "× 3", "&lt;app&gt;", `class="client">C: QUIT`)
	wantIn(t, "the empty list", page(t, s, "/"), "1 session ended without a mail")
}

func TestOpeningAnEmailMarksItRead(t *testing.T) {
	m := mail("a@x", "Subject: x\r\n\r\n")
	s := newTestSite(t, m)
	path := "/view/" + m.ID.String()
	for _, request := range []struct {
		method string
		header []string
		read   bool
	}{{"HEAD", nil, false}, {"GET", []string{"Sec-Purpose: prefetch"}, false}, {"GET", nil, true}} {
		askFrom(t, s, request.method, path, request.header...)
		if m.Read() != request.read {
			t.Errorf("%s with %q: read is %t", request.method, request.header, m.Read())
		}
	}
	if body := page(t, s, "/"); strings.Contains(body, "row unread") || !strings.Contains(body, "<title>mailbucket</title>") {
		t.Errorf("the list: %s", body)
	}
}

func TestPrintHasRoomForTheWholeEmail(t *testing.T) {
	for html, want := range map[string]int{
		"<p>short": 1, strings.Repeat("<p>a line", 200): 10, strings.Repeat("<img src=a>", 6): 3, strings.Repeat("word ", 900): 3,
	} {
		if got := printedPages(html); got != want {
			t.Errorf("%.20s: %d pages, want %d", html, got, want)
		}
	}
}
