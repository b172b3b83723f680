// What is under way ends within a second of the right to it.

package crudadmin

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// ticks lets a test say when the watch asks.
type ticks struct {
	mu    sync.Mutex
	next  int
	armed map[int]func()
}

func (k *ticks) after(_ time.Duration, do func()) func() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.armed == nil {
		k.armed = map[int]func(){}
	}
	id := k.next
	k.next++
	k.armed[id] = do
	return func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		_, was := k.armed[id]
		delete(k.armed, id)
		return was
	}
}

// tick asks all that is to be asked, and returns how many questions that were.
func (k *ticks) tick() int {
	k.mu.Lock()
	due := k.armed
	k.armed = nil
	k.mu.Unlock()
	for _, do := range due {
		do()
	}
	return len(due)
}

// socketBuffer is what each end of a connection asks for, in bytes. Linux gives twice as much.
const socketBuffer = 64 << 10

// inHand is how much of an export may arrive after it was cut: both buffers as Linux gives them,
// and as much again for what is under way between them.
const inHand = 2 * (2*socketBuffer + 2*socketBuffer)

// An export that is under way when its reader is removed, in whatever way, is cut at
// the next question, and the log says why; one of somebody who may read on is whole. What
// goes on arriving is no more than what the sockets hold.
func TestExportsEndWithTheRightToThem(t *testing.T) {
	var k ticks
	b, log := loggedBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE big (id INTEGER PRIMARY KEY, b BLOB);
			WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 8) INSERT INTO big SELECT i, zeroblob(1000000) FROM n`); err != nil {
			t.Fatal(err)
		}
	})
	b.frame.Watch.After = k.after
	answered := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { answered <- struct{}{} }()
		b.ServeHTTP(w, r)
	}))
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		_ = conn.(*net.TCPConn).SetWriteBuffer(socketBuffer) // as docs/security.md advises
		return ctx
	}
	server.Start()
	defer server.Close()
	for i, how := range append([]removal{{name: "nobody removes them"}}, removals...) {
		name := fmt.Sprint("reader", i)
		reader := b.user(t, name, account.Editor)
		page := b.browser(t).signIn(name)
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.(*net.TCPConn).SetReadBuffer(socketBuffer)   // what it has in hand is not called back
		_ = conn.SetDeadline(time.Now().Add(2 * time.Minute)) // against hanging
		request := "GET /admin/m/big/export.csv HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookieName + "=" + page.cookies[cookieName] + "\r\nConnection: close\r\n\r\n"
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 12)
		if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 200" {
			t.Fatalf("%s: it begins with %q, %v", how.name, first, err)
		}
		k.tick() // a question that is answered with yes ends nothing
		if how.do != nil {
			if err := how.do(t.Context(), b, reader, idOf(t, page)); err != nil {
				t.Fatal(err)
			}
		}
		if n := k.tick(); n != 1 {
			t.Errorf("%s: %d questions for one export, want 1", how.name, n)
		}
		if how.do != nil {
			<-answered // and only now it reads
		}
		rest, err := io.ReadAll(conn)
		if how.do == nil {
			<-answered
		} else if len(rest) > inHand {
			t.Errorf("%s: %d KiB arrive after the cut, want what both sides have in hand, %d KiB at most", how.name, len(rest)>>10, inHand>>10)
		}
		outcome, reason := "done", ""
		switch {
		case how.stays:
			outcome, reason = "cut", "account"
		case how.do != nil:
			outcome, reason = "cut", "session"
		}
		lines, _ := log.take(t)
		if len(lines) == 0 {
			t.Fatalf("%s: nothing is logged", how.name)
		}
		line := lines[len(lines)-1]
		if why, _ := line["reason"].(string); line["event"] != "export" || line["outcome"] != outcome || why != reason {
			t.Errorf("%s: the log says %v, want %s %s", how.name, line, outcome, reason)
		}
		whole := err == nil && strings.HasSuffix(string(rest), "\r\n0\r\n\r\n")
		if whole != (how.do == nil) {
			t.Errorf("%s: the export is whole: %t, after %d MB, %v", how.name, whole, len(rest)>>20, err)
		}
		if b.frame.Watch.Len() != 0 && how.do == nil {
			t.Errorf("%s: a question is left behind", how.name)
		}
	}
}

// Whatever else takes long ends too: an action with what it wrote, a search, a list.
func TestLongWorkEndsWithTheRightToIt(t *testing.T) {
	var k ticks
	reached := make(chan struct{}, 1)
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), slowView); err != nil {
			t.Fatal(err)
		}
		c.Tables.QueryTimeout = time.Hour
	})
	b.frame.Watch.After = k.after
	if err := Register(b.Panel, View[Customer]{Actions: []Action[Customer]{{Name: "wait", Label: "Wait", Run: func(ctx context.Context, tx Tx, _ iter.Seq2[*Customer, error]) error {
		if _, err := tx.ExecContext(ctx, "UPDATE customers SET name = 'HACKED'"); err != nil {
			return err
		}
		reached <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}}}); err != nil {
		t.Fatal(err)
	}
	for i, how := range removals {
		for _, path := range []string{"/m/customers/actions/wait", "/m/endless/", "/m/endless/export.csv"} {
			name := fmt.Sprintf("%s, %d", path, i)
			u := b.user(t, name, account.Editor)
			page := b.browser(t).signIn(name)
			mine := idOf(t, page)
			answer := make(chan *httptest.ResponseRecorder, 1)
			if strings.Contains(path, "actions") {
				form := url.Values{"key": {"1"}, "confirm": {"1"}, "csrf_token": {page.token("/account")}}
				go func() { answer <- page.do(http.MethodPost, path, form) }()
				<-reached
			} else {
				go func() { answer <- page.get(path) }()
				for b.db.Stats().InUse == 0 {
					<-time.After(time.Millisecond)
				}
			}
			if err := how.do(t.Context(), b, u, mine); err != nil {
				t.Fatal(err)
			}
			k.tick()
			select {
			case got := <-answer:
				want, to := http.StatusSeeOther, "/admin/login"
				if how.stays {
					want, to = http.StatusConflict, ""
				}
				if location, _, _ := strings.Cut(got.Header().Get("Location"), "?"); got.Code != want || location != to || got.Header().Get("Content-Disposition") != "" {
					t.Errorf("%s, %s: %d to %q", path, how.name, got.Code, location)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s, %s: it goes on", path, how.name)
			}
			if n := b.scalar(t, "SELECT count(*) FROM customers WHERE name = 'HACKED'"); n != "0" {
				t.Errorf("%s, %s: it was written all the same", path, how.name)
			}
		}
	}
}

// Every address that writes for somebody who is signed in is under the watch, whatever it writes
// to, and every one of a table. The addresses are the router's own.
func TestEveryWriteIsUnderTheWatch(t *testing.T) {
	var k ticks
	b := newBench(t, nil)
	b.frame.Watch.After = k.after
	b.user(t, "target", account.Viewer)
	for _, rt := range b.table() {
		if rt.Access == frame.Open || rt.Access == frame.Anybody || !unsafe(rt) && len(rt.Access.Rights()) == 0 {
			continue
		}
		page := b.browser(t).signIn(adminName)
		form := url.Values{"csrf_token": {page.token("/account")}}
		if !unsafe(rt) {
			form = nil
		}
		before := k.next
		w := page.do(rt.Method, addressOf(rt), form)
		if k.next == before {
			t.Errorf("%s %s, %d: the watch asks nothing", rt.Method, rt.Path, w.Code)
		}
		if n := b.frame.Watch.Len(); n != 0 {
			t.Errorf("%s %s: %d questions are left", rt.Method, rt.Path, n)
		}
	}
}
