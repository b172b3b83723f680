// A panel over PostgreSQL, which it only reads so far.

package crudadmin

import (
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestPostgresIsShown(t *testing.T) {
	db, err := sql.Open("pgx", testserver.SharedPostgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		`CREATE SCHEMA sales`,
		`CREATE TYPE state AS ENUM ('new', 'paid')`,
		`CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, password_hash text, born date, tags text[])`,
		`CREATE TABLE sales.orders (id uuid PRIMARY KEY, customer_id bigint REFERENCES customers, state state, total numeric(14,2), at timestamptz)`,
		`INSERT INTO customers (name, password_hash, born, tags) VALUES ('Ann', 'topsecrethash', '1990-01-02', '{a,b}'), ('<script>alert(1)</script>', NULL, NULL, NULL)`,
		`INSERT INTO sales.orders VALUES ('123e4567-e89b-12d3-a456-426614174000', 1, 'paid', 12345678901.10, '2024-03-10 02:30:00.123456-05')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	page := newBench(t, func(cfg *Config) { cfg.DB = db }).browser(t).signIn(adminName)
	order := "/m/sales.orders/123e4567-e89b-12d3-a456-426614174000"
	for path, wants := range map[string][]string{
		"/":                                {"customers", "sales.orders"},
		"/m/customers/":                    {"2 rows", "Ann", "&lt;script&gt;", "{a,b}"},
		"/m/customers/?q=ANN&sort=-name":   {"1 row"},
		"/m/customers/1":                   {"Ann", "1990-01-02", "sales.orders"},
		"/m/sales.orders/":                 {"1 row", ">Ann<", "12345678901.10"},
		"/m/sales.orders/?f.state.eq=paid": {"1 row"},
		"/m/sales.orders/?f.state.eq=new":  {"No rows match"},
		"/m/sales.orders/?f.total.gt=12345678901.09&f.total.lt=12345678901.11": {"1 row"},
		order:                         {"12345678901.10", "paid"},
		"/m/sales.orders/export.csv":  {"123e4567-e89b-12d3-a456-426614174000,1,paid,12345678901.10,2024-03-10 07:30:00.123456+00"},
		"/m/sales.orders/export.json": {`"total":12345678901.10`},
		"/m/customers/export.csv":     {"Ann,1990-01-02"},
		"/health":                     {},
	} {
		w := page.get(path)
		if w.Code != http.StatusOK && path != "/health" {
			t.Errorf("%s: %d", path, w.Code)
		}
		body := programtest.WithoutTokens(w.Body.String())
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not on the page", path, want)
			}
		}
		for _, never := range []string{"topsecrethash", "<script>alert", "/edit\"", "/new\""} {
			if strings.Contains(body, never) && path != "/m/customers/export.csv" {
				t.Errorf("%s: %q is on the page", path, never)
			}
		}
	}
	for path, form := range map[string]url.Values{
		"/m/customers/new":      {"name": {"Eve"}},
		"/m/customers/1/edit":   {"name": {"Eve"}},
		order + "/delete":       {},
		"/m/customers/1/delete": {},
	} {
		if w := page.post("/m/customers/", path, form); w.Code < 400 || w.Code == http.StatusInternalServerError {
			t.Errorf("POST %s: %d, want that it is refused", path, w.Code)
		}
	}
	var customers, orders int
	if err := db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM customers WHERE name <> 'Eve'), (SELECT count(*) FROM sales.orders)").Scan(&customers, &orders); err != nil || customers != 2 || orders != 1 {
		t.Errorf("%d customers and %d orders are left, %v", customers, orders, err)
	}
}
