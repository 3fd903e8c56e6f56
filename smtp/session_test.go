package smtp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const envelope = "HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n"

// converse sends script and returns all that the server says, up to its closing.
func converse(t testing.TB, srv *Server, script string) string {
	t.Helper()
	conn := connect(t, srv)
	go io.WriteString(conn, script)
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("after %q: %v", said, err)
	}
	return string(said)
}

func expect(t testing.TB, r *bufio.Reader, want string) {
	t.Helper()
	got, err := r.ReadString('\n')
	if !strings.HasPrefix(got, want) {
		t.Fatalf("the server said %q (%v), want %q", got, err, want)
	}
}

// TestLargeMailsComeWhole sends them with no size declared, and with one that is
// wrong or right, by DATA and by BDAT.
func TestLargeMailsComeWhole(t *testing.T) {
	for _, size := range []int{1, 15 << 10, 16<<10 - 1, 16 << 10, 64 << 10, 80<<10 + 3, 1 << 20, 3<<20 + 17} {
		var sent, want bytes.Buffer
		for line := 0; want.Len() < size; line++ {
			text := strings.Repeat(string(rune('a'+line%26)), line%77) + "\r\n"
			if line%3 == 0 {
				want.WriteString("." + text)
				sent.WriteString(".." + text)
			} else {
				want.WriteString(text)
				sent.WriteString(text)
			}
		}
		half := want.Len() / 2
		data := "DATA\r\n" + sent.String() + ".\r\n"
		chunks := fmt.Sprintf("BDAT %d\r\n%sBDAT %d LAST\r\n%s", half, want.Bytes()[:half], want.Len()-half, want.Bytes()[half:])
		for _, declared := range []int{0, size / 3, want.Len(), 2 * size, 7 * size} {
			for _, body := range []string{data, chunks} {
				srv, box := newTestServer()
				converse(t, srv, fmt.Sprintf("EHLO x\r\nMAIL FROM:<a@x> SIZE=%d\r\nRCPT TO:<b@x>\r\n%sQUIT\r\n", declared, body))
				if got := box.all(); len(got) != 1 || got[0].Data != want.String() {
					t.Errorf("a mail of %d bytes, declared as %d, came as %d mails, or changed: %.4s", want.Len(), declared, len(got), body)
				}
			}
		}
	}
}

// TestEveryCutOfTheDataIsTheSame has the data come in two packets, cut anywhere.
func TestEveryCutOfTheDataIsTheSame(t *testing.T) {
	const data = "a\r\n..b\r\n.\rc\r\n\r\r\n.\n\r\n..\r\n.\r\nQUIT\r\n"
	const want = "a\r\n.b\r\n\rc\r\n\r\r\n\n\r\n.\r\n"
	for cut := range len(data) {
		scanner := newDataScanner(false)
		var got []byte
		pending := []byte(data[:cut])
		kept, used, end := scanner.scan(pending)
		got = append(got, pending[:kept]...)
		rest := []byte(string(pending[used:]) + data[cut:])
		if !end {
			kept, used, end = scanner.scan(rest)
			got = append(got, rest[:kept]...)
			rest = rest[used:]
		}
		if string(got) != want || !end || string(rest) != "QUIT\r\n" {
			t.Errorf("cut at %d: %q, end %v, then %q", cut, got, end, rest)
		}
	}
}

func TestLongCommandLineIsRefusedAndTheNextOneHeard(t *testing.T) {
	for _, length := range []int{maxCommandLine + 1, 3 * maxCommandLine, 100_000} {
		srv, _ := newTestServer()
		said := converse(t, srv, "NOOP\r\nNOOP "+strings.Repeat("x", length)+"\r\nNOOP\r\nQUIT\r\n")
		if want := "220 mail.example.test\r\n250 OK\r\n500 Command line too long, the limit is 4096 octets\r\n250 OK\r\n221 Bye\r\n"; said != want {
			t.Errorf("%d octets: the server said %q", length, said)
		}
	}
}

func TestTooManyBadCommandsEndTheSession(t *testing.T) {
	srv, _ := newTestServer()
	said := converse(t, srv, strings.Repeat("XYZZY\r\n", maxBadCommands))
	if !strings.HasSuffix(said, "\r\n421 Too many bad commands, closing connection\r\n") {
		t.Errorf("the server ended with %q", said[max(0, len(said)-100):])
	}
}

func TestRepliesToPipelinedCommandsComeInOneWrite(t *testing.T) {
	srv, _ := newTestServer()
	client, server := net.Pipe()
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	counted := &countingConn{Conn: server}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(counted, nil)
		server.Close()
	}()
	go io.WriteString(client, envelope+"NOOP\r\nNOOP\r\nQUIT\r\n")
	if _, err := io.ReadAll(client); err != nil {
		t.Fatal(err)
	}
	<-done
	if counted.writes != 2 {
		t.Errorf("%d writes, want one for the greeting and one for the rest", counted.writes)
	}
}

type countingConn struct {
	net.Conn
	writes int
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.writes++
	return c.Conn.Write(b)
}

func TestPanicEndsOnlyItsOwnSession(t *testing.T) {
	srv, box := newTestServer()
	core, logs := observer.New(zap.ErrorLevel)
	srv.Logger = zap.New(core)
	other := connect(t, srv)
	reader := bufio.NewReader(other)
	expect(t, reader, "220")
	converse(t, srv, envelope+"DATA\r\npanic in the receiver\r\n.\r\nQUIT\r\n")
	io.WriteString(other, envelope+"DATA\r\nfine\r\n.\r\n")
	for _, want := range []string{"250", "250", "250", "354", "250 Message accepted"} {
		expect(t, reader, want)
	}
	if n := len(box.all()); n != 1 {
		t.Errorf("%d messages stored, want 1", n)
	}
	if logs.FilterMessage("panic in an SMTP session").Len() != 1 {
		t.Errorf("logged: %v", logs.All())
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	for _, test := range []struct {
		limits Limits
		want   string
	}{
		{Limits{MaxConnections: 2}, "421 Too many connections, try again later"},
		{Limits{MaxClientConnections: 2}, "421 Too many connections from your address, try again later"},
	} {
		srv, _ := newTestServer()
		srv.Limits = test.limits
		first, second := connect(t, srv), connect(t, srv)
		expect(t, bufio.NewReader(first), "220")
		expect(t, bufio.NewReader(second), "220")
		expect(t, bufio.NewReader(connect(t, srv)), test.want)
		io.WriteString(first, "QUIT\r\n")
		for deadline := time.Now().Add(patience); srv.Sessions.Len() == 2; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("a session goes on after QUIT")
			}
		}
		expect(t, bufio.NewReader(connect(t, srv)), "220")
	}
}

func TestLongAuthLinesAreBounded(t *testing.T) {
	srv, _ := newTestServer()
	long := strings.Repeat("QUFB", maxAuthLine/4)
	said := converse(t, srv, "EHLO x\r\nAUTH PLAIN\r\n"+long+"\r\nAUTH PLAIN "+long+"\r\nAUTH PLAIN "+long[:8000]+"\r\nQUIT\r\n")
	if !strings.HasSuffix(said, "334 \r\n500 5.5.6 Response too long, the limit is 12288 octets\r\n"+
		"500 5.5.6 Command line too long, the limit is 4096 octets\r\n501 5.5.2 Malformed PLAIN response\r\n221 2.0.0 Bye\r\n") {
		t.Errorf("the server said %q", said)
	}
}
