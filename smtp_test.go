package mailbucket

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// sessionOf is what GET /emails/{id}/session says of the newest email.
type sessionOf struct {
	Client, Hello string
	TLS           struct{ Version, Cipher, ServerName, ClientSubject string }
	Auth          struct{ Mechanism, Identity string }
	Transcript    []string
}

func (s *site) newestSession() (answer sessionOf) {
	s.t.Helper()
	var list struct{ Results []struct{ ID string } }
	s.get("/emails?limit=1", &list)
	if len(list.Results) == 0 {
		s.t.Fatal("no email")
	}
	s.get("/emails/"+list.Results[0].ID+"/session", &answer)
	return answer
}

// handler is a configuration with one layer4 route of these handlers.
func handler(handlers string) string {
	return "{\nLOGOFF\nlayer4 {\nSMTP {\nroute {\n" + handlers + "\n}\n}\n}\n}\nHTTP {\nmailbucket\n}\n"
}

func TestProxyProtocolGivesTheRealClient(t *testing.T) {
	s := start(t, handler("proxy_protocol\nmailbucket"))
	c := s.dial()
	must(t, c.talk("PROXY TCP4 192.0.2.7 192.0.2.1 4321 25", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "hello"))
	if got := s.newestSession(); got.Client != "192.0.2.7:4321" || got.Hello != "x" {
		t.Errorf("recorded %+v", got)
	}
}

func TestUsersAreCheckedByBcrypt(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	must(t, err)
	s := start(t, handler("mailbucket {\nauth required {\nuser alice "+string(hash)+"\n}\n}"))
	plain := func(user, password string) string {
		return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password))
	}
	for range 2 { // the second time, the right one is known
		c := s.dial()
		must(t, c.talk("", "220", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"))
		must(t, c.talk("MAIL FROM:<a@x>", "530", plain("alice", "wrong"), "535", plain("bob", "right"), "535", plain("alice", "right"), "235"))
		must(t, c.send("a@x", "b@x", "hello"))
		if got := s.newestSession(); got.Auth.Mechanism != "PLAIN" || got.Auth.Identity != "alice" {
			t.Errorf("recorded %+v", got.Auth)
		}
	}
}

func TestFaultsOfTheCaddyfileAndTheAPI(t *testing.T) {
	const config = `{
	LOGOFF
	mailbucket SMTP {
		bucket default {
			fault rcpt {
				recipient full@*
				times     1
				reply     452 4.2.2 Mailbox full
			}
		}
	}
}
HTTP {
	mailbucket
}
`
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<full@x>", "452 Mailbox full", "RCPT TO:<full@x>", "250 "))
	put := func(document string, status int) string {
		request, err := http.NewRequest("PUT", "http://"+s.http+"/faults", bytes.NewReader([]byte(document)))
		must(t, err)
		request.Close = true // a reload ends the connections kept for later
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		must(t, err)
		if response.StatusCode != status {
			t.Errorf("PUT %s: %s %s", document, response.Status, answer)
		}
		return string(answer)
	}
	if got := put(`{"faults":[{"step":"data","probability":7}]}`, 422); !strings.Contains(got, "fault 1: probability 7") {
		t.Errorf("wrong rule: %s", got)
	}
	put(`{"faults":[{"step":"data","client":"127.0.0.0/8","reply":"451 4.3.0 Disk full"}]}`, 200)
	must(t, c.talk("DATA", "451 Disk full"))
	// What the API has set, a reload leaves alone.
	must(t, s.load(config))
	must(t, c.talk("DATA", "451 Disk full", "RCPT TO:<full@x>", "452"))
	put(`{"faults":[]}`, 200)
	must(t, c.talk("DATA", "354", "hello\r\n.", "250"))
	if got := strings.Join(s.newestSession().Transcript, "\n"); strings.Count(got, "* fault at ") != 4 {
		t.Errorf("transcript:\n%s", got)
	}
}

func TestAddressesAreLenientOrStrict(t *testing.T) {
	for option, want := range map[string]string{"": "250", "addresses lenient": "250", "addresses strict": "501"} {
		t.Run(option, func(t *testing.T) {
			s := start(t, handler("mailbucket {\n"+option+"\n}"))
			c := s.dial()
			must(t, c.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<a..b@x.>", want, "RCPT TO:<b@x>", "250", "DATA", "354", "x\r\n.", "250"))
			var list struct{ TotalResults int }
			s.get("/emails?recipient=a..b@x", &list)
			if found := list.TotalResults == 1; found != (want == "250") {
				t.Errorf("%d mails to the address", list.TotalResults)
			}
		})
	}
}

func TestOnlyAcceptedRecipientsAreTaken(t *testing.T) {
	t.Setenv("MB_OURS", "ours.test")
	s := start(t, strings.Replace(handler("mailbucket {\n accept_recipients *@{env.MB_OURS} qa@theirs.test\n }"), "mailbucket\n}", "mailbucket\n metrics /metrics\n}", 1))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250",
		"RCPT TO:<b@theirs.test>", "550 Recipient not accepted, mail is taken only for *@ours.test, qa@theirs.test\r\n", "QUIT", "221"))
	c = s.dial()
	must(t, c.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<b@OURS.test>", "250", "RCPT TO:<qa@theirs.test>", "250", "RCPT TO:<c@x>", "550", "DATA", "354", ".", "250"))
	if n := s.total("/emails?recipient=qa@theirs.test"); n != 1 {
		t.Errorf("%d mails", n)
	}
	var failed struct {
		Results []struct{ Reason string }
	}
	s.get("/sessions", &failed)
	if len(failed.Results) != 1 || !strings.HasPrefix(failed.Results[0].Reason, "550 5.1.1 Recipient not accepted") {
		t.Errorf("sessions: %+v", failed)
	}
	if page := s.page("/metrics"); !strings.Contains(page, `mailbucket_recipients_refused_total{bucket="default"} 2`) {
		t.Error("the metrics do not count what was refused")
	}
}

func TestNoMoreIsOfferedThanTheBucketHolds(t *testing.T) {
	s := start(t, "{\nLOGOFF\nmailbucket SMTP {\nbucket default {\nmax_bytes 1MiB\n}\n}\n}\nHTTP {\nmailbucket\n}\n")
	c := s.dial()
	must(t, c.talk("", "220", "EHLO x", "250-"))
	must(t, skipTo(c.r, "250-SIZE 1048576\r\n"))
	must(t, skipTo(c.r, "250 "))
	must(t, c.talk("MAIL FROM:<a@x> SIZE=20000000", "552 5.3.4 Message too large, the limit is 1048576 octets", "MAIL FROM:<a@x> SIZE=1000", "250"))
}

func TestSessionsWithoutMailCanBeRead(t *testing.T) {
	s := start(t, `{
	LOGOFF
	mailbucket
	layer4 {
		SMTP {
			route {
				mailbucket
			}
		}
	}
}
HTTP {
	mailbucket
}
`)
	must(t, s.dial().talk("", "220 ", "HELO client", "250 ", "MAIL FROM:<@>", "501 ", "QUIT", "221 Bye\r\n"))
	var failed struct {
		Results []struct {
			Reason, Hello string
			Transcript    []string
		}
	}
	s.get("/sessions", &failed)
	if len(failed.Results) != 1 || failed.Results[0].Hello != "client" || !strings.HasPrefix(failed.Results[0].Reason, "501 5.1.7 ") ||
		failed.Results[0].Transcript[len(failed.Results[0].Transcript)-1] != "S: 221 Bye" {
		t.Errorf("got %+v", failed)
	}
}
