// Command rig measures how fast mail catchers receive mail, beside one another and
// on the same machine:
//
//	go run ./bench/rig
//
// It starts mailbucket inside Caddy, postfix's smtp-sink, which throws mail away
// and so is the limit, and Mailpit, and drives each in turn with postfix's
// smtp-source, and with a loader that pipelines. It prints medians over the rounds of
// messages a second, the server's CPU time a message and its memory, and what ours
// are to those of each. It fills ours and Mailpit with the same mails and compares how
// fast they are read (go run ./bench/rig -reads), and how fast ours receives with a journal
// (-journals). Then it looks at ours alone: how soon a mail can be read, what
// holding many costs, and how fast they are read while more come. A server that is
// not installed, or does not offer what a load takes, is left out. Everything is on
// 127.0.0.1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// load is one way to send mail: with smtp-source and its arguments, or else with our
// loader.
type load struct {
	name     string
	messages int
	args     []string
	loader   loader
}

var kept = load{name: "1 KB, kept connections", messages: 20_000, args: []string{"-d", "-s", "20", "-l", "1024"}}

var pipelined = load{name: "1 KB, pipelined", messages: 20_000, loader: loader{connections: 20, size: 1024}}

var loads = []load{
	kept,
	{name: "1 KB, a connection each", messages: 5_000, args: []string{"-s", "20", "-l", "1024"}},
	{name: "1 MB, kept connections", messages: 400, args: []string{"-d", "-s", "10", "-l", "1000000"}},
	pipelined,
	{name: "1 KB, pipelined with BDAT", messages: 20_000, loader: loader{connections: 20, size: 1024, bdat: true}},
}

