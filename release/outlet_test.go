package release

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const plainMail = "From: App <app@app.test>\r\nTo: someone@app.test\r\nSubject: Hello\r\n\r\n.\r\n..two\r\n.x\r\nend\r\n"

// added is what is put before a mail that goes to one address.
var added = regexp.MustCompile(`^Resent-Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\nResent-From: bucket@ours\.example\.com\r\n` +
	`Resent-To: (.*(?:,\r\n .*)*)\r\nResent-Message-ID: <[0-9a-f-]{36}\.released-by-mailbucket@ours\.example\.com>\r\n`)

func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return -1
}

func TestMailGoesByteForByte(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, raw := range map[string]string{
		"plain": plainMail, "long line": "A: b\r\n\r\n" + long + "\r\n", "8-bit body": "A: b\r\n\r\nbl\xe5\r\n", "UTF-8 header": "Subject: Grüße\r\n\r\nx\r\n",
		"no body": "A: b\r\n", "no header": "\r\nx\r\n", "no field": "hello\r\n", "blank lines": "A: b\r\n\r\n\r\n\r\n.\r\n\r\n", "tabs": "A:\tb\r\n\tc \r\n\r\n x \t\r\n",
		"large": "A: b\r\n\r\n" + strings.Repeat(".0123456789\r\n", 100_000),
	} {
		for _, security := range []Security{STARTTLS, ImplicitTLS, Plain} {
			r := releasetest.NewRelay(t, func(s *smtp.Server) { s.ImplicitTLS = security == ImplicitTLS })
			o, b := outletTo(t, r, func(c *Config) {
				c.Server.Security = security
				c.Server.Username, c.Server.Password = "robot", releasetest.Password
			})
			m := put(t, b, "app@app.test", raw)
			released, err := o.Release(t.Context(), m, []string{"ann@OURS.example.com"}, "tester")
			if err != nil {
				t.Errorf("%s, %d: %v", name, security, err)
				continue
			}
			got := r.Mails()[0]
			if head := added.FindStringSubmatch(got.Data); head == nil || head[1] != "ann@ours.example.com" || got.Data[len(head[0]):] != raw || !strings.Contains(head[0], released.MessageID) {
				t.Errorf("%s, %d: %.300q", name, security, got.Data)
			}
			if got.ReversePath != "bucket@ours.example.com" || !slices.Equal(got.Recipients, []string{"ann@ours.example.com"}) || got.Problems != nil {
				t.Errorf("%s: from %s to %v, %v", name, got.ReversePath, got.Recipients, got.Problems)
			}
			if s := got.Session; s.AuthIdentity != "robot" || s.Hello != "here.test" || (s.TLSVersion == "") != (security == Plain) {
				t.Errorf("%s: the session is %+v", name, s)
			}
			if utf8 := strings.Contains(got.MailParameters, "SMTPUTF8"); utf8 != (name == "UTF-8 header") {
				t.Errorf("%s: MAIL has %s", name, got.MailParameters)
			}
		}
	}
}

func TestLineEndsOfUnixBecomeThoseOfSMTP(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, nil)
	if _, err := o.Release(t.Context(), put(t, b, "a@b", "A: b\n\n.\nx\n..\nend"), []string{"ann@ours.example.com"}, ""); err != nil {
		t.Fatal(err)
	}
	if data := r.Mails()[0].Data; !strings.HasSuffix(data, ">\r\nA: b\r\n\r\n.\r\nx\r\n..\r\nend\r\n") {
		t.Errorf("sent %q", data)
	}
}

