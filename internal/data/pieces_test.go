// This file tests that a list says whether its export is a snapshot.

package data

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// meanwhile writes to the database while the first row of an export is taken.
type meanwhile struct {
	collector

	t     *testing.T
	db    *sql.DB
	write string
}

func (m *meanwhile) Row(cells []Value) error {
	if len(m.collector) == 0 {
		if _, err := m.db.ExecContext(m.t.Context(), m.write); err != nil {
			m.t.Errorf("%s: %v", m.write, err)
		}
	}
	return m.collector.Row(cells)
}

// Where a page says nothing, its export has what one moment had; where it says that the file is
// read in pieces, what others write meanwhile may be in it.
func TestListsSayWhetherExportsAreSnapshots(t *testing.T) {
	const rows = `WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 3000) INSERT INTO `
	fill := []string{
		`CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)`, rows + `a SELECT v, 'v' FROM g`,
		`CREATE TABLE b (k TEXT, v TEXT, PRIMARY KEY (k)) WITHOUT ROWID`, rows + `b SELECT 'k' || v, 'v' FROM g`,
		`CREATE TABLE c (v TEXT)`, rows + `c SELECT 'v' FROM g`,
		`CREATE VIEW d AS SELECT * FROM a`,
	}
	for _, journal := range []string{"wal", "delete", "truncate", "persist"} {
		for table, write := range map[string]string{
			"a": "INSERT INTO a VALUES (9999999, 'late')", "b": "INSERT INTO b VALUES ('zzz', 'late')", "c": "INSERT INTO c VALUES ('late')",
			"d": "", // nobody can write while a view is read without WAL
		} {
			db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db")+"?_pragma=busy_timeout(10000)&_pragma=journal_mode("+journal+")")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			for _, statement := range fill {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Open(t.Context(), db, Config{})
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.List(t.Context(), Query{Table: table})
			if err != nil {
				t.Fatal(err)
			}
			if want := journal != "wal" && table != "d"; page.Pieces != want {
				t.Errorf("%s: the page of %s says %v, want %v", journal, table, page.Pieces, want)
			}
			if write == "" {
				continue
			}
			m := &meanwhile{t: t, db: db, write: write}
			if err := s.Export(t.Context(), Query{Table: table}, m); err != nil {
				t.Fatal(err)
			}
			if late := len(m.collector) == 3001; late != page.Pieces {
				t.Errorf("%s: the export of %s has %d rows, and the page says pieces: %v", journal, table, len(m.collector), page.Pieces)
			}
		}
	}
}
