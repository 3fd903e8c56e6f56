package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const caddyfile = `{
	admin ADMIN
	mailbucket SMTP {
		bucket default {
			max_messages 50000
		}
	}
}
HTTP {
	mailbucket
}
`

func TestSwaks(t *testing.T) {
	swaks := need(t, "swaks")
	s := serve(t, caddyfile)
	for _, protocol := range []string{"ESMTP", "SMTP"} {
		command(t, "", swaks, "--server", s.smtp, "--protocol", protocol, "--from", protocol+"@example.com",
			"--to", "a@example.com,b@example.com", "--header", "Subject: by swaks", "--attach-body", "hello", "--attach", "@/dev/null")
		e := s.only("sender=" + protocol + "@example.com")
		if e.Subject != "by swaks" || len(e.Recipients) != 2 || !strings.Contains(e.Body, "hello") {
			t.Errorf("%s: %+v", protocol, e)
		}
	}
}

func TestCurlSendsAndReads(t *testing.T) {
	curl := need(t, "curl")
	s := serve(t, caddyfile)
	command(t, "Subject: by curl\r\n\r\n.dot\r\n", curl, "-sS", "smtp://"+s.smtp, "--mail-from", "a@example.com", "--mail-rcpt", "b@example.com", "-T", "-")
	out := command(t, "", curl, "-sS", "-G", "http://"+s.http+"/emails", "--data-urlencode", "sender=a@example.com")
	if !strings.Contains(out, `"subject":"by curl"`) {
		t.Errorf("list: %s", out)
	}
	if e := s.only("recipient=b@example.com"); !strings.HasSuffix(e.Body, "\n\n.dot\n") {
		t.Errorf("body: %q", e.Body)
	}
}

func TestPythonSmtplib(t *testing.T) {
	python := need(t, "python3")
	s := serve(t, caddyfile)
	host, port, _ := net.SplitHostPort(s.smtp)
	command(t, `
import smtplib
from email.message import EmailMessage
with smtplib.SMTP("`+host+`", `+port+`) as client:
    for i in range(3):
        m = EmailMessage()
        m["From"], m["To"], m["Subject"] = "a@example.com", f"r{i}@example.com", f"Grüße {i}"
        m.set_content("Füße\n.\n..\n")
        client.send_message(m)
`, python, "-")
	for i := range 3 {
		if e := s.only(fmt.Sprintf("recipient=r%d@example.com", i)); e.Subject != fmt.Sprintf("Grüße %d", i) {
			t.Errorf("mail %d: %+v", i, e)
		}
	}
}

func TestNetcatWithBareLineFeeds(t *testing.T) {
	nc := need(t, "nc")
	s := serve(t, caddyfile)
	host, port, _ := net.SplitHostPort(s.smtp)
	out := command(t, "HELO x\nMAIL FROM:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\nSubject: typed\n\nbody\n.\nQUIT\n", nc, "-N", host, port)
	if !strings.HasSuffix(out, "250 Message accepted\r\n221 Bye\r\n") {
		t.Errorf("the server said %q", out)
	}
	if e := s.only("sender=a@example.com"); e.Body != "Subject: typed\n\nbody\n" {
		t.Errorf("body: %q", e.Body)
	}
}

// distinct checks that n mails arrived and none twice: smtp-source numbers the
// recipients when told to with -N.
func distinct(t *testing.T, mails []email, n int) {
	t.Helper()
	ids, recipients := map[string]bool{}, map[string]bool{}
	for _, m := range mails {
		ids[m.ID] = true
		recipients[m.Recipients[0]] = true
	}
	if len(mails) != n || len(ids) != n || len(recipients) != n {
		t.Errorf("%d mails with %d ids and %d recipients, want %d of each", len(mails), len(ids), len(recipients), n)
	}
}

func TestSmtpSource(t *testing.T) {
	source := need(t, "smtp-source")
	s := serve(t, caddyfile)
	command(t, "", source, "-N", "-s", "20", "-m", "2000", "-l", "1024", "-f", "a@example.com", "-t", "b@example.com", s.smtp)
	distinct(t, s.list("sender=a@example.com"), 2000)
}

func TestReloadsUnderSmtpSource(t *testing.T) {
	source := need(t, "smtp-source")
	s := serve(t, caddyfile)
	const n = 20_000
	load := exec.Command(source, "-N", "-d", "-s", "20", "-m", fmt.Sprint(n), "-l", "1024", "-f", "a@example.com", "-t", "b@example.com", s.smtp)
	done := make(chan error, 1)
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { done <- load.Wait() }()
	reloads := 0
	for running := true; running; reloads++ {
		command(t, "", program, "reload", "--config", s.config, "--address", s.admin, "--force")
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("smtp-source: %v", err)
			}
			running = false
		default:
		}
	}
	t.Logf("%d reloads", reloads)
	distinct(t, s.list("sender=a@example.com"), n)
}

