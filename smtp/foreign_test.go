package smtp

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// smuggled is a mail as lines that a web page can put into the body of a request.
const smuggled = "HELO x\r\nMAIL FROM:<page@web.example>\r\nRCPT TO:<victim@x>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"

func TestOtherProtocolsEndTheSession(t *testing.T) {
	const header = "\r\nHost: 127.0.0.1:1025\r\nContent-Length: 100\r\n\r\n"
	for _, test := range []struct{ first, came string }{
		{"POST / HTTP/1.1" + header, "an HTTP request (POST)"},
		{"GET /?MAIL%20FROM HTTP/1.1" + header, "an HTTP request (GET)"},
		{"HEAD / HTTP/1.0\n\n", "an HTTP request (HEAD)"},
		{"OPTIONS * HTTP/1.1" + header, "an HTTP request (OPTIONS)"},
		{"CONNECT mail.example:25 HTTP/1.1" + header, "an HTTP request (CONNECT)"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "an HTTP request (PRI)"},
		{"PATCH / HTTP/1.1" + header, "an HTTP request (PATCH)"},
		{"GET /\r\n", "an HTTP request (GET)"},
		{"GET\r\n", "an HTTP request (GET)"},
		{"GET " + strings.Repeat("/x", 10_000) + " HTTP/1.1" + header, "an HTTP request (GET)"},
		{"post / HTTP/1.1" + header, "an HTTP request (POST)"},
		{"BREW /pot HTTP/1.1" + header, "an HTTP request"},
		{"NOOP / HTTP/1.1" + header, "an HTTP request"},
		{"\r\nGET / HTTP/1.1" + header, "an HTTP request (GET)"},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "a TLS handshake"},
		{"SSH-2.0-OpenSSH_9.2\r\n", "an SSH client"},
		{"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", "a header of the PROXY protocol"},
		{"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", "a header of the PROXY protocol"},
	} {
		for _, pieces := range []bool{false, true} {
			if pieces && strings.HasPrefix(test.first, "\r\n\r\n\x00") {
				continue // begins with lines of its own, so that it is known whole only
			}
			srv, box := newTestServer()
			core, logs := observer.New(zap.InfoLevel)
			srv.Logger = zap.New(core)
			for range 3 {
				conn := &scriptedConn{in: strings.NewReader(test.first + smuggled), bytewise: pieces}
				srv.Serve(conn, nil)
				want := "421 This port speaks SMTP, but " + test.came + " came, closing connection\r\n"
				if said := conn.out.String(); !strings.HasSuffix(said, want) || strings.Contains(said, "250") {
					t.Errorf("%.40q: the server said %q", test.first, said)
				}
			}
			if n := len(box.all()); n != 0 || box.refused != 0 {
				t.Errorf("%.40q: %d mails stored, %d refused", test.first, n, box.refused)
			}
			if got := logs.FilterField(zap.String("came", test.came)).Len(); got != 1 || logs.Len() != 1 {
				t.Errorf("%.40q: logged %v", test.first, logs.All())
			}
		}
	}
}

// TestFirstLinesOfSMTPAreHeard has some that begin like something else.
func TestFirstLinesOfSMTPAreHeard(t *testing.T) {
	for _, first := range []string{
		"GETTING /\r\n", "HELO GET\r\n", "EHLO http/1.1.example\r\n", "\x16\r\n", "\x16\x04\r\n", "SSH\r\n", "PROXY\r\n", "HELP GET / HTTP\r\n", "\r\n",
	} {
		srv, _ := newTestServer()
		if said := converse(t, srv, first+"HELO x\r\nGET / HTTP/1.1\r\nQUIT\r\n"); !strings.HasSuffix(said, "\r\n250 Hello\r\n500 Command not recognized\r\n221 Bye\r\n") {
			t.Errorf("%q: the server said %q", first, said)
		}
	}
}

func TestHTTPUnderTLSEndsTheSessionToo(t *testing.T) {
	srv, box := newTLSServer(t)
	srv.ImplicitTLS = true
	conn, reader := handshake(t, connect(t, srv))
	expect(t, reader, "220")
	io.WriteString(conn, "POST / HTTP/1.1\r\n\r\n"+smuggled)
	expect(t, reader, "421 This port speaks SMTP")
	if said, _ := io.ReadAll(reader); len(said) > 0 || len(box.all()) > 0 {
		t.Errorf("the server said %q and stored %d mails", said, len(box.all()))
	}
}

func TestClientsAreNotedOnceAndInBoundedMemory(t *testing.T) {
	var set clientSet
	for i := range 10 * maxNoted {
		ip := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if !set.first(ip) || set.first(ip) {
			t.Fatalf("%v is not noted once", ip)
		}
		if len(set.noted) > maxNoted {
			t.Fatalf("%d are kept", len(set.noted))
		}
	}
	for i := range 3 {
		first := set.first(netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1)))
		if first != (i == 0) {
			t.Errorf("address %d of a network of 64 bits is the first: %v", i, first)
		}
	}
}
