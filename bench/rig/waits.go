package main

import (
	"fmt"
	"sync"
	"time"
)

// waiters is how many calls wait at once.
const waiters = 64

// waitKinds are what they wait for, which never comes. The first is nobody waiting.
var waitKinds = []struct {
	name  string
	query func(number int) string // of the call
}{
	{"nobody", nil},
	{"an address", func(n int) string { return fmt.Sprintf("recipient=run%d@example.org", n) }},
	{"*@domain", func(n int) string { return fmt.Sprintf("recipient=%%2A@run%d.example.org", n) }},
	{"*+run@domain", func(n int) string { return fmt.Sprintf("recipient=%%2A%%2Brun%d@example.com", n) }},
	{"q", func(n int) string { return fmt.Sprintf("q=order%d", n) }},
}

// probeWaits prints what receiving mail costs while calls wait for other mail.
func probeWaits(s *server, source string, mails, rounds int) error {
	receiving := load{messages: mails, loader: loader{connections: 20, size: 1024}}
	samples := make([][]sample, len(waitKinds))
	for round := range rounds + 1 {
		for i, kind := range waitKinds {
			stop, err := s.haveWait(kind.query)
			if err != nil {
				return err
			}
			measured, err := s.measure(source, receiving)
			stop()
			if err != nil {
				return err
			}
			if round > 0 { // the first is to warm up
				samples[i] = append(samples[i], measured)
			}
		}
	}
	none := medians(samples[0])
	fmt.Printf("\nreceiving %d mails of 1 KB, pipelined, while nobody waits: %.0f messages/s, %.1f µs of CPU each\n", mails, none.rate, none.cpu)
	for i, kind := range waitKinds[1:] {
		m := medians(samples[i+1])
		fmt.Printf("while %d calls wait for mail by %s: %.2f times the rate, %.2f times the CPU\n", waiters, kind.name, m.rate/none.rate, m.cpu/none.cpu)
	}
	return nil
}

// haveWait has calls wait until stop.
func (s *server) haveWait(query func(int) string) (stop func(), err error) {
	var calls sync.WaitGroup
	var open []*web
	stop = func() {
		for _, w := range open {
			w.Close()
		}
		calls.Wait()
	}
	if query == nil {
		return stop, nil
	}
	for n := range waiters {
		w, err := openWeb(s.web)
		if err != nil {
			stop()
			return nil, err
		}
		open = append(open, w)
		calls.Go(func() { _ = w.get("/emails?wait=10m&" + query(n)) }) // ends with the connection
	}
	time.Sleep(time.Second) // for the calls to have looked at what there is
	return stop, nil
}
