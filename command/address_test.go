package command

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestAddressesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "1025", "localhost", "127.0.0.1:", "127.0.0.1:smtp", "127.0.0.1:65536", "::1:1025", "a:b:1", "127.0.0.1:-1"} {
		if a, err := parseAddress("smtp", text); err == nil || !strings.Contains(err.Error(), "expected HOST:PORT") {
			t.Errorf("%q is %v, %v", text, a, err)
		}
	}
	for _, text := range []string{":1025", "localhost:1025", "127.0.0.1:0", "[::1]:1025"} {
		if a, err := parseAddress("smtp", text); err != nil {
			t.Errorf("%q is %v, %v", text, a, err)
		}
	}
}

// newClaim claims the address of a flag's value until the test ends.
func newClaim(t *testing.T, text string) ([]address, error) {
	t.Helper()
	want, err := parseListen("smtp", text)
	if err != nil {
		t.Fatal(err)
	}
	all := new(claims)
	t.Cleanup(all.release)
	return all.claim("smtp", want)
}

func TestLoopbackIsClaimedForBothProtocols(t *testing.T) {
	for _, text := range []string{"127.0.0.1:0", "localhost:00"} {
		list, err := newClaim(t, text)
		if err != nil || list[0].host != "127.0.0.1" || list[0].port == "0" {
			t.Fatalf("%s is %v, %v", text, list, err)
		}
		_, err = net.ResolveTCPAddr("tcp", "[::1]:0")
		if listener, listenErr := net.Listen("tcp", "[::1]:0"); err == nil && listenErr == nil {
			listener.Close()
			if want := []address{{"127.0.0.1", list[0].port}, {"::1", list[0].port}}; !slices.Equal(list, want) {
				t.Errorf("%s is %v, want %v", text, list, want)
			}
		}
	}
}

func TestWhatIsClaimedIsTakenUntilItIsReleased(t *testing.T) {
	var all claims
	defer all.release()
	list, err := all.claim("smtp", address{"127.0.0.1", "0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		_, err := net.Listen("tcp", a.String())
		if err == nil {
			t.Fatalf("%s can be given to somebody else", a)
		}
		if wrapped := fmt.Errorf("starting: %v", err); !inUse(err) || inUse(wrapped) || !saysInUse(wrapped) {
			t.Errorf("%v is not an error of an address in use", err)
		}
	}
	all.release()
	for _, a := range list {
		listener, err := net.Listen("tcp", a.String())
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
	}
}

func TestABusyPortIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_, err = newClaim(t, listener.Addr().String())
	if err == nil {
		t.Fatal("it is claimed")
	}
	for _, want := range []string{listener.Addr().String() + " is in use by ", howToFind(port), "--smtp"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %q", want, err)
		}
	}
}

func TestOneAddressForBothIsRefused(t *testing.T) {
	for _, c := range [][2]string{{"127.0.0.1:1025", "localhost:1025"}, {":1025", "127.0.0.1:01025"}} {
		if _, _, err := start(c[0], c[1], ""); err == nil || !strings.Contains(err.Error(), "are the same address") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestAddressesOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b address
		want bool
	}{
		{address{"127.0.0.1", "1"}, address{"127.0.0.1", "1"}, true},
		{address{"127.0.0.1", "1"}, address{"127.0.0.1", "2"}, false},
		{address{"127.0.0.1", "1"}, address{"192.0.2.1", "1"}, false},
		{address{"", "1"}, address{"127.0.0.1", "1"}, true},
		{address{"127.0.0.1", "1"}, address{"::", "1"}, true},
	} {
		if got := c.a.overlaps(c.b); got != c.want {
			t.Errorf("%s and %s: %t", c.a, c.b, got)
		}
	}
}

func TestPeopleAreToldAnAddressToConnectTo(t *testing.T) {
	for a, want := range map[address]string{
		{"", "1025"}:          "localhost:1025",
		{"0.0.0.0", "1025"}:   "localhost:1025",
		{"::", "1025"}:        "localhost:1025",
		{"::1", "1025"}:       "[::1]:1025",
		{"127.0.0.1", "1025"}: "127.0.0.1:1025",
	} {
		if got := a.forPeople(); got != want {
			t.Errorf("%s is %s, want %s", a, got, want)
		}
	}
}
