package main

// This file bounds the connections that the server takes, in all and from one address.

import (
	"container/list"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	maxConnections = 1024 // in all; more wait until one of them ends, or is idle
	maxFromOne     = 64   // from one address: a browser opens six
	keepAliveEvery = 15 * time.Second

	// writeBuffer bounds what a connection holds that its browser has not taken: Linux lets a
	// socket grow to 4 MB, which go on arriving when an export that was handed over to it ends with
	// the right to it.
	writeBuffer = 64 << 10
)

// connections takes connections from a listener, as many as the bounds allow. An address is an IPv4
// address, or the /64 of an IPv6 address, of which one line has them all. A trusted proxy has no
// bound of its own: those behind it are not told apart here. Connections that are kept between two
// requests take nobody's place: the one that is idle for the longest is closed when there is no
// room.
type connections struct {
	*net.TCPListener
	fromOne int
	trusted []netip.Prefix
	log     *slog.Logger

	places chan struct{} // taken ones are in it
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	from    map[netip.Prefix]int
	noted   map[netip.Prefix]bool // of which it was logged that they have too many
	idle    *list.List            // of *connection, the one that is idle for the longest first
	waiting int                   // of Accept for a place
}

func newConnections(l *net.TCPListener, most, fromOne int, trusted []netip.Prefix, log *slog.Logger) *connections {
	return &connections{
		TCPListener: l, fromOne: fromOne, trusted: trusted, log: log, places: make(chan struct{}, most), closed: make(chan struct{}),
		from: map[netip.Prefix]int{}, noted: map[netip.Prefix]bool{}, idle: list.New(),
	}
}

// Accept returns the next connection that may be taken. Those of an address that has as many as it
// may have are closed.
func (c *connections) Accept() (net.Conn, error) {
	for {
		if !c.takePlace() {
			return nil, net.ErrClosed
		}
		conn, err := c.AcceptTCP()
		if err != nil {
			<-c.places
			return nil, err
		}
		// As net/http's own listener has it: clients that have vanished without a word are noticed.
		_ = conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAliveEvery, Interval: keepAliveEvery})
		_ = conn.SetWriteBuffer(writeBuffer)
		address := addressOf(conn.RemoteAddr())
		if c.enter(address) {
			one := &connection{TCPConn: conn}
			one.leave = sync.OnceFunc(func() {
				c.use(one)
				c.leave(address)
			})
			return one, nil
		}
		_ = conn.Close()
		<-c.places
	}
}

// takePlace waits for a place, and closes an idle connection where there is none; false if the
// listener is closed.
func (c *connections) takePlace() bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
	}
	c.mu.Lock()
	c.waiting++
	oldest := c.idle.Front()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.waiting--
		c.mu.Unlock()
	}()
	if oldest != nil {
		_ = oldest.Value.(*connection).Close()
	}
	select {
	case c.places <- struct{}{}:
		return true
	case <-c.closed:
		return false
	}
}

// note is told by net/http what a connection does, as its ConnState. One that becomes idle while
// another waits for a place is closed.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	one, ok := conn.(*connection)
	if !ok {
		return
	}
	if state != http.StateIdle {
		c.use(one)
		return
	}
	c.mu.Lock()
	waiting := c.waiting > 0
	if !waiting && one.idle == nil {
		one.idle = c.idle.PushBack(one)
	}
	c.mu.Unlock()
	if waiting {
		_ = one.Close()
	}
}

// use takes a connection from those that are idle.
func (c *connections) use(one *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.idle != nil {
		c.idle.Remove(one.idle)
		one.idle = nil
	}
}

// Close makes Accept return.
func (c *connections) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.TCPListener.Close()
}

// addressOf is what a connection is counted under; the zero prefix if its address cannot be told.
func addressOf(remote net.Addr) netip.Prefix {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	address := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if address.Is4() {
		bits = 32
	}
	prefix, _ := address.Prefix(bits)
	return prefix
}

func (c *connections) enter(address netip.Prefix) bool {
	trusted := slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(address.Addr()) })
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[address] >= c.fromOne && !trusted {
		if !c.noted[address] {
			c.noted[address] = true
			c.log.Warn("an address has the most connections allowed: further ones are closed until it has none", "address", address.String(), "connections", c.fromOne,
				"remedy", "a proxy is named in TRUSTED_PROXIES")
		}
		return false
	}
	c.from[address]++
	return true
}

func (c *connections) leave(address netip.Prefix) {
	c.mu.Lock()
	if c.from[address]--; c.from[address] == 0 {
		delete(c.from, address)
		delete(c.noted, address)
	}
	c.mu.Unlock()
	<-c.places
}

// connection is one that was taken. All else that net/http looks for in it is that of a TCP
// connection.
type connection struct {
	*net.TCPConn
	leave func()
	idle  *list.Element // its place among the idle ones, nil while it is used
}

// Write makes the connection one that is reset once a write was not over in time: net/http closes
// it then, and what it holds would go on arriving.
func (c *connection) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.SetLinger(0)
	}
	return n, err
}

// Close gives the place back.
func (c *connection) Close() error {
	err := c.TCPConn.Close()
	c.leave()
	return err
}
