package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sender is a program that sends a mail through a sendmail. SENDMAIL stands for its
// path, which has no blank, DIR for a folder, and HOST for this machine's name.
type sender struct {
	name, needs, run, stdin string
	sender                  string
	recipients              []string
	contains                []string // of the mail
	lacks                   string
}

var senders = []sender{
	{
		name: "PHP mail()", needs: "php", sender: "app@example.com", recipients: []string{"b@example.com", "c@example.com", "d@example.com"},
		run: `php -d sendmail_path='SENDMAIL -t -i' -r 'mail("b@example.com", "Grüße", "hello\n.\nlast", ` +
			`"From: app@example.com\r\nCc: c@example.com\r\nBcc: d@example.com") or exit(1);'`,
		contains: []string{"Subject: Grüße\n", "Cc: c@example.com\n", "\nhello\n.\nlast\n", "\nMessage-ID: <", "\nDate: "}, lacks: "d@example.com",
	},
	{
		name: "PHP mail() with parameters", needs: "php", sender: "bounce@example.com", recipients: []string{"b@example.com"},
		run: `php -d sendmail_path='SENDMAIL -t -i' -r 'mail("b@example.com", "x", "hello", ["From" => "App <app@example.com>"], ` +
			`"-fbounce@example.com") or exit(1);'`,
		contains: []string{"From: App <app@example.com>\n"},
	},
	{
		name: "git send-email with --smtp-server", needs: "git", sender: "dev@example.com", recipients: []string{"list@example.com"},
		run: `GIT_CONFIG_GLOBAL=/dev/null git -c user.name=Dev -c user.email=dev@example.com send-email --from=dev@example.com ` +
			`--to=list@example.com --suppress-cc=all --confirm=never --smtp-server=SENDMAIL DIR/0001.patch`,
		contains: []string{"Subject: [PATCH] one\n", "\n.\nlast\n"},
	},
	{
		name: "git send-email with --sendmail-cmd", needs: "git", sender: "env@example.com", recipients: []string{"list@example.com"},
		run: `GIT_CONFIG_GLOBAL=/dev/null git -c user.name=Dev -c user.email=dev@example.com send-email --from=dev@example.com ` +
			`--envelope-sender=env@example.com --to=list@example.com --suppress-cc=all --confirm=never --sendmail-cmd='SENDMAIL -i' DIR/0001.patch`,
		contains: []string{"Subject: [PATCH] one\n"},
	},
	{
		name: "cron", needs: "sh", sender: "root@HOST", recipients: []string{"root@HOST"}, // as Debian's and cronie's do
		run:      `SENDMAIL -i -FCronDaemon -B8BITMIME -oem -oi -t`,
		stdin:    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@HOST> date\nContent-Type: text/plain; charset=UTF-8\nX-Cron-Env: <SHELL=/bin/sh>\n\nFüße\n.\nlast\n",
		contains: []string{"From: root (Cron Daemon)\n", "\n\nFüße\n.\nlast\n"},
	},
	{
		name: "a script with nothing but text", needs: "sh", sender: "USER@HOST", recipients: []string{"operator@HOST"},
		run:      `SENDMAIL operator`,
		stdin:    "the disk is full\nfix it\n",
		contains: []string{"From: USER@HOST\n", "\n\nthe disk is full\nfix it\n"},
	},
	{
		name: "s-nail", needs: "s-nail", sender: "a@example.com", recipients: []string{"b@example.com", "c@example.com"},
		run: `s-nail -:/ -S v15-compat -S mta=SENDMAIL -S ttycharset=utf-8 -S sendwait -r a@example.com -s Grüße ` +
			`-b c@example.com b@example.com`,
		stdin: "hello\n", contains: []string{"To: b@example.com\n", "hello\n"}, lacks: "c@example.com",
	},
	{
		name: "mutt", needs: "mutt", sender: "a@example.com", recipients: []string{"b@example.com"},
		run: `mutt -n -F /dev/null -e 'set sendmail="SENDMAIL -oem -oi"' -e 'set from=a@example.com' -e 'set use_envelope_from=yes' ` +
			`-e 'set copy=no' -s hello -- b@example.com`,
		stdin: "hello\n", contains: []string{"Subject: hello\n", "hello\n"},
	},
	{
		name: "swaks by -bs", needs: "swaks", sender: "a@example.com", recipients: []string{"b@example.com"},
		run:      `swaks --pipe 'SENDMAIL -bs' --from a@example.com --to b@example.com --header 'Subject: piped' --body hello`,
		contains: []string{"Subject: piped\n", "hello\n"},
	},
}

func TestProgramsSendThroughSendmail(t *testing.T) {
	s := serve(t, caddyfile)
	t.Setenv("MAILBUCKET_SMTP", s.smtp)
	t.Setenv("LC_ALL", "C.UTF-8")
	sendmail := named(t, "sendmail")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range senders {
		t.Run(c.name, func(t *testing.T) {
			need(t, c.needs)
			dir := t.TempDir()
			patch := "From: dev@example.com\nSubject: [PATCH] one\n\nhello\n.\nlast\n"
			if err := os.WriteFile(filepath.Join(dir, "0001.patch"), []byte(patch), 0o600); err != nil {
				t.Fatal(err)
			}
			fill := strings.NewReplacer("SENDMAIL", sendmail, "DIR", dir, "USER@HOST", userAt(host), "HOST", host).Replace
			command(t, fill(c.stdin), "env", "-C", dir, "sh", "-c", fill(c.run))
			list := s.list("")
			if len(list) != 1 {
				t.Fatalf("%d mails, want 1", len(list))
			}
			e := s.only("sender=" + fill(c.sender))
			if got, want := fmt.Sprint(e.Recipients), fill(fmt.Sprint(c.recipients)); got != want {
				t.Errorf("it is to %s, want %s", got, want)
			}
			for _, want := range c.contains {
				if !strings.Contains(e.Body, fill(want)) {
					t.Errorf("no %q in\n%s", fill(want), e.Body)
				}
			}
			if c.lacks != "" && strings.Contains(e.Body, c.lacks) {
				t.Errorf("%q is in\n%s", c.lacks, e.Body)
			}
			command(t, "", "curl", "-sSf", "-X", "DELETE", "http://"+s.http+"/emails")
		})
	}
}

// TestProgramsLearnThatNothingWasSent sees to it that their users do.
func TestProgramsLearnThatNothingWasSent(t *testing.T) {
	t.Setenv("MAILBUCKET_SMTP", freeAddress(t))
	sendmail := named(t, "sendmail")
	for _, c := range []struct{ needs, run string }{
		{"php", `php -d sendmail_path='SENDMAIL -t -i' -r 'exit(mail("b@example.com", "x", "hello") ? 0 : 1);'`},
		{"s-nail", `echo hello | s-nail -:/ -S v15-compat -S mta=SENDMAIL -S sendwait -S nosave -r a@example.com -s x b@example.com`},
	} {
		need(t, c.needs)
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(c.run, "SENDMAIL", sendmail))
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%s: it succeeds: %s", c.run, out)
		}
	}
	if text := fails(t, 69, "sendmail", "b@example.com"); !strings.Contains(text, "mailbucket catch-mail") {
		t.Errorf("it says %q", text)
	}
	if text := fails(t, 64, "sendmail", "-z"); !strings.Contains(text, "unknown option -z") {
		t.Errorf("it says %q", text)
	}
}
