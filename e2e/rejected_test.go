package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// listening counts the sockets of the program that listen on an address, by Linux's
// /proc.
func (s *server) listening(address string) int {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host).To4()
	var number int
	fmt.Sscan(port, &number)
	local := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], number)
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		missing(s.t, "/proc/net/tcp cannot be read")
	}
	defer table.Close()
	listen := map[string]bool{} // by what links in /proc/PID/fd point to
	for lines := bufio.NewScanner(table); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 9 && fields[1] == local && fields[3] == "0A" {
			listen["socket:["+fields[9]+"]"] = true
		}
	}
	folder := fmt.Sprintf("/proc/%d/fd", s.process.Process.Pid)
	descriptors, err := os.ReadDir(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, d := range descriptors {
		if target, err := os.Readlink(filepath.Join(folder, d.Name())); err == nil && listen[target] {
			n++
		}
	}
	return n
}

// rejectedForms are configurations that name another host in their greeting, and of
// which the address PLAIN cannot be opened.
var rejectedForms = map[string][2]string{
	"layer4": {
		strings.Replace(inLayer4, "mailbucket\n\t\t\t}", "mailbucket {\n hostname good.example.test\n}\n}", 1),
		strings.Replace(inLayer4, "mailbucket\n\t\t\t}\n\t\t}", "mailbucket {\n hostname rejected.example.test\n auth required\n}\n}\n}\nPLAIN {\nroute {\nmailbucket\n}\n}", 1),
	},
	"layer4, the site's address is taken": {
		strings.Replace(inLayer4, "mailbucket\n\t\t\t}", "mailbucket {\n hostname good.example.test\n}\n}", 1),
		strings.Replace(inLayer4, "mailbucket\n\t\t\t}", "mailbucket {\n hostname rejected.example.test\n auth required\n}\n}", 1) +
			"http://PLAIN {\nbind 127.0.0.1\nmailbucket\n}\n",
	},
	"global option": {
		caddyfile,
		strings.Replace(caddyfile, "SMTP {", "SMTP PLAIN {", 1),
	},
}

// TestNothingOfARejectedConfigurationListens loads one 24 times while mail comes in over
// sessions that began before: a new connection could meet the rejected one's socket while
// Caddy tries it.
func TestNothingOfARejectedConfigurationListens(t *testing.T) {
	for name, form := range rejectedForms {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			taken, err := net.Listen("tcp", s.plain)
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			s.config = s.write(form[0])
			s.run(".", s.config)
			rejected, err := os.ReadFile(s.write(form[1]))
			if err != nil {
				t.Fatal(err)
			}
			before := s.listening(s.smtp)
			end := s.load(10)
			for range 24 {
				if status := s.configure(rejected); status != http.StatusBadRequest {
					t.Errorf("the configuration was answered %d", status)
				}
			}
			sent := end()
			eventually(t, "nothing of it listens", func() bool { return before > 0 && s.listening(s.smtp) == before })
			for range 40 {
				c := dial(t, s.smtp)
				line, err := c.r.ReadString('\n')
				c.Close()
				if err != nil || strings.Contains(line, "rejected") {
					t.Fatalf("the server said %q, %v", line, err)
				}
			}
			distinct(t, s.list("sender=load@example.com"), sent)
		})
	}
}

// configure loads a Caddyfile. Caddy closes its admin endpoint and opens it again with each,
// so that a connection that comes meanwhile may be reset.
func (s *server) configure(caddyfile []byte) (status int) {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	eventually(s.t, "Caddy answers a configuration", func() bool {
		response, err := client.Post("http://"+s.admin+"/load", "text/caddyfile", bytes.NewReader(caddyfile))
		if err != nil {
			return false
		}
		status = response.StatusCode
		return response.Body.Close() == nil
	})
	return status
}

// load begins so many sessions, each of which sends one mail after the other until end is
// called. Each mail has a recipient of its own; sent is how many were accepted.
func (s *server) load(sessions int) (end func() (sent int)) {
	s.t.Helper()
	var stop atomic.Bool
	var sent atomic.Int64
	var all sync.WaitGroup
	for i := range sessions {
		client, err := smtp.Dial(s.smtp)
		if err != nil {
			s.t.Fatal(err)
		}
		all.Go(func() {
			defer client.Close()
			for n := 0; !stop.Load(); n++ {
				if err := sendOne(client, fmt.Sprintf("%d.%d@example.com", i, n)); err != nil {
					s.t.Errorf("mail %d of session %d: %v", n, i, err)
					return
				}
				sent.Add(1)
			}
		})
	}
	return func() int {
		stop.Store(true)
		all.Wait()
		return int(sent.Load())
	}
}

// sendOne sends a mail over a session that goes on.
func sendOne(client *smtp.Client, recipient string) error {
	if err := client.Mail("load@example.com"); err != nil {
		return err
	}
	if err := client.Rcpt(recipient); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "Subject: load\r\n\r\n"+strings.Repeat("x", 1000)); err != nil {
		return err
	}
	return w.Close()
}
