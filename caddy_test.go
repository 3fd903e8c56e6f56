package mailbucket

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/crypto/bcrypt"

	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// site is a running Caddy with the plugin. Its configurations name the addresses
// SMTP and HTTP, for which free ones are put.
type site struct {
	t          *testing.T
	smtp, http string
	https      string
	storage    string
}

// patience is how long a test waits for what has to come. It ends what hangs, and
// measures nothing.
const patience = 5 * time.Minute

func init() { http.DefaultClient.Timeout = patience }

// eventually waits until a condition is met.
func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

const logOff = "admin off\nlog {\n output discard\n}\n"

// start runs a configuration until the test ends.
func start(t *testing.T, config string) *site {
	t.Helper()
	s := &site{t: t, smtp: freeAddress(t), http: freeAddress(t), https: freeAddress(t), storage: storageFolder(t)}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := s.load(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// storageFolder is removed after the test, as soon as Caddy, which gets certificates
// in the background, writes nothing to it any more.
func storageFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mailbucket")
	must(t, err)
	t.Cleanup(func() {
		deadline := time.Now().Add(patience)
		for err := os.RemoveAll(folder); err != nil; err = os.RemoveAll(folder) {
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
	})
	return folder
}

// given are the addresses that freeAddress has returned.
var given = make(map[string]bool)

// freeAddress is one that nothing listens on and that no other call has returned.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		if address := listener.Addr().String(); !given[address] {
			given[address] = true
			return address
		}
	}
}

// load replaces the running configuration, as `caddy reload` does.
func (s *site) load(config string) error {
	config = strings.NewReplacer("LOGOFF", logOff+"storage file_system "+s.storage+"\n", "SMTP", s.smtp, "TLS {", s.https+" {", "HTTPS", "https://"+s.https, "HTTP {", "http://"+s.http+" {\nbind 127.0.0.1").Replace(config)
	adapted, err := adapt(config)
	if err != nil {
		return err
	}
	return caddy.Load(adapted, true)
}

func adapt(config string) ([]byte, error) {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	adapted, _, err := adapter.Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	return adapted, err
}

const shortest = `{
	LOGOFF
	mailbucket SMTP
}
HTTP {
	mailbucket
}
`

// client is one SMTP connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (s *site) dial() *client {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.smtp)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

// talk sends what stands at even places and expects what stands at odd ones; at
// either, "" is nothing.
func (c *client) talk(steps ...string) error {
	for i := 0; i < len(steps); i += 2 {
		if steps[i] != "" {
			if _, err := io.WriteString(c, steps[i]+"\r\n"); err != nil {
				return err
			}
		}
		if steps[i+1] == "" {
			continue
		}
		got, err := c.r.ReadString('\n')
		if !strings.HasPrefix(got, steps[i+1]) {
			return fmt.Errorf("after %q the server said %q (%v), want %q", steps[i], got, err, steps[i+1])
		}
	}
	return nil
}

