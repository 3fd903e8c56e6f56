package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/internal/freeport"
)

// program is the path of the built cmd/mailbucket.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "mailbucket-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		// As releases are built, also where the tests themselves need cgo for the race detector.
		if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		program = filepath.Join(dir, "mailbucket")
		build := exec.Command("go", "build", "-o", program, "../cmd/mailbucket")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building cmd/mailbucket: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// patience is how long a test waits for what has to come. It ends what hangs, and
// measures nothing.
const patience = 10 * time.Minute

func init() { http.DefaultClient.Timeout = patience }

// eventually waits until a condition is met.
func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !met(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

func required() bool { return os.Getenv("MAILBUCKET_E2E") == "require" }

// need is the path of a program that the test cannot do without.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		// Debian has postfix's tools here, which users' paths leave out.
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			missing(t, name+" is not installed")
		}
	}
	return path
}

func missing(t *testing.T, what string) {
	t.Helper()
	if required() {
		t.Fatalf("%s, and MAILBUCKET_E2E=require is set", what)
	}
	t.Skipf("%s; to fail here instead, set MAILBUCKET_E2E=require", what)
}

// server is a running program.
type server struct {
	t                 *testing.T
	smtp, http, admin string
	tls, plain        string // further SMTP addresses
	config, data      string
	env               []string
	process           *exec.Cmd
	log               *logs
	exited            chan struct{}
}

// logs is what a program has printed so far.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve runs the program with a Caddyfile in which SMTP, HTTP, ADMIN, TLS and PLAIN
// stand for addresses, until the test ends.
func serve(t *testing.T, caddyfile string) *server {
	t.Helper()
	s := newServer(t)
	s.config = s.write(caddyfile)
	s.run(".", s.config)
	return s
}

// newServer has addresses and a data directory of its own, and does not run yet.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, smtp: freeAddress(t), http: freeAddress(t), admin: freeAddress(t), tls: freeAddress(t), plain: freeAddress(t)}
	dir := t.TempDir()
	s.env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	s.data = dir
	return s
}

// write makes a file of a Caddyfile for the server's addresses.
func (s *server) write(caddyfile string) string {
	s.t.Helper()
	caddyfile = strings.NewReplacer("SMTP", s.smtp, "HTTP {", "http://"+s.http+" {\nbind 127.0.0.1", "ADMIN", s.admin+"\n\tskip_install_trust", "TLS {", s.tls+" {", "PLAIN", s.plain).Replace(caddyfile)
	file := filepath.Join(s.t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte(caddyfile), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// run starts the program in a directory and waits until it answers.
func (s *server) run(dir, config string) {
	s.t.Helper()
	s.log = new(logs)
	s.process = exec.Command(program, "run", "--config", config)
	s.process.Dir, s.process.Env, s.process.Stderr = dir, s.env, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func() {
		_ = s.process.Wait()
		close(s.exited)
	}()
	s.t.Cleanup(func() {
		_ = s.process.Process.Kill()
		<-s.exited
		if s.t.Failed() {
			s.t.Logf("the server's log:\n%s", s.log.String())
		}
	})
	for _, address := range []string{s.smtp, s.http} {
		s.waitFor(address)
	}
}

func (s *server) waitFor(address string) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-s.exited:
			s.t.Fatalf("the server has exited before it listened on %s", address)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("nothing listens on %s: %v", address, err)
		}
	}
}

// freeAddress is one that nothing listens on and that no other call has returned.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// command runs a program with standard input, bounded in time, and returns what
// it prints. Its failure is the test's.
func command(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

type email struct {
	ID, Sender, Subject, Body string
	Recipients                []string
}

// list reads the whole list that a query of GET /emails matches, page by page.
func (s *server) list(query string) []email {
	s.t.Helper()
	var all []email
	for page := 1; ; page++ {
		var answer struct {
			Results    []email
			TotalPages int
		}
		s.get(fmt.Sprintf("/emails?limit=1000&page=%d&%s", page, query), &answer)
		all = append(all, answer.Results...)
		if page >= answer.TotalPages {
			return all
		}
	}
}

// only is the one email that a query matches, with its body.
func (s *server) only(query string) email {
	s.t.Helper()
	list := s.list(query)
	if len(list) != 1 {
		s.t.Fatalf("%s matches %d emails, want 1", query, len(list))
	}
	var e email
	s.get("/emails/"+list[0].ID, &e)
	return e
}

func (s *server) get(path string, v any) {
	s.t.Helper()
	response, err := http.Get("http://" + s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s: %v\n%s", path, response.Status, err, body)
	}
}
