package e2e

import "testing"

// TestHostileMails runs testdata/hostile.spec.mjs in Chromium: the HTML of many mails
// tries to reach another host.
func TestHostileMails(t *testing.T) {
	needPlaywright(t)
	s := serve(t, `{
	admin ADMIN
	mailbucket SMTP
}
HTTP {
	mailbucket
}
`)
	playwright(t, "hostile.spec.mjs", "SITE=http://"+s.http)
}
