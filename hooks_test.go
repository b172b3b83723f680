// Hooks and passwords: the program's own code in a write, and what it leaves.

package crudadmin

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestPasswords(t *testing.T) {
	hash := func(password string) (string, error) {
		if password == "refused!" {
			return "", errors.New("it is on a list")
		}
		return "hashed:" + strings.ToUpper(password), nil
	}
	b := registered(t, View[Customer]{Fields: map[string]Field{"PasswordHash": {Hash: hash, Label: "Password"}}})
	page := b.browser(t).signIn(adminName)
	stored := func(id string) string { return b.scalar(t, "SELECT password_hash FROM customers WHERE id = "+id) }
	if w := page.post("/m/customers/new", "/m/customers/", url.Values{"name": {"Zoe"}, "password_hash": {"openSesame"}}); w.Code != http.StatusSeeOther || stored("3") != "hashed:OPENSESAME" {
		t.Fatalf("create: %d, stored %q", w.Code, stored("3"))
	}
	const path = "/m/customers/3/edit"
	form := page.get(path).Body.String()
	if !strings.Contains(form, `type="password"`) || strings.Contains(form, "OPENSESAME") {
		t.Error("the form has no password field, or shows the hash")
	}
	if w := page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "name": {"Zoe B"}, "password_hash": {""}}); w.Code != http.StatusSeeOther || stored("3") != "hashed:OPENSESAME" {
		t.Errorf("empty: %d, stored %q", w.Code, stored("3"))
	}
	for _, bad := range []string{"short", "refused!"} {
		w := page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "password_hash": {bad}})
		if w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), bad) {
			t.Errorf("%s: %d, or it is echoed", bad, w.Code)
		}
	}
	// A conflict shows both versions, and no password.
	stale := page.tokenOf(path)
	page.post("/account", path, url.Values{"row.token": {stale}, "name": {"Zoe C"}})
	if w := page.post("/account", path, url.Values{"row.token": {stale}, "name": {"Zoe D"}, "password_hash": {"conflicting1"}}); w.Code != http.StatusConflict || strings.Contains(w.Body.String(), "conflicting1") {
		t.Errorf("conflict: %d, or it echoes the password", w.Code)
	}
	for _, address := range []string{"/m/customers/", "/m/customers/3", "/m/customers/export.csv", "/m/customers/export.json"} {
		if body := page.get(address).Body.String(); strings.Contains(body, "OPENSESAME") || strings.Contains(body, "password_hash") {
			t.Errorf("%s shows the password's column", address)
		}
	}
}

