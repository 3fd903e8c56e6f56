package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/caddy-mailbucket/mailbucket/internal/freeport"
)

// mailpitModule is what Mailpit is built from where it is not installed.
const mailpitModule = "github.com/axllent/mailpit@v1.27.11"

// server is a running one.
type server struct {
	name, address string // address is of SMTP
	web           string // address for HTTP
	api           api
	ids           []string     // of mails that it holds
	asked         atomic.Int64 // requests
	command       *exec.Cmd
	exited        chan struct{}
}

// startAll starts ours, which is the first, and the peers that there are.
func startAll(dir string, mailpit bool) ([]*server, error) {
	starts := []func(dir string) (*server, error){
		func(dir string) (*server, error) { return startOurs(dir, "") }, startSink,
	}
	if mailpit {
		starts = append(starts, func(dir string) (*server, error) { return startMailpit(dir, 10_000) })
	}
	var servers []*server
	for _, start := range starts {
		s, err := start(dir)
		if err != nil && len(servers) == 0 {
			return nil, err
		}
		if err != nil {
			log.Printf("left out: %v", err)
			continue
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func stopAll(servers []*server) {
	for _, s := range servers {
		s.stop()
	}
}

func buildOurs(dir string) error {
	if out, err := exec.Command("go", "build", "-o", ours(dir), "./cmd/mailbucket").CombinedOutput(); err != nil {
		return fmt.Errorf("building cmd/mailbucket: %w\n%s", err, out)
	}
	return nil
}

func ours(dir string) string { return filepath.Join(dir, "mailbucket") }

// startOurs starts mailbucket, with what limits there are on its bucket.
func startOurs(dir, limits string) (*server, error) {
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	web, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "Caddyfile")
	text := "{\nadmin off\nmailbucket " + address + " {\nbucket default {\n" + limits + "\n}\n}\n}\nhttp://" + web + " {\nbind 127.0.0.1\nmailbucket\n}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing a Caddyfile: %w", err)
	}
	command := exec.Command(ours(dir), "run", "--config", config)
	command.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	s, err := start("mailbucket", address, command)
	if err != nil {
		return nil, err
	}
	s.web, s.api = web, ourAPI
	return s, s.wait(web)
}

func startSink(string) (*server, error) {
	program, err := find("smtp-sink")
	if err != nil {
		return nil, err
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	args := []string{address, "1000"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	return start("smtp-sink", address, exec.Command(program, args...))
}

// startMailpit starts Mailpit, which holds so many mails.
func startMailpit(dir string, mails int) (*server, error) {
	program, err := exec.LookPath("mailpit")
	if err != nil {
		program = filepath.Join(dir, "mailpit")
		install := exec.Command("go", "install", mailpitModule)
		install.Dir, install.Env = dir, append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
		if out, err := install.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building Mailpit: %w\n%s", err, out)
		}
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	web, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	s, err := start("Mailpit", address, exec.Command(program, "--smtp", address, "--listen", web, "--max", strconv.Itoa(mails), "--quiet", "--disable-version-check"))
	if err != nil {
		return nil, err
	}
	s.web, s.api = web, mailpitAPI
	return s, s.wait(web)
}

// start runs the command and waits until it takes connections.
func start(name, address string, command *exec.Cmd) (*server, error) {
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	s := &server{name: name, address: address, command: command, exited: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(s.exited)
	}()
	if err := s.wait(address); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// wait waits until the server takes connections at an address.
func (s *server) wait(address string) error {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("starting %s: %s", s.name, s.command.ProcessState)
		default:
		}
	}
	return errors.New("starting " + s.name + ": it takes no connections")
}

func (s *server) stop() {
	_ = s.command.Process.Kill()
	<-s.exited
}
