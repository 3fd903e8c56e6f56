package freeport

import (
	"fmt"
	"net"
	"testing"
)

func TestPortIsFreeAndGivenOnce(t *testing.T) {
	given := make(map[int]bool)
	for range 100 {
		port, err := Port()
		if err != nil {
			t.Fatal(err)
		}
		if given[port] || port < first || port >= first+ports {
			t.Fatalf("%d was given before, or is not below what the kernel chooses from", port)
		}
		given[port] = true
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
	}
}
