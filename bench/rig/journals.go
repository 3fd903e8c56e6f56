package main

import (
	"fmt"
	"path/filepath"
)

// journals are what ours is compared with when it has none, by name.
var journals = []struct{ name, options string }{
	{"journal bolt, sync never", "sync never"},
	{"journal bolt, sync 1s", "sync 1s"},
	{"journal bolt, sync always", "sync always"},
}

// runJournals compares ours without a journal with ours with each kind, and with Mailpit,
// whose database is on disk.
func runJournals(rounds int, scale float64, mailpit bool) error {
	source, err := find("smtp-source")
	if err != nil {
		return err
	}
	return withOurs(func(dir string) error { return compareJournals(dir, source, rounds, scale, mailpit) })
}

func compareJournals(dir, source string, rounds int, scale float64, mailpit bool) error {
	plain, err := startOurs(dir, "")
	if err != nil {
		return err
	}
	servers := []*server{plain}
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	for i, j := range journals {
		path := filepath.Join(dir, fmt.Sprintf("journal%d.db", i))
		s, err := startOurs(dir, "journal bolt {\npath "+path+"\n"+j.options+"\n}")
		if err != nil {
			return err
		}
		s.name = j.name
		servers = append(servers, s)
	}
	if mailpit {
		s, err := startMailpit(dir, 10_000)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	l := kept
	l.messages = max(20, int(float64(l.messages)*scale))
	return compare(source, l, servers, rounds)
}
