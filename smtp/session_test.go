package smtp

import (
	"bufio"
	"bytes"
	"encoding/json"
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
		scanner := newDataScanner("\r\n")
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

func TestTranscript(t *testing.T) {
	srv, box := newTestServer()
	srv.Faults = new(Faults)
	if err := srv.Faults.Set([]Fault{{Step: "rcpt", Recipient: "no@x", Reply: "550 No"}}); err != nil {
		t.Fatal(err)
	}
	transaction := "MAIL FROM:<a@x>\r\nRCPT TO:<no@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nsecret\r\n.\r\n"
	converse(t, srv, "HELO x\r\nEHLO x\r\nAUTH PLAIN AHVzZXIAcGFzcw==\r\n"+transaction+"NOOP\r\n"+transaction+"QUIT\r\n")
	const exchange = "C: MAIL FROM:<a@x>\nS: 250 2.1.0 Sender OK\n" +
		"C: RCPT TO:<no@x>\n* fault at rcpt: reply 550 No\nS: 550 No\n" +
		"C: RCPT TO:<b@x>\nS: 250 2.1.5 Recipient OK\n" +
		"C: DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\n" +
		"* 8 octets of data\nS: 250 2.0.0 Message accepted\n"
	got := box.all()
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	preamble := got[0].Session.Preamble
	if !strings.HasPrefix(preamble, "S: 220 mail.example.test\nC: HELO x\nS: 250 Hello\nC: EHLO x\nS: 250-mail.example.test Hello\n") ||
		!strings.HasSuffix(preamble, "C: AUTH PLAIN ***\nS: 235 2.7.0 Authentication successful\n") {
		t.Errorf("preamble: %s", preamble)
	}
	if got[0].Exchange != exchange {
		t.Errorf("first: %s", got[0].Exchange)
	}
	if want := "C: NOOP\nS: 250 2.0.0 OK\n" + exchange; got[1].Exchange != want {
		t.Errorf("second: %s", got[1].Exchange)
	}
	if got[0].Session != got[1].Session {
		t.Error("the two do not share what is the session's")
	}
}

func TestTranscriptIsBounded(t *testing.T) {
	srv, box := newTestServer()
	converse(t, srv, "HELO x\r\n"+strings.Repeat("NOOP "+strings.Repeat("x", 4000)+"\r\n", 100)+
		"MAIL FROM:<a@x>\r\n"+strings.Repeat("RCPT TO:<"+strings.Repeat("b", 900)+"@x>\r\n", 100)+"DATA\r\n.\r\nQUIT\r\n")
	m := box.all()[0]
	if n := len(m.Session.Preamble); n > maxTranscript+100 {
		t.Errorf("preamble of %d bytes", n)
	}
	if n := len(m.Exchange); n > maxTranscript+100 {
		t.Errorf("exchange of %d bytes", n)
	}
	if !strings.HasSuffix(m.Exchange, " lines left out\n* 0 octets of data\nS: 250 Message accepted\n") {
		t.Errorf("it ends in %q", m.Exchange[len(m.Exchange)-200:])
	}
}

func TestFaultsAreLogged(t *testing.T) {
	srv, _ := newTestServer()
	core, logs := observer.New(zap.InfoLevel)
	srv.Logger = zap.New(core)
	srv.Faults = new(Faults)
	if err := srv.Faults.Set([]Fault{{Step: "helo", Probability: 1e-15, Drop: true}, {Step: "helo", Reply: "450 No"}}); err != nil {
		t.Fatal(err)
	}
	converse(t, srv, "HELO x\r\nQUIT\r\n")
	if got := logs.FilterMessage("fault on purpose").FilterField(zap.String("fault", "reply 450 No")).Len(); got != 1 {
		t.Errorf("logged: %v", logs.All())
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

func TestFaultsThatMakeNoSense(t *testing.T) {
	for _, test := range []struct{ document, want string }{
		{`{"faults":[{"step":"quit","drop":true}]}`, "step \"quit\": expected one of connect"},
		{`{"faults":[{"step":"mail"}]}`, "expected something to do"},
		{`{"faults":[{"step":"mail","drop":true,"stall":true}]}`, "expected one of reply, drop and stall"},
		{`{"faults":[{"step":"mail","recipient":"a","drop":true}]}`, "recipient: not known at step mail"},
		{`{"faults":[{"step":"helo","sender":"a","drop":true}]}`, "sender: not known at step helo"},
		{`{"faults":[{"step":"mail","probability":2,"drop":true}]}`, "probability 2"},
		{`{"faults":[{"step":"mail","client":"localhost","drop":true}]}`, "client \"localhost\""},
		{`{"faults":[{"step":"mail","delay":"1h"}]}`, "delay 1h0m0s: expected at most 10m0s"},
		{`{"faults":[{"step":"mail","delay":"soon"}]}`, "duration \"soon\""},
		{`{"faults":[{"step":"mail","reply":"250 OK"}]}`, "reply \"250 OK\""},
		{`{"faults":[{"step":"mail","reply":"550 5.1.1 x\r\n250 OK"}]}`, "line of text"},
		{`{"faults":[{"step":"mail","reply":"550 4.1.1 x"}]}`, "enhanced status code that begins with 5"},
		{`{"faults":[{"step":"mail","replies":"550"}]}`, "unknown field"},
		{`{"fault":[]}`, "unknown field"},
		{`{}`, "expected an object"},
		{`[]`, "reading faults"},
	} {
		faults := new(Faults)
		if err := faults.SetJSON([]byte(test.document)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.document, err, test.want)
		}
	}
}

func TestFaultsAreListed(t *testing.T) {
	faults := new(Faults)
	document := `{"configured":[{"step":"rcpt","probability":0.5,"drop":true}],"faults":[{"step":"mail","times":2,"delay":"1m0s","reply":"450 x"}]}`
	if err := faults.Configure([]Fault{{Step: "rcpt", Probability: 0.5, Drop: true}}); err != nil {
		t.Fatal(err)
	}
	if err := faults.SetJSON([]byte(`{"faults":[{"step":"mail","times":2,"delay":"60s","reply":"450 x"}]}`)); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(faults); err != nil || string(got) != document {
		t.Errorf("%s %v", got, err)
	}
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"a@x", "A@X", true}, {"a@x", "a@xx", false}, {"*", "", true}, {"*@x", "a@x", true}, {"*@x", "a@y", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false}, {"*a*", "bab", true}, {"a**", "a", true},
	} {
		if got := matches(test.pattern, test.s); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.s, got)
		}
	}
}

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
		conn := &scriptedConn{in: bytes.NewReader(script)}
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
	in  *bytes.Reader
	out bytes.Buffer
}

func (c *scriptedConn) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *scriptedConn) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *scriptedConn) RemoteAddr() net.Addr             { return nil }
func (c *scriptedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzPath checks that an accepted mailbox is what stood between the brackets.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"<>", "<a@b>", "<@r:a@b> X=1", `<"a\"b"@[IPv6:::1]>`, "<postmaster>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		mailbox, rest, err := parsePath(b)
		if err != nil {
			return
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
			if wantEnd = line == "."+lineEnd; wantEnd {
				break
			}
			want.WriteString(strings.TrimPrefix(line, "."))
		}
		scanner := newDataScanner(lineEnd)
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
		conn := &scriptedConn{in: bytes.NewReader(script.Bytes())}
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
