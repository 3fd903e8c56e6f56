package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The bounds of what clients can make the program hold, beside the mail.
const (
	mostResident  = 600 << 20
	mostLeft      = 100 << 20
	bigAttachment = 18 << 20
)

// resident is the memory of the program that is in RAM, by Linux's /proc.
func (s *server) resident() int64 {
	s.t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		missing(s.t, "/proc cannot be read")
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var kilobytes int64
		if n, _ := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// crowd is clients that each begin something and do not end it.
type crowd struct {
	conns []net.Conn
	moved atomic.Int64 // octets that went out or came in
	busy  atomic.Int64 // clients that have not come to their end
	ok    atomic.Int64 // of them, answered with 200
}

// join connects to an address as often as said, and has client begin.
func (c *crowd) join(t *testing.T, address string, clients int, client func(net.Conn)) {
	t.Helper()
	for range clients {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4096) // so that little waits in the system
		}
		if err != nil {
			t.Fatal(err)
		}
		c.conns = append(c.conns, conn)
		c.busy.Add(1)
		go func() {
			defer c.busy.Add(-1)
			client(conn)
		}()
	}
}

// settle waits until all clients are done or nothing has moved for a while, and
// returns the most memory that the program took meanwhile.
func (c *crowd) settle(s *server) (peak int64) {
	s.t.Helper()
	const quiet = 5 * time.Second
	moved, since := c.moved.Load(), time.Now()
	for deadline := time.Now().Add(patience); time.Since(since) < quiet; time.Sleep(50 * time.Millisecond) {
		if peak = max(peak, s.resident()); peak > mostResident {
			_ = s.process.Process.Kill() // before it takes all of the machine's
			s.t.Fatalf("%d MB are resident", peak>>20)
		}
		if now := c.moved.Load(); now != moved {
			moved, since = now, time.Now()
		}
		if time.Now().After(deadline) {
			s.t.Fatal("the clients never settle")
		}
	}
	return peak
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// pour sends as many octets, in the same blocks again and again.
func (c *crowd) pour(conn net.Conn, block []byte, octets int) {
	for octets > 0 {
		n, err := conn.Write(block[:min(len(block), octets)])
		c.moved.Add(int64(n))
		if octets -= n; err != nil {
			return
		}
	}
}

// slowReader asks for a path below /emails/ID, and reads no more than the beginning.
func slowReader(path string) func(*server, string, *crowd, net.Conn) {
	return func(s *server, id string, c *crowd, conn net.Conn) {
		fmt.Fprintf(conn, "GET /emails/%s%s HTTP/1.1\r\nHost: %s\r\n\r\n", id, path, s.http)
		head := make([]byte, 500)
		n, _ := io.ReadFull(conn, head)
		c.moved.Add(int64(n))
		if strings.HasPrefix(string(head), "HTTP/1.1 200 ") {
			c.ok.Add(1)
		}
	}
}

// attached is a mail of one attachment of so many octets.
func attached(size int) string {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	return "Subject: big\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=big.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(line, size/57)
}

// TestWhatClientsLeaveUnfinishedIsBoundedAndGivenBack looks at the memory of the
// program while many clients do not go on, and after they have gone.
func TestWhatClientsLeaveUnfinishedIsBoundedAndGivenBack(t *testing.T) {
	block := []byte(strings.Repeat(strings.Repeat("x", 78)+"\r\n", 800))
	for name, test := range map[string]struct {
		clients int
		client  func(s *server, id string, c *crowd, conn net.Conn)
	}{
		"160 readers of an attachment":  {160, slowReader("/attachments/0")},
		"160 readers of the raw mail":   {160, slowReader("/raw")},
		"160 readers of the whole mail": {160, slowReader("")},
		"100 POSTs of 20 MiB": {100, func(s *server, _ string, c *crowd, conn net.Conn) {
			fmt.Fprintf(conn, "POST /emails?sender=a@x&recipient=b@x HTTP/1.1\r\nHost: %s\r\nContent-Type: message/rfc822\r\nContent-Length: %d\r\n\r\nSubject: x\r\n\r\n", s.http, 20<<20)
			c.pour(conn, block, 19<<20)
		}},
		"40 uploads of 20 MB": {40, func(_ *server, _ string, c *crowd, conn net.Conn) {
			io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: x\r\n\r\n")
			c.pour(conn, block, 20_000_000)
		}},
		"40 declared uploads of 20 MB": {40, func(_ *server, _ string, c *crowd, conn net.Conn) {
			io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x> SIZE=20000000\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: x\r\n\r\n")
			c.pour(conn, block, 19_000_000)
		}},
		"40 chunks of 20 MB": {40, func(_ *server, _ string, c *crowd, conn net.Conn) {
			io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 20000000 LAST\r\nSubject: x\r\n\r\n")
			c.pour(conn, block, 19_000_000)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, caddyfile)
			before := s.resident()
			mail := attached(bigAttachment)
			s.send("big@example.com", mail)
			id := s.list("recipient=big@example.com")[0].ID
			c := new(crowd)
			defer c.leave()
			c.join(t, s.addressFor(name), test.clients, func(conn net.Conn) { test.client(s, id, c, conn) })
			peak := c.settle(s)
			t.Logf("before %d MB, peak %d MB, %d MB moved, %d clients stuck, %d answered", before>>20, peak>>20, c.moved.Load()>>20, c.busy.Load(), c.ok.Load())
			serves := func(recipient string) {
				t.Helper()
				s.send(recipient, "Subject: x\r\n\r\nx\r\n")
				if e := s.only("recipient=" + recipient); e.Subject != "x" {
					t.Errorf("%+v", e)
				}
			}
			if strings.Contains(name, "readers") {
				eventually(t, "all readers are answered", func() bool { return c.ok.Load() == int64(test.clients) })
			}
			serves("beside@example.com")
			c.leave()
			eventually(t, "the memory is given back", func() bool { return s.resident() <= before+int64(len(mail))+mostLeft })
			serves("after@example.com")
		})
	}
}

// addressFor is where the clients of a test connect to.
func (s *server) addressFor(test string) string {
	if strings.Contains(test, "reader") || strings.Contains(test, "POST") {
		return s.http
	}
	return s.smtp
}
