package mailbucket

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// waitForCertificate makes TLS connections that ask for name until they get the
// certificate of want, which Caddy makes beside starting.
func (s *site) waitForCertificate(name, want string, startTLS bool) {
	s.t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		c := s.dial()
		if startTLS {
			must(s.t, c.talk("", "220", "EHLO x", "250-"))
			must(s.t, skipTo(c.r, "250 STARTTLS"))
			must(s.t, c.talk("STARTTLS", "220"))
		}
		conn := tls.Client(c.Conn, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err = conn.Handshake(); err != nil {
			continue
		}
		if err = conn.ConnectionState().PeerCertificates[0].VerifyHostname(want); err == nil {
			return
		}
	}
	s.t.Fatal(err)
}

// startTLS makes the handshake, asking for name.
func (c *client) startTLS(t *testing.T, name string, own ...tls.Certificate) {
	t.Helper()
	conn := tls.Client(c.Conn, &tls.Config{ServerName: name, InsecureSkipVerify: true, Certificates: own})
	must(t, conn.Handshake())
	c.Conn, c.r = conn, bufio.NewReader(conn)
}

func TestStartTLSWithACertificateOfTheInternalIssuer(t *testing.T) {
	s := start(t, handler("mailbucket {\nstarttls on\nhostname mail.example.test\n}"))
	for name, certificate := range map[string]string{
		"":                     "127.0.0.1",
		"localhost":            "localhost",
		"mail.example.test":    "mail.example.test",
		"unknown.example.test": "mail.example.test",
	} {
		s.waitForCertificate(name, certificate, true)
		// What is said in plain text with STARTTLS is not heard under TLS.
		c := s.dial()
		must(t, c.talk("", "220", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 STARTTLS"))
		must(t, c.talk("STARTTLS\r\nMAIL FROM:<evil@x>", "220 2.0.0 Ready"))
		c.startTLS(t, name)
		must(t, c.talk("MAIL FROM:<a@x>", "503", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 AUTH"))
		must(t, c.talk("STARTTLS", "503"))
		must(t, c.send("a@x", "b@x", "hello"))
		got := s.newestSession()
		if got.TLS.Version != "TLS 1.3" || got.TLS.Cipher == "" || got.TLS.ServerName != name {
			t.Errorf("recorded %+v", got.TLS)
		}
		if transcript := strings.Join(got.Transcript, "\n"); !strings.Contains(transcript, "* 20 octets in plain text after STARTTLS discarded") {
			t.Errorf("transcript:\n%s", transcript)
		}
	}
}

// skipTo reads the lines of a reply up to one that begins so.
func skipTo(r *bufio.Reader, prefix string) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.HasPrefix(line, prefix) {
			return err
		}
		if line[3] == ' ' {
			return fmt.Errorf("the reply ends in %q, before %q", line, prefix)
		}
	}
}

func TestClientCertificateIsRecorded(t *testing.T) {
	s := start(t, handler("mailbucket {\nstarttls on\nconnection_policy {\nclient_auth {\nmode request\n}\n}\n}"))
	s.waitForCertificate("localhost", "localhost", true)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "application"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	c := s.dial()
	must(t, c.talk("", "220", "EHLO x", "250-"))
	must(t, skipTo(c.r, "250 STARTTLS"))
	must(t, c.talk("STARTTLS", "220"))
	c.startTLS(t, "localhost", tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	must(t, c.talk("HELO x", "250"))
	must(t, c.send("a@x", "b@x", "hello"))
	if got := s.newestSession(); got.TLS.ClientSubject != "CN=application" {
		t.Errorf("recorded %+v", got.TLS)
	}
}

func TestImplicitTLSByTheTLSHandler(t *testing.T) {
	s := start(t, handler("tls\nmailbucket"))
	for name, certificate := range map[string]string{"": "127.0.0.1", "localhost": "localhost"} {
		s.waitForCertificate(name, certificate, false)
		c := s.dial()
		c.startTLS(t, name)
		must(t, c.talk("", "220", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 AUTH")) // and no STARTTLS
		must(t, c.send("a@x", "b@x", "hello"))
		if got := s.newestSession(); got.TLS.Version != "TLS 1.3" || got.TLS.ServerName != name {
			t.Errorf("recorded %+v", got.TLS)
		}
	}
}

// TestAnyServerNameGetsTheHandlersCertificate has clients name the server as they please.
func TestAnyServerNameGetsTheHandlersCertificate(t *testing.T) {
	s := start(t, handler("mailbucket {\nstarttls on\nimplicit_tls on\nhostname mail.example.test\n}"))
	for _, name := range []string{
		"mailbucket", "my_host", "_smtp._tcp.example.test", "a b", "-x", "xn--", "münchen.test", "*.example.test",
		strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 120) + "test", "\x80\xff",
	} {
		for range 2 {
			c := s.dial()
			c.startTLS(t, name)
			if err := c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].VerifyHostname("mail.example.test"); err != nil {
				t.Errorf("%q: %v", name, err)
			}
			must(t, c.talk("", "220 mail.example.test", "QUIT", "221"))
		}
	}
	// Any other name than the configured ones in STARTTLS too.
	s = reloaded(t, s, handler("mailbucket {\nstarttls on\nhostname my_host\n}"))
	for _, name := range []string{"my_host", "mailbucket", ""} {
		c := s.dial()
		must(t, c.talk("", "220 my_host", "EHLO x", "250-"))
		must(t, skipTo(c.r, "250 STARTTLS"))
		must(t, c.talk("STARTTLS", "220"))
		c.startTLS(t, name)
		names := c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].DNSNames
		if name != "" && !slices.Equal(names, []string{"my_host"}) {
			t.Errorf("%q got a certificate for %q", name, names)
		}
		must(t, c.talk("EHLO x", "250-"))
	}
}

func reloaded(t *testing.T, s *site, config string) *site {
	t.Helper()
	must(t, s.load(config))
	return s
}

// TestImplicitTLS is one in all that a connection has to do with it.
func TestImplicitTLS(t *testing.T) {
	s := start(t, handler("mailbucket {\nimplicit_tls on\nmax_connections 1\nfirst_command_timeout 2s\n}"))
	c := s.dial()
	c.startTLS(t, "localhost")
	must(t, c.talk("", "220", "EHLO x", "250-"))
	must(t, skipTo(c.r, "250 AUTH")) // and no STARTTLS
	must(t, c.talk("STARTTLS", "503"))
	must(t, c.send("a@x", "b@x", "hello"))
	if got := s.newestSession(); got.TLS.Version != "TLS 1.3" || got.TLS.ServerName != "localhost" {
		t.Errorf("recorded %+v", got.TLS)
	}
	if strings.Contains(s.page("/"), s.smtp) {
		t.Error("the website offers the address for plain SMTP")
	}
	must(t, c.talk("QUIT", "221"))
	eventually(t, "the session ends", func() bool { return s.sessions() == 0 })
	// A connection without a handshake counts, and ends by itself.
	silent := s.dial()
	eventually(t, "it is counted", func() bool { return s.sessions() == 1 })
	if _, err := io.ReadAll(s.dial()); err != nil {
		t.Errorf("a connection too many: %v", err)
	}
	if said, err := io.ReadAll(silent); err != nil || len(said) > 0 {
		t.Errorf("a connection without a handshake got %q, %v", said, err)
	}
}

// sessions is how many are open into the default bucket.
func (s *site) sessions() int {
	b, err := openBucket(defaultBucket, store.Limits{}, nil, "")
	must(s.t, err)
	defer closeBucket(defaultBucket)
	return b.sessions.Len()
}

// TestTLSEndsWithItsCloseNotify looks at the types of the TLS records of a connection.
func TestTLSEndsWithItsCloseNotify(t *testing.T) {
	for name, handlers := range map[string]string{
		"by the tls handler":             "tls\nmailbucket",
		"by the tls handler, in another": "tls\nsubroute {\nroute {\nmailbucket\n}\n}",
		"implicit":                       "mailbucket {\nimplicit_tls on\n}",
		"STARTTLS":                       "mailbucket {\nstarttls on\n}",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, handler(handlers))
			s.waitForCertificate("localhost", "localhost", name == "STARTTLS")
			c := s.dial()
			if name == "STARTTLS" {
				must(t, c.talk("", "220", "EHLO x", "250-"))
				must(t, skipTo(c.r, "250 STARTTLS"))
				must(t, c.talk("STARTTLS", "220"))
			}
			raw := &recorder{Conn: c.Conn}
			conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", MaxVersion: tls.VersionTLS12})
			must(t, conn.Handshake())
			_, err := io.WriteString(conn, "QUIT\r\n")
			must(t, err)
			_, _ = io.ReadAll(conn)
			if types := raw.recordTypes(); types[len(types)-1] != 21 {
				t.Errorf("types of the TLS records: %v, and no alert (21) at the end", types)
			}
		})
	}
}

