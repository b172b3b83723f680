// What a request asks of the panel's own stores, and of the application's database.

package crudadmin

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// A request that reads looks up its session once and its administrator once, whatever the page
// needs to know of them.
func TestARequestAsksOnceWhoAsks(t *testing.T) {
	var asked *statements
	b := newBench(t, func(c *Config) {
		c.AdminDB, asked = counted(t, filepath.Join(t.TempDir(), "admin.db"))
		c.AdminDB.SetMaxOpenConns(1)
	})
	page := b.browser(t).signIn(adminName)
	for _, path := range []string{"/m/customers/", "/m/customers/?sort=name", "/m/customers/1", "/m/customers/1/edit", "/m/customers/new", "/m/orders/choices/customer_id", "/m/customers/1/delete"} {
		page.get(path) // the first time statements are prepared
		asked.take()
		before := b.store.calls.Load()
		if w := page.get(path); w.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, w.Code)
		}
		if got := asked.take(); len(got) != 1 {
			t.Errorf("%s asks the administrators' database %d times, want once:\n%s", path, len(got), strings.Join(got, "\n"))
		}
		if n := b.store.calls.Load() - before; n != 1 {
			t.Errorf("%s looks up its session %d times, want once", path, n)
		}
	}
}

// What is refused because its person has eight requests under way asks the application's database
// nothing, not even whether its schema has changed.
func TestARequestTooManyAsksNothing(t *testing.T) {
	var asked *statements
	b := newBench(t, func(c *Config) {
		c.DB, asked = counted(t, filepath.Join(t.TempDir(), "app.db"))
		if _, err := c.DB.ExecContext(t.Context(), "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)"); err != nil {
			t.Fatal(err)
		}
	})
	page := b.browser(t).signIn(adminName)
	var under []*held
	for range frame.MaxRequests {
		under = append(under, page.hold("/m/customers/"))
	}
	for _, path := range []string{"/", "/m/customers/", "/m/customers/new", "/m/nothing/"} {
		asked.take()
		if w := page.get(path); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s, the ninth: %d", path, w.Code)
		}
		if got := asked.take(); len(got) > 0 {
			t.Errorf("%s, the ninth, asks the application's database:\n%s", path, strings.Join(got, "\n"))
		}
	}
	for _, h := range under {
		h.abort()
	}
	asked.take()
	if w := page.get("/"); w.Code != http.StatusOK || len(asked.take()) == 0 {
		t.Errorf("afterwards: %d; if nothing was asked, this test counts nothing", w.Code)
	}
}
