package smtp

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// failures gathers what a server tells of sessions without mail.
type failures struct {
	mu  sync.Mutex
	all []*FailedSession
}

func (f *failures) add(failed *FailedSession) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, failed)
}

// reasons are those in order, each with the last line of its transcript.
func (f *failures) reasons() (reasons []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, failed := range f.all {
		lines := strings.Split(strings.TrimSpace(failed.Transcript), "\n")
		reasons = append(reasons, failed.Reason+" | "+lines[len(lines)-1])
	}
	return reasons
}

// text is all that was told.
func (f *failures) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all strings.Builder
	for _, failed := range f.all {
		fmt.Fprintf(&all, "%+v\n", *failed)
	}
	return all.String()
}

func TestSessionsWithoutMailAreTold(t *testing.T) {
	const mail = "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
	for _, test := range []struct {
		name, script string
		want         []string
	}{
		{"a mail", "HELO x\r\n" + mail + "QUIT\r\n", nil},
		{"a mail and then an end without QUIT", "HELO x\r\n" + mail, nil},
		{"a bad command before a mail", "HELO x\r\nXYZ\r\n" + mail + "QUIT\r\n", nil},
		{"one of two recipients was refused", "HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n\r\n.\r\nQUIT\r\n", nil},
		{"a look whether somebody listens", "", []string{
			"the client closed the connection without a command | S: 220 mail.example.test"}},
		{"nothing but QUIT", "QUIT\r\n", []string{"the client quit without sending a mail | S: 221 Bye"}},
		{"no mail", "EHLO x\r\nNOOP\r\nQUIT\r\n", []string{"the client quit without sending a mail | S: 221 2.0.0 Bye"}},
		{"a cut after MAIL", "HELO x\r\nMAIL FROM:<a@x>\r\n", []string{"the client closed the connection | S: 250 Sender OK"}},
		{"a cut after MAIL behind a mail", "HELO x\r\n" + mail + "MAIL FROM:<a@x>\r\n", []string{"the client closed the connection | S: 250 Sender OK"}},
		{"a cut in the data", envelope + "DATA\r\nSubject", []string{
			"421 Message not stored, connection ended before the end of data"}},
		{"a refused sender", "EHLO x\r\nMAIL FROM:<@>\r\nQUIT\r\n", []string{"501 5.1.7"}},
		{"a mail that is too large", "EHLO x\r\nMAIL FROM:<a@x> SIZE=99999999\r\nQUIT\r\n", []string{"552 5.3.4"}},
		{"refused recipients, and then another mail", "HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<>\r\nRSET\r\n" + mail + "QUIT\r\n", []string{"501 5.1.3"}},
		{"a recipient that is not taken, with DATA sent along", "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@elsewhere>\r\nDATA\r\nQUIT\r\n", []string{
			"550 5.1.1 Recipient not accepted, mail is taken only for *@x | S: 221 2.0.0 Bye"}},
		{"a mail refused between two others", "EHLO x\r\n" + mail + "MAIL FROM:<a@x> SIZE=99999999\r\n" + mail + "QUIT\r\n", []string{"552 5.3.4"}},
		{"an unknown command", "XYZ\r\nQUIT\r\n", []string{"500 5.5.1 Command not recognized | S: 221 Bye"}},
		{"an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []string{"421 This port speaks SMTP"}},
		{"wrong logins", "EHLO x\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n", []string{"535 5.7.8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv, _ := newTestServer()
			srv.CheckLogin = checkNothing
			srv.AcceptRecipients = mustPatterns(t, "*@x")
			var told failures
			srv.Failed = told.add
			conn := connect(t, srv)
			if _, err := io.WriteString(conn, test.script); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(conn); err != nil {
				t.Fatal(err)
			}
			got := told.reasons()
			if len(got) != len(test.want) {
				t.Fatalf("told of %q, want %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("told of %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestTranscriptOfAFailedSessionIsBounded(t *testing.T) {
	srv, _ := newTestServer()
	var told failures
	srv.Failed = told.add
	converse(t, srv, "HELO x\r\n"+strings.Repeat("NOOP "+strings.Repeat("x", 400)+"\r\n", 40)+"MAIL FROM:<>\r\nRCPT TO:<>\r\nQUIT\r\n")
	if len(told.all) != 1 {
		t.Fatalf("told of %q", told.reasons())
	}
	got := told.all[0].Transcript
	if len(got) > maxFailedTranscript || !strings.HasPrefix(got, "S: 220 ") || !strings.Contains(got, "\n* lines left out here\n") || !strings.HasSuffix(got, "C: QUIT\nS: 221 Bye\n") {
		t.Errorf("%d bytes: %.500s", len(got), got)
	}
}
