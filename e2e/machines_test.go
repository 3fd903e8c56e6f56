package e2e

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// onNATS has the journal of a bucket on a NATS server.
const onNATS = `{
	admin ADMIN
	mailbucket SMTP {
		bucket default {
			journal jetstream nats://NATS
		}
	}
}
HTTP {
	mailbucket
}
`

// startNATS starts a NATS server with what it has in a folder.
func startNATS(t *testing.T, address, dir string) *natsserver.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	s, err := natsserver.NewServer(&natsserver.Options{Host: host, Port: n, StoreDir: dir, JetStream: true, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopNATS(s) })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

func stopNATS(s *natsserver.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// ids are those of the emails, the newest first.
func (s *server) ids() (list []string) {
	s.t.Helper()
	for _, e := range s.list("") {
		list = append(list, e.ID)
	}
	return list
}

// ready is the status of /readyz.
func (s *server) ready() int {
	s.t.Helper()
	response, err := http.Get("http://" + s.http + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestTwoMachinesHaveOneBucket(t *testing.T) {
	address, dir := freeAddress(t), t.TempDir()
	nats := startNATS(t, address, dir)
	config := strings.ReplaceAll(onNATS, "NATS", address)
	a, b := serve(t, config), serve(t, config)

	arrived := make(chan []email)
	go func() { arrived <- b.list("recipient=first@example.com&wait=30s") }()
	a.send("first@example.com", "Subject: first\r\n\r\nhello\r\n")
	if list := <-arrived; len(list) != 1 || list[0].Subject != "first" {
		t.Errorf("waiting on the other machine gives %+v, want the mail", list)
	}
	b.send("second@example.com", "Subject: second\r\n\r\nhello\r\n")
	a.send("large@example.com", "Subject: large\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 40_000))
	both := a.ids()
	if len(both) != 3 {
		t.Errorf("%d mails, want 3", len(both))
	}
	eventually(t, "the machines show the same", func() bool { return slices.Equal(b.ids(), both) })

	request, err := http.NewRequest(http.MethodDelete, "http://"+b.http+"/emails/"+both[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatalf("deleting: %v, %v", response, err)
	}
	_ = response.Body.Close()
	both = slices.Delete(both, 1, 2)
	eventually(t, "the deletion is seen", func() bool { return slices.Equal(a.ids(), both) })

	if err := a.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-a.exited
	a.run(".", a.config)
	if again := a.ids(); !slices.Equal(again, both) {
		t.Errorf("after a start there are %v, want %v", again, both)
	}
	reloadKeepsTheConnection(t, nats, a, config)

	stopNATS(nats)
	eventually(t, "it is told that the servers are away", func() bool { return a.ready() == http.StatusServiceUnavailable })
	if held := a.ids(); !slices.Equal(held, both) {
		t.Errorf("while the servers are away there are %v, want %v", held, both)
	}
	sent := make(chan struct{})
	go func() {
		a.send("third@example.com", "Subject: third\r\n\r\nhello\r\n") // it waits for the servers
		close(sent)
	}()
	startNATS(t, address, dir)
	<-sent
	eventually(t, "all is well again", func() bool {
		return a.ready() == http.StatusOK && b.ready() == http.StatusOK && len(b.ids()) == 3 && slices.Equal(b.ids(), a.ids())
	})
	for _, said := range []string{"the journal is away", "the journal is back"} {
		if n := strings.Count(a.log.String(), said); n != 1 {
			t.Errorf("the log has %q %d times, want once", said, n)
		}
	}
}

func TestMailIsRefusedWhileNATSIsAway(t *testing.T) {
	address, dir := freeAddress(t), t.TempDir()
	nats := startNATS(t, address, dir)
	a := serve(t, strings.ReplaceAll(onNATS, "NATS", address))
	a.send("held@example.com", "Subject: held\r\n\r\nhello\r\n")
	held := a.ids()

	stopNATS(nats)
	c := dial(t, a.smtp)
	c.expect("220")
	c.say("HELO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<refused@example.com>\r\nDATA\r\n")
	c.expect("250", "250", "250", "354")
	c.say("Subject: refused\r\n\r\nhello\r\n.\r\n")
	c.expect("451")
	if ids := a.ids(); !slices.Equal(ids, held) || a.ready() != http.StatusServiceUnavailable {
		t.Errorf("while the server is away there are %v, want %v, and /readyz is %d", ids, held, a.ready())
	}

	startNATS(t, address, dir)
	eventually(t, "the server is back", func() bool { return a.ready() == http.StatusOK })
	c.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<again@example.com>\r\nDATA\r\n")
	c.expect("250", "250", "354")
	c.say("Subject: again\r\n\r\nhello\r\n.\r\n")
	c.expect("250")
	if list := a.list(""); len(list) != 2 || list[0].Subject != "again" {
		t.Errorf("there are %+v, want what was accepted, and not what was refused", list)
	}
}

// reloadKeepsTheConnection loads another configuration while a session goes on.
func reloadKeepsTheConnection(t *testing.T, nats *natsserver.Server, s *server, config string) {
	t.Helper()
	connections := func() uint64 {
		v, err := nats.Varz(nil)
		if err != nil {
			t.Fatal(err)
		}
		return v.TotalConnections
	}
	before := connections()
	c := dial(t, s.smtp)
	c.expect("220")
	changed := strings.Replace(config, "journal", "max_age 7d\n\t\t\tjournal", 1)
	replaced := strings.NewReplacer("SMTP", s.smtp, "HTTP {", "http://"+s.http+" {\nbind 127.0.0.1", "ADMIN", s.admin).Replace(changed)
	if status := s.configure([]byte(replaced)); status != http.StatusOK {
		t.Errorf("the reload gives %d", status)
	}
	c.say("HELO x\r\nMAIL FROM:<a@example.com>\r\nRSET\r\nQUIT\r\n")
	c.expect("250", "250", "250", "221")
	if n := connections(); n != before {
		t.Errorf("there are %d new connections to NATS after a reload", n-before)
	}
}
