package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inLayer4 serves a bucket by the full form.
const inLayer4 = `{
	admin ADMIN
	mailbucket
	layer4 {
		SMTP {
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

// send sends a mail from a@example.com.
func (s *server) send(recipient, mail string) {
	s.t.Helper()
	c := dial(s.t, s.smtp)
	defer c.Close()
	c.expect("220")
	c.say("HELO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<" + recipient + ">\r\nDATA\r\n")
	c.expect("250", "250", "250", "354")
	c.say(mail + ".\r\nQUIT\r\n")
	c.expect("250", "221")
}

// TestProgramStartsAgainAtOnce has connections of the first run left, which must not
// keep the address.
func TestProgramStartsAgainAtOnce(t *testing.T) {
	for name, config := range map[string]string{"global option": caddyfile, "layer4": inLayer4} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, config)
			for range 3 {
				c := dial(t, s.smtp)
				c.expect("220")
				s.send("b@example.com", "Subject: x\r\n\r\nx\r\n")
				s.stop()
				c.expect("421") // the server has closed first
				s.run(".", s.config)
			}
		})
	}
}

// stop ends the program as a terminal or a supervisor does.
func (s *server) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Fatal("the program goes on after SIGTERM")
	}
}

// refused starts the program once more, with another configuration, and returns what
// it says when it gives up.
func (s *server) refused(config string) string {
	s.t.Helper()
	said := new(logs)
	second := exec.Command(program, "run", "--config", config)
	second.Env, second.Stderr = s.env, said
	if err := second.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- second.Wait() }()
	defer second.Process.Kill()
	for deadline := time.After(patience); ; {
		select {
		case err := <-exited:
			if err == nil {
				s.t.Errorf("the second process ends without an error")
			}
			return said.String()
		case <-deadline:
			s.t.Fatalf("the second process neither runs nor ends:\n%s", said)
		case <-time.After(10 * time.Millisecond):
			if strings.Contains(said.String(), "serving initial configuration") {
				s.t.Fatalf("the second process runs beside the first:\n%s", said)
			}
		}
	}
}

func TestSecondProcessDoesNotStartAndNamesTheAddress(t *testing.T) {
	for name, test := range map[string]struct{ first, second string }{
		"global option":                {caddyfile, caddyfile},
		"layer4":                       {inLayer4, inLayer4},
		"global option against layer4": {caddyfile, inLayer4},
		"layer4 against global option": {inLayer4, caddyfile},
		"every address against one":    {caddyfile, strings.Replace(caddyfile, "SMTP", ":PORT", 1)},
		"every address, by layer4":     {inLayer4, strings.Replace(inLayer4, "SMTP", ":PORT", 1)},
		"one of several":               {caddyfile, strings.Replace(caddyfile, "SMTP", "PLAIN SMTP", 1)},
		"one of several, by layer4":    {inLayer4, strings.Replace(inLayer4, "SMTP", "PLAIN SMTP", 1)},
		"one of a range":               {caddyfile, strings.Replace(caddyfile, "SMTP", "127.0.0.1:PORT-PORT", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			s, another := serve(t, test.first), newServer(t)
			another.smtp = s.smtp
			_, port, _ := net.SplitHostPort(s.smtp)
			if said := another.refused(another.write(strings.ReplaceAll(test.second, "PORT", port))); !strings.Contains(said, ":"+port) || !strings.Contains(said, "in use") {
				t.Errorf("the second process does not say that port %s is in use:\n%s", port, said)
			}
			const mails = 20
			for i := range mails {
				s.send(fmt.Sprintf("r%d@example.com", i), "Subject: x\r\n\r\nx\r\n")
			}
			distinct(t, s.list("sender=a@example.com"), mails)
		})
	}
}

func TestProgramDoesNotStartTwiceWithOneFile(t *testing.T) {
	for name, config := range map[string]string{"global option": caddyfile, "layer4": inLayer4} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, config)
			said := s.refused(s.config)
			if !strings.Contains(said, "in use") || !strings.Contains(said, s.smtp) && !strings.Contains(said, s.http) && !strings.Contains(said, s.admin) {
				t.Errorf("the second process does not say which address is in use:\n%s", said)
			}
		})
	}
}

// TestHostnameLocalhostStartsEveryTime has a name given by the user that is also one
// of those that every TLS listener has.
func TestHostnameLocalhostStartsEveryTime(t *testing.T) {
	s := newServer(t)
	s.config = s.write(`{
	admin off
	layer4 {
		SMTP {
			route {
				mailbucket a {
					hostname localhost
					starttls on
				}
			}
		}
	}
	mailbucket {
		bucket a
	}
}
HTTP {
	mailbucket a
}
`)
	for range 20 {
		s.run(".", s.config)
		eventually(t, "STARTTLS with a certificate", func() bool {
			c := dial(t, s.smtp)
			defer c.Close()
			c.expect("220 localhost")
			c.say("EHLO x\r\n")
			c.expectLast("250")
			c.say("STARTTLS\r\n")
			c.expect("220")
			return tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}).Handshake() == nil
		})
		s.stop()
	}
}
