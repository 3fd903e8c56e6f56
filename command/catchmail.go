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
	journal := ""
	if keep {
		journal = filepath.Join(caddy.AppDataDir(), "mailbucket", "default.db") // as for `journal bolt`
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	smtpAt, httpAt, err := start(smtp, http, journal)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Send mail to %s by SMTP\nRead it at http://%s\n", smtpAt.forPeople(), httpAt.forPeople())
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

// startTries is how often a start looks for free ports, where it may choose them.
const startTries = 10

// start starts the server and returns the first address of each kind.
func start(smtp, http, journal string) (smtpAt, httpAt address, err error) {
	for range startTries {
		smtpAt, httpAt, err = startOnce(smtp, http, journal)
		if !errors.Is(err, errPortLost) {
			break
		}
	}
	return smtpAt, httpAt, err
}

func startOnce(smtp, http, journal string) (smtpAt, httpAt address, err error) {
	wantSMTP, err := parseListen("smtp", smtp)
	if err != nil {
		return address{}, address{}, err
	}
	wantHTTP, err := parseListen("http", http)
	if err != nil {
		return address{}, address{}, err
	}
	if !wantSMTP.anyPort() && wantSMTP.overlaps(wantHTTP) {
		return address{}, address{}, fmt.Errorf("--smtp %s and --http %s are the same address: give one of them another port", smtp, http)
	}
	var all claims // until the server listens itself, so that no free port is found twice
	defer all.release()
	smtpAddresses, err := all.claim("smtp", wantSMTP)
	if err != nil {
		return address{}, address{}, err
	}
	httpAddresses, err := all.claim("http", wantHTTP)
	if err != nil {
		return address{}, address{}, err
	}
	config, err := newConfig(smtpAddresses, httpAddresses, journal)
	if err != nil {
		return address{}, address{}, err
	}
	all.release()
	if err := caddy.Load(config, true); err != nil {
		if (wantSMTP.anyPort() || wantHTTP.anyPort()) && saysInUse(err) {
			err = fmt.Errorf("%w: %w", errPortLost, err)
		}
		return address{}, address{}, fmt.Errorf("starting: %w", err)
	}
	return smtpAddresses[0], httpAddresses[0], nil
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