func (c *client) send(sender, recipient, data string) error {
	return c.talk("MAIL FROM:<"+sender+">", "250", "RCPT TO:<"+recipient+">", "250", "DATA", "354", data+"\r\n.", "250")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get reads the API's answer into v.
func (s *site) get(path string, v any) {
	s.t.Helper()
	response, err := http.Get("http://" + s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s: %s (%v)", path, response.Status, body, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		s.t.Fatalf("GET %s: %s: %v", path, body, err)
	}
}

type listAnswer struct {
	Results []struct {
		ID, Sender, Subject string
		Recipients          []string
		TimeCreated         int64
	}
	TotalResults, TotalPages int
}

func (s *site) total(path string) int {
	s.t.Helper()
	var list listAnswer
	s.get(path, &list)
	return list.TotalResults
}

func TestTutorialToTheLetter(t *testing.T) {
	s := start(t, `{
	LOGOFF
	mailbucket
	layer4 {
		SMTP {
			route {
				mailbucket {
					hostname mail.smtpbucket.com
					extensions off
				}
			}
		}
	}
}
HTTP {
	mailbucket
}
`)
	c := s.dial()
	must(t, c.talk(
		"", "220 mail.smtpbucket.com\r\n",
		"EHLO client", "502 Not supported\r\n",
		"HELO client", "250 Hello\r\n",
		"MAIL FROM:<smtptutorial_sender@example.com>", "250 Sender OK\r\n",
		"RCPT TO:<smtptutorial_recipient@example.com>", "250 Recipient OK\r\n",
		"DATA", "354 Start mail input; end with <CRLF>.<CRLF>\r\n",
		"Subject:Subject line goes here!\r\n\r\nThe message body goes here!\r\n.", "250 Message accepted\r\n",
		"QUIT", "221 Bye\r\n",
	))
	var list listAnswer
	s.get("/emails?sender=smtptutorial_sender%40example.com", &list)
	if len(list.Results) != 1 || list.Results[0].Subject != "Subject line goes here!" || len(list.Results[0].ID) != 32 {
		t.Fatalf("list: %+v", list)
	}
	var email struct{ Body string }
	s.get("/emails/"+list.Results[0].ID, &email)
	if email.Body != "Subject:Subject line goes here!\n\nThe message body goes here!\n" {
		t.Errorf("body: %q", email.Body)
	}
}

func TestReloadKeepsMessagesAndSessions(t *testing.T) {
	s := start(t, shortest)
	idle, busy := s.dial(), s.dial()
	must(t, idle.talk("", "220", "HELO x", "250"))
	must(t, busy.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "half", ""))
	for range 3 {
		must(t, s.load(shortest))
	}
	must(t, busy.talk(".", "250"))
	must(t, idle.send("c@x", "d@x", "after the reload"))
	if n := s.total("/emails"); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	late := s.dial()
	must(t, late.talk("", "220"))
}

