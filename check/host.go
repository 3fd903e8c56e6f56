package check

import (
	"net/netip"
	"strings"
)

// kindOfHost tells who can reach a host.
type kindOfHost int

const (
	publicHost   kindOfHost = iota // or nothing is known of it
	localHost                      // nobody on another network
	reservedHost                   // nobody: its name is reserved (RFC 2606, RFC 6761)
)

// hostKind tells the kind of a host, a name or an address in lower case; of "" that
// it is public.
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
