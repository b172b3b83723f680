package main

// This file tests the bounds of connections, in all and from one address, on real ones.

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	stdlog "log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// listening returns connections with small bounds.
func listening(t *testing.T, most, fromOne int, log io.Writer, trusted ...string) *connections {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var networks []netip.Prefix
	for _, text := range trusted {
		networks = append(networks, netip.MustParsePrefix(text))
	}
	c := newConnections(listener.(*net.TCPListener), most, fromOne, networks, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// dialFrom connects from an address of this machine.
func dialFrom(t *testing.T, to net.Addr, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", to.String())
	if err != nil {
		t.Skipf("this machine does not connect from %s: %v", from, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// turnedAway reports whether the server has closed the connection; it waits until it says
// something.
func turnedAway(conn net.Conn) bool {
	_, err := conn.Read(make([]byte, 1))
	return err != nil
}

// One address has its bound, others theirs, and a trusted proxy has none; places come back.
func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	var log bytes.Buffer
	c := listening(t, 100, 3, &log, "127.0.0.9/32")
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := c.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "in")
			accepted <- conn
		}
	}()
	for _, from := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.9"} {
		for i := range 8 {
			conn := dialFrom(t, c.Addr(), from)
			if got, want := turnedAway(conn), i >= 3 && from != "127.0.0.9"; got != want {
				t.Errorf("connection %d from %s: turned away %v, want %v", i+1, from, got, want)
			}
		}
	}
	for range 3 + 3 + 8 {
		conn := <-accepted
		_ = conn.Close()
		_ = conn.Close() // net/http closes some twice
	}
	if turnedAway(dialFrom(t, c.Addr(), "127.0.0.1")) {
		t.Error("after all have ended, a connection is turned away")
	}
	if n := strings.Count(log.String(), "the most connections allowed"); n != 2 {
		t.Errorf("it was logged %d times, want once for each address:\n%s", n, &log)
	}
}

// Of all connections more wait; with the listener the waiting ends.
func TestConnectionsInAllAreBounded(t *testing.T) {
	c := listening(t, 2, 100, io.Discard)
	first := dialFrom(t, c.Addr(), "127.0.0.1")
	_ = dialFrom(t, c.Addr(), "127.0.0.1")
	_ = dialFrom(t, c.Addr(), "127.0.0.1") // waits in the kernel
	var held []net.Conn
	for range 2 {
		conn, err := c.Accept()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	third := make(chan error, 1)
	go func() {
		_, err := c.Accept()
		third <- err
	}()
	select {
	case err := <-third:
		t.Fatalf("the third was taken beside two: %v", err)
	default:
	}
	_ = first.Close()
	_ = held[0].Close()
	if err := <-third; err != nil {
		t.Fatalf("the third, when one has ended: %v", err)
	}
	go func() {
		_, err := c.Accept()
		third <- err
	}()
	_ = c.Close()
	if err := <-third; err == nil {
		t.Error("a closed listener takes a connection")
	}
	if err := c.Close(); err == nil {
		t.Log("closed twice")
	}
}

// idlers is a server behind connections, whose requests wait where their path says so.
func idlers(t *testing.T, c *connections, secure bool) (hold chan struct{}) {
	t.Helper()
	hold = make(chan struct{})
	web := &http.Server{ReadHeaderTimeout: time.Minute, ConnState: c.note, ErrorLog: stdlog.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/held" {
			<-hold
		}
	})}
	t.Cleanup(func() { _ = web.Close() })
	if secure {
		proof := httptest.NewUnstartedServer(nil)
		proof.StartTLS()
		web.TLSConfig = &tls.Config{Certificates: proof.TLS.Certificates}
		proof.Close()
		go func() { _ = web.ServeTLS(c, "", "") }()
	} else {
		go func() { _ = web.Serve(c) }()
	}
	return hold
}

// askOn sends a request on a connection, and says whether it was answered. The deadline is against
// hanging.
func askOn(conn net.Conn, path string) error {
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // it ends with the connection, which is the caller's
	if err != nil {
		return err
	}
	if path != "/held" {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	return err
}

// Idle connections, however many addresses have as many as they may, keep nobody out: the one that
// is idle for the longest goes, one that is in use never does, and where all are in use the next
// waits until one is idle.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			const most = 6
			c := listening(t, most, 3, io.Discard)
			hold := idlers(t, c, secure)
			dial := func(from string) net.Conn {
				conn := dialFrom(t, c.Addr(), from)
				if secure {
					return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
				}
				return conn
			}
			idle := func(n int) { // waits until so many are; net/http tells after the answer has come
				for {
					c.mu.Lock()
					got := c.idle.Len()
					c.mu.Unlock()
					if got == n {
						return
					}
					runtime.Gosched()
				}
			}
			used := dial("127.0.0.1")
			if err := askOn(used, "/held"); err != nil {
				t.Fatal(err)
			}
			var kept []net.Conn
			for i, from := range []string{"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"} {
				conn := dial(from)
				if err := askOn(conn, "/"); err != nil {
					t.Fatal(err)
				}
				idle(i + 1)
				kept = append(kept, conn)
			}
			// Those that come now take the places of the idle ones, one after the other.
			var held []net.Conn
			for i, from := range []string{"127.0.0.3", "127.0.0.3", "127.0.0.3", "127.0.0.4", "127.0.0.4"} {
				conn := dial(from)
				if err := askOn(conn, "/held"); err != nil {
					t.Fatalf("connection %d from elsewhere: %v", i, err)
				}
				held = append(held, conn)
			}
			for i, conn := range kept {
				if err := askOn(conn, "/"); err == nil {
					t.Errorf("the idle connection %d is there still, beside %d in use", i, most)
				}
			}
			// All are in use. The next one waits, and comes in when one of them is idle.
			next := make(chan error, 1)
			go func() { next <- askOn(dial("127.0.0.5"), "/") }()
			select {
			case err := <-next:
				t.Fatalf("beside as many in use as may be another one was taken: %v", err)
			default:
			}
			hold <- struct{}{}
			if err := <-next; err != nil {
				t.Errorf("when one was idle: %v", err)
			}
			close(hold)
			for _, conn := range append(held, used) {
				_ = conn.Close()
			}
		})
	}
}

