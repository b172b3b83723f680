// This file puts something between clients and a server: a proxy, or an impostor that answers in
// the server's place.

package testserver

import (
	"io"
	"net"
	"testing"
)

// Between listens before a server, at a Unix socket's path or, where at is empty, at a free
// loopback port, until the test ends. It returns its address. Each client gets a connection of its
// own to the address that server returns at that moment, and talk passes on what it likes; both
// connections are closed when talk returns.
func Between(t testing.TB, at string, server func() string, talk func(client, server net.Conn)) string {
	t.Helper()
	network := "unix"
	if at == "" {
		network, at = "tcp", "127.0.0.1:0"
	}
	listener, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				behind, err := net.Dial("tcp", server())
				if err != nil {
					return
				}
				defer behind.Close()
				talk(client, behind)
			}()
		}
	}()
	return listener.Addr().String()
}

// Pass passes on everything, both ways, until one of the two ends.
func Pass(client, server net.Conn) {
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}
