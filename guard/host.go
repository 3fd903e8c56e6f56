package guard

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// HostRule refuses what comes over loopback under a name that is not this machine's
// or one that named takes. A page of another site can have its own name lead to
// 127.0.0.1 (DNS rebinding): to the browser its requests are then same-origin, and
// only the name in them tells. Addresses and localhost cannot be made to lead
// anywhere else. What comes from other machines, or through a proxy for which
// trusted says so, is not concerned.
func HostRule(named, trusted func(*http.Request) bool) func(*http.Request) *Refusal {
	own := ownNames()
	return func(r *http.Request) *Refusal {
		if !overLoopback(r) {
			return nil
		}
		host := hostname(r.Host)
		if isLocal(host) || own[host] || named(r) || trusted(r) {
			return nil
		}
		return &Refusal{http.StatusMisdirectedRequest, "requests from this machine have to be for localhost, an address or a name of the site, not " +
			strings.ToValidUTF8(host, "\uFFFD") + ": add it to the site's addresses, or the proxy to trusted_proxies"}
	}
}

// overLoopback is whether the client is on this machine.
func overLoopback(r *http.Request) bool {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// hostname is that of a Host field, in lower case and without port, brackets and the
// dot of the root.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isLocal is whether no page can have a name lead here: an address, localhost (RFC
// 6761 section 6.3), or none, as in HTTP/1.0.
func isLocal(host string) bool {
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// ownNames are the names of this machine: its own, and those under which engines
// that run containers or virtual machines make it known to them.
func ownNames() map[string]bool {
	names := map[string]bool{
		"host.docker.internal": true, "gateway.docker.internal": true, "host.containers.internal": true,
		"host.lima.internal": true, "host.rancher-desktop.internal": true, "host.orb.internal": true, "host.minikube.internal": true,
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		name = strings.ToLower(name)
		first, _, _ := strings.Cut(name, ".")
		names[name], names[first] = true, true
	}
	return names
}
