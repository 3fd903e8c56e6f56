//go:build unix

package mailbucket

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/sys/unix"
)

// listenShared listens as Caddy of another process does, so that others can too.
func listenShared(t *testing.T, network, address string) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(network, _ string, conn syscall.RawConn) error {
		var err error
		if controlErr := conn.Control(func(fd uintptr) {
			if strings.HasPrefix(network, "tcp") {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}
		}); controlErr != nil {
			return controlErr
		}
		return err
	}}
	listener, err := config.Listen(t.Context(), network, address)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener
}

// TestAddressesOfAnotherProcessAreRefusedAtTheFirstStart has another process listen at
// each kind of address.
func TestAddressesOfAnotherProcessAreRefusedAtTheFirstStart(t *testing.T) {
	s := start(t, shortest)
	socket := filepath.Join(t.TempDir(), "smtp.sock")
	port := func(address string) string { return address[strings.LastIndex(address, ":")+1:] }
	for name, test := range map[string]struct{ network, theirs, ours, named string }{
		"the same":                {"tcp", s.smtp, s.smtp, s.smtp},
		"theirs is a wildcard":    {"tcp", ":" + port(s.smtp), s.smtp, s.smtp},
		"ours is a wildcard":      {"tcp", s.smtp, ":" + port(s.smtp), ":" + port(s.smtp)},
		"within a range of ports": {"tcp", s.smtp, "127.0.0.1:" + port(s.smtp) + "-" + port(s.smtp), s.smtp},
		"a unix socket":           {"unix", socket, "unix/" + socket + "|0660", socket},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, caddy.Stop())
			theirs := listenShared(t, test.network, test.theirs)
			for form, config := range map[string]string{
				"by the option": "{\nLOGOFF\nmailbucket " + test.ours + "\n}\nHTTP {\nmailbucket\n}\n",
				"by layer4":     "{\nLOGOFF\nlayer4 {\n" + test.ours + " {\nroute {\nmailbucket\n}\n}\n}\n}\nHTTP {\nmailbucket\n}\n",
			} {
				if err := s.load(config); err == nil || !strings.Contains(err.Error(), test.named) || !strings.Contains(err.Error(), "in use") {
					t.Errorf("%s: error %v, want one that names %s", form, err, test.named)
				}
				eventually(t, "its site is closed", func() bool {
					conn, err := net.Dial("tcp", s.http)
					if err == nil {
						conn.Close()
					}
					return err != nil
				})
			}
			must(t, theirs.Close())
			must(t, s.load(shortest))
		})
	}
}

// TestAddressesAreTakenAgainAfterAnEnd has connections that TCP still remembers.
func TestAddressesAreTakenAgainAfterAnEnd(t *testing.T) {
	s := start(t, shortest)
	for range 5 {
		c := s.dial()
		must(t, c.talk("", "220", "QUIT", "221"))
		_, _ = io.ReadAll(c) // the server has closed first
		must(t, caddy.Stop())
		must(t, s.load(shortest))
	}
}

// TestReloadTakesAddressesWithoutAsking also goes from one address to another that
// overlaps it, while the configuration before still listens.
func TestReloadTakesAddressesWithoutAsking(t *testing.T) {
	s := start(t, shortest)
	wildcard := strings.Replace(shortest, "SMTP", ":"+s.smtp[strings.LastIndex(s.smtp, ":")+1:], 1)
	other := "{\nLOGOFF\nlayer4 {\nSMTP {\nroute {\nmailbucket\n}\n}\n}\n}\nHTTP {\nmailbucket\n}\n"
	for _, config := range []string{shortest, wildcard, shortest, other, wildcard, other, shortest} {
		must(t, s.load(config))
		must(t, s.dial().talk("", "220", "QUIT", "221"))
	}
}

// TestLookingForOtherProcessesTakesNoConnections connects all the time, as clients do that
// wait for a server to start. What connects too early would be reset.
func TestLookingForOtherProcessesTakesNoConnections(t *testing.T) {
	address := freeAddress(t)
	done, connected := make(chan struct{}), make(chan bool)
	go func() {
		for {
			select {
			case <-done:
				connected <- false
				return
			default:
			}
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				connected <- true
				return
			}
		}
	}()
	for range 2000 {
		must(t, checkAreFree([]string{address}))
	}
	close(done)
	if <-connected {
		t.Error("a connection was taken")
	}
}
