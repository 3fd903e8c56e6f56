package e2e

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// peerSuites are the tests of clients of other mail catchers, by the server that the
// clients are made for.
var peerSuites = map[string][]string{
	"mailhog": {"mailhog", "cypress-mailhog"},
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