func TestHooksAreInTheTransaction(t *testing.T) {
	var after []string
	fail := ""
	note := func(ctx context.Context, tx Tx, what string) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO log VALUES (?)", what); err != nil {
			return err
		}
		switch fail {
		case what:
			return errors.New("no " + what + " today")
		case "panic " + what:
			panic("a hook's own fault")
		case "field " + what:
			return Invalid("Name", "is not welcome")
		case "sql " + what:
			_, err := tx.ExecContext(ctx, "INSERT INTO nowhere VALUES (1)")
			return err
		case "rows " + what:
			rows, err := tx.QueryContext(ctx, "SELECT 1 UNION SELECT 2") // never closed
			if err != nil {
				return err
			}
			rows.Next()
			return rows.Err()
		}
		return nil
	}
	b := newBench(t, nil)
	if _, err := b.db.ExecContext(t.Context(), "CREATE TABLE log (what TEXT)"); err != nil {
		t.Fatal(err)
	}
	err := Register(b.Panel, View[Customer]{
		BeforeCreate: func(ctx context.Context, tx Tx, c *Customer) error {
			c.Name += "!"
			c.Email = sql.NullString{String: strings.ToLower(c.Email.String), Valid: c.Email.Valid}
			return note(ctx, tx, "create")
		},
		AfterCreate: func(_ context.Context, _ Tx, c *Customer) error { after = append(after, c.Name); return nil },
		BeforeUpdate: func(ctx context.Context, tx Tx, old, c *Customer) error {
			c.Name = old.Name + ">" + c.Name
			return note(ctx, tx, "update")
		},
		AfterUpdate:  func(_ context.Context, _ Tx, c *Customer) error { after = append(after, c.Name); return nil },
		BeforeDelete: func(ctx context.Context, tx Tx, c *Customer) error { return note(ctx, tx, "delete") },
	})
	if err != nil {
		t.Fatal(err)
	}
	page := b.browser(t).signIn(adminName)
	const path, bulkEdit, bulkDelete = "/m/customers/3/edit", "/m/customers/actions/edit", "/m/customers/actions/delete"
	email := "ZOE@example.com"
	create := func() int {
		return page.post("/m/customers/new", "/m/customers/", url.Values{"name": {"Zoe"}, "email": {email}}).Code
	}
	if code := create(); code != http.StatusSeeOther {
		t.Fatalf("create: %d", code)
	}
	if got := b.scalar(t, "SELECT name || email || (SELECT group_concat(what) FROM log) FROM customers WHERE id = 3"); got != "Zoe!zoe@example.comcreate" || strings.Join(after, "") != "Zoe!" {
		t.Errorf("created is %q, after %q", got, after)
	}
	update := func() int {
		return page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "name": {"Zora"}}).Code
	}
	if code := update(); code != http.StatusSeeOther || b.scalar(t, "SELECT name FROM customers WHERE id = 3") != "Zoe!>Zora" {
		t.Errorf("update: %d, %s", code, b.scalar(t, "SELECT name FROM customers WHERE id = 3"))
	}
	if w := page.post("/account", bulkEdit, url.Values{"key": {"3"}, "confirm": {"1"}, "set.to.name": {"1"}, "to.name": {"Bea"}}); w.Code != http.StatusSeeOther || b.scalar(t, "SELECT name FROM customers WHERE id = 3") != "Zoe!>Zora>Bea" {
		t.Errorf("bulk edit ran no hook: %d %s", w.Code, b.scalar(t, "SELECT name FROM customers WHERE id = 3"))
	}
	before := b.scalar(t, "SELECT group_concat(id || name) || (SELECT count(*) FROM log) FROM customers")
	for _, c := range []struct {
		fail string
		do   func() int
		want int
	}{
		{"create", create, http.StatusUnprocessableEntity}, {"panic create", create, http.StatusInternalServerError},
		{"field create", create, http.StatusUnprocessableEntity}, {"sql create", create, http.StatusInternalServerError},
		{"update", update, http.StatusUnprocessableEntity}, {"panic update", update, http.StatusInternalServerError},
		{"delete", func() int {
			return page.post("/account", "/m/customers/3/delete", url.Values{"row.token": {page.tokenOf("/m/customers/3/delete")}}).Code
		}, http.StatusUnprocessableEntity},
		{"delete", func() int {
			return page.post("/account", bulkDelete, url.Values{"key": {"3", "2"}, "confirm": {"1"}}).Code
		}, http.StatusUnprocessableEntity},
		{"delete", func() int {
			return page.post("/account", bulkDelete, page.asked(bulkDelete, url.Values{"all": {"1"}, "f.id.eq": {"3"}})).Code
		}, http.StatusUnprocessableEntity},
		{"update", func() int {
			return page.post("/account", bulkEdit, url.Values{"key": {"3"}, "confirm": {"1"}, "set.to.name": {"1"}, "to.name": {"Bea"}}).Code
		}, http.StatusUnprocessableEntity},
	} {
		fail = c.fail
		if got := c.do(); got != c.want {
			t.Errorf("a hook that fails with %q: %d, want %d", c.fail, got, c.want)
		}
		if got := b.scalar(t, "SELECT group_concat(id || name) || (SELECT count(*) FROM log) FROM customers"); got != before {
			t.Errorf("a hook that failed with %q left something: %s, was %s", c.fail, got, before)
		}
	}
	fail, email = "rows create", "other@example.com"
	if code := create(); code != http.StatusSeeOther {
		t.Errorf("a hook that leaves rows open: %d", code)
	}
	fail = ""
	if w := page.post("/account", bulkDelete, url.Values{"key": {"3", "4"}, "confirm": {"1"}}); w.Code != http.StatusSeeOther || b.scalar(t, "SELECT count(*) FROM log WHERE what = 'delete'") != "2" {
		t.Errorf("bulk delete: %d, %s hooks", w.Code, b.scalar(t, "SELECT count(*) FROM log WHERE what = 'delete'"))
	}
}
