package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// TestNothingOfARejectedConfigurationListens loads one 24 times under load.
func TestNothingOfARejectedConfigurationListens(t *testing.T) {
	source := need(t, "smtp-source")
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
			before := s.listening(s.smtp)
			rejected, err := os.ReadFile(s.write(form[1]))
			if err != nil {
				t.Fatal(err)
			}
			const mails = 10_000
			load := exec.Command(source, "-N", "-d", "-s", "10", "-m", fmt.Sprint(mails), "-l", "1024", "-f", "a@example.com", "-t", "b@example.com", s.smtp)
			if err := load.Start(); err != nil {
				t.Fatal(err)
			}
			for range 24 {
				response, err := http.Post("http://"+s.admin+"/load", "text/caddyfile", strings.NewReader(string(rejected)))
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if response.StatusCode != http.StatusBadRequest {
					t.Errorf("the configuration was answered %s", response.Status)
				}
			}
			if err := load.Wait(); err != nil {
				t.Errorf("smtp-source: %v", err)
			}
			if n := s.listening(s.smtp); n != before || n == 0 {
				t.Errorf("%d sockets listen on %s, before it were %d", n, s.smtp, before)
			}
			for range 40 {
				c := dial(t, s.smtp)
				line, err := c.r.ReadString('\n')
				c.Close()
				if err != nil || strings.Contains(line, "rejected") {
					t.Fatalf("the server said %q, %v", line, err)
				}
			}
			distinct(t, s.list("sender=a@example.com"), mails)
		})
	}
}