func TestMailThatCannotGoAsItIs(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, func(c *Config) { c.MaxSize = 10_000 })
	resent := "Resent-Message-Id:\r\n <x" + mark + "other.example>\r\n"
	for name, test := range map[string]struct {
		raw, want string
		kind      Kind
	}{
		"bare LF":         {"A: b\r\n\r\nx\ny\r\n", "line 3 of this email ends in a bare LF", Unsendable},
		"smuggled":        {"A: b\r\n\r\nx\n.\r\nMAIL FROM:<x@evil.example>\r\n", "bare LF", Unsendable},
		"bare CR":         {"A: b\r\n\r\nx\r.\r\n", "line 3 of this email has a bare CR", Unsendable},
		"CR CR LF":        {"A: b\r\n\r\nx\r\r\n", "bare CR", Unsendable},
		"CR at the end":   {"A: b\r\n\r\nx\r", "bare CR", Unsendable},
		"NUL":             {"A: b\r\n\r\nx\x00\r\n", "NUL", Unsendable},
		"long line":       {"A: b\r\n\r\n" + strings.Repeat("x", maxLine+1) + "\r\n", "line 3 of this email has 999 bytes", Unsendable},
		"long header":     {"A: " + strings.Repeat("x", maxLine) + "\r\n\r\n", "line 1", Unsendable},
		"folded begin":    {" x@evil.example\r\nA: b\r\n\r\n", "begins with a blank", Unsendable},
		"tab":             {"\tx@evil.example\r\nA: b\r\n\r\n", "begins with a blank", Unsendable},
		"empty":           {"", "empty", Unsendable},
		"Latin-1 header":  {"Subject: Gr\xfc\xdfe\r\n\r\n", "UTF-8", Unsendable},
		"released before": {"A: b\r\n" + resent + "\r\nx\r\n", "released by a mailbucket before", Unsendable},
		"in a circle":     {strings.Repeat("RECEIVED : x\r\n\ty\r\n", maxReceived+1) + "\r\nx\r\n", "circle", Unsendable},
		"too large":       {"A: b\r\n\r\n" + strings.Repeat("x\r\n", 5000), "at most 10000", TooLarge},
	} {
		_, err := o.Release(t.Context(), put(t, b, "a@b", test.raw), []string{"ann@ours.example.com"}, "")
		if err == nil || kindOf(err) != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string]string{
		"released before, in the body": "A: b\r\n\r\n" + resent, "another program's": "Resent-Message-ID: <1@x>\r\nA: <x" + mark + "x>\r\n\r\n",
		"not too far": strings.Repeat("Received: x\r\n", maxReceived) + "\r\n" + strings.Repeat("Received: x\r\n", 10),
	} {
		if _, err := o.Release(t.Context(), put(t, b, "a@b", raw), []string{"ann@ours.example.com"}, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(r.Mails()); n != 3 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestRecipients(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, func(c *Config) { c.MaxPerMinute = 1000 })
	m := put(t, b, "a@b", plainMail)
	for _, test := range []struct {
		to   []string
		kind Kind
	}{
		{nil, BadAddress}, {[]string{""}, BadAddress}, {[]string{"ann"}, BadAddress}, {[]string{"ann@ours.example.com", "x\r\nDATA"}, BadAddress},
		{[]string{"Ann <ann@ours.example.com>"}, BadAddress}, {slices.Repeat([]string{"ann@ours.example.com"}, maxRecipients+1), BadAddress},
		{[]string{"ann@evil.example"}, NotAllowed}, {[]string{"ann@ours.example.com", "ann@evil.example"}, NotAllowed},
	} {
		_, err := o.Release(t.Context(), m, test.to, "")
		if kindOf(err) != test.kind {
			t.Errorf("%q: %v", test.to, err)
		}
		if test.kind == NotAllowed && !strings.Contains(err.Error(), "*@ours.example.com") {
			t.Errorf("the error does not name the list: %v", err)
		}
	}
	if n := len(r.Mails()); n != 0 {
		t.Fatalf("%d mails were sent", n)
	}
	released, err := o.Release(t.Context(), m, []string{"ann@ours.example.com", "x@bücher.example", "jürgen@ours.example.com", "ann@OURS.example.com"}, "tester")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ann@ours.example.com", "x@xn--bcher-kva.example", "jürgen@ours.example.com"}
	got := r.Mails()[0]
	if head := added.FindStringSubmatch(got.Data); !slices.Equal(got.Recipients, want) || head == nil || head[1] != strings.Join(want, ",\r\n ") || !strings.Contains(got.MailParameters, "SMTPUTF8") {
		t.Errorf("to %q, %.400q", got.Recipients, got.Data)
	}
	if kept := b.Releases(m.ID); len(kept) != 1 || kept[0].By != "tester" || !slices.Equal(kept[0].To, want) || kept[0].MessageID != released.MessageID || kept[0].Reply == "" || kept[0].At == 0 {
		t.Errorf("kept %+v", kept)
	}
}

// TestRefusalsOfTheServer has the relay refuse in all places where it can. Nothing is sent
// to the other recipient then.
func TestRefusalsOfTheServer(t *testing.T) {
	for _, test := range []struct {
		fault smtp.Fault
		kind  Kind
		want  string
	}{
		{smtp.Fault{Step: "connect", Reply: "554 5.7.1 Go away"}, Refused, "554"},
		{smtp.Fault{Step: "auth", Reply: "535 5.7.8 Wrong"}, Refused, "logging in as robot: the server answered 535 5.7.8 Wrong"},
		{smtp.Fault{Step: "mail", Reply: "550 5.7.1 Not from you"}, Refused, "MAIL FROM:<bucket@ours.example.com>: the server answered 550 5.7.1 Not from you"},
		{smtp.Fault{Step: "rcpt", Recipient: "bob@*", Reply: "550 5.1.1 Nobody of that name"}, Refused, "RCPT TO:<bob@ours.example.com>: the server answered 550 5.1.1 Nobody"},
		{smtp.Fault{Step: "rcpt", Recipient: "bob@*", Reply: "451 4.2.1 Later"}, Away, "RCPT TO:<bob@ours.example.com>: the server answered 451"},
		{smtp.Fault{Step: "data", Reply: "452 4.3.1 Full"}, Away, "DATA"},
		{smtp.Fault{Step: "end-of-data", Reply: "554 5.7.1 Spam"}, Refused, "the email: the server answered 554 5.7.1 Spam"},
		{smtp.Fault{Step: "end-of-data", Drop: true}, Away, "the connection to the server failed"},
	} {
		r := releasetest.NewRelay(t, nil)
		if err := r.Faults.Configure([]smtp.Fault{test.fault}); err != nil {
			t.Fatal(err)
		}
		o, b := outletTo(t, r, func(c *Config) { c.Server.Username, c.Server.Password = "robot", releasetest.Password })
		m := put(t, b, "a@b", plainMail)
		_, err := o.Release(t.Context(), m, []string{"ann@ours.example.com", "bob@ours.example.com"}, "")
		if kindOf(err) != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test.fault, err)
		}
		if n := len(r.Mails()); n != 0 || b.Releases(m.ID) != nil {
			t.Errorf("%+v: %d mails were sent, and %v is kept", test.fault, n, b.Releases(m.ID))
		}
		if c := o.ledger.Counts(); c != (Counts{ReleasesFailed: 1}) {
			t.Errorf("counted %+v", c)
		}
	}
}