func TestStopTellsIdleSessionsAndWaitsForTransactions(t *testing.T) {
	s := serve(t, caddyfile)
	idle, busy := dial(t, s.smtp), dial(t, s.smtp)
	idle.expect("220")
	busy.expect("220")
	busy.say("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhalf")
	busy.expect("250", "250", "250", "354")
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	idle.expect("421")
	busy.say("\r\n.\r\n")
	busy.expect("250 Message accepted")
	busy.expect("421")
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Error("the server goes on")
	}
}

type conversation struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, address string) *conversation {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &conversation{conn, t, bufio.NewReader(conn)}
}

func (c *conversation) say(text string) {
	c.t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// expect reads replies of one line, each with one of the prefixes, in order.
func (c *conversation) expect(prefixes ...string) {
	c.t.Helper()
	for _, prefix := range prefixes {
		if line, err := c.r.ReadString('\n'); !strings.HasPrefix(line, prefix) {
			c.t.Fatalf("the server said %q (%v), want %s", line, err, prefix)
		}
	}
}

// expectLast reads a reply of any count of lines.
func (c *conversation) expectLast(code string) {
	c.t.Helper()
	for {
		line, err := c.r.ReadString('\n')
		if !strings.HasPrefix(line, code) {
			c.t.Fatalf("the server said %q (%v), want %s", line, err, code)
		}
		if strings.HasPrefix(line, code+" ") {
			return
		}
	}
}

// TestXcaddyBuild builds Caddy with the plugin as the README says. It takes minutes, so
// it runs only where all end-to-end tests have to.
func TestXcaddyBuild(t *testing.T) {
	if !required() {
		missing(t, "building with xcaddy takes minutes")
	}
	caddy := t.TempDir() + "/caddy"
	typed := ""
	for _, block := range blocks(t, "../README.md", "") {
		if strings.HasPrefix(block, "xcaddy ") {
			typed = block
		}
	}
	args := append([]string{"run", "github.com/caddyserver/xcaddy/cmd/xcaddy@v0.4.5"}, strings.Fields(typed)[1:]...)
	build := exec.Command("go", append(args, "--output", caddy)...)
	build.Dir = ".."
	build.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	modules := command(t, "", caddy, "list-modules")
	for _, module := range []string{"mailbucket", "layer4.handlers.mailbucket", "http.handlers.mailbucket"} {
		if !strings.Contains("\n"+modules, "\n"+module+"\n") {
			t.Errorf("%s is not built in", module)
		}
	}
}

// TestStalledClientsAreNoBother has 500 clients stall in all the ways there are,
// while others send, and then waits until the server has got rid of them.
func TestStalledClientsAreNoBother(t *testing.T) {
	source := need(t, "smtp-source")
	s := serve(t, `{
	admin ADMIN
	layer4 {
		SMTP {
			route {
				mailbucket {
					first_command_timeout 5s
					idle_timeout          5s
				}
			}
		}
	}
}
HTTP {
	mailbucket
}
`)
	transaction := "HELO x\r\nMAIL FROM:<stalled@example.com>\r\nRCPT TO:<b@example.com>\r\n"
	stalled := make([]net.Conn, 500)
	for i := range stalled {
		conn, err := net.Dial("tcp", s.smtp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		stalled[i] = conn
		begin := []string{"", "HEL", transaction, transaction + "DATA\r\nSubject: x\r\n", strings.Repeat("HELP\r\n", 10_000)}[i%5]
		if i%5 != 4 {
			if _, err := conn.Write([]byte(begin)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		go func() { // reads nothing, and is stuck here in the end
			for err := error(nil); err == nil; {
				_, err = conn.Write([]byte(begin))
			}
		}()
	}
	command(t, "", source, "-N", "-s", "20", "-m", "2000", "-l", "1024", "-f", "a@example.com", "-t", "b@example.com", s.smtp)
	distinct(t, s.list("sender=a@example.com"), 2000)
	for i, conn := range stalled {
		if i%5 == 4 {
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(said), "\r\n421 ") {
			t.Fatalf("client %d: the server said %q (%v)", i, said, err)
		}
	}
	eventually(t, "no session is left", func() bool { return s.metric("mailbucket_smtp_sessions") == 0 })
	if list := s.list("sender=stalled@example.com"); len(list) != 0 {
		t.Errorf("%d mails that nobody finished", len(list))
	}
}

// metric is the value of a metric of the default bucket.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	response, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	scanner := bufio.NewScanner(response.Body)
	for scanner.Scan() {
		if value, ok := strings.CutPrefix(scanner.Text(), name+`{bucket="default"} `); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return n
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}

func TestLoadRigRuns(t *testing.T) {
	need(t, "smtp-source")
	need(t, "smtp-sink")
	for args, wants := range map[string][]string{
		"":          {"1 KB, kept connections (200 messages", "1 MB, kept connections (20 messages", "mailbucket", "smtp-sink"},
		"-journals": {"1 KB, pipelined (200 messages", "sync always", "journal jetstream", "to a waiting call's answer"},
	} {
		out := command(t, "", "sh", "-c", "cd .. && go run ./bench/rig -rounds 1 -scale 0.01 -mailpit=false "+args)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("with %q it does not print %q:\n%s", args, want, out)
			}
		}
	}
}
