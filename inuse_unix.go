//go:build unix

package mailbucket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
)

// errTried ends the making of a listener before it listens.
var errTried = errors.New("only the binding was tried")

// isBound reports whether another process listens on a TCP address. It binds a socket to it
// that never listens, as connections that came meanwhile would be reset with it. The net
// package sets SO_REUSEADDR, so that connections left by a process that has ended do not
// matter, but not SO_REUSEPORT.
func isBound(addr caddy.NetworkAddress) bool {
	var bindErr error
	config := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		to, err := socketAddress(network, address)
		if err != nil {
			return err
		}
		if err := c.Control(func(fd uintptr) { bindErr = syscall.Bind(int(fd), to) }); err != nil {
			return err
		}
		return errTried
	}}
	_, _ = config.Listen(context.Background(), addr.Network, addr.JoinHostPort(0)) // which always fails
	return errors.Is(bindErr, syscall.EADDRINUSE)
}

// socketAddress is the address for a socket of the network tcp4 or tcp6. One without a host
// is all addresses.
func socketAddress(network, address string) (syscall.Sockaddr, error) {
	if strings.HasPrefix(address, ":") {
		all := "[::]"
		if network == "tcp4" {
			all = "0.0.0.0"
		}
		address = all + address
	}
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	if parsed.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(parsed.Port()), Addr: parsed.Addr().As4()}, nil
	}
	to := &syscall.SockaddrInet6{Port: int(parsed.Port()), Addr: parsed.Addr().As16()}
	if zone := parsed.Addr().Zone(); zone != "" {
		link, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, err
		}
		to.ZoneId = uint32(link.Index)
	}
	return to, nil
}
