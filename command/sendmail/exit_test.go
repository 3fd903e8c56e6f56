package sendmail

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// nobody is an address that nothing listens on.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestExitCodesAreThoseOfSysexits(t *testing.T) {
	refuse := map[string]*smtp.SMTPError{
		"no@example.com":    {Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"},
		"odd@example.com":   {Code: 501, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "No such address"},
		"full@example.com":  {Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"},
		"login@example.com": {Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Log in first"},
		"large@example.com": {Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "Too large"},
	}
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		says        string
	}{
		{"no recipient", "", nil, exitUsage, "no recipient: give addresses"},
		{"no recipient in the header", "Subject: x\n\n", []string{"-t"}, exitData, "the mail has no recipient"},
		{"an empty mail with -t", "", []string{"-t"}, exitData, "the mail has no recipient"},
		{"an unknown option", "", []string{"-z", "b@example.com"}, exitUsage, "unknown option -z"},
		{"an unknown long option", "", []string{"--tls", "b@example.com"}, exitUsage, "unknown option --tls"},
		{"a missing argument", "", []string{"-f"}, exitUsage, "option -f: expected something after it"},
		{"a mode there is not", "", []string{"-bd"}, exitUsage, "option -bd: expected -bm"},
		{"a wrong notification", "", []string{"-N", "soon", "b@example.com"}, exitUsage, "expected never"},
		{"a server without a port", "", []string{"-S", "localhost", "b@example.com"}, exitUsage, "expected HOST:PORT"},
		{"a recipient that is none", "", []string{"John Smith"}, exitUsage, `"John Smith" is no address`},
		{"a recipient in the header that is none", "To: John Smith\n\n", []string{"-t"}, exitData, `"John Smith" is no address`},
		{"no server", header, []string{"-S", nobody(t), "b@example.com"}, exitUnavailable, "mailbucket catch-mail"},
		{"a server that is not known", header, []string{"-S", "mail.invalid:25", "b@example.com"}, exitNoHost, "no SMTP server at mail.invalid:25"},
		{"a refused recipient", header, []string{"b@example.com", "no@example.com"}, exitNoUser, "recipient <no@example.com>: the server answered 550 5.1.1 No such user"},
		{"a recipient in a wrong form", header, []string{"odd@example.com"}, exitNoUser, "recipient <odd@example.com>: the server answered 501 5.1.3 No such address"},
		{"a recipient refused for now", header, []string{"b@example.com", "full@example.com"}, exitTemporary, "452 4.2.2 Mailbox full"},
		{"a login", header, []string{"login@example.com"}, exitNoPerm, "530 5.7.0 Log in first"},
		{"a large mail", header, []string{"large@example.com"}, exitUnavailable, "552 5.3.4 Too large"},
		{"help", "", []string{"--help"}, exitOK, ""},
		{"the queue", "", []string{"-bp"}, exitOK, ""},
		{"the aliases", "", []string{"-bi"}, exitOK, ""},
		{"a run of the queue", "", []string{"-q30m"}, exitOK, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &backend{refuse: refuse}
			code, _, stderr := runWith(start(t, b, nil), c.stdin, c.args...)
			if code != c.code || !strings.Contains(stderr, c.says) || len(b.received) > 0 {
				t.Errorf("exit code %d and %q, want %d and %q; %d mails", code, stderr, c.code, c.says, len(b.received))
			}
			if strings.Count(stderr, "\n") != min(code, 1) {
				t.Errorf("not one line: %q", stderr)
			}
		})
	}
}

func TestInputThatCannotBeRead(t *testing.T) {
	var stderr strings.Builder
	code := Run([]string{"b@example.com"}, io.MultiReader(strings.NewReader("x"), failing{}), io.Discard, &stderr, func(string) string { return "" })
	if code != exitNoInput || !strings.Contains(stderr.String(), "reading the mail: it broke") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fmt.Errorf("it broke") }

// script runs a server that sends its lines in turn, one after each line that it receives.
func script(t *testing.T, lines ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for _, line := range lines {
			_, _ = io.WriteString(conn, line+"\r\n")
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
	}()
	return listener.Addr().String()
}

func TestServersThatFail(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		code  int
		says  string
	}{
		{"no SMTP", []string{"HTTP/1.1 400 Bad Request"}, exitProtocol, "does not speak SMTP"},
		{"SSH", []string{"SSH-2.0-OpenSSH_9"}, exitProtocol, "does not speak SMTP"},
		{"busy", []string{"421 4.3.2 Come later"}, exitTemporary, "greeting: the server answered 421 4.3.2 Come later"},
		{"closed", []string{"220 x"}, exitTemporary, "connection to the server broke"},
		{"only HELO", []string{"220 x", "502 what", "250 x", "250 ok", "250 ok", "554 no"}, exitUnavailable, "mail: the server answered 554 no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := runWith(script(t, c.lines...), header, "b@example.com")
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("exit code %d: %q, want %d and %q", code, stderr, c.code, c.says)
			}
		})
	}
}

func TestTooManyRecipientsBecomeFurtherTransactions(t *testing.T) {
	b := new(backend)
	server := start(t, b, func(s *smtp.Server) { s.MaxRecipients = 2 })
	code, _, stderr := runWith(server, header, "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var all []string
	for _, r := range b.received {
		all = append(all, r.recipients...)
	}
	if want := []string{"b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"}; len(b.received) != 3 || !slices.Equal(all, want) {
		t.Errorf("%d mails to %q", len(b.received), all)
	}
}

func TestBSBridgesSMTP(t *testing.T) {
	b := new(backend)
	server := start(t, b, nil)
	code, stdout, stderr := runWith(server, "EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n", "-bs")
	if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "220 ") || !strings.Contains(stdout, "\r\n221 ") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	if len(b.received) != 1 || b.received[0].data != "Subject: x\r\n\r\nhello\r\n" {
		t.Errorf("it received %+v", b.received)
	}
	if code, stdout, _ := runWith(server, "NOOP\r\n", "-bs"); code != 0 || !strings.HasPrefix(stdout, "220 ") {
		t.Errorf("without QUIT: exit code %d: %s", code, stdout)
	}
	code, stdout, stderr = runWith(nobody(t), "", "-bs")
	if code != exitUnavailable || !strings.HasPrefix(stdout, "421 4.3.2 No SMTP server") || stderr == "" {
		t.Errorf("without a server: exit code %d: %s%s", code, stdout, stderr)
	}
}

func FuzzMail(f *testing.F) {
	f.Add([]byte("From: a@example.com\r\nBcc: b@example.com\n c\n\nhello\r\r\n.\nx"), true)
	f.Add([]byte("From a\nno field\n"), false)
	f.Add([]byte("a:\rb:\r\rc"), false)
	f.Fuzz(func(t *testing.T, raw []byte, keepDots bool) {
		m, err := readMail(strings.NewReader(string(raw)), keepDots)
		if err != nil {
			t.Fatal(err)
		}
		m.hideBcc()
		var out strings.Builder
		n, err := m.WriteTo(&out)
		if err != nil || n != int64(out.Len()) || n != m.size() {
			t.Fatalf("it has written %d and told of %d: %v", out.Len(), n, err)
		}
		if strings.Count(out.String(), "\n") != strings.Count(out.String(), "\r\n") {
			t.Fatalf("an LF without CR: %q", out.String())
		}
		again, err := readMail(strings.NewReader(out.String()), true)
		if err != nil || again.has("Bcc") || len(again.fields) != len(m.fields) {
			t.Fatalf("%d fields come out as %d: %q: %v", len(m.fields), len(again.fields), out.String(), err)
		}
	})
}
