// This file holds the choice of free loopback ports.

package testserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken below the range from which Linux takes the local ports of
// outgoing connections (32768 and up): a server that was killed must find its
// port free when it comes back, and a client that dials a dead server must
// never be connected to itself. The bus of a Redis Cluster node is 10,000
// above the node's port, hence the upper end.
const (
	firstPort     = 10000
	lastPort      = 21999
	busPortOffset = 10000
	portAttempts  = 100
)

var ports = struct {
	sync.Mutex
	taken map[int]bool
}{taken: map[int]bool{}}

// freePort returns a loopback port that the kernel lets us bind now, together
// with the port 10,000 above it, and that this process was not given before.
// Another process may still take it first, so that starting a server is retried.
func freePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	for range portAttempts {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if ports.taken[port] || !bindable(port) || !bindable(port+busPortOffset) {
			continue
		}
		ports.taken[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free loopback port between %d and %d in %d attempts", firstPort, lastPort, portAttempts)
}

func bindable(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// onFreePort calls start with one free port after another until one call does
// not end in errExited, which is how a server says that its port was taken.
func onFreePort(start func(port int) error) error {
	const attempts = 4
	var last error
	for range attempts {
		port, err := freePort()
		if err != nil {
			return err
		}
		last = start(port)
		if !errors.Is(last, errExited) {
			return last
		}
	}
	return last
}
