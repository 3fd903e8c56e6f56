package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// raw is the data of an email, byte for byte.
func (s *server) raw(id string) string {
	s.t.Helper()
	response, err := http.Get("http://" + s.http + "/emails/" + id + "/raw")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %v", response.Status, err)
	}
	return string(data)
}

// TestNetcatWithEveryMixtureOfLineEnds has nc send a mail with the line ends that
// terminals and shell scripts produce, at once and with the input's end.
func TestNetcatWithEveryMixtureOfLineEnds(t *testing.T) {
	nc := need(t, "nc")
	s := serve(t, caddyfile)
	host, port, _ := net.SplitHostPort(s.smtp)
	const crlf, lf = "\r\n", "\n"
	n := 0
	for _, commands := range []string{crlf, lf} {
		for _, data := range []string{crlf, lf} {
			for _, text := range []string{crlf, lf} {
				for _, ends := range [][2]string{{crlf, crlf}, {lf, lf}, {lf, crlf}, {crlf, lf}} {
					if data == crlf && ends != [2]string{crlf, crlf} {
						continue // after DATA CRLF nothing else ends the data
					}
					for _, last := range []string{crlf, lf} {
						n++
						sender := fmt.Sprintf("%d@example.com", n)
						body := "Subject: typed" + text + text + "body" + ends[0]
						script := strings.Join([]string{"EHLO x", "MAIL FROM:<" + sender + ">", "RCPT TO:<b@example.com>", "DATA"}, commands) +
							data + body + "." + ends[1] + "QUIT" + last
						out := command(t, script, nc, [][]string{{"-w", "60", "-N", host, port}, {"-w", "60", host, port}}[n%2]...)
						if !strings.HasSuffix(out, "250 2.0.0 Message accepted\r\n221 2.0.0 Bye\r\n") {
							t.Errorf("%q: the server said %q", script, out)
							continue
						}
						list := s.list("sender=" + sender)
						if len(list) != 1 {
							t.Errorf("%q: %d mails", script, len(list))
						} else if got := s.raw(list[0].ID); got != body {
							t.Errorf("%q: stored %q", script, got)
						}
					}
				}
			}
		}
	}
}

// TestManyRecipientsLeaveAMail has Python's smtplib, which gives up when all of its
// recipients are refused and when the connection ends.
func TestManyRecipientsLeaveAMail(t *testing.T) {
	python := need(t, "python3")
	s := serve(t, caddyfile)
	host, port, _ := net.SplitHostPort(s.smtp)
	send := func(sender string, refused, taken int) {
		t.Helper()
		command(t, fmt.Sprintf(`
import smtplib
recipients = ["a%%d@full.example" %% i for i in range(%d)] + ["r%%d@many.example" %% i for i in range(%d)]
with smtplib.SMTP(%q, %s) as server:
    refused = server.sendmail(%q, recipients, "Subject: many\r\n\r\nx\r\n")
assert all(code == 452 for code, text in refused.values()), refused
`, refused, taken, host, port, sender), python, "-")
		if got, want := len(s.only("sender="+sender).Recipients), min(taken, 1000); got != want {
			t.Errorf("%s: %d recipients, want %d", sender, got, want)
		}
	}
	for _, n := range []int{1000, 1001, 1099, 1100, 1150, 1500, 5000} {
		send(fmt.Sprintf("%d@example.com", n), 0, n)
	}
	rules := `{"faults":[{"step":"rcpt","recipient":"*@full.example","reply":"452 4.2.2 Mailbox full"}]}`
	request, err := http.NewRequest("PUT", "http://"+s.http+"/faults", strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("PUT /faults: %v %v", response, err)
	}
	response.Body.Close()
	for _, n := range []int{99, 100, 120, 1000} {
		send(fmt.Sprintf("full%d@example.com", n), n, 5)
	}
}
