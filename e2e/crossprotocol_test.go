package e2e

import (
	"strings"
	"testing"
)

// TestPagesOfOtherSitesCannotSpeakSMTP runs testdata/crossprotocol.spec.mjs in
// Chromium.
func TestPagesOfOtherSitesCannotSpeakSMTP(t *testing.T) {
	needPlaywright(t)
	s := serve(t, caddyfile)
	playwright(t, "crossprotocol.spec.mjs", "API=http://"+s.http, "SMTP="+s.smtp)
	if n := strings.Count(s.log.String(), "closed a connection on which the client did not speak SMTP"); n != 1 {
		t.Errorf("%d lines of the log tell of the client, want 1:\n%s", n, s.log)
	}
}