func main() {
	rounds := flag.Int("rounds", 3, "how many times each load is run on each server")
	scale := flag.Float64("scale", 1, "how many times the usual number of messages is sent")
	mailpit := flag.Bool("mailpit", true, "whether Mailpit is a peer; it is built where it is not installed")
	alone := flag.Bool("alone", false, "whether to look at ours only, and compare nothing")
	reads := flag.Bool("reads", false, "whether to compare only how mail is read")
	withJournals := flag.Bool("journals", false, "whether to compare only ours with and without a journal, and Mailpit")
	var what reading
	flag.IntVar(&what.small, "small", 20_000, "how many mails of 1 KB are read")
	flag.IntVar(&what.pages, "pages", 5_000, "how many mails of 20 KB of HTML are read")
	flag.IntVar(&what.connections, "readers", 4, "how many connections read at once")
	flag.DurationVar(&what.duration, "reading", 3*time.Second, "how long each way of reading is measured")
	flag.Parse()
	log.SetFlags(0)
	run := func() error { return run(*rounds, *scale, *mailpit, *alone, what) }
	if *reads {
		run = func() error { return runReading(*rounds, what) }
	}
	if *withJournals {
		run = func() error { return runJournals(*rounds, *scale, *mailpit) }
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// withOurs builds ours in a folder that is there while do runs.
func withOurs(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "rig")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := buildOurs(dir); err != nil {
		return err
	}
	return do(dir)
}

// runReading compares only how mail is read.
func runReading(rounds int, what reading) error {
	return withOurs(func(dir string) error { return compareReading(dir, what, rounds) })
}

func run(rounds int, scale float64, mailpit, alone bool, what reading) error {
	source, err := find("smtp-source")
	if err != nil {
		return err
	}
	return withOurs(func(dir string) error {
		if !alone {
			if err := compareAll(dir, source, rounds, scale, mailpit); err != nil {
				return err
			}
		}
		if !alone && mailpit {
			if err := compareReading(dir, what, rounds); err != nil {
				log.Printf("left out: %v", err)
			}
		}
		return probe(dir, source, scale, rounds)
	})
}

// compareAll runs all loads on all servers.
func compareAll(dir, source string, rounds int, scale float64, mailpit bool) error {
	servers, err := startAll(dir, mailpit)
	defer func() { stopAll(servers) }()
	if err != nil {
		return err
	}
	for _, l := range loads {
		l.messages = max(20, int(float64(l.messages)*scale))
		if err := compare(source, l, servers, rounds); err != nil {
			return err
		}
	}
	return nil
}

// probe looks at a server of ours that holds many mails.
func probe(dir, source string, scale float64, rounds int) error {
	mails := max(1000, int(100_000*scale))
	s, err := startOurs(dir, fmt.Sprintf("max_messages %d\nmax_bytes 1GiB", mails))
	if err != nil {
		return err
	}
	defer s.stop()
	if err := probeMemory(s, mails); err != nil {
		return err
	}
	if err := probeVisible(s.address, s.web, max(20, int(500*scale))); err != nil {
		return err
	}
	if err := probeWaits(s, source, max(1000, int(20_000*scale)), rounds); err != nil {
		return err
	}
	receiving := kept
	receiving.messages = max(1000, int(100_000*scale))
	return probeReading(s, source, 10_000, receiving)
}

// sample is what one run of a load has measured.
type sample struct {
	rate   float64 // messages a second
	cpu    float64 // of the server, microseconds a message
	memory float64 // resident, MB, afterwards
}

// compare runs the load on the servers in turn, so that whatever else the machine
// does is the same for all, and prints the medians.
func compare(source string, l load, servers []*server, rounds int) error {
	samples := make(map[*server][]sample)
	for round := range rounds + 1 {
		for _, s := range servers {
			measured, err := s.measure(source, l)
			if errors.Is(err, errUnsupported) {
				continue
			}
			if err != nil {
				return err
			}
			if round > 0 { // the first is to warm up
				samples[s] = append(samples[s], measured)
			}
		}
	}
	fmt.Printf("\n%s (%d messages, median of %d)\n", l.name, l.messages, rounds)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\tmessages/s\tCPU µs/message\tresident MB\trate ratio\tCPU ratio\t")
	ours := medians(samples[servers[0]])
	for _, s := range servers {
		if len(samples[s]) == 0 {
			continue
		}
		m := medians(samples[s])
		fmt.Fprintf(out, "%s\t%.0f\t%.1f\t%.0f\t%.2f\t%.2f\t\n", s.name, m.rate, m.cpu, m.memory, ours.rate/m.rate, ours.cpu/m.cpu)
	}
	return out.Flush()
}

func medians(samples []sample) sample {
	return sample{
		rate:   median(samples, func(s sample) float64 { return s.rate }),
		cpu:    median(samples, func(s sample) float64 { return s.cpu }),
		memory: median(samples, func(s sample) float64 { return s.memory }),
	}
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// measure runs the load once on the server.
func (s *server) measure(source string, l load) (sample, error) {
	before, err := s.cpuTime()
	if err != nil {
		return sample{}, err
	}
	started := time.Now()
	if err := s.send(source, l); err != nil {
		return sample{}, fmt.Errorf("sending to %s: %w", s.name, err)
	}
	took := time.Since(started)
	after, err := s.cpuTime()
	if err != nil {
		return sample{}, err
	}
	resident, err := s.resident()
	return sample{
		rate:   float64(l.messages) / took.Seconds(),
		cpu:    float64((after - before).Microseconds()) / float64(l.messages),
		memory: float64(resident) / 1e6,
	}, err
}

func (s *server) send(source string, l load) error {
	if l.args == nil {
		return l.loader.send(s.address, l.messages)
	}
	args := append(slices.Clone(l.args), "-m", strconv.Itoa(l.messages), "-f", "a@example.com", "-t", "b@example.com", s.address)
	if out, err := exec.Command(source, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// find is a program of the path, or of where Debian has postfix's tools.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed: %w", name, err)
	}
	return path, nil
}

// proc reads a file of the process in /proc.
func (s *server) proc(name string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.command.Process.Pid, name))
	if err != nil {
		return "", fmt.Errorf("reading what %s has used: %w", s.name, err)
	}
	return string(text), nil
}

// cpuTime is what all threads of the server have used: utime and stime in
// hundredths of a second, the 14th and 15th fields of /proc/pid/stat.
func (s *server) cpuTime() (time.Duration, error) {
	text, err := s.proc("stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading what %s has used: %q", s.name, text)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, fmt.Errorf("reading what %s has used: %w", s.name, err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		return 0, fmt.Errorf("reading what %s has used: %w", s.name, err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// resident is the server's resident memory in bytes.
func (s *server) resident() (int64, error) {
	text, err := s.proc("status")
	if err != nil {
		return 0, err
	}
	var kilobytes int64
	if _, rest, ok := strings.Cut(text, "VmRSS:"); ok {
		if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
			return 0, fmt.Errorf("reading what %s has used: %w", s.name, err)
		}
	}
	return kilobytes << 10, nil
}
