// Browsers that ask and do not read, at every address: their connections are let go.

package crudadmin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// lobby serves a panel over real connections with small buffers, on a server without timeouts of
// its own, and counts them.
type lobby struct {
	*httptest.Server
	mu           sync.Mutex
	open, opened int
	closed       chan struct{} // one for each
}

func newLobby(t *testing.T, b *bench) *lobby {
	l := &lobby{Server: httptest.NewUnstartedServer(b), closed: make(chan struct{}, 10_000)}
	l.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
		return ctx
	}
	l.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch state {
		case http.StateNew:
			l.open++
			l.opened++
		case http.StateClosed, http.StateHijacked:
			l.open--
			l.closed <- struct{}{}
		}
	}
	l.Start()
	t.Cleanup(l.Close)
	return l
}

// ask opens a connection, sends a request many times over and reads nothing.
func (l *lobby) ask(t *testing.T, request string, times int) {
	t.Helper()
	dialer := net.Dialer{}
	conn, err := dialer.DialContext(t.Context(), "tcp", l.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(2 << 10)
	t.Cleanup(func() { _ = conn.Close() })
	go func() { // until the server takes no more
		_, _ = io.WriteString(conn, strings.Repeat(request, times))
	}()
}

// letGo waits until so many connections have been closed by the server.
func (l *lobby) letGo(t *testing.T, n int, what string) {
	t.Helper()
	guard := time.NewTimer(3 * time.Minute)
	defer guard.Stop()
	for i := range n {
		select {
		case <-l.closed:
		case <-guard.C:
			t.Fatalf("%s: %d of %d connections were let go", what, i, n)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != 0 {
		t.Errorf("%s: %d connections are open", what, l.open)
	}
}

// Three hundred connections of nobody in particular, which ask for page after page and read none.
func TestConnectionsThatReadNothingAreLetGo(t *testing.T) {
	b := newBench(t, nil)
	b.frame.Deadlines.Answer = 100 * time.Millisecond
	l := newLobby(t, b)
	for i := range 120 {
		l.ask(t, fmt.Sprintf("GET /admin/login?next=/admin/%d HTTP/1.1\r\nHost: localhost\r\n\r\n", i), 400)
	}
	l.letGo(t, 120, "unread logins")
	answer, err := http.Get(l.URL + "/admin/healthz") // #nosec G107 -- our own server
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v", answer)
	}
}

// Each address of the panel, also those whose answer is a refusal or a redirect, asked for again
// and again by somebody who may, and who reads none of the answers.
func TestNoAddressWaitsForWhoDoesNotRead(t *testing.T) {
	b := newBench(t, nil)
	b.frame.Deadlines.Answer = 100 * time.Millisecond
	b.frame.Deadlines.Body = frame.Pace{Grace: time.Second, Rate: 1 << 40} // who reads nothing stops sending, too
	b.records.Pace = frame.Pace{Grace: 100 * time.Millisecond, Rate: 1 << 40}
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	l := newLobby(t, b)
	asked := 0
	for i, rt := range append(b.table(), frame.Route{Method: http.MethodGet, Path: "/nowhere"}, frame.Route{Method: http.MethodDelete, Path: "/"}, frame.Route{Method: http.MethodGet, Path: "/../outside"}) {
		if rt.Path == "/logout" || rt.Path == "/account/revoke" || rt.Path == "/sessions/revoke" {
			continue // of which the second is another's
		}
		if i%4 > 0 && !testserver.Long() {
			continue
		}
		body := ""
		if unsafe(rt) {
			body = url.Values{"csrf_token": {token}, "name": {strings.Repeat("<", 2<<10)}}.Encode()
		}
		request := fmt.Sprintf("%s /admin%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
			rt.Method, addressOf(rt), cookieName, page.cookies[cookieName], len(body), body)
		l.ask(t, request, 2000)
		l.letGo(t, 1, rt.Method+" "+rt.Path)
		asked++
	}
	t.Logf("%d addresses", asked)
}

func TestNoAddressWaitsForWhoDoesNotReadLong(t *testing.T) {
	testserver.LongForm(t)
	TestNoAddressWaitsForWhoDoesNotRead(t)
}
