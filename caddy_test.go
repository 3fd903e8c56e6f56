package mailbucket

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/caddy-mailbucket/mailbucket/internal/freeport"
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

const logOff = "admin off\nskip_install_trust\nlog {\n output discard\n}\n"

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

// freeAddress is one that nothing listens on and that no other call has returned.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// load replaces the running configuration, as `caddy reload` does.
func (s *site) load(config string) error {
	adapted, err := adapt(s.fill(config))
	if err != nil {
		return err
	}
	return s.loadAdapted(adapted)
}

// loadAdapted loads a configuration in JSON. Of the configuration before it, and of one that
// is rejected, Caddy ends the sites in the background, and a connection to one of them, a new
// one or a kept one, ends with it.
func (s *site) loadAdapted(config []byte) error {
	s.t.Helper()
	err := caddy.Load(config, true)
	http.DefaultClient.CloseIdleConnections()
	eventually(s.t, "the sites of one configuration at most are left", func() bool {
		for _, address := range []string{s.smtp, s.http, s.https} {
			if caddy.ListenerUsage("tcp", address) > 1 || listening(address) > 1 {
				return false
			}
		}
		return true
	})
	return err
}

// listening is how many sockets listen at an address of 127.0.0.1, or 0 where the system is
// not Linux. Caddy counts a listener as gone a moment before it closes it.
func listening(address string) int {
	number, _ := strconv.Atoi(strings.TrimPrefix(address, "127.0.0.1:"))
	table, _ := os.ReadFile("/proc/net/tcp")
	return strings.Count(string(table), fmt.Sprintf(" 0100007F:%04X 00000000:0000 0A ", number))
}

// fill puts the addresses into a configuration.
func (s *site) fill(config string) string {
	return strings.NewReplacer("LOGOFF", logOff+"storage file_system "+s.storage+"\n", "SMTP", s.smtp, "TLS {", s.https+" {", "HTTPS", "https://"+s.https, "HTTP {", "http://"+s.http+" {\nbind 127.0.0.1").Replace(config)
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
		`mailbucket_messages_unread{bucket="default"} 1`,
		`mailbucket_smtp_sessions{bucket="default"} 1`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestReceiveSaysWhyAMessageIsRefused(t *testing.T) {
	b, err := openBucket("small", store.Limits{MaxBytes: 2000}, nil, "")
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
