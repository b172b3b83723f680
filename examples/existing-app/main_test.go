// The test that the panel stands beside the pages of the program, and that what
// is entered in it is what the program finds.

package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/go-crudadmin/crudadmin/config"
)

// visitor is a browser of one person.
type visitor struct {
	*http.Client
	t    *testing.T
	base string
}

func (v visitor) read(answer *http.Response, err error) (int, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func (v visitor) page(path string) string {
	v.t.Helper()
	status, body := v.read(v.Get(v.base + path))
	if status != http.StatusOK {
		v.t.Fatalf("%s: %d", path, status)
	}
	return body
}

var token = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// send posts a form from a page that has one.
func (v visitor) send(from, to string, form url.Values) (int, string) {
	v.t.Helper()
	found := token.FindStringSubmatch(v.page(from))
	if found == nil {
		v.t.Fatalf("%s has no form", from)
	}
	form.Set("csrf_token", found[1])
	return v.read(v.PostForm(v.base+to, form))
}

func open(t *testing.T) (*sql.DB, visitor) {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), schema+`INSERT INTO categories (name) VALUES ('Tea'), ('Cups')`); err != nil {
		t.Fatal(err)
	}
	panel, err := newPanel(t.Context(), db, filepath.Join(dir, "admin.db"), config.Secret(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := panel.Accounts().ByUsername(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	if err := panel.Accounts().ResetPassword(t.Context(), root.ID, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	for _, d := range panel.Drift() {
		t.Logf("drift: %+v", d)
	}
	server := httptest.NewServer(routes(db, panel))
	t.Cleanup(server.Close)
	jar, _ := cookiejar.New(nil) // it never fails
	return db, visitor{&http.Client{Jar: jar}, t, server.URL}
}

func TestThePanelIsBesideThePages(t *testing.T) {
	db, v := open(t)
	if body := v.page("/"); body != "0 products\n" {
		t.Errorf("the program's own page: %q", body)
	}
	if status, body := v.send("/back-office/login", "/back-office/login", url.Values{"username": {"admin"}, "password": {"correct horse battery"}}); status != http.StatusOK || !strings.Contains(body, "Catalogue") {
		t.Fatalf("sign in: %d", status)
	}
	if body := v.page("/back-office/m/categories/"); !strings.Contains(body, "Tea") {
		t.Error("the list lacks a row that is there")
	}

	const products = "/back-office/m/products/"
	form := func() url.Values {
		return url.Values{"name": {"Green  Tea"}, "price_cents": {"499"}, "category_id": {"1"}, "status": {"draft"}}
	}
	wrong := form()
	wrong.Set("status", "eaten")
	if status, body := v.send(products+"new", products, wrong); status != http.StatusUnprocessableEntity || !strings.Contains(body, "must be one of draft, shown, sold_out") {
		t.Errorf("an unknown status: %d", status)
	}
	if status, body := v.send(products+"new", products, form()); status != http.StatusOK || !strings.Contains(body, "Green  Tea") {
		t.Fatalf("create: %d %s", status, body)
	}
	var slug string
	var dated bool
	if err := db.QueryRowContext(t.Context(), "SELECT slug, created_at IS NOT NULL AND updated_at IS NOT NULL FROM products").Scan(&slug, &dated); err != nil || slug != "green-tea" || !dated {
		t.Errorf("the hook made the slug %q, dates %v: %v", slug, dated, err)
	}
	if body := v.page(products); !strings.Contains(body, "Green") || !strings.Contains(body, "Tea") {
		t.Error("the list lacks the new product")
	}
	if body := v.page("/"); body != "1 products\n" {
		t.Errorf("the program does not see it: %q", body)
	}
	_, question := v.send(products+"new", "/back-office/m/products/actions/show", url.Values{"all": {"1"}})
	asked := regexp.MustCompile(`name="asked" value="([^"]+)"`).FindStringSubmatch(question)
	if asked == nil {
		t.Fatalf("the question carries nothing that was asked about: %s", question)
	}
	if status, _ := v.send(products+"new", "/back-office/m/products/actions/show", url.Values{"all": {"1"}, "confirm": {"1"}, "asked": {asked[1]}}); status != http.StatusOK {
		t.Errorf("the action: %d", status)
	}
	var state string
	if err := db.QueryRowContext(t.Context(), "SELECT status FROM products").Scan(&state); err != nil || state != "shown" {
		t.Errorf("the action left the status %q: %v", state, err)
	}
}

func TestAccountsOfSqlc(t *testing.T) {
	db, v := open(t)
	v.send("/back-office/login", "/back-office/login", url.Values{"username": {"admin"}, "password": {"correct horse battery"}})
	const accounts = "/back-office/m/accounts/"
	if status, body := v.send(accounts+"new", accounts, url.Values{"email": {"nobody"}, "password_hash": {"a long enough one"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "e-mail address") || strings.Contains(body, "a long enough one") {
		t.Errorf("a wrong address: %d, or the password is on the page", status)
	}
	if status, body := v.send(accounts+"new", accounts, url.Values{"email": {"ann@example.com"}, "password_hash": {"a long enough one"}, "born_on": {"1990-01-02"}}); status != http.StatusOK {
		t.Fatalf("create: %d %s", status, body)
	}
	var hash string
	if err := db.QueryRowContext(t.Context(), "SELECT password_hash FROM accounts").Scan(&hash); err != nil || bcrypt.CompareHashAndPassword([]byte(hash), []byte("a long enough one")) != nil {
		t.Errorf("the password is not its bcrypt hash: %v", err)
	}
	for _, path := range []string{"", "1", "1/edit", "export.csv"} {
		if body := v.page(accounts + path); strings.Contains(body, hash) {
			t.Errorf("%s shows the hash", path)
		}
	}
	if body := v.page(accounts + "export.json"); !strings.Contains(body, fmt.Sprintf("%q:%q", "email", "ann@example.com")) {
		t.Errorf("the export: %s", body)
	}
}
