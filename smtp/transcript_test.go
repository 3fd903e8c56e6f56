package smtp

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

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
	if string(got[0].Exchange) != exchange {
		t.Errorf("first: %s", got[0].Exchange)
	}
	if want := "C: NOOP\nS: 250 2.0.0 OK\n" + exchange; string(got[1].Exchange) != want {
		t.Errorf("second: %s", got[1].Exchange)
	}
	if got[0].Session != got[1].Session {
		t.Error("the two do not share what is the session's")
	}
}

// TestSessionsShareAPreamble has clients connect for each of their mails.
func TestSessionsShareAPreamble(t *testing.T) {
	srv, box := newTestServer()
	const transaction = "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\nQUIT\r\n"
	for _, name := range []string{"one", "one", "other"} {
		converse(t, srv, "EHLO "+name+"\r\n"+transaction)
	}
	got := box.all()
	if len(got) != 3 {
		t.Fatalf("%d messages", len(got))
	}
	first, second, third := got[0].Session.Preamble, got[1].Session.Preamble, got[2].Session.Preamble
	if first != second || unsafe.StringData(first) != unsafe.StringData(second) {
		t.Error("two sessions have a copy each of what is the same")
	}
	if !strings.Contains(third, "C: EHLO other\n") {
		t.Errorf("the third session has the preamble %q", third)
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
	if !strings.HasSuffix(string(m.Exchange), " lines left out\n* 0 octets of data\nS: 250 Message accepted\n") {
		t.Errorf("it ends in %q", m.Exchange[len(m.Exchange)-200:])
	}
}

// TestTranscriptCannotBeForged sends lines that try to look like others.
func TestTranscriptCannotBeForged(t *testing.T) {
	srv, box := newTestServer()
	converse(t, srv, "EHLO x\r\nNOOP x\rS: 250 2.1.0 Sender OK\r\n"+
		"NOOP \x1b[2K\x00\x7f\t\u0085\u202e\u2028\xff \\ caf\u00e9 \u4e2d\r\n"+
		"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\nQUIT\r\n")
	preamble := box.all()[0].Session.Preamble
	for _, want := range []string{
		"\nC: NOOP x\\rS: 250 2.1.0 Sender OK\nS: 500 5.5.2 Bare CR",
		"\nC: NOOP \\x1b[2K\\x00\\x7f\\t\\u0085\\u202e\\u2028\\xff \\ caf\u00e9 \u4e2d\nS: 500 5.5.2 NUL",
	} {
		if !strings.Contains(preamble, want) {
			t.Errorf("%q is not in %q", want, preamble)
		}
	}
}

// TestLinesOfATranscriptAreCutBetweenCharacters has one that would be cut within one.
func TestLinesOfATranscriptAreCutBetweenCharacters(t *testing.T) {
	for pad := range 4 {
		srv, box := newTestServer()
		converse(t, srv, "EHLO x\r\nNOOP "+strings.Repeat("x", pad)+strings.Repeat("\u4e2d", 400)+"\r\n"+
			"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\nQUIT\r\n")
		if preamble := box.all()[0].Session.Preamble; strings.Contains(preamble, "\\x") || !strings.Contains(preamble, "\u4e2d...\n") {
			t.Errorf("%q", preamble)
		}
	}
}

// secretCase is a case of [TestNoSecretIsKept].
type secretCase struct {
	name, script string
	set          func(*Server)
}

func secretCases(secret string) []secretCase {
	long := strings.Repeat("x", maxAuthLine)
	refuse := []Fault{{Step: "auth", Reply: "454 4.7.0 Later"}}
	off := func(srv *Server) { srv.Auth = AuthOff }
	return []secretCase{
		{"initial response", "EHLO x\r\nAUTH PLAIN " + secret + "\r\n", nil},
		{"lower case, more blanks", "EHLO x\r\nauth   plain   " + secret + "\r\n", nil},
		{"no base64", "EHLO x\r\nAUTH PLAIN user " + secret + "\r\n", nil},
		{"responses", "EHLO x\r\nAUTH LOGIN\r\ndXNlcg==\r\n" + secret + "\r\n", nil},
		{"cancelled, then goes on", "EHLO x\r\nAUTH LOGIN\r\n*\r\n" + secret + "\r\n" + secret + "\r\n", nil},
		{"too many responses", "EHLO x\r\nAUTH PLAIN AGEAYQ==\r\n" + secret + "\r\n", nil},
		{"malformed, then goes on", "EHLO x\r\nAUTH LOGIN\r\n!\r\n" + secret + "\r\n", nil},
		{"after HELO", "HELO x\r\nAUTH LOGIN\r\ndXNlcg==\r\n" + secret + "\r\n", nil},
		{"before EHLO", "AUTH PLAIN " + secret + "\r\n" + secret + "\r\n", nil},
		{"off", "EHLO x\r\nAUTH PLAIN " + secret + "\r\n" + secret + "\r\n", off},
		{"off, LOGIN", "EHLO x\r\nAUTH LOGIN\r\n" + secret + "\r\n" + secret + "\r\n", off},
		{"no extensions", "HELO x\r\nAUTH LOGIN\r\n" + secret + "\r\n", func(srv *Server) { srv.NoExtensions = true }},
		{"wrong", "EHLO x\r\nAUTH LOGIN\r\ndXNlcg==\r\n" + secret + "\r\n" + secret + "\r\n",
			func(srv *Server) { srv.CheckLogin = checkNothing }},
		{"a fault", "EHLO x\r\nAUTH LOGIN\r\n" + secret + "\r\n" + secret + "\r\n",
			func(srv *Server) { srv.Faults = new(Faults); _ = srv.Faults.Set(refuse) }},
		{"blank before", "EHLO x\r\n AUTH PLAIN " + secret + "\r\n" + secret + "\r\n", nil},
		{"tab before", "EHLO x\r\n\tAUTH PLAIN " + secret + "\r\n", nil},
		{"tab after", "EHLO x\r\nAUTH\tPLAIN\t" + secret + "\r\n" + secret + "\r\n", nil},
		{"tab within", "EHLO x\r\nAUTH PLAIN\t" + secret + "\r\n", nil},
		{"no mechanism", "EHLO x\r\nAUTH " + secret + "\r\n", nil},
		{"equals sign", "EHLO x\r\nAUTH=PLAIN " + secret + "\r\n", nil},
		{"NTLM", "EHLO x\r\nAUTH NTLM " + secret + "\r\n" + secret + "\r\n", nil},
		{"unknown mechanism", "EHLO x\r\nAUTH X-FOO " + secret + "\r\n" + secret + "\r\n", nil},
		{"no blank", "EHLO x\r\nAUTHPLAIN " + secret + "\r\n", nil},
		{"as in IMAP and POP3", "EHLO x\r\nA1 LOGIN user " + secret + "\r\nUSER x\r\nPASS " + secret + "\r\n", nil},
		{"NUL", "EHLO x\r\nAUTH PLAIN\x00" + secret + "\r\n" + secret + "\r\n", nil},
		{"bare CR", "EHLO x\rAUTH PLAIN " + secret + "\r\n" + secret + "\r\n", nil},
		{"bare CR, LOGIN", "EHLO x\r\nAUTH LOGIN\rdXNlcg==\r" + secret + "\r\n", nil},
		{"too long", "EHLO x\r\nAUTH PLAIN " + long + "\r\n" + secret + "\r\n", nil},
		{"while a mail is under way", "EHLO x\r\nMAIL FROM:<>\r\nAUTH PLAIN " + secret + "\r\n" + secret + "\r\nRSET\r\n", nil},
		{"twice", "EHLO x\r\nAUTH PLAIN AGEAYQ==\r\nAUTH PLAIN " + secret + "\r\n" + secret + "\r\n", nil},
		{"what could be a command", "EHLO x\r\nAUTH FOO\r\nSEND\r\n" + secret + "\r\n", nil},
		{"in a parameter", "EHLO x\r\nNOOP\r\nAUTHINFO PASS " + secret + "\r\n", nil},
	}
}

// TestNoSecretIsKept sends logins in every form, right and wrong. Nothing that was kept
// or said or logged may hold the secret.
func TestNoSecretIsKept(t *testing.T) {
	const secret = "c2VjcmV0LXNlY3JldA"
	for _, test := range secretCases(secret) {
		srv, box := newTestServer()
		core, logs := observer.New(zap.DebugLevel)
		srv.Logger = zap.New(core)
		var told failures
		srv.Failed = told.add
		if test.set != nil {
			test.set(srv)
		}
		said := converse(t, srv, test.script+"NOOP shown\r\nHELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n.\r\nQUIT\r\n")
		got := box.all()
		if len(got) != 1 {
			t.Errorf("%s: the server said %q", test.name, said)
			continue
		}
		converse(t, srv, test.script+"NOOP shown\r\nQUIT\r\n")
		if len(told.all) == 0 {
			t.Errorf("%s: a session without mail is not told of", test.name)
		}
		kept := fmt.Sprintf("%q %+v %+v %+v %+v", said, *got[0], *got[0].Session, logs.All(), told.text())
		if strings.Contains(kept, secret) {
			t.Errorf("%s: %s", test.name, kept)
		}
		if !strings.Contains(string(got[0].Exchange)+got[0].Session.Preamble, "C: NOOP shown\n") {
			t.Errorf("%s: the command after it is not shown: %s", test.name, kept)
		}
	}
}

func checkNothing(context.Context, string, string) bool { return false }
