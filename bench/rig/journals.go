package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/caddy-mailbucket/mailbucket/internal/freeport"
)

// journals are what ours is compared with when it has none, by name.
var journals = []struct{ name, options string }{
	{"journal bolt, sync never", "sync never"},
	{"journal bolt, sync 1s", "sync 1s"},
	{"journal bolt, sync always", "sync always"},
}

// natsServer is what a NATS server is built from, of the version that go.mod has.
const natsServer = "github.com/nats-io/nats-server/v2"

// runJournals compares ours without a journal with ours with each kind, and with Mailpit,
// whose database is on disk, and measures how soon mail is on another machine.
func runJournals(rounds int, scale float64, mailpit bool) error {
	source, err := find("smtp-source")
	if err != nil {
		return err
	}
	return withOurs(func(dir string) error {
		if err := compareJournals(dir, source, rounds, scale, mailpit); err != nil {
			return err
		}
		return probeElsewhere(dir, max(20, int(500*scale)))
	})
}

func compareJournals(dir, source string, rounds int, scale float64, mailpit bool) error {
	var servers []*server
	defer func() { stopAll(servers) }()
	add := func(s *server, err error) error {
		if err == nil {
			servers = append(servers, s)
		}
		return err
	}
	err := add(startOurs(dir, ""))
	for i, j := range journals {
		path := filepath.Join(dir, fmt.Sprintf("journal%d.db", i))
		err = errors.Join(err, add(startWithJournal(dir, j.name, "bolt {\npath "+path+"\n"+j.options+"\n}")))
	}
	nats, natsErr := startNATS(dir)
	if err = errors.Join(err, natsErr); err == nil {
		defer nats.stop()
		err = add(startWithJournal(dir, "journal jetstream", "jetstream nats://"+nats.address))
	}
	if mailpit {
		err = errors.Join(err, add(startMailpit(dir, 10_000)))
	}
	for _, l := range []load{kept, pipelined} {
		l.messages = max(20, int(float64(l.messages)*scale))
		if err == nil {
			err = compare(source, l, servers, rounds)
		}
	}
	return err
}

// probeElsewhere prints how long after the 250 of one of two that share a journal a call
// that waits at the other one has the mail.
func probeElsewhere(dir string, times int) error {
	nats, err := startNATS(dir)
	if err != nil {
		return err
	}
	defer nats.stop()
	var both [2]*server
	for i := range both {
		if both[i], err = startWithJournal(dir, "mailbucket", "jetstream nats://"+nats.address); err != nil {
			return err
		}
		defer both[i].stop()
	}
	fmt.Print("\nof two that share a journal in NATS, one receives and the other is asked:")
	return probeVisible(both[0].address, both[1].web, times)
}

func startWithJournal(dir, name, journal string) (*server, error) {
	s, err := startOurs(dir, "journal "+journal)
	if err == nil {
		s.name = name
	}
	return s, err
}

// startNATS starts a NATS server whose streams are in a new folder.
func startNATS(dir string) (*server, error) {
	program := filepath.Join(dir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", program, natsServer).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the NATS server: %w\n%s", err, out)
	}
	folder, err := os.MkdirTemp(dir, "streams")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	return start("NATS", address, exec.Command(program, "--addr", "127.0.0.1", "--port", port, "--jetstream", "--store_dir", folder))
}
