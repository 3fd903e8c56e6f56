package jetstream

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and a server, and can break what is between them.
type proxy struct {
	listener net.Listener

	mu     sync.Mutex
	down   bool
	mute   bool // nothing that the server says gets through
	conns  map[net.Conn]struct{}
	target string
}

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, conns: make(map[net.Conn]struct{}), target: target}
	t.Cleanup(func() {
		_ = l.Close()
		p.cut(true)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(c)
		}
	}()
	return p
}

func (p *proxy) url() string { return "nats://" + p.listener.Addr().String() }

// cut ends all connections, and takes no new ones if down.
func (p *proxy) cut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.mute = down, false
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// silence has nothing get through that the server says.
func (p *proxy) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = true
}

func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		_ = c.Close()
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *proxy) carry(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	if !p.add(client) || !p.add(server) {
		_, _ = client.Close(), server.Close()
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(audible{client, p}, server)
	_ = client.Close()
}

// audible writes what is to be heard.
type audible struct {
	net.Conn
	p *proxy
}

func (a audible) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	mute := a.p.mute
	a.p.mu.Unlock()
	if mute {
		return len(b), nil
	}
	return a.Conn.Write(b)
}
