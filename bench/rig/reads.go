package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// reading is what servers hold while they are read: small mails of 1 KB of plain text,
// and before them pages, which are mails of 20 KB of HTML.
type reading struct {
	small, pages int
	connections  int           // that read at once
	duration     time.Duration // of each load
}

// The mails go to addresses in turn, each with a domain of its own.
const readRecipients = 1000

// api is how a server is asked for its mails.
type api struct {
	list, search, recipient, domain, email string // paths, in which * stands for what is asked for
}

var (
	ourAPI     = api{"/emails?limit=100", "/emails?limit=100&q=*", "/emails?limit=100&recipient=*", "/emails?limit=100&recipient=%2A*", "/emails/*"}
	mailpitAPI = api{"/api/v1/messages?limit=100", "/api/v1/search?limit=100&query=*", "/api/v1/search?limit=100&query=to%3A*", "/api/v1/search?limit=100&query=to%3A*", "/api/v1/message/*"}
)

// readLoad is one way to read: path is that of the request with a number.
type readLoad struct {
	name string
	path func(s *server, number int64) string
}

var readLoads = []readLoad{
	{"list of 100", func(s *server, _ int64) string { return s.api.list }},
	{"search without a match", func(s *server, number int64) string {
		return put(s.api.search, "nothing"+strconv.FormatInt(number, 36))
	}},
	{"by recipient", func(s *server, number int64) string { return put(s.api.recipient, readRecipient(int(number))) }},
	{"by *@domain", func(s *server, number int64) string {
		return put(s.api.domain, "@"+strings.SplitN(readRecipient(int(number)), "@", 2)[1])
	}},
	{"one email", func(s *server, number int64) string { return put(s.api.email, s.ids[int(number)%len(s.ids)]) }},
}

func put(path, value string) string { return strings.Replace(path, "*", url.QueryEscape(value), 1) }

func readRecipient(number int) string {
	number %= readRecipients
	return fmt.Sprintf("user%d@domain%d.test", number, number)
}

// compareReading fills ours and Mailpit with the same mails, reads them in turn with
// the same client, and prints how many requests a second each answers.
func compareReading(dir string, what reading, rounds int) error {
	ours, err := startOurs(dir, fmt.Sprintf("max_messages %d\nmax_bytes 2GiB", what.small+what.pages+1))
	if err != nil {
		return err
	}
	defer ours.stop()
	mailpit, err := startMailpit(dir, what.small+what.pages+1)
	if err != nil {
		return err
	}
	defer mailpit.stop()
	servers := []*server{ours, mailpit}
	for _, s := range servers {
		if err := s.fill(what); err != nil {
			return err
		}
	}
	fmt.Printf("\nreading %d mails of 1 KB and %d of 20 KB of HTML (%d connections, median of %d times %v)\n", what.small, what.pages, what.connections, rounds, what.duration)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\tmailbucket/s\tCPU µs\tMailpit/s\tCPU µs\trate ratio\tCPU ratio\t")
	for _, l := range readLoads {
		samples := make(map[*server][]sample)
		for range rounds {
			for _, s := range servers {
				measured, err := s.read(l, what)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", l.name, s.name, err)
				}
				samples[s] = append(samples[s], measured)
			}
		}
		a, b := medians(samples[ours]), medians(samples[mailpit])
		fmt.Fprintf(out, "%s\t%.0f\t%.0f\t%.1f\t%.0f\t%.1f\t%.1f\t\n", l.name, a.rate, a.cpu, b.rate, b.cpu, a.rate/b.rate, b.cpu/a.cpu)
	}
	return out.Flush()
}

// read reads for a while. The numbers go on from one run to the next, so that nothing
// is searched for twice.
func (s *server) read(l readLoad, what reading) (sample, error) {
	before, err := s.cpuTime()
	if err != nil {
		return sample{}, err
	}
	var served atomic.Int64
	errs := make([]error, what.connections)
	started := time.Now()
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = s.readOn(l, started.Add(what.duration), &served) })
	}
	wg.Wait()
	took := time.Since(started)
	if err := errors.Join(errs...); err != nil {
		return sample{}, err
	}
	after, err := s.cpuTime()
	n := float64(served.Load())
	return sample{rate: n / took.Seconds(), cpu: float64((after - before).Microseconds()) / n}, err
}

// readOn reads over one connection until a time.
func (s *server) readOn(l readLoad, end time.Time, served *atomic.Int64) error {
	web, err := openWeb(s.web)
	if err != nil {
		return err
	}
	defer web.Close()
	for time.Now().Before(end) {
		if _, err := web.fetch(l.path(s, s.asked.Add(1)), false); err != nil {
			return err
		}
		served.Add(1)
	}
	return nil
}

// fill sends the mails, and notes the ids of the newest.
func (s *server) fill(what reading) error {
	const connections = 8
	n := what.pages + what.small
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			c, err := dial(s.address)
			if err != nil {
				errs[i] = err
				return
			}
			defer c.Close()
			for number := i; number < n && errs[i] == nil; number += connections {
				errs[i] = sendReadMail(c, number, number < what.pages)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("filling %s: %w", s.name, err)
	}
	return s.noteIDs(n)
}

// sendReadMail sends one mail without pipelining, which not every server offers.
func sendReadMail(c *conn, number int, page bool) error {
	to := readRecipient(number)
	commands := []string{"MAIL FROM:<app@example.com>\r\n", "RCPT TO:<" + to + ">\r\n", "DATA\r\n", string(readMail(number, to, page)) + ".\r\n"}
	for _, command := range commands {
		if err := c.say(command, 1); err != nil {
			return err
		}
	}
	return nil
}

// readMail is a mail with a subject and words of its own.
func readMail(number int, to string, page bool) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: \"Shop %d\" <app@example.com>\r\nTo: %s\r\nSubject: Your order %d has been sent\r\nMessage-ID: <%d@example.com>\r\nDate: Mon, 2 Jan 2006 15:04:05 +0000\r\nMIME-Version: 1.0\r\n", number, to, number, number)
	if !page {
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n")
		for line := 0; b.Len() < 1000; line++ {
			fmt.Fprintf(&b, "Article %d of order %d is on its way to you today.\r\n", line, number)
		}
		return b.Bytes()
	}
	b.WriteString("Content-Type: text/html; charset=utf-8\r\n\r\n<!doctype html><html><head><title>Order</title><style>td { padding: 4px }</style></head><body><table>\r\n")
	for line := 0; b.Len() < 20_000; line++ {
		fmt.Fprintf(&b, "<tr><td style=\"color:#333;font-family:Arial,sans-serif\"><a href=\"https://shop.example.com/%d/%d\">Article %d</a></td><td>&euro;&nbsp;%d.50</td></tr>\r\n", number, line, line, line)
	}
	b.WriteString("</table></body></html>\r\n")
	return b.Bytes()
}

// noteIDs reads the list until it has all mails, and keeps the ids in it.
func (s *server) noteIDs(n int) error {
	web, err := openWeb(s.web)
	if err != nil {
		return err
	}
	defer web.Close()
	body, err := web.fetch(s.api.list, true)
	if err != nil {
		return fmt.Errorf("reading the list of %s: %w", s.name, err)
	}
	var list struct {
		Total, TotalResults int
		Results, Messages   []struct{ ID string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("reading the list of %s: %w", s.name, err)
	}
	if held := max(list.Total, list.TotalResults); held != n {
		return fmt.Errorf("%s holds %d mails of %d", s.name, held, n)
	}
	for _, entry := range append(list.Results, list.Messages...) {
		s.ids = append(s.ids, entry.ID)
	}
	return nil
}
