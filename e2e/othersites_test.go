package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
)

// TestOtherSitesLearnNothing runs testdata/othersites.spec.mjs in Chromium: pages of
// other sites try to read, and to tell by time, what there is.
func TestOtherSitesLearnNothing(t *testing.T) {
	if err := exec.Command("sh", "-c", "test -x /usr/bin/chromium && test -d testdata/node_modules/@playwright").Run(); err != nil {
		missing(t, "chromium or @playwright/test are not installed")
	}
	s := newServer(t)
	_, port, err := net.SplitHostPort(s.http)
	if err != nil {
		t.Fatal(err)
	}
	// Browsers trust localhost also over plain HTTP, and other names not.
	s.config = s.write(`{
	admin ADMIN
	mailbucket SMTP
}
http://localhost:` + port + `, http://mail.test:` + port + ` {
	bind 127.0.0.1
	encode
	mailbucket
}
`)
	s.run(".", s.config)
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	run := exec.CommandContext(ctx, "npx", "--no-install", "playwright", "test", "--config", "playwright.config.mjs", "othersites.spec.mjs")
	run.Dir = "testdata"
	run.Env = append(os.Environ(), "PORT="+port)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
