package smtp

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"go.uber.org/zap"
)

// foreignError is the error of a session whose client speaks another protocol.
type foreignError struct{ what string }

func (e *foreignError) Error() string { return e.what + " instead of SMTP" }

// httpMethods are those that an HTTP request may begin with, so that one is recognized
// before its first line is complete. PRI begins HTTP/2.
var httpMethods = " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PRI PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH "

// httpVersion is how the first line of a request with any other method ends.
var httpVersion = regexp.MustCompile(`(?i)^\S+[ \t].*[ \t]HTTP/[0-9](\.[0-9])?\s*$`)

// foreignProtocol names the protocol that b, the first bytes of a client, belongs to, or
// returns "" if it may be SMTP. A page can make a browser send a request to any port,
// with SMTP commands as lines in its body or in its TLS handshake. None of them may be
// carried out.
func foreignProtocol(b []byte) string {
	switch {
	case len(b) >= 2 && b[0] == 0x16 && b[1] == 0x03: // RFC 8446 section 5.1
		return "a TLS handshake"
	case bytes.HasPrefix(b, []byte("SSH-")):
		return "an SSH client"
	case bytes.HasPrefix(b, []byte("PROXY TCP")), bytes.HasPrefix(b, []byte("PROXY UNKNOWN")),
		bytes.HasPrefix(b, []byte("\r\n\r\n\x00\r\nQUIT\n")):
		return "a header of the PROXY protocol"
	}
	text, _, whole := bytes.Cut(b, []byte{'\n'})
	end := bytes.IndexAny(text, " \t\r")
	if end < 0 {
		if end = len(text); !whole {
			return ""
		}
	}
	if method := strings.ToUpper(string(text[:min(end, 20)])); strings.Contains(httpMethods, " "+method+" ") {
		return "an HTTP request (" + method + ")"
	}
	if whole && httpVersion.Match(text) {
		return "an HTTP request"
	}
	return ""
}

// refuseForeign ends a session whose client speaks another protocol.
func (s *session) refuseForeign(e *foreignError) {
	s.reply(reply{421, "4.7.0", "This port speaks SMTP, but " + e.what + " came, closing connection"})
	if s.server.Sessions.foreign.first(s.ip) {
		s.logger.Warn("closed a connection on which the client did not speak SMTP", zap.String("client", s.client), zap.String("came", e.what))
	}
}

// maxNoted is how many clients a clientSet remembers.
const maxNoted = 1000

// clientSet remembers clients, so that what a client does repeatedly is logged once. When
// it is full it is cleared.
type clientSet struct {
	mu    sync.Mutex
	noted map[netip.Addr]struct{}
}

// first remembers the client, and reports whether it was not remembered yet.
func (c *clientSet) first(ip netip.Addr) bool {
	ip = network(ip)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.noted[ip]; ok {
		return false
	}
	if c.noted == nil || len(c.noted) >= maxNoted {
		c.noted = make(map[netip.Addr]struct{})
	}
	c.noted[ip] = struct{}{}
	return true
}

// network stands for all addresses of one client: a machine usually has a whole IPv6
// network of 64 bits (RFC 4291 section 2.5.4).
func network(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.Addr()
}
