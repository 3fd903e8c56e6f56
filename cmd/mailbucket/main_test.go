package main

import (
	"slices"
	"strings"
	"testing"
)

func TestArgumentsNameASubcommand(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"mailbucket", "mailbucket catch-mail"},
		{"/usr/bin/mailbucket --smtp :2525", "/usr/bin/mailbucket catch-mail --smtp :2525"},
		{"mailbucket run --config Caddyfile", "mailbucket run --config Caddyfile"},
		{"mailbucket --help", "mailbucket --help"},
		{"mailbucket -v", "mailbucket -v"},
		{"mailbucket sendmail -t", "mailbucket sendmail -t"},
		{"/usr/sbin/sendmail", "/usr/sbin/sendmail sendmail"},
		{"sendmail -t -i", "sendmail sendmail -t -i"},
		{"/app/Sendmail.exe -bs", "/app/Sendmail.exe sendmail -bs"},
	} {
		if got := arguments(strings.Fields(c.args)); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s becomes %q, want %s", c.args, got, c.want)
		}
	}
	if got := arguments(nil); !slices.Equal(got, []string{"mailbucket", "catch-mail"}) {
		t.Errorf("nothing becomes %q", got)
	}
}
