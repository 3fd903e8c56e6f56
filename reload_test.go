package mailbucket

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestReloadKeepsMessagesAndSessions(t *testing.T) {
	s := start(t, shortest)
	idle, busy := s.dial(), s.dial()
	must(t, idle.talk("", "220", "HELO x", "250"))
	must(t, busy.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "half", ""))
	for range 3 {
		must(t, s.load(shortest))
	}
	must(t, busy.talk(".", "250"))
	must(t, idle.send("c@x", "d@x", "after the reload"))
	if n := s.total("/emails"); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	late := s.dial()
	must(t, late.talk("", "220"))
}

// TestReloadUnderLoad sends without a pause while configurations change.
func TestReloadUnderLoad(t *testing.T) {
	s := start(t, shortest)
	var sent atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		c := s.dial()
		must(t, c.talk("", "220", "HELO x", "250"))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := c.send(fmt.Sprintf("%d@x", i), "r@x", "Subject: x\r\n\r\nbody"); err != nil {
					t.Error(err)
					return
				}
				sent.Add(1)
			}
		})
	}
	for range 10 {
		before := sent.Load()
		must(t, s.load(shortest))
		eventually(t, "50 more mails are sent", func() bool { return sent.Load() >= before+50 || t.Failed() })
	}
	close(stop)
	wg.Wait()
	if n := s.total("/emails"); n != int(min(sent.Load(), defaultMaxMessages)) {
		t.Errorf("%d messages are held of %d that were acknowledged", n, sent.Load())
	}
}

func withLimit(n int, more string) string {
	return strings.Replace(shortest, "mailbucket SMTP", fmt.Sprintf("mailbucket SMTP {\n bucket default {\n  max_messages %d\n }\n}\n%s", n, more), 1)
}

func TestNewLimitsApplyOnceTheConfigurationHasStarted(t *testing.T) {
	s := start(t, withLimit(100, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for range 20 {
		must(t, c.send("a@x", "b@x", "body"))
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for name, rejected := range map[string]string{
		"refused when provisioned": withLimit(5, "layer4 {\n 127.0.0.1:1 {\n  route {\n   mailbucket nosuch\n  }\n }\n}"),
		"rolled back when started": withLimit(5, "layer4 {\n 192.0.2.1:25 {\n  route {\n   mailbucket\n  }\n }\n}"),
	} {
		if err := s.load(rejected); err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := s.total("/emails"); n != 20 {
			t.Errorf("%s: %d messages are left", name, n)
		}
	}
	must(t, s.load(withLimit(5, "")))
	if n := s.total("/emails"); n != 5 {
		t.Errorf("%d messages under the new limit", n)
	}
	must(t, c.send("a@x", "b@x", "body"))
}

func TestFloodOfOneLoginLeavesOthersMail(t *testing.T) {
	s := start(t, strings.Replace(shortest, "SMTP\n", "SMTP {\nbucket default {\nmax_messages 5\nmax_messages_per login 2\nmax_messages_per sender 4\n}\n}\n", 1))
	for _, login := range []string{"ann", "bob"} {
		c := s.dial()
		must(t, c.talk("", "220", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 "))
		must(t, c.talk("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+login+"\x00x")), "235"))
		for range map[string]int{"ann": 1, "bob": 9}[login] {
			must(t, c.send("a@x", "b@x", "body"))
		}
	}
	for login, want := range map[string]int{"ann": 1, "bob": 2} {
		if n := s.total("/emails?login=" + login); n != want {
			t.Errorf("%s has %d", login, n)
		}
	}
}

func TestBucketThatNoConfigurationUsesIsFreed(t *testing.T) {
	s := start(t, shortest)
	idle, busy := s.dial(), s.dial()
	must(t, idle.talk("", "220", "HELO x", "250"))
	must(t, busy.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "half", ""))
	must(t, s.load("{\n LOGOFF\n}\nHTTP {\n respond hello\n}\n"))
	must(t, idle.talk("", "421"))
	must(t, busy.talk(".", "421"))
	must(t, s.load(shortest))
	if n := s.total("/emails"); n != 0 {
		t.Errorf("%d messages in a bucket that was freed", n)
	}
}

func TestReloadAndStopEndWaitingCalls(t *testing.T) {
	s := start(t, shortest)
	statuses := make(chan int, 1)
	wait := func() {
		response, err := http.Get("http://" + s.http + "/emails?wait=10m")
		if err != nil {
			statuses <- 0
			return
		}
		response.Body.Close()
		statuses <- response.StatusCode
	}
	for _, replacement := range []string{shortest, "{\n LOGOFF\n mailbucket SMTP\n}\n"} {
		go wait()
		b, err := openBucket(defaultBucket, store.Limits{}, nil, "")
		must(t, err)
		eventually(t, "a call waits", func() bool { return b.Watching() > 0 })
		must(t, closeBucket(defaultBucket))
		must(t, s.load(replacement))
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
	}
}

func TestShutdownDrainsAllBuckets(t *testing.T) {
	s := start(t, shortest)
	c := s.dial()
	must(t, c.talk("", "220"))
	b, err := openBucket(defaultBucket, store.Limits{}, nil, "")
	must(t, err)
	defer closeBucket(defaultBucket)
	shutdownSessions(context.Background(), caddy.Log(), []*bucket{b})
	must(t, c.talk("", "421"))
}