// recorder keeps what is read.
type recorder struct {
	net.Conn
	got []byte
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.got = append(r.got, b[:n]...)
	return n, err
}

func (r *recorder) recordTypes() (types []byte) {
	for b := r.got; len(b) >= 5; b = b[min(len(b), 5+int(b[3])<<8+int(b[4])):] {
		types = append(types, b[0])
	}
	return types
}

// TestHostnamesThatCertificatesAreMadeForAlready must not depend on which app Caddy
// provisions first.
func TestHostnamesThatCertificatesAreMadeForAlready(t *testing.T) {
	s := start(t, shortest)
	for _, hostname := range []string{"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "[127.0.0.1]", "[IPv6:::1]"} {
		config := "{\nLOGOFF\nlayer4 {\nSMTP {\nroute {\nmailbucket a {\nhostname " + hostname +
			"\nstarttls on\n}\n}\n}\nTLS {\nroute {\ntls\nmailbucket a {\nhostname " + hostname + "\n}\n}\n}\n}\nmailbucket {\nbucket a\n}\n}\nHTTP {\nmailbucket a\n}\n"
		for range 30 {
			must(t, s.load(config))
		}
		names := s.certificates()
		if want := []string{"127.0.0.1", "::1", "localhost"}; !slices.Equal(names, want) {
			t.Errorf("%s: certificates for %q, want %q", hostname, names, want)
		}
	}
}

