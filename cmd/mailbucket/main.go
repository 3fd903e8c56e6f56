// Command mailbucket is Caddy with its standard modules, caddy-l4, mailbucket, and its journal
// in NATS JetStream. Without arguments it catches mail; called as sendmail, it sends mail.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/mholt/caddy-l4"

	_ "github.com/caddy-mailbucket/mailbucket"
	"github.com/caddy-mailbucket/mailbucket/command"
	_ "github.com/caddy-mailbucket/mailbucket/jetstream"
)

func main() {
	caddy.CustomBinaryName = "mailbucket"
	caddy.CustomLongDescription = description
	// Caddy prints this in front of its own version.
	caddy.CustomVersion = "mailbucket " + command.Version() + ", Caddy"
	command.RegisterHealthcheck()
	os.Args = arguments(os.Args)
	caddycmd.Main()
}

const description = `mailbucket catches mail: whatever applications send to it over SMTP is delivered
to nobody, and people and tests read it on a website and over an API.

Without arguments it is 'mailbucket catch-mail': it catches mail on 127.0.0.1:1025
and shows it on http://127.0.0.1:8025. With a configuration it is a Caddy server
with this plugin: 'mailbucket run --config Caddyfile'.
`

// arguments are the arguments for Caddy's command, which needs a subcommand.
func arguments(args []string) []string {
	if len(args) == 0 {
		return []string{"mailbucket", "catch-mail"}
	}
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(args[0])), ".exe")
	switch {
	case name == "sendmail":
		return append([]string{args[0], "sendmail"}, args[1:]...)
	case len(args) == 1, isCatchMailsFlag(args[1]):
		return append([]string{args[0], "catch-mail"}, args[1:]...)
	}
	return args
}

// isCatchMailsFlag is whether an argument is a flag, and none of those that need no
// subcommand.
func isCatchMailsFlag(arg string) bool {
	switch arg {
	case "-h", "--help", "-v", "--version":
		return false
	}
	return strings.HasPrefix(arg, "-")
}
