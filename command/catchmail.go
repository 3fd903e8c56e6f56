package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/caddyserver/caddy/v2"
)

// app is what this package uses of the mailbucket app, which it cannot import as the app
// imports this package.
type app interface {
	// Messages is how many messages its buckets hold.
	Messages() int
}

// catchMail runs the server until a signal ends it, and keeps its mail in a file if it should.
func catchMail(smtp, http string, keep bool, stdout io.Writer) error {
	smtpAddresses, err := claim("smtp", smtp)
	if err != nil {
		return err
	}
	httpAddresses, err := claim("http", http)
	if err != nil {
		return err
	}
	if smtpAddresses[0].overlaps(httpAddresses[0]) {
		return fmt.Errorf("--smtp %s and --http %s are the same address: give one of them another port", smtp, http)
	}
	journal := ""
	if keep {
		journal = filepath.Join(caddy.AppDataDir(), "mailbucket", "default.db") // as for `journal bolt`
	}
	config, err := newConfig(smtpAddresses, httpAddresses, journal)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := caddy.Load(config, true); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	fmt.Fprintf(stdout, "Send mail to %s by SMTP\nRead it at http://%s\n", smtpAddresses[0].forPeople(), httpAddresses[0].forPeople())
	<-signals
	held, err := messagesHeld()
	if err != nil {
		return err
	}
	if keep { // otherwise there is nothing to save, and nothing to wait for
		if err := caddy.Stop(); err != nil {
			return fmt.Errorf("stopping: %w", err)
		}
	}
	fmt.Fprintln(stdout, farewell(held, journal))
	return nil
}

func messagesHeld() (int, error) {
	running, err := caddy.ActiveContext().App("mailbucket")
	if err != nil {
		return 0, fmt.Errorf("finding the mailbucket app: %w", err)
	}
	a, ok := running.(app)
	if !ok {
		return 0, errors.New("the mailbucket app does not count its messages")
	}
	return a.Messages(), nil
}

// farewell says how many mails are lost when the process ends, or where they are kept.
func farewell(held int, journal string) string {
	mails, are := fmt.Sprintf("%d mails", held), "are"
	if held == 1 {
		mails, are = "1 mail", "is"
	}
	switch {
	case held == 0:
		return "Ended. No mail was held."
	case journal != "":
		return fmt.Sprintf("Ended. %s %s kept in %s.", mails, are, journal)
	default:
		return fmt.Sprintf("Ended. %s %s dropped.", mails, are)
	}
}
