package mailbucket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
)

// isFirstStart reports whether nothing runs yet in this process that could listen.
func isFirstStart() bool {
	for _, name := range []string{"http", "layer4", appName} {
		if _, err := caddy.ActiveContext().AppIfConfigured(name); err == nil {
			return false
		}
	}
	return true
}

// checkAreFree returns an error that names an address on which another process listens.
// Caddy would listen beside it where it can, as its reloads need that, and each process
// would get a part of the mail. It must not be called while this process listens itself.
func checkAreFree(addresses []string) error {
	for _, address := range addresses {
		parsed, err := caddy.ParseNetworkAddress(caddy.NewReplacer().ReplaceAll(address, ""))
		if err != nil {
			return fmt.Errorf("listen address %q: %w", address, err)
		}
		for _, addr := range parsed.Expand() {
			if isTaken(addr) {
				return fmt.Errorf("listening on %s: address already in use by another process", addr)
			}
		}
	}
	return nil
}

// isTaken reports whether somebody listens on the address. What cannot be told is left
// to listening itself.
func isTaken(addr caddy.NetworkAddress) bool {
	switch {
	case addr.IsUnixNetwork():
		// Caddy would remove the file of another process, so that binding tells nothing.
		path, _, _ := strings.Cut(addr.Host, "|")
		conn, err := net.Dial(addr.Network, path)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	case !strings.HasPrefix(addr.Network, "tcp") || addr.StartPort == 0:
		return false
	}
	// Without SO_REUSEPORT, but with SO_REUSEADDR: connections of a process that has
	// ended are not in the way.
	listener, err := new(net.ListenConfig).Listen(context.Background(), addr.Network, addr.JoinHostPort(0))
	if err == nil {
		_ = listener.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}
