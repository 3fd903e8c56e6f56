package check

import (
	"net/netip"
	"strings"
)

// kindOfHost says who can reach a host.
type kindOfHost int

const (
	publicHost   kindOfHost = iota // or nothing is known of it
	localHost                      // nobody on another network
	reservedHost                   // nobody: its name is reserved (RFC 2606, RFC 6761)
)

// hostKind returns the kind of a host, which is a name or an address in lower case. ""
// counts as public.
func hostKind(host string) kindOfHost {
	host = strings.TrimSuffix(host, ".")
	if ip, err := netip.ParseAddr(strings.TrimPrefix(strings.Trim(host, "[]"), "ipv6:")); err == nil {
		ip = ip.Unmap()
		if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
			return localHost
		}
		return publicHost
	}
	if host == "" {
		return publicHost
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	switch top {
	case "test", "example", "invalid":
		return reservedHost
	case host, "localhost", "local", "internal", "localdomain", "lan", "home", "corp":
		return localHost
	}
	for _, name := range []string{"example.com", "example.net", "example.org"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return reservedHost
		}
	}
	return publicHost
}
