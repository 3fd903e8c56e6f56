package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// peerSuites are the tests of clients of other mail catchers, by the server that the
// clients are made for.
var peerSuites = map[string][]string{
	"mailhog": {"mailhog", "cypress-mailhog"},
	"mailpit": {"mailpit-api", "mailpit-api-more", "cypress-mailpit"},
}

// TestClientsOfOtherServers runs the npm packages that read from Mailpit and MailHog
// against the program, as they are published.
func TestClientsOfOtherServers(t *testing.T) {
	needClients(t)
	for _, suites := range peerSuites {
		for _, suite := range suites {
			t.Run(suite, func(t *testing.T) {
				s := serve(t, caddyfile)
				runSuite(t, suite, "mailbucket", s.smtp, s.http)
			})
		}
	}
}

// TestSuitesAgainstTheirServers runs the same tests against the servers that the clients
// are made for, so that the tests themselves are proved. Where all tests have to run,
// Mailpit is built. MailHog is used where it is installed: its module needs one that is
// not published any more.
func TestSuitesAgainstTheirServers(t *testing.T) {
	needClients(t)
	for peer, start := range map[string]func(t *testing.T, smtp, http string) *exec.Cmd{"mailpit": mailpit, "mailhog": mailHog} {
		for _, suite := range peerSuites[peer] {
			t.Run(suite, func(t *testing.T) {
				smtp, http := freeAddress(t), freeAddress(t)
				runServer(t, start(t, smtp, http), smtp, http)
				runSuite(t, suite, peer, smtp, http)
			})
		}
	}
}

// runServer runs a server until the test ends, and waits until it listens.
func runServer(t *testing.T, server *exec.Cmd, addresses ...string) {
	t.Helper()
	server.Dir = t.TempDir()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for _, address := range addresses {
		eventually(t, server.Path+" listens", func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

func mailpit(t *testing.T, smtp, http string) *exec.Cmd {
	path, err := exec.LookPath("mailpit")
	if err != nil {
		if !required() {
			missing(t, "mailpit is not installed, and building it takes minutes")
		}
		if path, err = builtMailpit(); err != nil {
			t.Fatal(err)
		}
	}
	return exec.Command(path, "--smtp", smtp, "--listen", http, "--enable-chaos", "--disable-version-check", "--quiet")
}

// builtMailpit builds Mailpit once for all tests, beside the program.
var builtMailpit = sync.OnceValues(func() (path string, err error) {
	dir := filepath.Dir(program)
	install := exec.Command("go", "install", "github.com/axllent/mailpit@v1.27.11")
	install.Dir, install.Env = dir, append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Mailpit: %w\n%s", err, out)
	}
	return filepath.Join(dir, "mailpit"), nil
})

func mailHog(t *testing.T, smtp, http string) *exec.Cmd {
	path, err := exec.LookPath("MailHog")
	if err != nil {
		t.Skip("MailHog is not installed, and cannot be built")
	}
	return exec.Command(path, "-smtp-bind-addr", smtp, "-api-bind-addr", http, "-ui-bind-addr", http)
}

// needClients skips the test where the packages are not installed.
func needClients(t *testing.T) {
	t.Helper()
	need(t, "node")
	for _, name := range []string{"mailhog", "cypress-mailhog", "mailpit-api", "cypress-mailpit", "nodemailer"} {
		if _, err := os.Stat(filepath.Join("testdata", "node_modules", name)); errors.Is(err, os.ErrNotExist) {
			missing(t, "the npm packages of e2e/testdata are not installed")
		}
	}
}

// runSuite runs the tests of a file in testdata/peers against a server. Peer is its name.
func runSuite(t *testing.T, suite, peer, smtp, http string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// A client may leave a connection open, which is no reason to wait.
	run := exec.CommandContext(ctx, "node", "--experimental-websocket", "--no-warnings", "--test-force-exit",
		"--test", filepath.Join("peers", suite+".test.mjs"))
	run.Dir = "testdata"
	host, port, err := net.SplitHostPort(smtp)
	if err != nil {
		t.Fatal(err)
	}
	run.Env = append(os.Environ(), "PEER="+peer, "MAIL=http://"+http, "SMTP_HOST="+host, "SMTP_PORT="+port)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
