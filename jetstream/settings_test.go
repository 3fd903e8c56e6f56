package jetstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestSettingsThatAreWrong(t *testing.T) {
	const url = "nats://127.0.0.1:4222"
	for want, s := range map[string]Settings{
		"expected at least one":                       {Stream: "mail"},
		"expected nats:// or tls://, not http://":     {Stream: "mail", Servers: []string{"http://127.0.0.1:4222"}},
		"expected a host":                             {Stream: "mail", Servers: []string{"nats://:4222"}},
		"expected nothing after the port":             {Stream: "mail", Servers: []string{"nats://127.0.0.1:4222/x"}},
		"malformed":                                   {Stream: "mail", Servers: []string{"nats://a:secret@127.0.0.1:x"}},
		"server address: expected one":                {Stream: "mail", Servers: []string{url + "," + url}},
		`stream "a.b": expected letters`:              {Stream: "a.b", Servers: []string{url}},
		"replicas 6: expected":                        {Stream: "mail", Servers: []string{url}, Replicas: 6},
		"only one of them":                            {Stream: "mail", Servers: []string{url}, Credentials: "x", User: "a"},
		"a password without a user":                   {Stream: "mail", Servers: []string{url}, Password: "secret"},
		"expected both or neither":                    {Stream: "mail", Servers: []string{url}, Certificate: "x"},
		"reading credentials: open /missing":          {Stream: "mail", Servers: []string{url}, Credentials: "/missing"},
		"reading the certificate authorities: open":   {Stream: "mail", Servers: []string{url}, CA: "/missing"},
		"settings_test.go has no certificate in PEM":  {Stream: "mail", Servers: []string{url}, CA: "settings_test.go"},
		"reading the client certificate: open /missi": {Stream: "mail", Servers: []string{url}, Certificate: "/missing", Key: "/missing"},
	} {
		j, err := New(s)
		if err == nil {
			err = j.Open(t.Context(), func(store.Entry) {})
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestStreamsThatDoNotFit(t *testing.T) {
	s := startServer(t, nil)
	js := administer(t, s.ClientURL())
	settings := Settings{Servers: []string{s.ClientURL()}, Limits: store.Limits{MaxMessages: 1000, MaxBytes: 1 << 20, MaxAge: time.Hour}}
	made := 0
	for want, change := range map[string]func(*natsjs.StreamConfig){
		"its subjects are other.log, expected":                          func(c *natsjs.StreamConfig) { c.Subjects = []string{"other.log"} },
		"does not fit the bucket: its storage is memory, expected file": func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage },
		"its retention is interest, expected limits":                    func(c *natsjs.StreamConfig) { c.Retention = natsjs.InterestPolicy },
		"it discards new messages":                                      func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardNew },
		"it acknowledges nothing":                                       func(c *natsjs.StreamConfig) { c.NoAck = true },
		"it denies purging":                                             func(c *natsjs.StreamConfig) { c.DenyPurge = true },
		"it keeps 1 messages for each subject":                          func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"its duplicate window is 1s, expected 30s":                      func(c *natsjs.StreamConfig) { c.Duplicates = time.Second },
		"its largest message is of 1000 bytes":                          func(c *natsjs.StreamConfig) { c.MaxMsgSize = 1000 },
		"allow_msg_ttl":                                                 func(c *natsjs.StreamConfig) { c.AllowMsgTTL = false },
		"it has 1000 bytes at most, expected 1048576":                   func(c *natsjs.StreamConfig) { c.MaxBytes = 1000 },
		"it has 10 messages at most, expected 1000":                     func(c *natsjs.StreamConfig) { c.MaxMsgs = 10 },
		"it keeps messages for 1m0s, expected 1h0m0s":                   func(c *natsjs.StreamConfig) { c.MaxAge = time.Minute },
		"it transforms subjects": func(c *natsjs.StreamConfig) {
			c.SubjectTransform = &natsjs.SubjectTransformConfig{Source: c.Subjects[0], Destination: "x"}
		},
	} {
		// No stream is deleted: a server that still removes files refuses to make the next one.
		made++
		settings.Stream = fmt.Sprintf("mail%d", made)
		config := settings.streamConfig()
		config.Metadata = nil
		change(&config)
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if _, err := tryBucket(t, settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	settings.Stream = "right"
	openBucket(t, settings)
	settings.Replicas = 2
	if _, err := tryBucket(t, settings); err == nil || !strings.Contains(err.Error(), "it has 1 replicas, expected 2") {
		t.Errorf("got %v, want that the replicas are wrong", err)
	}
}

func TestLimitsOfAStreamAreRaised(t *testing.T) {
	s := startServer(t, nil)
	settings := Settings{Servers: []string{s.ClientURL()}, Limits: store.Limits{MaxBytes: 1 << 20, MaxAge: time.Hour}}
	_ = openBucket(t, settings).Close()
	settings.Limits = store.Limits{MaxBytes: 4 << 20, MaxAge: 24 * time.Hour}
	config := openBucket(t, settings).stream.Load().Config
	if want := settings.streamConfig(); config.MaxAge != want.MaxAge || config.MaxBytes != want.MaxBytes {
		t.Errorf("the stream keeps %d bytes for %v, want %d for %v", config.MaxBytes, config.MaxAge, want.MaxBytes, want.MaxAge)
	}
}

func TestServersWithoutJetStreamOrWithSmallMessages(t *testing.T) {
	opts := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopServer(s) })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	settings := Settings{Servers: []string{s.ClientURL()}}
	if _, err := tryBucketFor(t, settings, time.Second); err == nil || !strings.Contains(err.Error(), "opening stream mail on 127.0.0.1:") {
		t.Errorf("got %v, want an error", err)
	}
	small := Settings{Servers: []string{startServer(t, &server.Options{MaxPayload: 4096}).ClientURL()}}
	if _, err := tryBucket(t, small); err == nil || !strings.Contains(err.Error(), "max_payload is 4096 bytes, expected 16384 or more") {
		t.Errorf("got %v, want that max_payload is too small", err)
	}
}

func TestLogins(t *testing.T) {
	s := startServer(t, &server.Options{Users: []*server.User{
		{Username: "mail", Password: "right"},
		{Username: "reader", Password: "right", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"mail.>"}},
		}},
	}})
	host := s.Addr().String()
	openBucket(t, Settings{Servers: []string{host}, User: "mail", Password: "right"})
	openBucket(t, Settings{Servers: []string{"nats://mail:right@" + host}})
	for _, settings := range []Settings{
		{Servers: []string{host}},
		{Servers: []string{host}, User: "mail", Password: "secret"},
		{Servers: []string{"nats://mail:secret@" + host}},
	} {
		began := time.Now()
		_, err := tryBucket(t, settings)
		if err == nil || !strings.Contains(err.Error(), "Authorization Violation") || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want that the login is wrong", err)
		}
		if d := time.Since(began); d > openTime/2 {
			t.Errorf("that took %v", d)
		}
	}
	_, err := tryBucketFor(t, Settings{Servers: []string{host}, User: "reader", Password: "right"}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), `Permissions Violation for Publish to "mail.log"`) {
		t.Errorf("got %v, want that publishing is not permitted", err)
	}
}

// certify makes a certificate for 127.0.0.1 that is its own authority, as files.
func certify(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: bytes}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

func TestTLS(t *testing.T) {
	certificate, key := certify(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AddCert(pair.Leaf)
	start := func(clients tls.ClientAuthType) string {
		return startServer(t, &server.Options{TLSTimeout: 20, TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{pair}, ClientCAs: authorities, ClientAuth: clients,
		}}).Addr().String()
	}
	open, closed := start(tls.NoClientCert), start(tls.RequireAndVerifyClientCert)
	openBucket(t, Settings{Servers: []string{"tls://" + open}, CA: certificate})
	openBucket(t, Settings{Servers: []string{"nats://" + closed}, CA: certificate, Certificate: certificate, Key: key})
	plain := startServer(t, nil).Addr().String()
	for want, s := range map[string]Settings{
		"certificate signed by unknown authority": {Servers: []string{"tls://" + open}},
		"tls":                             {Servers: []string{"tls://" + closed}, CA: certificate},
		"secure connection not available": {Servers: []string{"tls://" + plain}, CA: certificate},
	} {
		if _, err := tryBucketFor(t, s, 10*time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
