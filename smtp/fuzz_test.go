package smtp

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// FuzzSession plays any bytes as a client. Whatever they are, the session ends,
// says only whole reply lines, and stores as many mails as it acknowledged.
func FuzzSession(f *testing.F) {
	f.Add([]byte(envelope + "DATA\r\nx\r\n.\r\nQUIT\r\n"))
	f.Add([]byte("HELO x\nMAIL FROM:<>\nRCPT TO:<\"a b\"@c>\nDATA\n..\n.\nNOOP\r\n"))
	f.Add([]byte("EHLO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<b@c>\r\nBDAT 3\r\na\r\nBDAT 2 LAST\r\nb\nQUIT\r\n"))
	f.Add([]byte("EHLO x\r\nAUTH LOGIN\r\nYQ==\r\nYQ==\r\nAUTH XOAUTH2\r\n*\r\nMAIL FROM:<> RET=FULL ENVID=+2B\r\nRCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;a\r\n"))
	f.Add([]byte("EHLO x\r\nMAIL FROM:<a@b> SIZE=1 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<@r:b@[1.2.3.4]>\r\nDATA\r\n\n.\r\n\r\n.\r\n"))
	f.Fuzz(func(t *testing.T, script []byte) {
		srv, box := newTestServer()
		conn := &scriptedConn{in: strings.NewReader(string(script))}
		srv.Serve(conn, nil)
		said := conn.out.String()
		for _, line := range strings.SplitAfter(said, "\n") {
			if line != "" && (len(line) < 5 || !strings.HasSuffix(line, "\r\n") || strings.Trim(line[:3], "0123456789") != "") {
				t.Errorf("reply line %q", line)
			}
		}
		if acked := strings.Count(said, "Message accepted"); acked != len(box.all()) {
			t.Errorf("%d mails acknowledged, %d stored", acked, len(box.all()))
		}
		for _, m := range box.all() {
			if len(m.Recipients) == 0 || len(m.Data) > len(script) {
				t.Errorf("stored %+v", m)
			}
		}
		if n := srv.Sessions.Len(); n != 0 {
			t.Errorf("%d sessions left", n)
		}
	})
}

// scriptedConn is a client that sends in and then hangs up.
type scriptedConn struct {
	net.Conn
	in       *strings.Reader
	out      bytes.Buffer
	bytewise bool // each read gives one byte
}

func (c *scriptedConn) Read(b []byte) (int, error) {
	if c.bytewise {
		b = b[:1]
	}
	return c.in.Read(b)
}
func (c *scriptedConn) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *scriptedConn) RemoteAddr() net.Addr             { return nil }
func (c *scriptedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzPath checks that an accepted mailbox is what stood between the brackets.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"<>", "<a@b>", "<@r:a@b> X=1", `<"a\"b"@[IPv6:::1]>`, "<postmaster>", "N <a@b> X", "<<a @ b.>>", "a@b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		looseMailbox, looseRest, odd, looseErr := parseLoosePath(b)
		if len(looseMailbox)+len(looseRest) > len(b) {
			t.Errorf("mailbox %q and %q of %q", looseMailbox, looseRest, b)
		}
		mailbox, rest, err := parsePath(b)
		if err != nil {
			return
		}
		if looseErr != nil || odd != 0 || !bytes.Equal(looseMailbox, mailbox) || !bytes.Equal(looseRest, rest) {
			t.Errorf("%q is odd: %q and %q, %v", b, looseMailbox, looseRest, looseErr)
		}
		read := string(b[:len(b)-len(rest)])
		if !strings.HasPrefix(read, "<") || !strings.HasSuffix(read, string(mailbox)+">") || bytes.ContainsAny(mailbox, "\r\n\x00") {
			t.Errorf("mailbox %q of %q", mailbox, read)
		}
		for len(rest) > 0 {
			var keyword string
			if keyword, _, rest, err = nextParameter(rest); err != nil {
				return
			}
			if keyword == "" {
				t.Errorf("empty keyword in %q", b)
			}
		}
	})
}

// FuzzData compares the scanner, fed in two pieces, with a plain reading of
// RFC 5321 section 4.5.2 line by line.
func FuzzData(f *testing.F) {
	f.Add([]byte("a\r\n..b\r\n.\r\nQUIT\r\n"), 3, false)
	f.Add([]byte("a\n.\r\n.\n"), 2, true)
	f.Fuzz(func(t *testing.T, data []byte, cut int, lf bool) {
		if cut < 0 || cut > len(data) {
			return
		}
		lineEnd := "\r\n"
		if lf {
			lineEnd = "\n"
		}
		var want strings.Builder
		wantEnd := false
		for _, line := range strings.SplitAfter(string(data), lineEnd) {
			if wantEnd = line == ".\r\n" || lf && line == ".\n"; wantEnd {
				break
			}
			want.WriteString(strings.TrimPrefix(line, "."))
		}
		scanner := newDataScanner(lf)
		first := append([]byte(nil), data[:cut]...)
		kept, used, end := scanner.scan(first)
		got := string(first[:kept])
		if !end {
			second := append(first[used:len(first):len(first)], data[cut:]...)
			kept, used, end = scanner.scan(second)
			got += string(second[:kept])
			if !end {
				// What is left may yet become the end of data.
				got += strings.TrimPrefix(string(second[used:]), ".")
			}
		}
		if got != want.String() || end != wantEnd {
			t.Errorf("got %q, %v; want %q, %v", got, end, want.String(), wantEnd)
		}
	})
}

// FuzzChunks sends any octets in two chunks, pipelined with what comes before and
// after: they are stored as they are, and none of them is a command.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("a\r\n.\r\nQUIT\r\n"), 3)
	f.Add([]byte(""), 0)
	f.Add(bytes.Repeat([]byte("BDAT 9\r\n"), 9000), 70_000)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		if cut < 0 || cut > len(data) || len(data) > 1<<20 {
			return
		}
		srv, box := newTestServer()
		var script bytes.Buffer
		fmt.Fprintf(&script, "EHLO x\r\nBDAT %d\r\n%sMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n", len(data), data)
		fmt.Fprintf(&script, "BDAT %d\r\n%sBDAT %d LAST\r\n%sQUIT\r\n", cut, data[:cut], len(data)-cut, data[cut:])
		conn := &scriptedConn{in: strings.NewReader(script.String())}
		srv.Serve(conn, nil)
		_, said, _ := strings.Cut(conn.out.String(), "OAUTHBEARER\r\n")
		want := fmt.Sprintf("503 5.5.1 Bad sequence of commands, send MAIL first\r\n250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n"+
			"250 2.0.0 %d octets received\r\n250 2.0.0 Message accepted\r\n221 2.0.0 Bye\r\n", cut)
		if said != want {
			t.Errorf("the server said %q", said)
		}
		if got := box.all(); len(got) != 1 || got[0].Data != string(data) {
			t.Errorf("%d mails stored, or the octets changed", len(got))
		}
	})
}
