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
	for status := bufio.NewScanner(file); status.Scan(); {
		var kilobytes int64
		if n, _ := fmt.Sscanf(status.Text(), "VmRSS: %d kB", &kilobytes); n == 1 {
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
	ok    atomic.Int64 // clients answered with 200
}

// begin has clients connect and begin something.
func (c *crowd) begin(s *server, id string, what begun) {
	s.t.Helper()
	address := s.smtp
	if what.web {
		address = s.http
	}
	for range what.clients {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4096) // so that little waits in the system
		}
		if err != nil {
			s.t.Fatal(err)
		}
		c.conns = append(c.conns, conn)
		go what.client(s, id, c, conn)
	}
}

// settle waits until nothing has moved for a while. Meanwhile the program may take no
// more memory than it may.
func (c *crowd) settle(s *server) {
	s.t.Helper()
	var peak int64
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
	s.t.Logf("%d MB at the peak, %d MB moved, %d answered", peak>>20, c.moved.Load()>>20, c.ok.Load())
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// lines is the body of a mail.
var lines = strings.Repeat(strings.Repeat("x", 78)+"\r\n", 800)

// pour sends as many octets of a mail.
func (c *crowd) pour(conn net.Conn, octets int) {
	for octets > 0 {
		n, err := io.WriteString(conn, lines[:min(len(lines), octets)])
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

// begun is what some clients begin and do not end.
type begun struct {
	clients int
	web     bool // over HTTP
	client  func(s *server, id string, c *crowd, conn net.Conn)
}

var unfinished = map[string]begun{
	"readers of an attachment":  {160, true, slowReader("/attachments/0")},
	"readers of the raw mail":   {160, true, slowReader("/raw")},
	"readers of the whole mail": {160, true, slowReader("")},
	"POSTs of 20 MiB": {100, true, func(s *server, _ string, c *crowd, conn net.Conn) {
		fmt.Fprintf(conn, "POST /emails?sender=a@x&recipient=b@x HTTP/1.1\r\nHost: %s\r\nContent-Type: message/rfc822\r\nContent-Length: %d\r\n\r\n", s.http, 20<<20)
		c.pour(conn, 19<<20)
	}},
	"uploads of 20 MB": {40, false, func(_ *server, _ string, c *crowd, conn net.Conn) {
		_, _ = io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
		c.pour(conn, 20_000_000)
	}},
	"declared uploads of 20 MB": {40, false, func(_ *server, _ string, c *crowd, conn net.Conn) {
		_, _ = io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x> SIZE=20000000\r\nRCPT TO:<b@x>\r\nDATA\r\n")
		c.pour(conn, 19_000_000)
	}},
	"chunks of 20 MB": {40, false, func(_ *server, _ string, c *crowd, conn net.Conn) {
		_, _ = io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 20000000 LAST\r\n")
		c.pour(conn, 19_000_000)
	}},
}

// TestWhatClientsLeaveUnfinishedIsBoundedAndGivenBack looks at the memory of the
// program while many clients do not go on, and after they have gone.
func TestWhatClientsLeaveUnfinishedIsBoundedAndGivenBack(t *testing.T) {
	for name, kind := range unfinished {
		t.Run(name, func(t *testing.T) {
			s, id, idle := serveBigMail(t)
			c := new(crowd)
			defer c.leave()
			c.begin(s, id, kind)
			c.settle(s)
			if strings.Contains(name, "readers") {
				eventually(t, "all readers are answered", func() bool { return c.ok.Load() == int64(kind.clients) })
			}
			s.serves("beside@example.com")
			c.leave()
			eventually(t, "the memory is given back", func() bool { return s.resident() <= idle+mostLeft })
			s.serves("after@example.com")
		})
	}
}

// serveBigMail runs the program with one mail in it, and returns what memory it then
// takes when nothing is under way.
func serveBigMail(t *testing.T) (s *server, id string, idle int64) {
	s = serve(t, caddyfile)
	idle = s.resident()
	mail := attached(bigAttachment)
	s.send("big@example.com", mail)
	return s, s.list("recipient=big@example.com")[0].ID, idle + int64(len(mail))
}

// serves checks that the program takes a mail and shows it.
func (s *server) serves(recipient string) {
	s.t.Helper()
	s.send(recipient, "Subject: x\r\n\r\nx\r\n")
	if e := s.only("recipient=" + recipient); e.Subject != "x" {
		s.t.Errorf("%+v", e)
	}
}
