package command

import (
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

func TestLoopbackIsClaimedForBothProtocols(t *testing.T) {
	for _, text := range []string{"127.0.0.1:0", "localhost:0"} {
		list, err := claim("smtp", text)
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

func TestABusyPortIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_, err = claim("smtp", listener.Addr().String())
	if err == nil {
		t.Fatal("it is claimed")
	}
	for _, want := range []string{listener.Addr().String() + " is in use by ", howToFind(port), "--smtp"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %q", want, err)
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
