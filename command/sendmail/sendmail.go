// Package sendmail provides the interface of sendmail(8), through which PHP, cron, git and
// many other programs send their mail, and passes the mail to an SMTP server. It has no
// queue: if the server does not accept a mail, that is an error.
//
// options.go reads the command line, mail.go reads the mail, and envelope.go finds its
// sender and recipients; deliver.go sends it to the server, and bridge.go lets the calling
// program speak SMTP itself. exit.go has the exit codes.
package sendmail

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// DefaultServer is the address of the server if neither -S nor the environment names
	// one: that of catch-mail.
	DefaultServer = "127.0.0.1:1025"

	// ServerVariable is the environment variable that names the server.
	ServerVariable = "MAILBUCKET_SMTP"
)

// Usage is what --help prints.
const Usage = `Usage: sendmail [-S HOST:PORT] [-t] [-i] [-f SENDER] [-F NAME] [-bs] [RECIPIENT…]

Sends the mail on standard input to an SMTP server.

  -S HOST:PORT  the server; default $` + ServerVariable + `, or ` + DefaultServer + `
  -t            to the recipients in To, Cc and Bcc too
  -i, -oi       a line with only a dot does not end the mail
  -f SENDER     the envelope's sender; default that of the header ("" is the null sender)
  -F NAME       the sender's name, for a mail without From
  -bs           speak SMTP on standard input and output
  -N WHEN, -R WHAT, -V ID
                delivery status notification (RFC 3461), as sendmail takes it

Bcc is taken out of the header; From, Date and Message-ID are added where they are
missing. Other options of sendmail are taken and change nothing. The exit codes are
those of sysexits.h: 64 for a wrong command line, 65 for a wrong mail, 67 for a refused
recipient, 69 for no server or a refusal, 75 for "try again later".
`

// Run is the whole program, and returns its exit code. Getenv reads the environment.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	err := run(args, stdin, stdout, getenv)
	if err != nil {
		fmt.Fprintln(stderr, "sendmail: "+strings.Join(strings.Fields(err.Error()), " "))
	}
	return exitCode(err)
}

func run(args []string, stdin io.Reader, stdout io.Writer, getenv func(string) string) error {
	server := getenv(ServerVariable)
	if server == "" {
		server = DefaultServer
	}
	o, err := parseOptions(args, server)
	switch {
	case err != nil:
		return failure(exitUsage, err)
	case o.help:
		_, err := io.WriteString(stdout, Usage)
		return err
	case o.mode == 's':
		return bridge(o.server, stdin, stdout)
	case o.mode == 'p':
		_, err := io.WriteString(stdout, "Mail queue is empty: nothing is ever queued.\n")
		return err
	case o.mode == 'i', o.runQueue && !o.fromHeader && len(o.recipients) == 0:
		return nil // no aliases, and no queue to run
	}
	return send(o, stdin)
}

// send reads a mail and delivers it.
func send(o *options, stdin io.Reader) error {
	if !o.fromHeader && len(o.recipients) == 0 {
		// Report missing recipients before waiting for the mail.
		_, err := newEnvelope(o, new(mail), "localhost")
		return err
	}
	m, err := readMail(stdin, o.keepDots)
	if err != nil {
		return err
	}
	domain := hostName()
	e, err := newEnvelope(o, m, domain)
	if err != nil {
		return err
	}
	m.hideBcc()
	m.complete(fromField(e.sender, o.fullName, domain), domain, time.Now())
	return deliver(o, e, m, domain)
}
