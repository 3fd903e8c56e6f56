package e2e

import (
	"syscall"
	"testing"
	"time"
)

// inLayer4 serves a bucket by the full form.
const inLayer4 = `{
	admin ADMIN
	skip_install_trust
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
	for _, reply := range []string{"250", "250", "250", "354"} {
		c.expect(reply)
	}
	c.say(mail + ".\r\nQUIT\r\n")
	c.expect("250")
	c.expect("221")
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
