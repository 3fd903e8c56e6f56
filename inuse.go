package mailbucket

import (
	"fmt"
	"net"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// isFirstStart reports whether no configuration has been running in this process yet.
func isFirstStart() bool {
	for _, name := range []string{"http", "layer4", appName} {
		if _, err := caddy.ActiveContext().AppIfConfigured(name); err == nil {
			return false
		}
	}
	return true
}

// checkAreFree returns an error that names an address on which another process listens.
// Caddy shares addresses where the system allows it, as reloads need that; then each
// process would get a part of the mail. This must not be called while this process itself
// listens on one of the addresses.
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

// isTaken reports whether another process listens on the address. If that is not certain
// it reports false, as listening itself will fail then.
func isTaken(addr caddy.NetworkAddress) bool {
	switch {
	case addr.IsUnixNetwork():
		// Caddy removes the socket file of another process, so that binding would succeed.
		path, _, _ := strings.Cut(addr.Host, "|")
		conn, err := net.Dial(addr.Network, path)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	case !strings.HasPrefix(addr.Network, "tcp") || addr.StartPort == 0:
		return false
	}
	return isBound(addr)
}
