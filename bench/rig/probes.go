package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// probeVisible prints how long after the 250 a call that waits for a mail has it, of what
// receives mail at one address and is asked at another one.
func probeVisible(address, asked string, times int) error {
	c, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	took := make([]time.Duration, times)
	for i := range took {
		to := fmt.Sprintf("visible%d@example.com", i)
		answered := make(chan error, 1)
		var at time.Time
		web, err := openWeb(asked)
		if err != nil {
			return err
		}
		go func() {
			err := web.get("/emails?wait=10s&recipient=" + to)
			at = time.Now()
			answered <- err
		}()
		err = c.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<"+to+">\r\nDATA\r\n", 3)
		if err == nil {
			err = c.say("Subject: a\r\n\r\n.\r\n", 1)
		}
		accepted := time.Now()
		if err == nil {
			err = <-answered
		}
		if err != nil {
			return fmt.Errorf("waiting for a mail: %w", err)
		}
		took[i] = max(0, at.Sub(accepted))
		web.Close()
	}
	slices.Sort(took)
	fmt.Printf("\nfrom 250 to a waiting call's answer (%d times): p50 %v, p99 %v\n",
		times, took[times/2].Round(time.Microsecond), took[times*99/100].Round(time.Microsecond))
	return nil
}

// probeMemory prints what holding many mails of 1 KB costs. It leaves them there.
func probeMemory(s *server, mails int) error {
	idle, err := s.resident()
	if err != nil {
		return err
	}
	l := loader{connections: 20, size: 1024, recipients: 10_000}
	if err := l.send(s.address, mails); err != nil {
		return err
	}
	held, err := s.resident()
	if err != nil {
		return err
	}
	raw := float64(len(l.message()) * mails)
	fmt.Printf("\n%d mails of 1 KB held: %.0f MB beside the idle %.0f MB, %.0f bytes a mail, %.2f times the raw bytes\n",
		mails, float64(held-idle)/1e6, float64(idle)/1e6, float64(held-idle)/float64(mails), float64(held-idle)/raw)
	return nil
}

// probeReading prints how fast lists by recipient are read, alone and while mail is
// received at full speed, and how fast that is then.
func probeReading(s *server, source string, recipients int, receiving load) error {
	alone, err := s.measure(source, receiving)
	if err != nil {
		return err
	}
	reading, stop := make(chan error, 1), new(atomic.Bool)
	var served atomic.Int64
	go func() { reading <- readLists(s, 2, recipients, stop, &served) }()
	cpu, err := s.cpuTime()
	if err != nil {
		return err
	}
	started := time.Now()
	time.Sleep(3 * time.Second)
	seconds, count := time.Since(started).Seconds(), float64(served.Load())
	used, err := s.cpuTime()
	if err != nil {
		return err
	}
	fmt.Printf("\nGET /emails?recipient= over all of these: %.0f requests/s, %.0f for a second of the server's CPU\n",
		count/seconds, count/(used-cpu).Seconds())
	before, started := served.Load(), time.Now()
	both, err := s.measure(source, receiving)
	if err != nil {
		return err
	}
	count = float64(served.Load()-before) / time.Since(started).Seconds()
	stop.Store(true)
	if err := <-reading; err != nil {
		return err
	}
	fmt.Printf("with mail received at the same time: %.0f requests/s and %.0f messages/s, which is %.2f of %.0f alone\n",
		count, both.rate, both.rate/alone.rate, alone.rate)
	return nil
}

// readLists reads until it is stopped.
func readLists(s *server, connections, recipients int, stop *atomic.Bool, served *atomic.Int64) error {
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			web, err := openWeb(s.web)
			if err != nil {
				errs[i] = err
				return
			}
			defer web.Close()
			for number := i; !stop.Load(); number++ {
				if err := web.get("/emails?recipient=" + recipient(number%recipients)); err != nil {
					errs[i] = fmt.Errorf("reading a list: %w", err)
					return
				}
				served.Add(1)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// web is a kept HTTP connection.
type web struct {
	net.Conn
	r    *bufio.Reader
	host string
}

func openWeb(address string) (*web, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &web{c, bufio.NewReaderSize(c, 64<<10), address}, nil
}

func (w *web) get(path string) error {
	_, err := w.fetch(path, false)
	return err
}

// fetch reads what is at a path, and keeps the body where that is asked for. It takes
// as little as it can of the CPU that client and server share.
func (w *web) fetch(path string, keep bool) (body []byte, err error) {
	if _, err := io.WriteString(w, "GET "+path+" HTTP/1.1\r\nHost: "+w.host+"\r\n\r\n"); err != nil {
		return nil, err
	}
	status, length, err := w.readHeader()
	if err != nil {
		return nil, err
	}
	reader := io.Reader(io.LimitReader(w.r, length))
	if length < 0 {
		reader = httputil.NewChunkedReader(w.r)
	}
	if keep {
		body, err = io.ReadAll(reader)
	} else if length >= 0 {
		_, err = w.r.Discard(int(length))
	} else {
		_, err = io.Copy(io.Discard, reader)
	}
	if err == nil && length < 0 {
		_, err = w.r.ReadSlice('\n') // behind the last chunk
	}
	if err == nil && status != "200" {
		err = fmt.Errorf("GET %s: %s %s", path, status, body)
	}
	return body, err
}

// readHeader reads the header section of an answer: its status, and the length of the
// body, which is less than 0 if it comes in chunks.
func (w *web) readHeader() (status string, length int64, err error) {
	for length = -1; ; {
		line, err := w.r.ReadSlice('\n')
		if err != nil {
			return "", 0, err
		}
		switch text := bytes.TrimSpace(line); {
		case len(text) == 0:
			return status, length, nil
		case status == "":
			status = strings.SplitN(string(text), " ", 3)[1]
		case len(text) > len("content-length:") && bytes.EqualFold(text[:len("content-length:")], []byte("content-length:")):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(text[len("content-length:"):])), 10, 64); err != nil {
				return "", 0, err
			}
		}
	}
}
