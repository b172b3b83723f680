// proxy: a fault proxy between a store and its server.

package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// isNetwork reports whether addr is host:port.
func isNetwork(addr string) bool {
	_, _, err := net.SplitHostPort(addr)
	return err == nil
}

// proxy passes on what goes between a store and its server, until it is told
// otherwise.
type proxy struct {
	t    testing.TB
	addr string
	p    *toxiproxy.Proxy
}

func newProxy(t testing.TB, upstream string) *proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "faults", "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatalf("a proxy before %s: %v", upstream, err)
	}
	t.Cleanup(p.Stop)
	return &proxy{t: t, addr: p.Listen, p: p}
}

// add lets something happen to one stream, "upstream" or "downstream", and returns
// what ends it.
func (p *proxy) add(kind, stream string, attributes map[string]any) (remove func()) {
	p.t.Helper()
	name := kind + " " + stream
	text, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": stream, "attributes": attributes})
	if err == nil {
		_, err = p.p.Toxics.AddToxicJson(bytes.NewReader(text))
	}
	if err != nil {
		p.t.Fatalf("proxy: %s: %v", name, err)
	}
	return func() {
		if err := p.p.Toxics.RemoveToxic(p.t.Context(), name); err != nil {
			p.t.Errorf("proxy: %s: %v", name, err)
		}
	}
}

// trap calls spring once, when the bytes pass on their way to the server: before
// they are passed on, or after.
func (p *proxy) trap(pattern string, after bool, spring func()) (remove func()) {
	id := fmt.Sprint(traps.next.Add(1))
	traps.set.Store(id, &trap{pattern: []byte(pattern), after: after, spring: sync.OnceFunc(spring)})
	end := p.add("trap", "upstream", map[string]any{"id": id})
	return func() {
		end()
		traps.set.Delete(id)
	}
}

// traps are found by their toxics, which are made from JSON, by number.
var traps struct {
	next atomic.Int64
	set  sync.Map // id → *trap
}

type trap struct {
	pattern []byte
	after   bool
	spring  func()
}

// trapToxic is a trap on one connection.
type trapToxic struct {
	ID string `json:"id"`
}

func init() { toxics.Register("trap", new(trapToxic)) }

// Pipe implements toxics.Toxic.
func (t *trapToxic) Pipe(stub *toxics.ToxicStub) {
	found, ok := traps.set.Load(t.ID)
	if !ok {
		new(toxics.NoopToxic).Pipe(stub)
		return
	}
	set := found.(*trap)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			sprung := bytes.Contains(c.Data, set.pattern)
			if sprung && !set.after {
				set.spring()
			}
			stub.Output <- c
			if sprung && set.after {
				set.spring()
			}
		}
	}
}
