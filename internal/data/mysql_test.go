// This file tests the dialect of MySQL and MariaDB on a real MariaDB.

package data

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	_ "github.com/go-sql-driver/mysql"
)

// openMariaDB makes a MariaDB database of the statements.
func openMariaDB(tb testing.TB, statements ...string) *sql.DB {
	tb.Helper()
	return openMariaDBWith(tb, "", statements...)
}

// openMariaDBWith is openMariaDB with parameters of the driver: "?parseTime=true". The statements
// do not have them.
func openMariaDBWith(tb testing.TB, parameters string, statements ...string) *sql.DB {
	tb.Helper()
	dsn := testserver.SharedMariaDB(tb).DSN()
	make := connectMariaDB(tb, dsn)
	make.SetMaxOpenConns(1)
	for _, statement := range append([]string{"SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"}, statements...) {
		if _, err := make.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	if err := make.Close(); err != nil {
		tb.Fatal(err)
	}
	return connectMariaDB(tb, dsn+parameters)
}

func connectMariaDB(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func mariaSource(tb testing.TB, cfg Config, statements ...string) *Source {
	tb.Helper()
	s, err := Open(tb.Context(), openMariaDB(tb, statements...), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// A MariaDB database is read and written, but for tables whose engine has no transactions.
func TestMariaDBIsReadAndWritten(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, name text)`, `INSERT INTO x VALUES (1, 'a')`, `CREATE VIEW v AS SELECT * FROM x`,
		`CREATE TABLE old (id integer PRIMARY KEY) ENGINE=MyISAM`, `CREATE TABLE aria (id integer PRIMARY KEY) ENGINE=Aria`, `CREATE TABLE short (id integer PRIMARY KEY) ENGINE=MEMORY`,
		`INSERT INTO old VALUES (1)`)
	if engine, version := s.Schema().Engine, s.Schema().Version; engine != "MariaDB" || !strings.HasPrefix(version, "1") {
		t.Errorf("%q %q", engine, version)
	}
	for name, why := range map[string]string{"x": "", "v": "it is a view", "old": "its engine MyISAM has no transactions: what a write did before it failed would stay",
		"aria": "its engine Aria has no transactions: what a write did before it failed would stay", "short": "its engine MEMORY has no transactions: what a write did before it failed would stay"} {
		if table, ok := s.Schema().Table(name); !ok || table.ReadOnly != why {
			t.Errorf("%s: %q", name, table.ReadOnly)
		}
	}
	if _, err := s.Insert(t.Context(), "old", edited("id", "2")); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "old", keyOf(t, s, "old", "1"), ""); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	second, err := s.Insert(t.Context(), "x", edited("id", "2", "name", "b"))
	if err != nil {
		t.Fatal(err)
	}
	record := editOf(t, s, "x", second)
	key, err := s.Update(t.Context(), "x", second, record.Token, edited("id", "3"))
	if err != nil || key.String() != "3" {
		t.Fatal(key, err)
	}
	if err := s.Delete(t.Context(), "x", keyOf(t, s, "x", "1"), ""); err != nil {
		t.Error(err)
	}
	page, err := s.List(t.Context(), Query{Table: "x", Search: "B", Sort: []SortKey{{"name", true}}, Filters: []Filter{{"id", OpEq, []string{"3"}}}})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Cells[1].Text != "b" {
		t.Fatalf("%+v, %v", page, err)
	}
	if got := storedText(t, s, "count(*)", "x"); got != "1" {
		t.Error(got)
	}
}

// MySQL cannot be started here: what it says of itself is told apart all the same.
func TestMySQLAndMariaDBAreToldApart(t *testing.T) {
	db := openMariaDB(t)
	for version, want := range map[string]string{
		"8.0.36": "", "10.5.9-MariaDB": "MariaDB 10.5.9 is not supported: use 10.6 or later", "5.7.44-log": "MySQL 5.7.44 is not supported: use 8.0 or later",
		"8.0.30-Vitess": "neither MySQL nor MariaDB itself", "11.4.2-MariaDB-ubu2404": "", "10.6.0-MariaDB": "",
	} {
		d, err := newMySQL(t.Context(), db, version)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", version, err)
		}
		if opened, ok := d.(*mysql); ok && opened.mariadb != strings.Contains(version, "MariaDB") {
			t.Errorf("%s is taken for %s", version, opened.name())
		}
	}
}
