// Slow: browsers that take their time or go away, and queries that take too long.

package crudadmin

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// slowView never ends by itself.
const slowView = `CREATE VIEW endless AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n`

// A browser that asks for exports and does not take them holds no connection and
// no writer up, although the file is not in WAL mode; its room is given back when
// it is cut.
func TestASlowExportDoesNotHoldUpWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)&_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE big (id INTEGER PRIMARY KEY, b BLOB);
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO big SELECT i, zeroblob(1000000) FROM n`); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.DB = db })
	b.records.Pace = frame.Pace{Grace: time.Hour, Rate: 1 << 40}
	page := b.browser(t).signIn(adminName)
	server := httptest.NewServer(b)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request := "GET /admin/m/big/export.csv HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookieName + "=" + page.cookies[cookieName] + "\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 12)
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 200" { // it streams
		t.Fatalf("the export begins with %q, %v", first, err)
	}
	// All of it is read though nobody takes it: 20 MB in base64.
	until(t, "the whole export is spooled", func() bool { return b.records.Spools.Used() > 26_500_000 })
	until(t, "no connection is at work", func() bool { return db.Stats().InUse == 0 })
	if _, err := db.ExecContext(t.Context(), `INSERT INTO big VALUES (1000, NULL)`); err != nil {
		t.Errorf("the writer: %v", err)
	}
	_ = conn.Close()
	until(t, "the room is given back", func() bool { return b.records.Spools.Used() == 0 })
}

// A browser that does not keep the pace is cut, and what it got is not taken for
// all.
func TestAnExportThatIsNotTakenIsCut(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE big (id INTEGER PRIMARY KEY, b BLOB);
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO big SELECT i, zeroblob(1000000) FROM n`); err != nil {
			t.Fatal(err)
		}
	})
	b.records.Pace = frame.Pace{Grace: 3 * time.Second, Rate: 1 << 40} // in which it begins, on a busy machine too
	page := b.browser(t).signIn(adminName)
	server := httptest.NewServer(b)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request := "GET /admin/m/big/export.csv HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookieName + "=" + page.cookies[cookieName] + "\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 12)
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 200" {
		t.Fatalf("the export begins with %q, %v", first, err)
	}
	until(t, "it is cut", func() bool { return b.records.Spools.Used() == 0 })
	rest, err := io.ReadAll(conn)
	if err == nil && strings.HasSuffix(string(rest), "\r\n0\r\n\r\n") {
		t.Error("the export looks whole, though it was cut")
	}
}

// until waits for what must come to pass; a minute is a guard.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for !is() {
		select {
		case <-late:
			t.Fatalf("in a minute it is not so that %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// An export that is taken in time is whole, and its connection serves the next.
func TestAnExportInTimeIsWhole(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	server := httptest.NewServer(b)
	defer server.Close()
	for range 2 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/admin/m/customers/export.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: cookieName, Value: page.cookies[cookieName]})
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || strings.Count(string(body), "\n") != 3 {
			t.Errorf("%q, %v", body, err)
		}
	}
}

// A browser that goes away stops the query.
func TestAQueryStopsWithItsBrowser(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), slowView); err != nil {
			t.Fatal(err)
		}
		c.Tables.QueryTimeout = time.Hour
	})
	page := b.browser(t).signIn(adminName)
	for _, path := range []string{"/admin/m/endless/", "/admin/m/endless/export.csv", "/admin/m/endless/?q=x"} {
		ctx, leave := context.WithCancel(t.Context())
		r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
		r.AddCookie(&http.Cookie{Name: cookieName, Value: page.cookies[cookieName]})
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.ServeHTTP(httptest.NewRecorder(), r)
		}()
		for b.db.Stats().InUse == 0 { // until it asks
			select {
			case <-done:
				t.Fatalf("%s: answered", path)
			case <-time.After(time.Millisecond):
			}
		}
		leave()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("%s: the query goes on", path)
		}
		if n := b.db.Stats().InUse; n != 0 {
			t.Errorf("%s: %d connections are still at work", path, n)
		}
	}
}

// A query that takes too long is stopped, and the page says so and what to do.
func TestASlowQueryGivesAPage(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), slowView); err != nil {
			t.Fatal(err)
		}
		c.Tables.QueryTimeout = 200 * time.Millisecond
	})
	page := b.browser(t).signIn(adminName)
	w := page.get("/m/endless/")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "took too long") || !strings.Contains(w.Body.String(), "index") {
		t.Errorf("%d, want 503 and what to do", w.Code)
	}
	if strings.Contains(w.Body.String(), context.DeadlineExceeded.Error()) || errors.Is(b.db.PingContext(t.Context()), sql.ErrConnDone) {
		t.Error("the page speaks of contexts, or the database is gone")
	}
}
