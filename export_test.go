// Exports: what they hold, and why they are refused.

package crudadmin

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/spool"
)

// HEAD of an address that takes long is answered by its headers, after the rights, and asks
// the database nothing. GET has the same headers.
func TestHeadOfAFileAsksNothing(t *testing.T) {
	db, asked := counted(t, filepath.Join(t.TempDir(), "app.db"))
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE files (id INTEGER PRIMARY KEY, body BLOB); INSERT INTO files VALUES (1, x'00ff'); CREATE TABLE closed (id INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) {
		c.DB = db
		c.Rights = map[string]Rights{"closed": {account.Viewer: {RightView}}}
	})
	b.user(t, "vera", account.Viewer)
	page := b.browser(t).signIn("vera")
	for _, path := range []string{"/m/files/export.csv", "/m/files/export.csv?q=x&sort=-body&f.id.gt=1", "/m/files/export.json", "/m/files/export.json?lines=1", "/m/files/1/file/body"} {
		get := page.do(http.MethodGet, path, nil)
		if len(asked.take()) == 0 {
			t.Errorf("GET %s asks nothing: the test counts nothing", path)
		}
		head := page.do(http.MethodHead, path, nil)
		if queries := asked.take(); len(queries) > 0 {
			t.Errorf("HEAD %s asks %q", path, queries)
		}
		if head.Code != http.StatusOK || head.Body.Len() > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.Code, head.Body.Len())
		}
		for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control"} {
			if got, want := head.Header().Get(name), get.Header().Get(name); got != want || got == "" {
				t.Errorf("HEAD %s: %s is %q, GET has %q", path, name, got, want)
			}
		}
	}
	for path, want := range map[string]int{"/m/closed/export.csv": http.StatusForbidden, "/m/nosuch/export.csv": http.StatusNotFound, "/m/files/export.csv?sort=nonsense": http.StatusUnprocessableEntity} {
		if got := page.do(http.MethodHead, path, nil).Code; got != want {
			t.Errorf("HEAD %s: %d, want %d", path, got, want)
		}
	}
	if got := b.browser(t).do(http.MethodHead, "/m/files/export.csv", nil).Code; got != http.StatusSeeOther {
		t.Errorf("HEAD without a session: %d", got)
	}
	if queries := asked.take(); len(queries) > 0 {
		t.Errorf("what is refused asks %q", queries)
	}
}

// Exports beyond the room are refused with when to come again, and are never half
// a file that looks whole; when the room is free again they are served.
func TestExportsHaveARoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	b, log := loggedBench(t, func(c *Config) { c.ExportDir, c.ExportSpoolMB = dir, 1 })
	page := b.browser(t).signIn(adminName)
	other, err := b.records.Spools.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write(make([]byte, 1<<20-10)); err != nil {
		t.Fatal(err)
	}
	export := func() (code int, cut bool) {
		defer func() {
			if what := recover(); what != nil {
				if err, is := what.(error); !is || !errors.Is(err, http.ErrAbortHandler) {
					panic(what)
				}
				cut = true
			}
		}()
		w := page.do(http.MethodGet, "/m/customers/export.csv", nil)
		if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		return w.Code, false
	}
	if code, cut := export(); code != http.StatusServiceUnavailable || cut {
		t.Errorf("ten bytes of room: %d, cut %v", code, cut)
	}
	if _, err := other.Write(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if code, cut := export(); code != http.StatusServiceUnavailable || cut {
		t.Errorf("no room: %d, cut %v", code, cut)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if code, cut := export(); code != http.StatusOK || cut {
		t.Errorf("free again: %d, cut %v", code, cut)
	}
	if _, err := b.db.ExecContext(t.Context(), `INSERT INTO customers (name) SELECT printf('%.*c', 700000, 'x') FROM (VALUES (1), (2))`); err != nil {
		t.Fatal(err)
	}
	if code, cut := export(); code == http.StatusOK && !cut {
		t.Error("an export larger than the room ends as if it were whole")
	}
	if lines, _ := log.take(t); len(lines) == 0 || lines[len(lines)-1]["reason"] != "busy" {
		t.Errorf("an export larger than the room is logged as %v", lines)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 || b.records.Spools.Used() != 0 {
		t.Errorf("left: %v, %d bytes, %v", entries, b.records.Spools.Used(), err)
	}
	b.records.Spools = spool.NewRoom(filepath.Join(dir, "a\x00b"), 1<<20)
	w := page.do(http.MethodGet, "/m/customers/export.csv", nil)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "no space") {
		t.Errorf("no folder: %d", w.Code)
	}
}

// Where nothing may be exported, of a table, a view, or of the columns chosen, no export is
// offered, and its addresses refuse, HEAD too.
func TestNothingToExportIsNotOffered(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE secrets (password TEXT, api_key TEXT); INSERT INTO secrets VALUES ('topsecret', 'topsecret');
			CREATE VIEW shown AS SELECT password AS p, api_key AS k FROM secrets; CREATE TABLE mixed (id INTEGER PRIMARY KEY, token TEXT)`); err != nil {
			t.Fatal(err)
		}
	})
	page := b.browser(t).signIn(adminName)
	for list, offered := range map[string]bool{
		"/m/customers/": true, "/m/secrets/": false, "/m/shown/": false, "/m/mixed/": true, "/m/mixed/?columns=id,token": true, "/m/mixed/?columns=token": false, "/m/broken/": false,
	} {
		if got := strings.Contains(page.get(list).Body.String(), "/export."); got != offered {
			t.Errorf("%s offers exports: %v, want %v", list, got, offered)
		}
		at, query, _ := strings.Cut(list, "?")
		for _, file := range []string{"export.csv?", "export.json?", "export.json?lines=1&"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				w := page.do(method, at+file+query, nil)
				if refused := w.Code == http.StatusUnprocessableEntity; refused == offered {
					t.Errorf("%s %s: %d, want it refused: %v", method, at+file+query, w.Code, !offered)
				}
				if !offered && method == http.MethodGet && list != "/m/broken/" && !strings.Contains(w.Body.String(), "can be exported") {
					t.Errorf("%s does not say why", at+file+query)
				}
			}
		}
	}
}

// The menu of exports says where the file is not a snapshot.
func TestExportMenuSaysWhereThereIsNoSnapshot(t *testing.T) {
	const said = "not a snapshot of one moment"
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	if body := page.do(http.MethodGet, "/m/orders/", nil).Body.String(); strings.Contains(body, said) || !strings.Contains(body, "export.csv") {
		t.Error("in WAL mode the list of a table speaks of pieces, or has no exports")
	}
	if _, err := b.db.ExecContext(t.Context(), "PRAGMA journal_mode = DELETE"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/m/orders/": true, "/m/orders/?q=nothing": true, "/m/totals/": false} {
		if got := strings.Contains(page.do(http.MethodGet, path, nil).Body.String(), said); got != want {
			t.Errorf("without WAL %s speaks of pieces: %v, want %v", path, got, want)
		}
	}
}
