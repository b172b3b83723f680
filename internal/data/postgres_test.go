// This file tests the PostgreSQL dialect on a real server.

package data

import (
	"database/sql"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// openPostgres makes a PostgreSQL database of the statements.
func openPostgres(tb testing.TB, statements ...string) *sql.DB {
	tb.Helper()
	db := connectPostgres(tb, testserver.SharedPostgres(tb).URL())
	for _, statement := range statements {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	return db
}

func connectPostgres(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func postgresSource(tb testing.TB, cfg Config, statements ...string) *Source {
	tb.Helper()
	s, err := Open(tb.Context(), openPostgres(tb, statements...), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// A PostgreSQL database is read and written.
func TestPostgresIsReadAndWritten(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, name text)`, `INSERT INTO x VALUES (1, 'b')`)
	if engine, version := s.Schema().Engine, s.Schema().Version; engine != "PostgreSQL" || version == "" {
		t.Errorf("%q %q", engine, version)
	}
	table, ok := s.Schema().Table("x")
	if !ok || table.ReadOnly != "" {
		t.Fatalf("%+v is read-only", table)
	}
	key := newKey(table, []any{int64(1)})
	second, err := s.Insert(t.Context(), "x", Input{Fields: map[string]Field{"id": {Text: "2"}}})
	if err != nil {
		t.Fatal(err)
	}
	record, err := s.Edit(t.Context(), "x", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), "x", key, record.Token, Input{Fields: map[string]Field{"name": {Text: "a"}}}); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "x", second, ""); err != nil {
		t.Error(err)
	}
	page, err := s.List(t.Context(), Query{Table: "x", Search: "A", Sort: []SortKey{{"name", true}}, Filters: []Filter{{"id", OpEq, []string{"1"}}}})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Cells[1].Text != "a" {
		t.Fatalf("%+v, %v", page, err)
	}
}
