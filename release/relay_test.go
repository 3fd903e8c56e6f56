package release

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// relay is a server that mails are released through.
type relay struct {
	*smtp.Server
	address string
	roots   *x509.CertPool

	mu  sync.Mutex
	got []*smtp.Message
}

// Receive implements smtp.Receiver.
func (r *relay) Receive(_ context.Context, m *smtp.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := *m
	r.got = append(r.got, &kept)
	return nil
}

// Refused implements smtp.Receiver.
func (*relay) Refused() {}

func (r *relay) mails() []*smtp.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// newRelay makes a server with a certificate for 127.0.0.1 that takes the login of one
// user, and lets change set it up otherwise.
func newRelay(t *testing.T, change func(*smtp.Server)) *relay {
	t.Helper()
	r := &relay{roots: x509.NewCertPool()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	r.roots.AddCert(certificate)
	r.Server = &smtp.Server{
		Hostname: "relay.test", Receiver: r, Sessions: new(smtp.Sessions), Logger: zap.NewNop(), Faults: new(smtp.Faults),
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		CheckLogin: func(_ context.Context, username, secret string) bool {
			return username == "robot" && secret == "right \"password\""
		},
	}
	if change != nil {
		change(r.Server)
	}
	r.address = listen(t, func(conn net.Conn) { r.Serve(conn, nil) })
	return r
}

// listen serves connections to a port of this machine.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	return l.Addr().String()
}

// outlet is one that sends to r, as change sets it up.
func (r *relay) outlet(t *testing.T, change func(*Config)) (*Outlet, *store.Bucket) {
	t.Helper()
	return newOutlet(t, r.address, r.roots, change)
}

func newOutlet(t *testing.T, address string, roots *x509.CertPool, change func(*Config)) (*Outlet, *store.Bucket) {
	t.Helper()
	from, err := ParseAddress("bucket@ours.example.com")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Server:  Server{Address: address, Roots: roots, Hello: "here.test"},
		Allowed: parseList(t, list...), From: from,
	}
	if change != nil {
		change(&c)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	b := store.New(store.Limits{})
	return New(c, b, new(Ledger), zap.NewNop()), b
}

// put puts a mail into a bucket.
func put(t *testing.T, b *store.Bucket, sender, raw string) *store.Message {
	t.Helper()
	m := &store.Message{Sender: sender, Recipients: []string{"someone@app.test"}, Raw: raw}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}
