package shop

// The tests of the made shop: the same rows every time, whole or not at all, and never made over
// somebody's edits.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// golden is the SHA-256 of the dumped shop of this Version. When it changes, raise Version.
const golden = "58f735e1b80a26c808e980c8707a2955cb126c87314f4def2a1609e00d087229"

// folder holds what is shared until the tests have ended.
var folder string

// shared makes one shop that the tests only read, once, and returns what its making told.
var shared = sync.OnceValues(func() (made struct {
	path string
	rows map[string]int
	took time.Duration
}, err error,
) {
	made.path, made.rows = filepath.Join(folder, "shop.db"), map[string]int{}
	started := time.Now()
	err = Make(context.Background(), made.path, func(table string, n int) { made.rows[table] = n })
	made.took = time.Since(started)
	return made, err
})

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "shop"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func opened(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := open(path, "rw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// dump is the hash of the schema and of every row of every table and view, in the order of the
// columns.
func dump(t *testing.T, db *sql.DB) string {
	t.Helper()
	sum := sha256.New()
	for _, name := range column(t, db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name") {
		for _, text := range column(t, db, "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type, name", name) {
			fmt.Fprintln(sum, text)
		}
		columns := column(t, db, "SELECT name FROM pragma_table_xinfo(?) ORDER BY cid", name)
		order := make([]string, len(columns))
		for i := range columns {
			order[i] = strconv.Itoa(i + 1)
		}
		rows, err := db.QueryContext(t.Context(), fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(columns, ", "), name, strings.Join(order, ", ")))
		if err != nil {
			t.Fatal(err)
		}
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(targets...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				switch v := v.(type) {
				case float64:
					fmt.Fprintf(sum, "%.6f\x1f", v)
				case time.Time:
					fmt.Fprintf(sum, "%s\x1f", v.UTC().Format(time.RFC3339Nano))
				default:
					fmt.Fprintf(sum, "%T %v\x1f", v, v)
				}
			}
			fmt.Fprintln(sum)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// column is the first column of what the query answers.
func column(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t *testing.T, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestSameRowsEveryTime(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	shop, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	one := dump(t, opened(t, shop.path))
	if one != golden {
		t.Errorf("the shop's content is %s, want %s: what is made has changed, so raise Version and set golden", one, golden)
	}
	path := filepath.Join(t.TempDir(), "shop.db")
	if err := Make(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	if two := dump(t, opened(t, path)); one != two {
		t.Errorf("two runs differ: %s and %s", one, two)
	}
}

func TestBelievable(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	shop, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	db, rows := opened(t, shop.path), shop.rows
	t.Logf("made in %s", shop.took.Round(time.Millisecond))
	total := 0
	for table, n := range rows {
		if got := number(t, db, "SELECT count(*) FROM "+table); got != n || n == 0 {
			t.Errorf("%s: progress said %d rows, the table has %d", table, n, got)
		}
		total += n
	}
	t.Logf("%d rows in %d tables: %v", total, len(rows), rows)
	if total < 50_000 || len(rows) < 14 {
		t.Errorf("%d rows in %d tables, want at least 50000 in 14", total, len(rows))
	}
	if got := column(t, db, "PRAGMA integrity_check"); len(got) != 1 || got[0] != "ok" {
		t.Errorf("integrity_check: %v", got)
	}
	for what, query := range map[string]string{
		"a foreign key without its row":         "SELECT count(*) FROM pragma_foreign_key_check",
		"an order whose lines do not add up":    "SELECT count(*) FROM orders o WHERE abs(subtotal - (SELECT sum(line_total) FROM order_lines WHERE order_id = o.id)) > 0.001",
		"an order sent to somebody else":        "SELECT count(*) FROM orders o JOIN addresses a ON a.id = o.shipping_address_id WHERE a.customer_id <> o.customer_id",
		"an order before its customer":          "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.placed_at < c.created_at",
		"an order after the anchor":             "SELECT count(*) FROM orders WHERE placed_at > '2026-06-30 18:00:00'",
		"attributes that are not JSON":          "SELECT count(*) FROM products WHERE attributes IS NOT NULL AND NOT json_valid(attributes)",
		"a payment's response that is not JSON": "SELECT count(*) FROM payments WHERE response IS NOT NULL AND NOT json_valid(response)",
		"a payment that is not the order's sum": "SELECT count(*) FROM payments p JOIN orders o ON o.id = p.order_id WHERE abs(CAST(p.amount AS REAL) - o.total) > 0.001",
	} {
		if n := number(t, db, query); n != 0 {
			t.Errorf("%s: %d rows", what, n)
		}
	}
	for what, query := range map[string]string{
		"a month of revenue":               "SELECT count(*) FROM monthly_revenue WHERE revenue > 0",
		"a variant low in stock":           "SELECT count(*) FROM low_stock",
		"markup in a review":               "SELECT count(*) FROM reviews WHERE body = '<script>alert(1)</script>'",
		"an apostrophe in a name":          "SELECT count(*) FROM customers WHERE last_name LIKE '%''%'",
		"a very long description":          "SELECT count(*) FROM products WHERE length(description) > 15000",
		"an empty phone":                   "SELECT count(*) FROM customers WHERE phone = ''",
		"a NULL phone":                     "SELECT count(*) FROM customers WHERE phone IS NULL",
		"a newsletter neither yes nor no":  "SELECT count(*) FROM customers WHERE newsletter IS NULL",
		"an order billed elsewhere":        "SELECT count(*) FROM orders WHERE billing_address_id <> shipping_address_id",
		"an employee under another":        "SELECT count(*) FROM employees WHERE manager_id IS NOT NULL",
		"a category under another":         "SELECT count(*) FROM categories WHERE parent_id IS NOT NULL",
		"a strict table":                   "SELECT count(*) FROM pragma_table_list WHERE strict",
		"a table without rowid":            "SELECT count(*) FROM pragma_table_list WHERE wr AND schema = 'main' AND name IN ('stock', 'product_categories')",
		"a generated column that is kept":  "SELECT count(*) FROM pragma_table_xinfo('orders') WHERE hidden = 3",
		"a generated column that is not":   "SELECT count(*) FROM pragma_table_xinfo('products') WHERE hidden = 2",
		"a decimal kept as text":           "SELECT count(*) FROM payments WHERE typeof(amount) = 'text'",
		"a key with a comma and a percent": "SELECT count(*) FROM coupons WHERE code LIKE '%\\%%,%' ESCAPE '\\'",
	} {
		if n := number(t, db, query); n == 0 {
			t.Errorf("%s: none", what)
		}
	}
	var picture []byte
	if err := db.QueryRowContext(t.Context(), "SELECT thumbnail FROM product_images LIMIT 1").Scan(&picture); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Errorf("a product's picture: %v", err)
	}
}

func TestKeptForTheNextRun(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	path := filepath.Join(t.TempDir(), "odd ?#% name.db")
	abandoned := path + ".making-123"
	if err := os.WriteFile(abandoned, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(abandoned, anchor, anchor); err != nil {
		t.Fatal(err)
	}
	found, err := Ensure(t.Context(), path, nil)
	if err != nil || !found.Made || found.Version != Version {
		t.Fatalf("first run: %+v, %v", found, err)
	}
	alone(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info, err)
	}
	db := opened(t, path)
	if _, err := db.ExecContext(t.Context(), "UPDATE products SET name = 'edited' WHERE id = 1; PRAGMA user_version = 0"); err != nil {
		t.Fatal(err)
	}
	found, err = Ensure(t.Context(), path, nil)
	if err != nil || found.Made || found.Version != 0 {
		t.Errorf("an older shop must be kept and named: %+v, %v", found, err)
	}
	if n := number(t, db, "SELECT count(*) FROM products WHERE name = 'edited'"); n != 1 {
		t.Error("the edit is lost")
	}
	if err := Make(t.Context(), path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Make over a shop: %v, want fs.ErrExist", err)
	}
}

func TestStrangersAreLeftAlone(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, []byte("these are my notes, not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "other.db")
	db, err := open(other, "rwc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE notes (id)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, path := range []string{text, other, folder} {
		if _, err := Ensure(t.Context(), path, nil); !errors.Is(err, ErrNotShop) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want ErrNotShop naming the path", path, err)
		}
	}
	if got, err := os.ReadFile(text); err != nil || string(got) != "these are my notes, not a database" {
		t.Errorf("the notes were touched: %q, %v", got, err)
	}
}

func TestStoppedRunLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	ctx, stop := context.WithCancel(t.Context())
	_, err := Ensure(ctx, path, func(table string, _ int) {
		if table == "customers" {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped run: %v, want context.Canceled", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// alone checks that the shop's folder holds the shop and nothing that was used to make it.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the shop's folder holds %v, %v; want the shop alone", entries, err)
	}
}