// certificates are the names of those that the running configuration manages.
func (s *site) certificates() []string {
	s.t.Helper()
	app, err := caddy.ActiveContext().App(appName)
	must(s.t, err)
	return slices.Sorted(maps.Keys(app.(*App).certificates))
}

func TestCertificateNames(t *testing.T) {
	for hostname, want := range map[string]string{
		"mail.example.test":  "mail.example.test",
		"Mail.Example.Test.": "mail.example.test",
		"münchen.test":       "xn--mnchen-3ya.test",
		"my_host":            "my_host",
		"[192.0.2.7]":        "192.0.2.7",
		"[IPv6:2001:db8::1]": "2001:db8::1",
		"localhost":          "",
		"not(a)name":         "",
	} {
		got := certificateNames(hostname)
		if len(got) == 3 {
			got = append([]string{""}, got...)
		}
		if !slices.Equal(got, []string{want, "localhost", "127.0.0.1", "::1"}) {
			t.Errorf("%s: %q", hostname, got)
		}
	}
	for name, want := range map[string]bool{
		"mail.ours.org": true, "notexample.com": true, "example.com": false, "a.example.com": false, "host": false,
		"x.test": false, "localhost": false, "a.localhost": false, "192.0.2.7": false, "8.8.8.8": false, "2001:db8::1": false, "x.local": false,
	} {
		if isPublic(name) != want {
			t.Errorf("isPublic(%s) is %v", name, !want)
		}
	}
}
