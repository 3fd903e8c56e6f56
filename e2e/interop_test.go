package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every way in which the server can be spoken to, at once.
const everything = `{
	admin ADMIN
	layer4 {
		SMTP {
			route {
				mailbucket {
					starttls on
					max_message_size 100MiB
				}
			}
		}
		TLS {
			route {
				mailbucket {
					implicit_tls on
				}
			}
		}
		PLAIN {
			route {
				mailbucket
			}
		}
	}
}
HTTP {
	mailbucket
}
`

// The ways of encryption.
const (
	plain    = "plain"
	startTLS = "starttls"
	implicit = "implicit TLS"
)

// way is how a mail is to be sent.
type way struct {
	encryption string
	mechanism  string // or ""
}

func (w way) String() string { return w.encryption + " " + w.mechanism }

// ways are all combinations.
func ways(mechanisms ...string) (all []way) {
	for _, encryption := range []string{plain, startTLS, implicit} {
		for _, mechanism := range append([]string{""}, mechanisms...) {
			all = append(all, way{encryption, mechanism})
		}
	}
	return all
}

// port is where to connect to for this way.
func (s *server) port(w way) string {
	address := map[string]string{plain: s.plain, startTLS: s.smtp, implicit: s.tls}[w.encryption]
	_, port, _ := net.SplitHostPort(address)
	return port
}

// root is the file of the certificate authority that clients have to trust.
func (s *server) root() string {
	return filepath.Join(s.data, "caddy/pki/authorities/local/root.crt")
}

// serveEverything waits until there are certificates for localhost.
func serveEverything(t *testing.T) *server {
	t.Helper()
	s := serve(t, everything)
	for deadline := time.Now().Add(patience); ; {
		if root, err := os.ReadFile(s.root()); err == nil {
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(root)
			conn, err := tls.Dial("tcp", s.tls, &tls.Config{RootCAs: pool, ServerName: "localhost"})
			if err == nil {
				conn.Close()
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no certificate for localhost")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// session is how a mail came.
type session struct {
	TLS        struct{ Version string }
	Auth       struct{ Mechanism, Identity string }
	Transcript []string
}

// came checks the only mail of a sender: that it is whole, and came this way.
func (s *server) came(t *testing.T, sender string, w way) {
	t.Helper()
	list := s.list("sender=" + sender)
	if len(list) != 1 {
		t.Fatalf("%d mails of %s, want 1", len(list), sender)
	}
	if list[0].Subject != "Grüße" || strings.Join(list[0].Recipients, " ") != "b@example.com" {
		t.Errorf("it is %+v", list[0])
	}
	var e email
	s.get("/emails/"+list[0].ID, &e)
	if !strings.Contains(e.Body, "hello") {
		t.Errorf("body: %s", e.Body)
	}
	var got session
	s.get("/emails/"+list[0].ID+"/session", &got)
	if encrypted := got.TLS.Version != ""; encrypted != (w.encryption != plain) {
		t.Errorf("TLS: %+v", got.TLS)
	}
	if got.Auth.Mechanism != w.mechanism || w.mechanism != "" && got.Auth.Identity != "user" {
		t.Errorf("login: %+v", got.Auth)
	}
	if strings.Contains(strings.Join(got.Transcript, "\n"), "c2VjcmV0") || strings.Contains(strings.Join(got.Transcript, "\n"), "AHVzZXIA") {
		t.Errorf("the password is in the transcript: %q", got.Transcript)
	}
}

func TestClientsInEveryWay(t *testing.T) {
	s := serveEverything(t)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			if out, err := exec.Command("sh", "-c", c.probe).CombinedOutput(); err != nil {
				missing(t, c.name+" is not installed: "+string(out))
			}
			for i, w := range ways(c.mechanisms...) {
				t.Run(w.String(), func(t *testing.T) {
					sender := fmt.Sprintf("%s%d@example.com", strings.Map(letters, c.name), i)
					c.send(t, s, w, sender)
					s.came(t, sender, w)
				})
			}
		})
	}
}

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// TestMailsOutOfTheOrdinary has Python send what other clients seldom do.
func TestMailsOutOfTheOrdinary(t *testing.T) {
	need(t, "python3")
	s := serveEverything(t)
	command(t, fmt.Sprintf(`
import smtplib
from email.message import EmailMessage
with smtplib.SMTP("localhost", %s) as client:
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = "jürgen@例え.jp", "пример@example.com", "utf8"
    m.set_content("hello")
    client.send_message(m)

    client.sendmail("8bit@example.com", ["b@example.com"], "Subject: 8bit\r\n\r\nFüße\xff\r\n".encode("latin-1"), ["BODY=8BITMIME"])

    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = "large@example.com", "b@example.com", "large"
    m.set_content("hello")
    m.add_attachment(bytes(range(256)) * (30 * 4096), maintype="application", subtype="octet-stream", filename="30MB")
    client.send_message(m)

    many = [f"r{i}@example.com" for i in range(1001)]
    refused = client.sendmail("many@example.com", many, "Subject: many\r\n\r\nhello\r\n")
    assert list(refused) == ["r1000@example.com"] and refused["r1000@example.com"][0] == 452, refused
`, s.port(way{encryption: startTLS})), "python3", "-")
	if e := s.only("recipient=пример@example.com"); e.Sender != "jürgen@例え.jp" {
		t.Errorf("UTF-8 addresses: %+v", e)
	}
	if e := s.only("sender=8bit@example.com"); !strings.Contains(e.Body, "\n\nF\ufffd\ufffde\ufffd\n") {
		t.Errorf("8-bit body: %q", e.Body)
	}
	if e := s.only("sender=large@example.com"); len(e.Body) < 40<<20 {
		t.Errorf("large: %d bytes", len(e.Body))
	}
	if e := s.only("sender=many@example.com"); len(e.Recipients) != 1000 {
		t.Errorf("%d recipients", len(e.Recipients))
	}
}
