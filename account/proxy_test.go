// A proxy before a database server, which loses what it is told to lose.

package account_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// proxy forwards connections to a server.
type proxy struct {
	listener net.Listener
	server   string

	mu     sync.Mutex
	conns  []net.Conn
	down   bool   // no connection is taken
	frozen bool   // nothing is forwarded
	at     string // of a client freezes it
}

func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: server}
	go p.serve()
	t.Cleanup(func() { _ = listener.Close(); p.cut() })
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		p.mu.Lock()
		if p.down || err != nil {
			_ = client.Close()
		} else {
			p.conns = append(p.conns, client, server)
			go p.forward(server, client, true)
			go p.forward(client, server, false)
		}
		p.mu.Unlock()
	}
}

func (p *proxy) forward(to, from net.Conn, fromClient bool) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		if fromClient && p.at != "" && bytes.Contains(buffer[:n], []byte(p.at)) {
			p.frozen = true
		}
		frozen := p.frozen
		p.mu.Unlock()
		if frozen {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// freezeAt answers nothing more from the moment on that a client says text.
func (p *proxy) freezeAt(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = text
}

// froze reports whether the text was said.
func (p *proxy) froze() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen
}

// cut closes all connections and takes no more.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// mend forwards new connections again.
func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.frozen, p.at = false, false, ""
}