func TestWhatTheServerMustOffer(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*smtp.Server)
		config func(*Config)
		raw    string
		want   string
	}{
		"STARTTLS":     {func(s *smtp.Server) { s.TLS = nil }, nil, plainMail, "does not offer STARTTLS"},
		"trusted":      {nil, func(c *Config) { c.Server.Roots = nil }, plainMail, "certificate is not trusted"},
		"trusted, 465": {func(s *smtp.Server) { s.ImplicitTLS = true }, func(c *Config) { c.Server.Roots, c.Server.Security = nil, ImplicitTLS }, plainMail, "certificate is not trusted"},
		"its own name": {nil, func(c *Config) { c.Server.Address = strings.Replace(c.Server.Address, "127.0.0.1", "localhost", 1) }, plainMail, "certificate is not trusted"},
		"AUTH":         {func(s *smtp.Server) { s.Auth = smtp.AuthOff }, func(c *Config) { c.Server.Username = "robot" }, plainMail, "neither AUTH PLAIN nor AUTH LOGIN"},
		"password":     {nil, func(c *Config) { c.Server.Username, c.Server.Password = "robot", "wrong" }, plainMail, "logging in as robot: the server answered 535"},
		"8BITMIME":     {plainSMTP, plainText, "A: b\r\n\r\nbl\xc3\xa5\r\n", "does not offer 8BITMIME"},
		"SIZE":         {func(s *smtp.Server) { s.MaxMessageSize = 100 }, nil, plainMail, "takes at most 100"},
	} {
		r := releasetest.NewRelay(t, test.server)
		o, b := outletTo(t, r, test.config)
		_, err := o.Release(t.Context(), put(t, b, "a@b", test.raw), []string{"ann@ours.example.com"}, "")
		if kindOf(err) != Refused || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(r.Mails()); n != 0 {
			t.Errorf("%s: %d mails were sent", name, n)
		}
	}
	r := releasetest.NewRelay(t, plainSMTP)
	o, b := outletTo(t, r, plainText)
	if _, err := o.Release(t.Context(), put(t, b, "a@b", plainMail), []string{"ann@ours.example.com"}, ""); err != nil {
		t.Errorf("ASCII to a server without extensions: %v", err)
	}
}

