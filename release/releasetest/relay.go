// Package releasetest has a server that takes mails, for the tests of what sends them.
package releasetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/smtp"
)

// Relay is a server that mails are released through.
type Relay struct {
	*smtp.Server
	Address string
	Roots   *x509.CertPool // with the authority of its certificate
	PEM     []byte         // the same

	mu  sync.Mutex
	got []*smtp.Message
}

// Receive implements smtp.Receiver.
func (r *Relay) Receive(_ context.Context, m *smtp.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := *m
	r.got = append(r.got, &kept)
	return nil
}

// Refused implements smtp.Receiver.
func (*Relay) Refused() {}

// Mails are those that the relay has taken.
func (r *Relay) Mails() []*smtp.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// Password is that of the only user, robot.
const Password = `right "password"`

// NewRelay makes a server with a certificate for 127.0.0.1 that takes the login of the
// user robot, and lets change set it up otherwise.
func NewRelay(t *testing.T, change func(*smtp.Server)) *Relay {
	t.Helper()
	r := &Relay{Roots: x509.NewCertPool()}
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
	r.Roots.AddCert(certificate)
	r.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	r.Server = &smtp.Server{
		Hostname: "relay.test", Receiver: r, Sessions: new(smtp.Sessions), Logger: zap.NewNop(), Faults: new(smtp.Faults),
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		CheckLogin: func(_ context.Context, username, secret string) bool {
			return username == "robot" && secret == Password
		},
	}
	if change != nil {
		change(r.Server)
	}
	r.Address = Listen(t, func(conn net.Conn) { r.Serve(conn, nil) })
	return r
}

// Listen serves connections to a port of this machine.
func Listen(t *testing.T, serve func(net.Conn)) string {
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
