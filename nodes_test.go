package crudadmin

// This file tests what nodes that share their databases and their sessions agree on.

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// twoNodes are two panels over the same databases and sessions.
func twoNodes(t *testing.T) (first, second *bench) {
	t.Helper()
	shared := func(c *Config) {
		store, err := sqlstore.Open(t.Context(), c.AdminDB, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		c.Sessions, c.Now = store, nil
	}
	first = newBench(t, shared)
	return first, newBench(t, func(c *Config) {
		c.DB, c.AdminDB = first.cfg.DB, first.cfg.AdminDB
		shared(c)
	})
}

// A form that is sent to two nodes makes one record, at the same time or later, and each node leads
// to it. A form that was refused makes its record later, on the other node too.
func TestAFormSentToTwoNodesMakesOneRecord(t *testing.T) {
	first, second := twoNodes(t)
	page := first.browser(t).signIn(adminName)
	token := page.token("/account")
	send := func(node *bench, form url.Values) (int, string) {
		one := node.browser(t)
		one.cookies = maps.Clone(page.cookies)
		w := one.do(http.MethodPost, "/m/customers/", with(form, sessionhttp.CSRFField, token))
		return w.Code, w.Header().Get("Location")
	}
	opened := func(name string) url.Values {
		t.Helper()
		return url.Values{"name": {name}, "row.once": {page.onceOf("/m/customers/new")}}
	}
	rows := func(name, want string) {
		t.Helper()
		if got := first.scalar(t, "SELECT count(*) FROM customers WHERE name = '"+name+"'"); got != want {
			t.Errorf("%s records of %s were made, want %s", got, name, want)
		}
	}
	form := opened("Together")
	led := make([]string, 8)
	var together sync.WaitGroup
	for i := range led {
		together.Go(func() { _, led[i] = send([]*bench{first, second}[i%2], form) })
	}
	together.Wait()
	rows("Together", "1")
	for _, to := range led {
		if to != led[0] || !strings.HasPrefix(to, "/admin/m/customers/") {
			t.Errorf("they led to %q", led)
			break
		}
	}
	for i, name := range []string{"One", "Two", "Three", "Four", "Five", "Six"} { // more than are kept
		form := opened(name)
		if code, _ := send(first, form); code != http.StatusSeeOther {
			t.Errorf("%s: %d", name, code)
		}
		if code, _ := send(second, form); code != http.StatusSeeOther {
			t.Errorf("%s, %d, again: %d", name, i, code)
		}
		rows(name, "1")
	}
	wrong := with(opened("Later"), "born", "never")
	if code, _ := send(first, wrong); code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong form: %d", code)
	}
	refused := opened("Refused")
	if _, err := first.db.ExecContext(t.Context(), "CREATE TRIGGER no BEFORE INSERT ON customers BEGIN SELECT RAISE(ABORT, 'not today'); END"); err != nil {
		t.Fatal(err)
	}
	if code, _ := send(first, refused); code == http.StatusSeeOther {
		t.Error("a form that the database refuses was taken")
	}
	if _, err := first.db.ExecContext(t.Context(), "DROP TRIGGER no"); err != nil {
		t.Fatal(err)
	}
	if code, _ := send(second, refused); code != http.StatusSeeOther {
		t.Errorf("a form that was refused before, on the other node: %d", code)
	}
	rows("Refused", "1")
}
