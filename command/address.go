package command

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// address is an address to listen on.
type address struct {
	host string // an IP address, a name, or "" for all addresses of this machine
	port string
}

func (a address) String() string { return net.JoinHostPort(a.host, a.port) }

// forPeople is the address to show to people, which they can connect to.
func (a address) forPeople() string {
	if a.wildcard() {
		return net.JoinHostPort("localhost", a.port)
	}
	return a.String()
}

// overlaps is whether it is impossible to listen on both addresses at once.
func (a address) overlaps(other address) bool {
	return a.port == other.port && (a.host == other.host || a.wildcard() || other.wildcard())
}

func (a address) wildcard() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "" || err == nil && ip.IsUnspecified()
}

// loopback is whether only this machine can connect to the address.
func (a address) loopback() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// anyPort is whether any free port is wanted.
func (a address) anyPort() bool { return a.port == "0" }

// parseAddress reads the address in a flag's value.
func parseAddress(flag, text string) (address, error) {
	host, port, err := net.SplitHostPort(text)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil {
		return address{}, fmt.Errorf("--%s %s: expected HOST:PORT with a port from 1 to 65535, as in 127.0.0.1:1025", flag, text)
	}
	return address{host, strconv.FormatUint(number, 10)}, nil
}

// parseListen is parseAddress for an address to listen on, which for localhost is 127.0.0.1.
func parseListen(flag, text string) (address, error) {
	a, err := parseAddress(flag, text)
	if a.host == "localhost" {
		a.host = "127.0.0.1"
	}
	return a, err
}

// claims are listeners that keep addresses from others for a moment.
type claims []net.Listener

// release closes the listeners.
func (c *claims) release() {
	for _, listener := range *c {
		_ = listener.Close()
	}
	*c = nil
}

// errPortLost is that a free port was found, and that something else uses it now.
var errPortLost = errors.New("the free port that was found is in use now")

// claim finds the addresses to listen on for the one of a flag, and makes sure that no other
// program uses them: under Linux, Caddy could share a port with another process of the same
// user, and each would get half of the connections. Port 0 stands for any free port.
//
// For 127.0.0.1 it adds [::1] where there is IPv6, since clients often try that first for
// "localhost".
func (c *claims) claim(flag string, want address) ([]address, error) {
	first := want
	var err error
	if first.port, err = c.listen(flag, want); err != nil {
		return nil, err
	}
	if want.host != "127.0.0.1" {
		return []address{first}, nil
	}
	second := address{"::1", first.port}
	switch _, err := c.listen(flag, second); {
	case inUse(err) && want.anyPort():
		return nil, fmt.Errorf("%w: %w", errPortLost, err)
	case inUse(err):
		return nil, err
	case err != nil:
		return []address{first}, nil // without IPv6
	}
	return []address{first, second}, nil
}

// listen listens on an address until release, and returns the port that is used.
func (c *claims) listen(flag string, a address) (string, error) {
	listener, err := net.Listen("tcp", a.String())
	if err == nil {
		*c = append(*c, listener)
		_, port, err := net.SplitHostPort(listener.Addr().String())
		return port, err
	}
	var dns *net.DNSError
	switch {
	case inUse(err):
		return "", busyError(flag, a, err)
	case errors.Is(err, syscall.EACCES):
		return "", fmt.Errorf("%s: this user may not listen there: choose a port from 1024 on with --%s (%w)", a, flag, err)
	case errors.As(err, &dns):
		return "", fmt.Errorf("--%s %s: no such host: expected an address of this machine, as in 127.0.0.1:1025", flag, a)
	default:
		return "", fmt.Errorf("--%s %s: expected an address of this machine, as in 127.0.0.1:1025 (%w)", flag, a, err)
	}
}

// wsaAddressInUse is the error of Windows for an address in use, which differs from Go's
// EADDRINUSE.
const wsaAddressInUse = syscall.Errno(10048)

func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaAddressInUse)
}

// saysInUse is inUse for errors of Caddy, which wraps none.
func saysInUse(err error) bool {
	return strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) || strings.Contains(err.Error(), wsaAddressInUse.Error())
}

// busyError is an error that names the program that uses the port, or a command to find it.
func busyError(flag string, a address, err error) error {
	who := "another program"
	if name := listenerOf(a.port); name != "" {
		who = name
	}
	return fmt.Errorf("%s is in use by %s, as %s shows: end it, or choose another address with --%s (%w)", a, who, howToFind(a.port), flag, err)
}
