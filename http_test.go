package mailbucket

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"golang.org/x/crypto/bcrypt"
)

func TestBucketsAreApartAndMountsRelative(t *testing.T) {
	s := start(t, `{
	LOGOFF
	mailbucket {
		bucket staging
	}
	layer4 {
		SMTP {
			route {
				mailbucket staging {
					max_message_size 100B
					max_recipients 1
				}
			}
		}
	}
}
HTTP {
	handle_path /staging/* {
		mailbucket staging
	}
	mailbucket
	respond "next handler"
}
`)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "body"))
	must(t, c.talk("MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "RCPT TO:<c@x>", "452", "DATA", "354", strings.Repeat("x", 99)+"\r\n.", "552"))
	if n := s.total("/staging/emails"); n != 1 {
		t.Errorf("%d in staging", n)
	}
	if n := s.total("/emails"); n != 0 {
		t.Errorf("%d in default", n)
	}
	response, err := http.Get("http://" + s.http + "/elsewhere")
	must(t, err)
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "next handler" {
		t.Errorf("a path of ours? %q", body)
	}
}

// mountedSite has the website in a folder and at the root, for alice, whose password has the
// hash HASH.
const mountedSite = `{
	LOGOFF
	mailbucket {
		bucket staging
	}
	layer4 {
		SMTP {
			route {
				mailbucket staging
			}
		}
		TLS {
			route {
				tls
				mailbucket staging
			}
		}
	}
}
HTTP {
	encode
	basic_auth {
		alice HASH
	}
	handle_path /mail* {
		mailbucket staging
	}
	mailbucket
	respond 404
}
`

func TestWebsiteUnderAMountBehindPasswordAndEncode(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	must(t, err)
	s := start(t, strings.Replace(mountedSite, "HASH", string(hash), 1))
	site := "http://alice:secret@" + s.http
	for _, test := range []struct{ url, at, text string }{
		{site + "/mail", "/mail/", "Send an email to " + s.smtp + " by SMTP"},
		{site + "/mail?sender=a@x", "/mail/?sender=a@x", "No email matches"},
		{site + "/", "/", "Send an email by SMTP"},
		{site + "/mail/mailbucket.css", "/mail/mailbucket.css", "light-dark"},
		{"http://" + s.http + "/mail/", "/mail/", ""},
	} {
		response, err := http.Get(test.url)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		at := response.Request.URL.RequestURI()
		if test.text == "" {
			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s without a password: %s", test.url, response.Status)
			}
		} else if at != test.at || !response.Uncompressed || !strings.Contains(string(body), test.text) {
			t.Errorf("%s leads to %s, %s, want %q:\n%s", test.url, at, response.Status, test.text, body)
		}
	}
	form := url.Values{"delete": {"selected"}}
	response, err := http.PostForm(site+"/mail/?sender=a@x", form)
	must(t, err)
	defer response.Body.Close()
	if at := response.Request.URL.RequestURI(); at != "/mail/?sender=a%40x" {
		t.Errorf("a form leads to %s, %s", at, response.Status)
	}
}

func TestAPIUnderAMountBehindEncode(t *testing.T) {
	s := start(t, "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\nencode\nhandle_path /mail/* {\nmailbucket {\ncors_origins https://app.test\n}\n}\nrespond 404\n}\n")
	answered := make(chan int, 1)
	go func() {
		var list struct{ TotalResults int }
		s.get("/mail/emails?wait=5m&recipient=b@x", &list)
		answered <- list.TotalResults
	}()
	events, err := http.Get("http://" + s.http + "/mail/events")
	must(t, err)
	defer events.Body.Close()
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>"+strings.Repeat("hello ", 1000)))
	if n := <-answered; n != 1 {
		t.Errorf("the waiting call has %d emails", n)
	}
	lines := bufio.NewScanner(events.Body)
	var id string
	for id == "" && lines.Scan() {
		id, _ = strings.CutPrefix(lines.Text(), "id: ")
		if !strings.HasPrefix(lines.Text(), "id: ") {
			id = ""
		}
	}
	response, err := http.Get("http://" + s.http + "/mail/emails/" + id + "/html")
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	if !response.Uncompressed || !strings.Contains(string(body), "hello hello") {
		t.Errorf("%s %v %.100s", response.Status, response.Header, body)
	}
}

func TestAPIOverEveryVersionOfHTTP(t *testing.T) {
	s := start(t, "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\nmailbucket\n}\nHTTPS {\nbind 127.0.0.1\ntls internal\nmailbucket\n}\n")
	insecure := &tls.Config{InsecureSkipVerify: true}
	overQUIC := &http3.Transport{TLSClientConfig: insecure}
	defer overQUIC.Close()
	for version, transport := range map[string]http.RoundTripper{
		"HTTP/2.0": &http.Transport{TLSClientConfig: insecure, ForceAttemptHTTP2: true},
		"HTTP/3.0": overQUIC,
	} {
		client := http.Client{Transport: transport, Timeout: patience}
		var err error
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			if _, err = client.Get("https://" + s.https + "/stats"); err == nil {
				break // there is a certificate
			}
		}
		must(t, err)
		answered := make(chan string, 1)
		go func() {
			response, err := client.Get("https://" + s.https + "/emails?wait=5m&recipient=" + url.QueryEscape(version) + "@x")
			if err != nil {
				answered <- err.Error()
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			answered <- fmt.Sprint(response.Proto, err, strings.Contains(string(body), `"totalResults":1`))
		}()
		c := s.dial()
		must(t, c.talk("", "220", "HELO x", "250"))
		must(t, c.send("a@x", version+"@x", "hello"))
		if got, want := <-answered, fmt.Sprint(version, nil, true); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
