package guard

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// HostRule refuses requests that come over loopback for a name that is neither this
// machine's nor accepted by named. A page of another site can make its own name lead to
// 127.0.0.1 (DNS rebinding). To the browser its requests are same-origin then, and only
// the name in them shows where they come from. Addresses and localhost are always
// accepted, as no page can have them as its name. The rule does not apply to requests
// from other machines, or from a proxy that trusted accepts.
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

// overLoopback reports whether the client is on this machine.
func overLoopback(r *http.Request) bool {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// hostname is the host of a Host field, in lower case and without port, brackets and a
// dot at the end.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isLocal reports whether no page can have this as its name: an address, localhost (RFC
// 6761 section 6.3), or none, as in HTTP/1.0.
func isLocal(host string) bool {
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// ownNames are the names of this machine: its hostname, and those by which containers and
// virtual machines on it can reach it.
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
