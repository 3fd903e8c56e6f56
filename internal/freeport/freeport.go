// Package freeport finds addresses for servers that tests and benchmarks start in other
// processes.
//
// A port that the kernel has chosen and that was closed again may be given to anybody
// before the server listens on it. Those of this package are below the ones that the
// kernel chooses from, and no two processes that use it have the same at a time.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

const (
	first, ports = 20_000, 10_000
	// A port is marked as taken by a UDP socket that many below it, as a TCP socket
	// would keep the server from listening. UDP of the same port is HTTP/3's.
	toMark = 10_000
	tries  = 1000
)

// marks are open until the process ends.
var (
	mu    sync.Mutex
	marks []*net.UDPConn
)

// Address is one of 127.0.0.1 with a port of Port.
func Address() (string, error) {
	port, err := Port()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// Port is one on which nobody listens at 127.0.0.1, and which nobody else who uses this
// package is given before this process ends.
func Port() (int, error) {
	for range tries {
		port := first + rand.IntN(ports)
		mark, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port - toMark})
		if err != nil {
			continue
		}
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			mark.Close()
			continue
		}
		mu.Lock()
		marks = append(marks, mark)
		mu.Unlock()
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("looking for a free port: %w", err)
		}
		return port, nil
	}
	return 0, errors.New("looking for a free port: all that were tried are in use")
}
