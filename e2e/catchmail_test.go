package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// catcher is a running `mailbucket` without a configuration.
type catcher struct {
	server
	home   string
	out    *bufio.Reader
	stderr *strings.Builder
}

// catchMail runs the program until the test ends, on any free ports, and reads the two
// lines that it begins with.
func catchMail(t *testing.T, args ...string) *catcher {
	t.Helper()
	return catchMailIn(t, t.TempDir(), args...)
}

// catchMailIn is catchMail with that home.
func catchMailIn(t *testing.T, home string, args ...string) *catcher {
	t.Helper()
	c := &catcher{home: home, stderr: new(strings.Builder)}
	c.t = t
	c.process = exec.Command(program, append(args, "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0")...)
	c.process.Dir = home
	c.process.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	stdout, err := c.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.process.Stderr = c.stderr
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.process.Process.Kill() })
	c.out = bufio.NewReader(stdout)
	lines := c.line() + c.line()
	if _, err := fmt.Sscanf(lines, "Send mail to %s by SMTP\nRead it at http://%s\n", &c.smtp, &c.http); err != nil {
		t.Fatalf("it begins with %q: %v\n%s", lines, err, c.logged())
	}
	return c
}

func (c *catcher) line() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("it ended after %q: %v\n%s", line, err, c.logged())
	}
	return line
}

// logged ends the program and gives what it has logged.
func (c *catcher) logged() string {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
	return c.stderr.String()
}

// end interrupts the program and gives what it says then.
func (c *catcher) end() string {
	c.t.Helper()
	if err := c.process.Process.Signal(os.Interrupt); err != nil {
		c.t.Fatal(err)
	}
	rest, err := io.ReadAll(c.out)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.process.Wait(); err != nil {
		c.t.Errorf("it ended with %v\n%s", err, c.stderr)
	}
	return string(rest)
}

func TestCatchMailNeedsNoConfiguration(t *testing.T) {
	for _, args := range [][]string{nil, {"catch-mail"}} {
		c := catchMail(t, args...)
		for i := range 2 {
			if err := smtp.SendMail(c.smtp, nil, "a@example.com", []string{"b@example.com"}, fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", i)); err != nil {
				t.Fatal(err)
			}
		}
		if list := c.list("recipient=b@example.com"); len(list) != 2 {
			t.Errorf("%d mails, want 2", len(list))
		}
		if said := c.end(); said != "Ended. 2 mails are dropped.\n" {
			t.Errorf("at the end it says %q", said)
		}
		if c.stderr.Len() > 0 {
			t.Errorf("it logs\n%s", c.stderr)
		}
		if files, err := os.ReadDir(c.home); err != nil || len(files) > 0 {
			t.Errorf("it leaves %v, %v", files, err)
		}
	}
}

// TestCatchMailEndsAtOnce has calls that wait and a session under way.
func TestCatchMailEndsAtOnce(t *testing.T) {
	c := catchMail(t)
	session := dial(t, c.smtp)
	session.expect("220 ")
	response, err := http.Get("http://" + c.http + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if said := c.end(); said != "Ended. No mail was held.\n" {
		t.Errorf("at the end it says %q", said)
	}
}

func TestCatchMailAnswersToThisMachineOnly(t *testing.T) {
	c := catchMail(t)
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(c.http)
	for host, want := range map[string]int{
		"localhost": 200, "mail.localhost": 200, "127.0.0.1": 200, "[::1]": 200, hostname: 200, "evil.example.com": 421, "192.0.2.1": 421,
	} {
		request, err := http.NewRequest(http.MethodGet, "http://"+c.http+"/emails", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host + ":" + port
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("to %s it answers %s, want %d", host, response.Status, want)
		}
	}
	if listener, err := net.Listen("tcp", "[::1]:0"); err == nil {
		listener.Close()
		response, err := http.Get("http://[::1]:" + port + "/emails")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
}

// fails runs the program and wants one line on standard error.
func fails(t *testing.T, code int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != code || stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("%s: exit code %d, want %d: %q, %q", strings.Join(args, " "), cmd.ProcessState.ExitCode(), code, &stdout, &stderr)
	}
	return stderr.String()
}

func TestCatchMailSaysWhatIsWrong(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	says := []string{busy.Addr().String() + " is in use by "}
	if runtime.GOOS == "linux" {
		says = append(says, fmt.Sprintf("(process %d), as `ss -ltnp 'sport = :%d'` shows", os.Getpid(), busy.Addr().(*net.TCPAddr).Port))
	}
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"--smtp", busy.Addr().String()}, append(slices.Clone(says), "--smtp")},
		{[]string{"--smtp", "127.0.0.1:0", "--http", busy.Addr().String()}, append(slices.Clone(says), "--http")},
		{[]string{"--smtp", "127.0.0.1:18025", "--http", ":18025"}, []string{"give one of them another port"}},
		{[]string{"--smtp", "1025"}, []string{"--smtp 1025: expected HOST:PORT"}},
		{[]string{"--http", "192.0.2.1:8025", "--smtp", "127.0.0.1:0"}, []string{"expected an address of this machine"}},
		{[]string{"--http", "nowhere.invalid:8025", "--smtp", "127.0.0.1:0"}, []string{"nowhere.invalid"}},
		{[]string{"--prot", "1025"}, []string{"unknown flag: --prot", "`mailbucket catch-mail --help` lists what there is"}},
		{[]string{"catch-mail", "1025"}, []string{`unexpected argument "1025"`}},
		{[]string{"healthcheck", "--http", busy.Addr().String() + "x"}, []string{"expected HOST:PORT"}},
	} {
		text := fails(t, 1, c.args...)
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%q: no %q in %q", c.args, want, text)
			}
		}
	}
}

func TestHealthcheckAsksForReadiness(t *testing.T) {
	c := catchMail(t)
	if out := command(t, "", program, "healthcheck", "--http", c.http); out != "" {
		t.Errorf("it prints %q", out)
	}
	c.end()
	if text := fails(t, 1, "healthcheck", "--http", c.http); !strings.Contains(text, "not running") {
		t.Errorf("it says %q", text)
	}
}

func TestVersionIsOfPluginAndCaddy(t *testing.T) {
	out := command(t, "", program, "version")
	if !strings.HasPrefix(out, "mailbucket ") || !strings.Contains(out, ", Caddy v2.") {
		t.Errorf("it is %q", out)
	}
}

// named is the program under another name.
func named(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(program, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func userAt(host string) string {
	u, err := user.Current()
	if err != nil {
		return "nobody@" + host
	}
	return u.Username + "@" + host
}
