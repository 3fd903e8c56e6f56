package sendmail

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// backend is a server that keeps what comes, and refuses some recipients.
type backend struct {
	mu       sync.Mutex
	received []received
	refuse   map[string]*smtp.SMTPError
}

type received struct {
	sender     string
	recipients []string
	options    smtp.MailOptions
	notify     []smtp.DSNNotify
	data       string
}

func (b *backend) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{b: b}, nil }

type session struct {
	b *backend
	r received
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.r = received{sender: from, options: *o}
	return nil
}

func (s *session) Rcpt(to string, o *smtp.RcptOptions) error {
	if err := s.b.refuse[to]; err != nil {
		return err
	}
	s.r.recipients = append(s.r.recipients, to)
	s.r.notify = o.Notify
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.r.data = string(data)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.received = append(s.b.received, s.r)
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// start runs a server until the test ends, and gives its address.
func start(t *testing.T, b *backend, change func(*smtp.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(b)
	server.EnableSMTPUTF8, server.EnableDSN = true, true
	if change != nil {
		change(server)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// runWith calls the program with the server in its environment.
func runWith(server, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = Run(args, strings.NewReader(stdin), &out, &errors, func(name string) string {
		if name == ServerVariable {
			return server
		}
		return ""
	})
	return code, out.String(), errors.String()
}

const header = "From: a@example.com\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"

func TestMailsArriveAsWritten(t *testing.T) {
	host := hostName()
	for _, c := range []struct {
		name, stdin string
		args        []string
		sender      string
		recipients  []string
		data        string // "" is not compared
	}{
		{"recipients of the command line", header + "\r\nhello\r\n", []string{"b@example.com", "c@example.com"},
			"a@example.com", []string{"b@example.com", "c@example.com"}, header + "\r\nhello\r\n"},
		{"LF", strings.ReplaceAll(header, "\r", "") + "\nhello\n", []string{"b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nhello\r\n"},
		{"a mixture, and CR CR LF", "From: a@example.com\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\r\nMessage-ID: <1@example.com>\r\n\nhel\rlo\r\r\nlast", []string{"b@example.com"},
			"a@example.com", []string{"b@example.com"}, header + "\r\nhel\rlo\r\nlast\r\n"},
		{"CR alone", strings.ReplaceAll(header+"\r\nhello\r\n", "\n", ""), []string{"b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nhello\r\n"},
		{"-t with Bcc", header + "To: B <b@example.com>, c@example.com\r\nCc: \"D, E\" <d@example.com>\r\nBCC:\r\n e@example.com\r\nSubject: x\r\n\r\n", []string{"-t"},
			"a@example.com", []string{"b@example.com", "c@example.com", "d@example.com", "e@example.com"},
			header + "To: B <b@example.com>, c@example.com\r\nCc: \"D, E\" <d@example.com>\r\nSubject: x\r\n\r\n"},
		{"-t and the command line", header + "To: b@example.com\r\n\r\n", []string{"-ti", "c@example.com", "b@example.com"}, "a@example.com", []string{"c@example.com", "b@example.com"}, ""},
		{"Bcc without -t", header + "Bcc: b@example.com\r\n\r\nx", []string{"c@example.com"}, "a@example.com", []string{"c@example.com"}, header + "\r\nx\r\n"},
		{"resent", header + "To: b@example.com\r\nResent-From: r@example.com\r\nResent-To: c@example.com\r\nResent-Bcc: d@example.com\r\n\r\n", []string{"-t"},
			"r@example.com", []string{"c@example.com", "d@example.com"}, header + "To: b@example.com\r\nResent-From: r@example.com\r\nResent-To: c@example.com\r\n\r\n"},
		{"-f", header + "\r\n", []string{"-f", "f@example.com", "b@example.com"}, "f@example.com", []string{"b@example.com"}, ""},
		{"-f attached", header + "\r\n", []string{"-ff@example.com", "--", "b@example.com"}, "f@example.com", []string{"b@example.com"}, ""},
		{"-r", header + "\r\n", []string{"-oi", "-rf@example.com", "b@example.com"}, "f@example.com", []string{"b@example.com"}, ""},
		{"the null sender", header + "\r\n", []string{"-f", "<>", "b@example.com"}, "", []string{"b@example.com"}, ""},
		{"the null sender in another way", header + "\r\n", []string{"-f", "", "b@example.com"}, "", []string{"b@example.com"}, ""},
		{"Sender before From", header + "Sender: s@example.com\r\n\r\n", []string{"b@example.com"}, "s@example.com", []string{"b@example.com"}, ""},
		{"a name alone", header + "To: root\r\n\r\n", []string{"-t"}, "a@example.com", []string{"root@" + host}, ""},
		{"a name alone as the sender", header + "\r\n", []string{"-fwww-data", "operator"}, "www-data@" + host, []string{"operator@" + host}, ""},
		{"a recipient that begins with a hyphen", header + "\r\n", []string{"--", "-b@example.com"}, "a@example.com", []string{"-b@example.com"}, ""},
		{"options after recipients", header + "\r\n", []string{"b@example.com", "-f", "f@example.com"}, "f@example.com", []string{"b@example.com"}, ""},
		{"what programs pass", header + "\r\n.\r\nx", []string{"-oem", "-odb", "-om", "-oi", "-G", "-bm", "-v", "-m", "-n", "-L", "tag", "-h5", "-B8BITMIME", "-C/dev/null", "-q", "b@example.com"},
			"a@example.com", []string{"b@example.com"}, header + "\r\n.\r\nx\r\n"},
		{"a dot ends the mail", header + "\r\nx\r\n.\r\ny", []string{"b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nx\r\n"},
		{"-i keeps dots", header + "\r\nx\r\n.\r\n..y", []string{"-i", "b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nx\r\n.\r\n..y\r\n"},
		{"an mbox separator", "From someone Thu Jan  1 00:00:00 2026\n" + header + "\r\nx", []string{"b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nx\r\n"},
		{"a body that begins at a line that is no field", header + "hello there\r\n", []string{"b@example.com"}, "a@example.com", []string{"b@example.com"}, header + "\r\nhello there\r\n"},
		{"groups", header + "To: us: b@example.com, c@example.com;\r\n\r\n", []string{"-t"}, "a@example.com", []string{"b@example.com", "c@example.com"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := new(backend)
			code, stdout, stderr := runWith(start(t, b, nil), c.stdin, c.args...)
			if code != 0 || stdout+stderr != "" || len(b.received) != 1 {
				t.Fatalf("exit code %d, %d mails: %s%s", code, len(b.received), stdout, stderr)
			}
			got := b.received[0]
			if got.sender != c.sender || !slices.Equal(got.recipients, c.recipients) {
				t.Errorf("from <%s> to %q, want <%s> and %q", got.sender, got.recipients, c.sender, c.recipients)
			}
			if c.data != "" && got.data != c.data {
				t.Errorf("the mail is\n%q, want\n%q", got.data, c.data)
			}
		})
	}
}

func TestMissingFieldsAreAdded(t *testing.T) {
	added := `Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}` + "\r\n" + `Message-ID: <[0-9a-f-]{36}@` + regexp.QuoteMeta(hostName()) + ">\r\n\r\n"
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"hello\n", []string{"-fa@example.com"}, "From: a@example.com\r\n" + added + "hello\r\n"},
		{"", []string{"-fa@example.com"}, "From: a@example.com\r\n" + added},
		{"\n\nhello: no field\n", []string{"-fa@example.com", "-F", `A "Z"`}, `From: "A \\"Z\\"" <a@example.com>` + "\r\n" + added + "\r\nhello: no field\r\n"},
		{"Subject: x\n\n", []string{"-fa@example.com", "-FÄ"}, `Subject: x` + "\r\n" + `From: =\?utf-8\?q\?=C3=84\?= <a@example.com>` + "\r\n" + added},
	} {
		b := new(backend)
		code, _, stderr := runWith(start(t, b, nil), c.stdin, append(c.args, "b@example.com")...)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if got := b.received[0].data; !regexp.MustCompile("^" + c.want + "$").MatchString(got) {
			t.Errorf("%q becomes %q, want %q", c.stdin, got, c.want)
		}
	}
}

func TestWithoutASenderItIsTheUser(t *testing.T) {
	b := new(backend)
	if code, _, stderr := runWith(start(t, b, nil), "hello\n", "b@example.com"); code != 0 {
		t.Fatal(stderr)
	}
	if want := userName() + "@" + hostName(); b.received[0].sender != want || !strings.HasPrefix(b.received[0].data, "From: "+want+"\r\n") {
		t.Errorf("from <%s>, want <%s>: %q", b.received[0].sender, want, b.received[0].data)
	}
}

func TestWhatTheServerOffersIsUsed(t *testing.T) {
	const utf8Mail = "From: jürgen@example.com\nTo: b@例え.jp\nSubject: Grüße\n\nhello\n"
	t.Run("SMTPUTF8", func(t *testing.T) {
		b := new(backend)
		if code, _, stderr := runWith(start(t, b, nil), utf8Mail, "-t"); code != 0 {
			t.Fatal(stderr)
		}
		got := b.received[0]
		if !got.options.UTF8 || got.options.Body != smtp.Body8BitMIME || got.options.Size != int64(len(got.data)) || got.sender != "jürgen@example.com" || got.recipients[0] != "b@例え.jp" {
			t.Errorf("it came as %+v", got)
		}
	})
	without := func(s *smtp.Server) { s.EnableSMTPUTF8 = false }
	t.Run("a domain in ASCII without SMTPUTF8", func(t *testing.T) {
		b := new(backend)
		if code, _, stderr := runWith(start(t, b, without), strings.Replace(utf8Mail, "jürgen", "j", 1), "-t"); code != 0 {
			t.Fatal(stderr)
		}
		if got := b.received[0]; got.options.UTF8 || got.recipients[0] != "b@xn--r8jz45g.jp" || !strings.Contains(got.data, "Grüße") {
			t.Errorf("it came as %+v", got)
		}
	})
	t.Run("a local part without SMTPUTF8", func(t *testing.T) {
		b := new(backend)
		code, _, stderr := runWith(start(t, b, without), utf8Mail, "-t")
		if code != exitUnavailable || !strings.Contains(stderr, "SMTPUTF8") || len(b.received) > 0 {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("delivery status notification", func(t *testing.T) {
		b := new(backend)
		code, _, stderr := runWith(start(t, b, nil), header+"\r\n", "-N", "success,failure", "-R", "hdrs", "-Vid1", "b@example.com")
		if code != 0 {
			t.Fatal(stderr)
		}
		got := b.received[0]
		if !slices.Equal(got.notify, []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyFailure}) || got.options.Return != smtp.DSNReturnHeaders || got.options.EnvelopeID != "id1" {
			t.Errorf("it came as %+v", got)
		}
	})
}
