package smtp

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// checkReplyLines wants every line of what the server said within 512 octets, valid
// UTF-8, and without control characters.
func checkReplyLines(t *testing.T, said string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(said, "\r\n"), "\r\n") {
		if len(line)+2 > maxReplyLine || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
			t.Errorf("a reply line of %d octets: %q", len(line)+2, line)
		}
	}
}

func TestNoReplyLineIsTooLong(t *testing.T) {
	long := strings.Repeat("A", 4000)
	for _, command := range []string{
		"EHLO " + long, "MAIL FROM:<a@b> " + long, "MAIL FROM:<a@b> " + long + "=" + long[:10], "MAIL FROM:<a@b> A=1 " + strings.Repeat("A", 900) + " " + strings.Repeat("A", 900),
		"MAIL FROM:<" + long + "@b>", "AUTH " + long, "VRFY " + long, long, "HELP " + long, "MAIL FROM:<a@b> SIZE=" + strings.Repeat("9", 3000),
		"BDAT " + long,
	} {
		srv, _ := newTestServer()
		srv.Hostname = strings.Repeat("h", 255)
		checkReplyLines(t, converse(t, srv, "EHLO x\r\n"+command+"\r\nRCPT TO:<a@b> "+long[:3000]+"\r\nQUIT\r\n"))
	}
}

// TestRepliesOfOthersAreBounded has replies that a receiver and a fault give.
func TestRepliesOfOthersAreBounded(t *testing.T) {
	for pad := range 4 {
		text := strings.Repeat("x", pad) + strings.Repeat("\u4e2d", 300) + "\r\n250 forged"
		srv, _ := newTestServer()
		srv.Receiver = receiverFunc(func(context.Context, *Message) error { return &ReplyError{554, "5.6.0", text} })
		said := converse(t, srv, envelope+"DATA\r\n.\r\nQUIT\r\n")
		checkReplyLines(t, said)
		if strings.Contains(said, "\r\n250 forged") {
			t.Errorf("the server said %q", said)
		}
		faults := fmt.Sprintf(`{"faults":[{"step":"helo","reply":"550 5.1.1 %s"}]}`, strings.Repeat("\u4e2d", 163))
		srv.Faults = new(Faults)
		if err := srv.Faults.SetJSON([]byte(faults)); err != nil {
			t.Fatal(err)
		}
		checkReplyLines(t, converse(t, srv, "EHLO x\r\nQUIT\r\n"))
	}
}

func TestRefusalOfRecipientsNamesThoseThatAreTaken(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("*@host%02d.test", i))
	}
	srv, _ := newTestServer()
	srv.AcceptRecipients = mustPatterns(t, many...)
	refused := 0
	srv.RecipientRefused = func() { refused++ }
	said := converse(t, srv, "HELO x\r\nMAIL FROM:<>\r\n"+strings.Repeat("RCPT TO:<a@b>\r\n", 2)+"RCPT TO:<a@host59.test>\r\nQUIT\r\n")
	checkReplyLines(t, said)
	want := "\r\n550 Recipient not accepted, mail is taken only for *@host00.test, *@host01.test, "
	if strings.Count(said, want) != 2 || !strings.Contains(said, ", *@host16.test and for 43 more\r\n") || refused != 2 {
		t.Errorf("%d were refused; the server said %q", refused, said)
	}
	srv.AcceptRecipients = mustPatterns(t, strings.Repeat("\u4e2d", 300)+"@x")
	checkReplyLines(t, converse(t, srv, "HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nQUIT\r\n"))
}

func mustPatterns(t *testing.T, texts ...string) pattern.List {
	t.Helper()
	list, err := pattern.NewList(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestReplyErrorThatIsNoRefusalIsAnInternalError(t *testing.T) {
	for _, code := range []int{0, 250, 354, 600} {
		srv, _ := newTestServer()
		srv.Receiver = receiverFunc(func(context.Context, *Message) error { return &ReplyError{Code: code, Text: "x"} })
		if said := converse(t, srv, envelope+"DATA\r\n.\r\nQUIT\r\n"); !strings.HasSuffix(said, "\r\n451 Message not stored, internal error\r\n221 Bye\r\n") {
			t.Errorf("%d: the server said %q", code, said)
		}
	}
}

// TestOnlyBadCommandsEndASession repeats what is refused more often than bad commands
// may be, and then sends a mail.
func TestOnlyBadCommandsEndASession(t *testing.T) {
	const times = 3 * maxBadCommands
	fault := func(rule string) func(*Server) {
		return func(srv *Server) {
			srv.Faults = new(Faults)
			if err := srv.Faults.SetJSON([]byte(`{"faults":[` + rule + `]}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	mail := "MAIL FROM:<a@x>\r\n"
	for _, test := range []struct {
		name, before, repeated string
		set                    func(*Server)
	}{
		{"recipients above the limit", mail + "RCPT TO:<b@x>\r\n", "RCPT TO:<c@x>\r\n", func(srv *Server) { srv.MaxRecipients = 1 }},
		{"fault 452", mail, "RCPT TO:<full@x>\r\n", fault(`{"step":"rcpt","recipient":"full@x","reply":"452 4.2.2 Full"}`)},
		{"fault 550", mail, "RCPT TO:<no@x>\r\n", fault(`{"step":"rcpt","recipient":"no@x","reply":"550 5.1.1 No"}`)},
		{"fault 501", mail, "RCPT TO:<no@x>\r\n", fault(`{"step":"rcpt","recipient":"no@x","reply":"501 No"}`)},
		{"fault at mail", "", "MAIL FROM:<no@x>\r\n", fault(`{"step":"mail","sender":"no@x","reply":"503 No"}`)},
		{"too large", "", "MAIL FROM:<a@x> SIZE=99999999999\r\n", nil},
		{"parameter", mail, "RCPT TO:<a@x> X=1\r\n", nil},
	} {
		srv, box := newTestServer()
		if test.set != nil {
			test.set(srv)
		}
		script := "EHLO x\r\n" + test.before + strings.Repeat(test.repeated, times)
		if test.before == "" {
			script += mail
		}
		said := converse(t, srv, script+"RCPT TO:<b@x>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
		if got := box.all(); len(got) != 1 {
			t.Errorf("%s: the server ended with %q", test.name, said[max(0, len(said)-200):])
		}
	}
}

// TestManyRecipients sends one mail to more than may be.
func TestManyRecipients(t *testing.T) {
	for _, n := range []int{1000, 1099, 1100, 1500, 5000} {
		srv, box := newTestServer()
		var script strings.Builder
		script.WriteString("HELO x\r\nMAIL FROM:<a@x>\r\n")
		for i := range n {
			fmt.Fprintf(&script, "RCPT TO:<r%d@x>\r\n", i)
		}
		said := converse(t, srv, script.String()+"DATA\r\nx\r\n.\r\nQUIT\r\n")
		got := box.all()
		if len(got) != 1 || len(got[0].Recipients) != 1000 || strings.Count(said, "452 Too many recipients\r\n") != n-1000 {
			t.Errorf("%d recipients: %d mails, the server ended with %q", n, len(got), said[max(0, len(said)-100):])
		}
	}
}