// TestReloadUnderLoad sends without a pause while configurations change.
func TestReloadUnderLoad(t *testing.T) {
	s := start(t, shortest)
	var sent atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		c := s.dial()
		must(t, c.talk("", "220", "HELO x", "250"))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := c.send(fmt.Sprintf("%d@x", i), "r@x", "Subject: x\r\n\r\nbody"); err != nil {
					t.Error(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	for range 10 {
		before := sent.Load()
		must(t, s.load(shortest))
		eventually(t, "50 more mails are sent", func() bool { return sent.Load() >= before+50 || t.Failed() })
	}
	close(stop)
	wg.Wait()
	if n := s.total("/emails"); n != int(min(sent.Load(), defaultMaxMessages)) {
		t.Errorf("%d messages are held of %d that were acknowledged", n, sent.Load())
	}
}

func withLimit(n int, more string) string {
	return strings.Replace(shortest, "mailbucket SMTP", fmt.Sprintf("mailbucket SMTP {\n bucket default {\n  max_messages %d\n }\n}\n%s", n, more), 1)
}

func TestNewLimitsApplyOnceTheConfigurationHasStarted(t *testing.T) {
	s := start(t, withLimit(100, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for range 20 {
		must(t, c.send("a@x", "b@x", "body"))
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for name, rejected := range map[string]string{
		"refused when provisioned": withLimit(5, "layer4 {\n 127.0.0.1:1 {\n  route {\n   mailbucket nosuch\n  }\n }\n}"),
		"rolled back when started": withLimit(5, "layer4 {\n 192.0.2.1:25 {\n  route {\n   mailbucket\n  }\n }\n}"),
	} {
		if err := s.load(rejected); err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := s.total("/emails"); n != 20 {
			t.Errorf("%s: %d messages are left", name, n)
		}
	}
	must(t, s.load(withLimit(5, "")))
	if n := s.total("/emails"); n != 5 {
		t.Errorf("%d messages under the new limit", n)
	}
	must(t, c.send("a@x", "b@x", "body"))
}

func TestBucketThatNoConfigurationUsesIsFreed(t *testing.T) {
	s := start(t, shortest)
	idle, busy := s.dial(), s.dial()
	must(t, idle.talk("", "220", "HELO x", "250"))
	must(t, busy.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "half", ""))
	must(t, s.load("{\n LOGOFF\n}\nHTTP {\n respond hello\n}\n"))
	must(t, idle.talk("", "421"))
	must(t, busy.talk(".", "421"))
	must(t, s.load(shortest))
	if n := s.total("/emails"); n != 0 {
		t.Errorf("%d messages in a bucket that was freed", n)
	}
}

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

func TestWebsiteUnderAMountBehindPasswordAndEncode(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	must(t, err)
	s := start(t, `{
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
		alice `+string(hash)+`
	}
	handle_path /mail* {
		mailbucket staging
	}
	mailbucket
	respond 404
}
`)
	site := "http://alice:secret@" + s.http
	for _, test := range []struct{ url, at, text string }{
		{site + "/mail", "/mail/", "Send some to " + s.smtp + " by SMTP"},
		{site + "/mail?sender=a@x", "/mail/?sender=a@x", "No email matches"},
		{site + "/", "/", "Send some by SMTP"},
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
	s := start(t, "{\nLOGOFF\nskip_install_trust\nmailbucket SMTP\n}\nHTTP {\nmailbucket\n}\nHTTPS {\nbind 127.0.0.1\ntls internal\nmailbucket\n}\n")
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

func TestReloadAndStopEndWaitingCalls(t *testing.T) {
	s := start(t, shortest)
	statuses := make(chan int, 1)
	wait := func() {
		response, err := http.Get("http://" + s.http + "/emails?wait=10m")
		if err != nil {
			statuses <- 0
			return
		}
		response.Body.Close()
		statuses <- response.StatusCode
	}
	for _, replacement := range []string{shortest, "{\n LOGOFF\n mailbucket SMTP\n}\n"} {
		go wait()
		b, err := openBucket(defaultBucket, store.Limits{})
		must(t, err)
		eventually(t, "a call waits", func() bool { return b.Watching() > 0 })
		must(t, closeBucket(defaultBucket))
		must(t, s.load(replacement))
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
	}
}

func TestMemoryOfRemovedMessagesIsGivenBack(t *testing.T) {
	s := start(t, shortest)
	inUse := func() int64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapSys - stats.HeapReleased)
	}
	before := inUse()
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	body := strings.Repeat(strings.Repeat("x", 78)+"\r\n", 1<<20/80)
	const mails = 100
	for range mails {
		must(t, c.send("a@x", "b@x", body))
	}
	if held := inUse() - before; held < mails<<20 {
		t.Fatalf("100 MB are held in %d bytes", held)
	}
	request, err := http.NewRequest("DELETE", "http://"+s.http+"/emails", nil)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	must(t, response.Body.Close())
	eventually(t, "the memory is given back", func() bool { return inUse()-before <= mails<<20/4 })
}

func TestMetricsCountTheBucketsMessages(t *testing.T) {
	config := strings.Replace(shortest, "mailbucket\n}", "mailbucket\n metrics /metrics\n}", 1)
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "body"))
	must(t, s.load(config))
	response, err := http.Get("http://" + s.http + "/metrics")
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	for _, want := range []string{
		`mailbucket_messages_received_total{bucket="default"} 1`,
		`mailbucket_messages{bucket="default"} 1`,
		`mailbucket_smtp_sessions{bucket="default"} 1`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestShutdownDrainsAllBuckets(t *testing.T) {
	s := start(t, shortest)
	c := s.dial()
	must(t, c.talk("", "220"))
	b, err := openBucket(defaultBucket, store.Limits{})
	must(t, err)
	defer closeBucket(defaultBucket)
	shutdownSessions(context.Background(), caddy.Log(), []*bucket{b})
	must(t, c.talk("", "421"))
}

func TestReceiveSaysWhyAMessageIsRefused(t *testing.T) {
	b, err := openBucket("small", store.Limits{MaxBytes: 2000})
	must(t, err)
	for _, test := range []struct {
		bytes int
		code  int
	}{{10, 0}, {3000, 552}} {
		err := b.Receive(t.Context(), &smtp.Message{Data: strings.Repeat("x", test.bytes)})
		if answer, ok := err.(*smtp.ReplyError); test.code != 0 && (!ok || answer.Code != test.code) || test.code == 0 && err != nil {
			t.Errorf("%d bytes: %v", test.bytes, err)
		}
	}
	must(t, closeBucket("small"))
	if err, ok := b.Receive(t.Context(), new(smtp.Message)).(*smtp.ReplyError); !ok || err.Code != 421 {
		t.Errorf("after closing: %v", err)
	}
}

// TestWrongWordsAreErrorsWithTheirPlace has each word of the configuration
// misspelt or misplaced; line 3 is the wrong one.
func TestWrongWordsAreErrorsWithTheirPlace(t *testing.T) {
	option := func(line string) string { return "{\n mailbucket {\n  " + line + "\n }\n}\n" }
	bucket := func(line string) string { return "{\n mailbucket { \n bucket b {\n " + line + "\n }\n }\n}\n" }
	fault := func(line string) string { return bucket("fault rcpt {\n " + line + "\n }") }
	handler := func(line string) string {
		return "{\n layer4 {\n :1025 { \n route {\n mailbucket {\n " + line + "\n }\n }\n }\n }\n}\n"
	}
	for _, test := range []struct {
		config string
		line   int
		want   string
	}{
		{"{\n mailbuckets\n}\n", 2, "unrecognized"},
		{"{\n mailbucket 8025\n}\n", 2, "expected a port"},
		{"{\n mailbucket udp/:8025\n}\n", 2, "tcp or unix"},
		{"{\n mailbucket\n mailbucket\n}\n", 3, "already given"},
		{option("shutdown_grase 10s"), 3, "expected bucket, shutdown_grace"},
		{option("shutdown_grace"), 3, "expected a value"},
		{option("shutdown_grace ten"), 3, "expected a duration"},
		{option("shutdown_grace 1s 2s"), 3, "expected one value"},
		{option("shutdown_grace 1s\n  shutdown_grace 1s"), 4, "already given"},
		{option("bucket"), 3, "expected a value"},
		{option("bucket a/b"), 3, "bucket name"},
		{option("bucket a b"), 3, "expected one value"},
		{option("bucket a\n  bucket a"), 4, "already given"},
		{bucket("max_message 1"), 4, "expected fault, max_age, max_bytes, max_messages"},
		{bucket("max_messages 0"), 4, "expected a positive number"},
		{bucket("max_messages many"), 4, "expected a positive number"},
		{bucket("max_bytes 1XB"), 4, "expected a size"},
		{bucket("max_bytes"), 4, "expected a value"},
		{bucket("max_age -1s"), 4, "expected a duration"},
		{handler("hostnam x"), 6, "expected addresses, auth, connection_policy, extensions, first_command_timeout, hostname, idle_timeout,"},
		{handler(`hostname "a b"`), 6, "expected a domain name"},
		{handler("max_message_size big"), 6, "expected a size"},
		{handler("max_recipients -1"), 6, "expected a positive number"},
		{handler("idle_timeout 5"), 6, "expected a duration"},
		{handler("extensions maybe"), 6, "expected on or off"},
		{handler("addresses loose"), 6, "expected strict or lenient"},
		{handler("addresses"), 6, "expected a value"},
		{bucket("fault later {\n drop\n }"), 6, "expected one of connect"},
		{fault("drop now"), 5, "expected nothing after"},
		{fault("reply"), 5, "expected a code"},
		{fault("reply 250 fine"), 6, "expected a code from 400 to 599"},
		{fault("times 0"), 5, "expected a positive number"},
		{fault("probability 0"), 5, "expected a number above 0 and up to 1"},
		{fault("probability 2"), 5, "expected a number above 0 and up to 1"},
		{fault("recipients a"), 5, "expected client, delay, drop, probability, recipient, reply, sender, stall, times"},
		{handler("starttls"), 6, "expected a value"},
		{handler("starttls yes"), 6, "expected on or off"},
		{handler("connection_policy {\n x\n }"), 7, "x"},
		{handler("max_header_size x"), 6, "expected a size"},
		{handler("max_data_line x"), 6, "expected a size"},
		{handler("max_transactions x"), 6, "expected a positive number"},
		{handler("max_connections x"), 6, "expected a positive number"},
		{handler("max_client_connections x"), 6, "expected a positive number"},
		{handler("first_command_timeout x"), 6, "expected a duration"},
		{handler("min_data_rate x"), 6, "expected a size"},
		{handler("auth"), 6, "expected a value"},
		{handler("auth maybe"), 6, "expected optional, required or off"},
		{handler("auth required {\n users a\n }"), 7, "expected user"},
		{handler("auth required {\n user a\n }"), 7, "expected a name and the bcrypt hash"},
		{handler("auth required {\n user a secret\n }"), 7, "expected a bcrypt hash"},
		{"{\n layer4 {\n :1025 {\n route {\n mailbucket a b\n }\n }\n }\n}\n", 5, "expected nothing after"},
		{":80 {\n mailbucket a b\n}\n", 2, "expected nothing after"},
		{":80 {\n mailbucket a {\n b\n }\n}\n", 3, "expected cors_origins"},
		{":80 {\n mailbucket {\n cors_origins\n }\n}\n", 3, "expected origins"},
		{":80 {\n mailbucket {\n cors_origins app.test\n }\n}\n", 3, "app.test"},
	} {
		t.Run(test.want+" "+test.config, func(t *testing.T) {
			_, err := adapt(test.config)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, fmt.Sprintf("Caddyfile:%d", test.line)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: %v; want %q in it", err, want)
				}
			}
		})
	}
}

func TestConfigurationsThatCannotRunAreRefused(t *testing.T) {
	layer4 := func(fields string) string {
		return `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket",` + fields + `}]}]}}}}}`
	}
	for name, config := range map[string]string{
		`no bucket is named \"stagin\"; the global option mailbucket has: default, staging`: `{"apps":{"mailbucket":{"buckets":{"staging":{}}},"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","bucket":"stagin"}]}]}}}}}`,
		"max_messages must be positive":   `{"apps":{"mailbucket":{"buckets":{"a":{"max_messages":-1}}}}}`,
		"max_recipients must be positive": `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","max_recipients":-1}]}]}}}}}`,
		"expected a domain name":          `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","hostname":"a\r\nb"}]}]}}}}}`,
		"expected starttls on":            layer4(`"connection_policy":{}`),
		"expected optional, required":     layer4(`"auth":{"mode":"x"}`),
		"expected a bcrypt hash":          layer4(`"auth":{"users":{"a":"x"}}`),
		"expected no users":               layer4(`"auth":{"mode":"off","users":{"a":"x"}}`),
		"expected strict or lenient":      layer4(`"addresses":"loose"`),
		"no STARTTLS and no AUTH":         layer4(`"extensions":false,"starttls":true`),
		"expected one of connect":         `{"apps":{"mailbucket":{"buckets":{"a":{"faults":[{"step":"x"}]}}}}}`,
		"expected a port":                 `{"apps":{"mailbucket":{"listen":["localhost"]}}}`,
	} {
		var parsed caddy.Config
		must(t, json.Unmarshal([]byte(config), &parsed))
		err := caddy.Validate(&parsed)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(name, `\"`, `"`)) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
}

func TestExampleIsValid(t *testing.T) {
	example, err := os.ReadFile("Caddyfile.example")
	must(t, err)
	adapted, err := adapt(string(example))
	must(t, err)
	var config caddy.Config
	must(t, json.Unmarshal(adapted, &config))
	must(t, caddy.Validate(&config))
}