// TestServerWithoutSMTPUTF8 has one that offers 8BITMIME alone.
func TestServerWithoutSMTPUTF8(t *testing.T) {
	said := make(chan string, 100)
	address := releasetest.Listen(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 x\r\n")
		for r := bufio.NewScanner(conn); r.Scan(); {
			said <- r.Text()
			_, _ = io.WriteString(conn, "250-x\r\n250 8BITMIME\r\n")
		}
	})
	o, b := newOutlet(t, address, nil, plainText)
	for raw, to := range map[string]string{"A: \xc3\xa5\r\n\r\n": "ann@ours.example.com", plainMail: "jürgen@ours.example.com"} {
		if _, err := o.Release(t.Context(), put(t, b, "a@b", raw), []string{to}, ""); kindOf(err) != Refused || !strings.Contains(err.Error(), "does not offer SMTPUTF8") {
			t.Errorf("%q to %s: %v", raw, to, err)
		}
		if line := <-said; !strings.HasPrefix(line, "EHLO") || len(said) > 0 {
			t.Errorf("it was told %q and more", line)
		}
	}
}

func plainSMTP(s *smtp.Server) { s.NoExtensions, s.TLS = true, nil }
func plainText(c *Config)      { c.Server.Security = Plain }

// TestPasswordStaysHereWithoutTLS logs in over a connection that does not lead to this
// machine.
func TestPasswordStaysHereWithoutTLS(t *testing.T) {
	s := &Server{Address: "relay.test:25", Security: Plain, Username: "robot", Password: "secret"}
	here, _ := net.Pipe()
	if err := s.logIn(nil, here); kindOf(err) != Refused || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("%v", err)
	}
}