// Whatever net/http tells of connections, in whatever order, none is idle and in use, and none is
// left at the end.
func TestIdleConnectionsUnderRandomUse(t *testing.T) {
	c := newConnections(nil, 1000, 1000, nil, slog.New(slog.DiscardHandler))
	r := rand.New(rand.NewPCG(3, 4))
	all := make([]*connection, 50)
	for i := range all {
		all[i] = &connection{}
	}
	idle := map[int]bool{}
	for range 20_000 {
		i := r.IntN(len(all))
		state := []http.ConnState{http.StateNew, http.StateActive, http.StateIdle, http.StateHijacked, http.StateClosed}[r.IntN(5)]
		c.note(all[i], state)
		if idle[i] = state == http.StateIdle; (all[i].idle != nil) != idle[i] {
			t.Fatalf("after %v it is among the idle ones: %v", state, all[i].idle != nil)
		}
	}
	for i := range all {
		c.use(all[i])
	}
	if n := c.idle.Len(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// Random comings and goings: no address ever has more than its bound, and none is counted at the
// end.
func TestConnectionsUnderRandomUse(t *testing.T) {
	c := newConnections(nil, 1000, 4, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, slog.New(slog.DiscardHandler))
	addresses := []string{"192.0.2.1", "192.0.2.2", "10.0.0.1", "2001:db8::1", "2001:db8::ffff", "::ffff:192.0.2.1", "fe80::1%eth0"}
	open := map[netip.Prefix]int{}
	var ends []netip.Prefix
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		if r.IntN(2) == 0 && len(ends) > 0 {
			i := r.IntN(len(ends))
			c.leave(ends[i])
			open[ends[i]]--
			ends = append(ends[:i], ends[i+1:]...)
			continue
		}
		if len(ends) == 900 {
			continue
		}
		text := addresses[r.IntN(len(addresses))]
		address := addressOf(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(text), 1)))
		c.places <- struct{}{}
		if c.enter(address) {
			open[address]++
			ends = append(ends, address)
		} else {
			<-c.places
			if open[address] < 4 {
				t.Fatalf("%s is turned away with %d open", address, open[address])
			}
		}
		if trusted := address.Addr().Is4() && address.Addr().As4()[0] == 10; open[address] > 4 && !trusted {
			t.Fatalf("%s has %d open", address, open[address])
		}
	}
	for _, address := range ends {
		c.leave(address)
	}
	if len(c.from) != 0 || len(c.places) != 0 || len(c.noted) != 0 {
		t.Errorf("at the end %v are counted, %d places taken, %v noted", c.from, len(c.places), c.noted)
	}
	if len(open) != 5 { // of IPv6 a /64 is one, and mapped IPv4 is IPv4
		t.Errorf("the addresses were counted as %d, want 5: %v", len(open), open)
	}
}

// The bounds are those of the program.
func TestTheServerBoundsItsConnections(t *testing.T) {
	f := &standIn{}
	r := begin(t, f, 2, from(), "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	url := strings.TrimPrefix(r.lines[0], "url: ")
	address, err := net.ResolveTCPAddr("tcp", strings.Split(strings.TrimPrefix(url, "http://"), "/")[0])
	if err != nil {
		t.Fatal(err)
	}
	in, away := 0, 0
	for range maxFromOne + 10 {
		conn := dialFrom(t, address, "127.0.0.1")
		_, _ = io.WriteString(conn, "GET /admin/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if turnedAway(conn) {
			away++
		} else {
			in++
		}
	}
	if in != maxFromOne || away != 10 {
		t.Errorf("of one address %d connections were taken and %d turned away, want %d and 10", in, away, maxFromOne)
	}
	other := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}).DialContext}}
	answer, err := other.Get(url) // #nosec G107
	if err != nil {
		t.Fatalf("another address: %v", err)
	}
	_ = answer.Body.Close()
	other.CloseIdleConnections()
	r.end(t)
}

// A connection holds little that its browser has not taken, and throws that away when a write was
// not over in time.
func TestAConnectionHoldsLittle(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections := newConnections(l.(*net.TCPListener), 1, 1, nil, slog.New(slog.DiscardHandler))
	defer func() { _ = connections.Close() }()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_ = client.(*net.TCPConn).SetReadBuffer(64 << 10)
	conn, err := connections.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	if n, err := conn.Write(make([]byte, 32<<20)); err == nil || n > 512<<10 {
		t.Errorf("it took %d KiB that nobody reads, %v; want 512 at most, with what the client's side holds", n>>10, err)
	}
	_ = conn.Close()
	if rest, err := io.ReadAll(client); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after the cut %d KiB arrive, and the end is %v; want a reset", len(rest)>>10, err)
	}
}
