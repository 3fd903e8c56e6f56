package smtp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func newTLSServer(t *testing.T) (*Server, *mailbox) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	srv, box := newTestServer()
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return srv, box
}

// handshake puts conn under TLS and returns it with a reader of what comes.
func handshake(t *testing.T, conn net.Conn) (*tls.Conn, *bufio.Reader) {
	t.Helper()
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	return secure, bufio.NewReader(secure)
}

// recordingConn keeps what is read from a connection.
type recordingConn struct {
	net.Conn
	seen []byte
}

func (c *recordingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.seen = append(c.seen, b[:n]...)
	return n, err
}

func TestImplicitTLS(t *testing.T) {
	srv, box := newTLSServer(t)
	srv.ImplicitTLS = true
	conn, reader := handshake(t, connect(t, srv))
	expect(t, reader, "220 mail.example.test")
	io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nx\r\n.\r\nSTARTTLS\r\nQUIT\r\n")
	said, err := io.ReadAll(reader)
	if err != nil || strings.Contains(string(said), "STARTTLS") || !strings.HasSuffix(string(said), "TLS is active already\r\n221 2.0.0 Bye\r\n") {
		t.Errorf("the server said %q (%v)", said, err)
	}
	if got := box.all(); len(got) != 1 || got[0].Session.TLSVersion != "TLS 1.3" {
		t.Errorf("stored %+v", got)
	}
}

// TestHandshakeIsBounded has clients that begin none, in both forms of TLS, and one
// that begins it and does not go on.
func TestHandshakeIsBounded(t *testing.T) {
	for name, begin := range map[string]string{"nothing": "", "half a hello": "\x16\x03\x01\x02\x00\x01", "plain text": "EHLO x\r\n"} {
		for _, implicit := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, implicit %v", name, implicit), func(t *testing.T) {
				t.Parallel()
				srv, _ := newTLSServer(t)
				srv.ImplicitTLS = implicit
				srv.FirstCommandTimeout = time.Second // within which STARTTLS has to come
				conn := connect(t, srv)
				if !implicit {
					reader := bufio.NewReader(conn)
					expect(t, reader, "220")
					io.WriteString(conn, "STARTTLS\r\n")
					expect(t, reader, "220 Ready")
				}
				io.WriteString(conn, begin)
				said, _ := io.ReadAll(conn)
				if strings.Contains(string(said), "421") {
					t.Errorf("the server said %q in plain text", said)
				}
			})
		}
	}
}

func TestHandshakeCountsAsAConnectionAndEndsWithAShutdown(t *testing.T) {
	srv, _ := newTLSServer(t)
	srv.ImplicitTLS, srv.MaxConnections = true, 1
	first := connect(t, srv)
	eventually(t, func() bool { return srv.Sessions.Len() == 1 })
	if said, _ := io.ReadAll(connect(t, srv)); len(said) > 0 {
		t.Errorf("to one too many the server said %q", said)
	}
	if err := srv.Sessions.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if said, _ := io.ReadAll(first); len(said) > 0 {
		t.Errorf("in a handshake the server said %q", said)
	}
}

func TestFailedHandshakesAreLogged(t *testing.T) {
	srv, _ := newTLSServer(t)
	core, logs := observer.New(zap.InfoLevel)
	srv.ImplicitTLS, srv.Logger = true, zap.New(core)
	connect(t, srv).Close() // as a health check does
	plain := connect(t, srv)
	io.WriteString(plain, "EHLO x\r\n")
	io.ReadAll(plain)
	if got := logs.FilterMessage("TLS handshake failed").Len(); got != 1 {
		t.Errorf("logged: %v", logs.All())
	}
}

// TestCloseNotify wants the alert that tells a client that nothing was cut off (RFC
// 8446 section 6.1), for which the server's last record has to be one.
func TestCloseNotify(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		srv, _ := newTLSServer(t)
		srv.TLS.MaxVersion = tls.VersionTLS12 // whose records tell their type
		srv.ImplicitTLS = implicit
		plain := &recordingConn{Conn: connect(t, srv)}
		if !implicit {
			reader := bufio.NewReader(plain)
			expect(t, reader, "220")
			io.WriteString(plain, "STARTTLS\r\n")
			expect(t, reader, "220")
			plain.seen = nil
		}
		conn, reader := handshake(t, plain)
		io.WriteString(conn, "QUIT\r\n")
		if _, err := io.ReadAll(reader); err != nil {
			t.Errorf("implicit %v: %v", implicit, err)
		}
		last := byte(0)
		for b := plain.seen; len(b) >= 5; b = b[5+(int(b[3])<<8|int(b[4])):] {
			last = b[0]
		}
		if last != 21 {
			t.Errorf("implicit %v: the last record is of type %d, want an alert", implicit, last)
		}
	}
}

func TestPlainTextAfterSTARTTLSIsThrownAway(t *testing.T) {
	srv, box := newTLSServer(t)
	plain := connect(t, srv)
	fromPlain := bufio.NewReader(plain)
	expect(t, fromPlain, "220")
	io.WriteString(plain, "STARTTLS\r\nHELO injected\r\nMAIL FROM:<evil@x>\r\n")
	expect(t, fromPlain, "220 Ready")
	conn, reader := handshake(t, plain)
	io.WriteString(conn, envelope+"DATA\r\nx\r\n.\r\nQUIT\r\n")
	const want = "250 Hello\r\n250 Sender OK\r\n250 Recipient OK\r\n354 Start mail input; end with <CRLF>.<CRLF>\r\n250 Message accepted\r\n221 Bye\r\n"
	if said, err := io.ReadAll(reader); err != nil || string(said) != want {
		t.Errorf("the server said %q (%v)", said, err)
	}
	if got := box.all(); len(got) != 1 || !strings.Contains(got[0].Session.Preamble, "* 35 octets in plain text after STARTTLS discarded\n") {
		t.Errorf("stored %+v", got)
	}
}

// TestNothingFromBeforeSTARTTLSCounts begins in bare LF, says hello and more, and then
// does as a client does that begins anew (RFC 3207 section 4.2).
func TestNothingFromBeforeSTARTTLSCounts(t *testing.T) {
	srv, box := newTLSServer(t)
	plain := connect(t, srv)
	fromPlain := bufio.NewReader(plain)
	expect(t, fromPlain, "220")
	for _, command := range []string{"EHLO before", "AUTH PLAIN AGEAYQ==", "MAIL FROM:<before@x>", "RCPT TO:root", "STARTTLS"} {
		io.WriteString(plain, command+"\n")
		for line := "-----"; line[3] == '-'; {
			var err error
			if line, err = fromPlain.ReadString('\n'); err != nil || line[0] != '2' {
				t.Fatalf("%s: the server said %q (%v)", command, line, err)
			}
		}
	}
	conn, reader := handshake(t, plain)
	io.WriteString(conn, "RCPT TO:<b@x>\r\nMAIL FROM:<a@x>\r\nHELO after\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n1\n.\n2\r\n.\r\nQUIT\r\n")
	said, err := io.ReadAll(reader)
	if want := "503 Bad sequence of commands, send MAIL first\r\n503 Bad sequence of commands, send HELO or EHLO first\r\n250 Hello\r\n"; err != nil || !strings.HasPrefix(string(said), want) {
		t.Errorf("the server said %q (%v)", said, err)
	}
	got := box.all()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	if m := got[0]; m.Data != "1\n.\n2\r\n" || len(m.Problems) > 0 || m.Session.Hello != "after" || m.Session.AuthIdentity != "" || m.Session.Extended {
		t.Errorf("stored %+v of %+v", m, m.Session)
	}
}