// TestHostileServers has servers that say too much, what would forge a log, nothing, or
// no SMTP.
func TestHostileServers(t *testing.T) {
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = io.WriteString(conn, text)
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	for name, test := range map[string]struct {
		serve func(net.Conn)
		want  string
	}{
		"controls":     {say("554 5.7.1 a\x1b[31mb\rc\u202e\xff\x00d\r\n"), "greeting ADDRESS: the server answered 554 5.7.1 a [31mb c? d"},
		"long":         {say("554 " + strings.Repeat("x", 1900) + "\r\n"), "…"},
		"endless line": {func(conn net.Conn) { flood(conn, "220 xxxxxxxxxxxxxxxxxxxxxxx") }, "failed"},
		"endless":      {func(conn net.Conn) { flood(conn, "220-x\r\n") }, "says too much"},
		"closed":       {func(net.Conn) {}, "failed"},
		"TLS":          {say("\x16\x03\x01\x02\x00\x01\r\n\r\n"), "failed"},
	} {
		address := releasetest.Listen(t, test.serve)
		o, b := newOutlet(t, address, nil, plainText)
		_, err := o.Release(t.Context(), put(t, b, "a@b", plainMail), []string{"ann@ours.example.com"}, "")
		if err == nil || !strings.Contains(err.Error(), strings.Replace(test.want, "ADDRESS", address, 1)) || len(err.Error()) > maxText+10 || strings.ContainsAny(err.Error(), "\r\n\x1b\x00\u202e") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func flood(conn net.Conn, text string) {
	piece := []byte(strings.Repeat(text, 1000))
	for {
		if _, err := conn.Write(piece); err != nil {
			return
		}
	}
}

func TestReleaseEndsWithItsOutlet(t *testing.T) {
	began := make(chan struct{}, 1)
	address := releasetest.Listen(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 x\r\n")
		_, _ = bufio.NewReader(conn).ReadString('\n')
		began <- struct{}{}
		_, _ = io.Copy(io.Discard, conn)
	})
	o, b := newOutlet(t, address, nil, plainText)
	m := put(t, b, "a@b", plainMail)
	go func() { <-began; o.Stop() }()
	started := time.Now()
	if _, err := o.Release(t.Context(), m, []string{"ann@ours.example.com"}, ""); kindOf(err) != Away {
		t.Errorf("%v", err)
	}
	if took := time.Since(started); took > commandTimeout/2 {
		t.Errorf("it took %s", took)
	}
	if _, err := o.Release(t.Context(), m, []string{"ann@ours.example.com"}, ""); kindOf(err) != Away {
		t.Errorf("after it was stopped: %v", err)
	}
}

func TestReleaseGoesOnWithoutWhoAskedForIt(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Release(ctx, put(t, b, "a@b", plainMail), []string{"ann@ours.example.com"}, ""); err != nil || len(r.Mails()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestSoManyAMinute(t *testing.T) {
	var l minute
	now := time.Now()
	for i, test := range []struct {
		after time.Duration
		n     int
		want  bool
	}{
		{0, 11, false}, {0, 4, true}, {30 * time.Second, 6, true}, {59 * time.Second, 1, false}, {60 * time.Second, 4, true}, {61 * time.Second, 1, false},
		{89 * time.Second, 1, false}, {90 * time.Second, 6, true}, {time.Hour, 10, true},
	} {
		if got := l.take(test.n, 10, now.Add(test.after)); got != test.want {
			t.Errorf("%d: %d after %s: %t", i, test.n, test.after, got)
		}
	}
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, func(c *Config) { c.MaxPerMinute = 3 })
	m := put(t, b, "a@b", plainMail)
	for i, want := range []Kind{-1, TooMany, -1, TooMany} {
		to := []string{"ann@ours.example.com", "bob@ours.example.com"}[:2-i/2]
		if _, err := o.Release(t.Context(), m, to, ""); kindOf(err) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestWhatTellsOfFailuresKeepsTheNullSender(t *testing.T) {
	r := releasetest.NewRelay(t, nil)
	o, b := outletTo(t, r, nil)
	if _, err := o.Release(t.Context(), put(t, b, "", plainMail), []string{"ann@ours.example.com"}, ""); err != nil || r.Mails()[0].ReversePath != "" {
		t.Errorf("%v, sender %q", err, r.Mails()[0].ReversePath)
	}
}

// TestNothingInjectsAField puts line ends into whatever a request or a mail can say.
func TestNothingInjectsAField(t *testing.T) {
	const evil = "x\r\nBcc: x@evil.example\r\n"
	r := releasetest.NewRelay(t, nil)
	logs, seen := observer.New(zap.InfoLevel)
	o, b := outletTo(t, r, nil)
	o.logger = zap.New(logs)
	m := &store.Message{Sender: evil, Recipients: []string{evil}, MailParameters: evil, Raw: plainMail}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Release(t.Context(), m, []string{"ann@ours.example.com"}, evil); err != nil {
		t.Fatal(err)
	}
	got := r.Mails()[0]
	if rest := added.ReplaceAllString(got.Data, ""); rest != plainMail || len(got.Recipients) != 1 {
		t.Errorf("sent %q", got.Data)
	}
	if by := b.Releases(m.ID)[0].By; by != "x Bcc: x@evil.example" {
		t.Errorf("kept %q", by)
	}
	if entry := seen.All()[0]; entry.ContextMap()["by"] != "x Bcc: x@evil.example" {
		t.Errorf("logged %v", entry.ContextMap())
	}
	for _, text := range []string{evil, "ann@ours.example.com" + evil, evil + "@ours.example.com"} {
		if _, err := o.Release(t.Context(), m, []string{text}, ""); kindOf(err) != BadAddress || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
