package mailbucket

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// askAs makes a request to the site over a connection of its own, with any Host field
// and others, and returns the answer.
func (s *site) askAs(method, path, host string, fields ...string) *http.Response {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.http)
	must(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	must(s.t, conn.SetDeadline(time.Now().Add(5*time.Minute)))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, host)
	for _, field := range fields {
		fmt.Fprintf(conn, "%s\r\n", field)
	}
	_, err = io.WriteString(conn, "\r\n")
	must(s.t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	must(s.t, err)
	return response
}

const evil = "evil.example"

// anyHost is a site whose address has no host.
const anyHost = "http://:%s {\n\tbind 127.0.0.1\n\tmailbucket\n}\n"

func (s *site) port() string {
	_, port, err := net.SplitHostPort(s.http)
	must(s.t, err)
	return port
}

func TestPagesThatLeadTheirNameHereAreRefused(t *testing.T) {
	s := start(t, shortest)
	must(t, s.load("{\nLOGOFF\nmailbucket SMTP\n}\n"+fmt.Sprintf(anyHost, s.port())))
	for _, path := range []string{"/", "/emails", "/emails/" + strings.Repeat("0", 32), "/view/" + strings.Repeat("0", 32), "/stats", "/events", "/mailbucket.css"} {
		response := s.askAs("GET", path, evil)
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusMisdirectedRequest || err != nil || len(body) == 0 {
			t.Errorf("%s: %s %q (%v)", path, response.Status, body, err)
		}
	}
	for _, method := range []string{"DELETE", "POST"} {
		if response := s.askAs(method, "/emails", evil); response.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %s", method, response.Status)
		}
	}
	for _, host := range []string{"localhost", s.http, "[::1]:" + s.port(), "tests.localhost:" + s.port()} {
		if response := s.askAs("GET", "/emails", host); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", host, response.Status)
		}
	}
}

func TestNamesInTheConfigurationAreTaken(t *testing.T) {
	s := start(t, shortest)
	sites := map[string]string{
		"the site's address":       "http://mail.example.test:%s {\n\tbind 127.0.0.1\n\tmailbucket\n}\n",
		"one of its addresses":     "http://mail.example.test:%s, http://localhost {\n\tbind 127.0.0.1\n\tmailbucket\n}\n",
		"a pattern":                "http://*.example.test:%s {\n\tbind 127.0.0.1\n\tmailbucket\n}\n",
		"a matcher":                "http://:%s {\n\tbind 127.0.0.1\n\t@mail host mail.example.test\n\thandle @mail {\n\t\tmailbucket\n\t}\n}\n",
		"a matcher of another way": "http://:%s {\n\tbind 127.0.0.1\n\t@other host mail.example.test\n\thandle /mail/* {\n\t\trespond @other 204\n\t}\n\thandle {\n\t\tmailbucket\n\t}\n}\n",
		"a named route":            "&(mail) {\n\tmailbucket\n}\nhttp://mail.example.test:%s {\n\tbind 127.0.0.1\n\tinvoke mail\n}\n",
	}
	for name, config := range sites {
		must(t, s.load("{\nLOGOFF\nhttp_port "+s.port()+"\nmailbucket SMTP\n}\n"+fmt.Sprintf(config, s.port())))
		if response := s.askAs("GET", "/emails", "mail.example.test:"+s.port()); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
		response := s.askAs("GET", "/emails", evil)
		if body, _ := io.ReadAll(response.Body); response.StatusCode == http.StatusOK && len(body) > 0 {
			t.Errorf("%s: another name: %s %s", name, response.Status, body)
		}
	}
}

func TestEveryAnswerIsForItsOwnSite(t *testing.T) {
	s := start(t, "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\n\thandle_path /mail* {\n\t\tmailbucket\n\t}\n}\n")
	for path, status := range map[string]int{"/mail": 308, "/mail/": 200, "/mail/emails": 200, "/mail/nothing": 404, "/mail/emails/nothing": 404, "/mail/mailbucket.css": 200} {
		response := s.askAs("GET", path, s.http)
		if got := response.Header.Get("Cross-Origin-Resource-Policy"); response.StatusCode != status || got != "same-origin" {
			t.Errorf("%s: %s, %q", path, response.Status, got)
		}
	}
}

func TestProxiesInTheConfigurationPassAnyName(t *testing.T) {
	s := start(t, shortest)
	must(t, s.load("{\nLOGOFF\nmailbucket SMTP\nservers {\ntrusted_proxies static 127.0.0.1/8\n}\n}\n"+fmt.Sprintf(anyHost, s.port())))
	if response := s.askAs("GET", "/emails", evil, "X-Forwarded-For: 192.0.2.1"); response.StatusCode != http.StatusOK {
		t.Errorf("%s", response.Status)
	}
}

// TestUnmarkedBrowsersAreAnsweredBehindEncode has a handler hold the header section
// back until there is something to compress.
func TestUnmarkedBrowsersAreAnsweredBehindEncode(t *testing.T) {
	s := start(t, "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\n\tencode\n\tmailbucket\n}\n")
	for _, encoding := range []string{"gzip", "identity"} {
		// The header section comes before there is any mail to wait for.
		response := s.askAs("GET", "/emails?wait=5m", s.http, "User-Agent: Mozilla/5.0", "Accept-Language: en", "Accept-Encoding: "+encoding)
		if response.StatusCode != http.StatusOK || response.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %s %v", encoding, response.Status, response.Header)
		}
		client := s.dial()
		must(t, client.talk("", "220", "HELO x", "250"))
		must(t, client.send("a@x", "b@x", "Subject: x\r\n\r\nx"))
		body, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(body), `"totalResults":1`) {
			t.Errorf("%s: %q (%v)", encoding, body, err)
		}
		if response := s.askAs("DELETE", "/emails", s.http); response.StatusCode != http.StatusOK {
			t.Fatal(response.Status)
		}
	}
	// The site's list too.
	response := s.askAs("GET", "/?q=x", s.http, "User-Agent: Mozilla/5.0", "Accept-Language: en")
	if body, err := io.ReadAll(response.Body); err != nil || !strings.HasPrefix(string(body), "\n<!doctype html>") {
		t.Errorf("%.40q (%v)", body, err)
	}
}
