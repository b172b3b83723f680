// Connections cut in the middle of a write.

package memcachestore

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// TestCut: a write whose connection breaks after it was sent is indeterminate,
// whether or not it arrived; asking again resolves it.
func TestCut(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	for _, arrives := range []bool{true, false} {
		proxy := newProxy(t, server.Addr)
		s := open(t, Config{Servers: []string{proxy.addr}, Prefix: fmt.Sprintf("cut%t:", arrives)})
		one := create(t, s, "ada", session.Tag{1})
		for name, call := range map[string]func() error{
			"Create": func() error {
				_, err := s.Create(t.Context(), newSession("ada", one.ID.Tag()), session.Admission{})
				return err
			},
			"Create new": func() error {
				_, err := s.Create(t.Context(), newSession("bob", session.Tag{2}), session.Admission{})
				return err
			},
			"Delete": func() error { _, err := s.Delete(t.Context(), one.ID, session.Ending{}); return err },
			"Count": func() error {
				_, err := s.Count(t.Context(), "k", session.CountRule{Limit: 5, Window: time.Minute})
				return err
			},
		} {
			proxy.cut(arrives)
			if err := call(); !errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("%s, cut, arrives %t: %v, want ErrIndeterminate", name, arrives, err)
			}
			eventually(t, "service after the cut", func() error { return s.Ping(t.Context()) })
		}
		if _, err := s.Get(t.Context(), one.ID); errors.Is(err, session.ErrNotFound) != arrives {
			t.Errorf("Get after a Delete that was cut, arrives %t: %v", arrives, err)
		}
		if page, err := s.List(t.Context(), session.Query{User: session.User{ID: "bob", Tag: session.Tag{2}}}); err != nil || len(page.Sessions) == 1 != arrives {
			t.Errorf("after a Create that was cut, arrives %t: %d sessions, %v", arrives, len(page.Sessions), err)
		}
	}
}

// proxy passes everything on until a write comes that it is to cut.
type proxy struct {
	addr    string
	cutting atomic.Int32 // 0 no, 1 after the write was passed on, 2 before
}

func (p *proxy) cut(arrives bool) {
	p.cutting.Store(2)
	if arrives {
		p.cutting.Store(1)
	}
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{addr: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.pass(server, client, nil)
			go p.pass(client, server, &p.cutting)
		}
	}()
	return p
}

// pass copies; with cutting it looks for writes. What answers a write that it cuts
// after, nobody hears.
func (p *proxy) pass(from, to net.Conn, cutting *atomic.Int32) {
	defer func() { _ = to.(*net.TCPConn).CloseWrite() }()
	defer from.Close()
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		if err != nil {
			return
		}
		text := string(part[:n])
		cut := cutting != nil && (strings.HasPrefix(text, "cas ") || strings.HasPrefix(text, "add ")) && cutting.Load() > 0
		arrives := true
		if cut {
			_ = from.Close()
			arrives = cutting.Swap(0) == 1
		}
		if arrives {
			_, err = to.Write(part[:n])
		}
		if cut || err != nil {
			return
		}
	}
}
