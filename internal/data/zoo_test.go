// This file builds databases the package never saw: every oddity SQLite lets into a file.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// openFile makes a SQLite file of the statements and opens it again, read-only.
func openFile(tb testing.TB, statements ...string) *sql.DB {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	db, err = sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func openSource(tb testing.TB, cfg Config, statements ...string) *Source {
	tb.Helper()
	s, err := Open(tb.Context(), openFile(tb, statements...), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	noClock(s)
	return s
}

// noClock sets bounds with which no clock decides a test: what is looked at, or written, for long
// is not stopped, and nothing rests after it.
func noClock(s *Source) {
	s.shares.long, s.shares.write, s.shares.held = time.Minute, time.Minute, time.Minute
	for _, one := range []*turns{s.shares.turns, s.shares.bulk} {
		one.pause, one.rest = 0, 0
	}
}

func wide(n int) string {
	var columns []string
	for i := range n {
		columns = append(columns, fmt.Sprintf("c%d TEXT DEFAULT 'v%d'", i, i))
	}
	return "CREATE TABLE wide_" + fmt.Sprint(n) + " (" + strings.Join(columns, ", ") + ")"
}

// zoo is the statements of a database with everything odd in it.
func zoo() []string {
	return []string{
		`CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "where" TEXT, "group by" TEXT, "a.b" TEXT, "a,b%c" TEXT, "-x" TEXT)`,
		`INSERT INTO "select" VALUES (1, 'w', 'g', 'dotted', 'comma', 'minus'), (2, NULL, '', '', '', '')`,
		`CREATE TABLE "it's ""quoted"" <script>alert(1)</script>" ("na me" TEXT, "q""uote" TEXT, "<b>" TEXT, "ünï☃" TEXT)`,
		`INSERT INTO "it's ""quoted"" <script>alert(1)</script>" VALUES ('<script>alert(1)</script>', '"', '''; DROP TABLE x; --', '雪')`,
		`CREATE TABLE "" ("" TEXT, "x" TEXT)`,
		`INSERT INTO "" VALUES ('empty', 'name'), (NULL, '')`,
		`CREATE TABLE nokey (a, b)`,
		`INSERT INTO nokey VALUES (1, 'x'), ('1', x'00ff'), (NULL, 2.5), (9e999, -9e999), (9223372036854775807, -9223372036854775808)`,
		`CREATE TABLE shadowed (rowid TEXT, oid TEXT, _rowid_ TEXT)`,
		`INSERT INTO shadowed VALUES ('a', 'b', 'c'), ('a', 'b', 'c'), (NULL, NULL, NULL)`,
		`CREATE TABLE half_shadowed (rowid TEXT, OID TEXT)`,
		`INSERT INTO half_shadowed VALUES ('a', 'b'), ('c', 'd')`,
		`CREATE TABLE shadowed_unique (rowid TEXT NOT NULL UNIQUE, oid TEXT, _rowid_ TEXT)`,
		`INSERT INTO shadowed_unique VALUES ('a', 'b', 'c'), ('d', NULL, 'c')`,
		`CREATE TABLE without (k TEXT, n INTEGER, v TEXT, PRIMARY KEY (k, n)) WITHOUT ROWID`,
		`INSERT INTO without VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('a/b,c%', 3, 'z'), ('', 4, ''), ('~', 5, '')`,
		`CREATE TABLE strict_one (id INT PRIMARY KEY, any_value ANY, t TEXT NOT NULL) STRICT`,
		`INSERT INTO strict_one VALUES (1, 5, 'a'), (2, '5', 'b'), (3, x'05', 'c'), (4, NULL, 'd')`,
		`CREATE TABLE textkey (k TEXT PRIMARY KEY, v)`,
		`INSERT INTO textkey VALUES ('new', 1), ('', 2), ('~new', 3), ('a/b', 4), ('a,b', 5), ('100%', 6), (NULL, 7), (NULL, 8), ('.', 9), ('..', 10),
			('42', 11), ('?x=1#y', 12), (x'ff00', 13), (CAST(x'ff41' AS TEXT), 14), (printf('%.*c', 5000, 'x'), 15), ('choices', 16), ('日本', 17), ('~t:x', 18), ('a' || char(0) || 'b', 19)`,
		`CREATE TABLE anykey (k PRIMARY KEY, v)`,
		`INSERT INTO anykey VALUES (5, 'int'), ('5', 'text'), (5.5, 'real'), (x'35', 'blob'), ('x', 't')`,
		`CREATE TABLE mismatch (id INTEGER PRIMARY KEY, n INTEGER, r REAL, b BOOLEAN, d DATE, dt DATETIME, dec DECIMAL(10,2), s VARCHAR(10))`,
		`INSERT INTO mismatch (n, r, b, d, dt, dec, s) VALUES
			(1, 1.5, 1, '2024-01-31', '2024-01-31 10:00:00', 12.34, 'abc'),
			('not a number', 'text', 'true', 'garbage', 1706695200, 'free', x'6162'),
			(x'00', NULL, 0, 20240131, 1706695200000, NULL, 12),
			(3, -0.0, 'maybe', 2460340.5, '2024-01-31T12:00:00+02:00', 1e300, ''),
			(NULL, 9e999, NULL, NULL, '2024-01-31 10:00:00 +0000 UTC', -5, NULL)`,
		`CREATE TABLE generated (id INTEGER PRIMARY KEY, price REAL, virt REAL GENERATED ALWAYS AS (price * 2) VIRTUAL, stor TEXT AS (price || '€') STORED)`,
		`INSERT INTO generated (price) VALUES (1.5), (NULL)`,
		`CREATE TABLE base (id INTEGER PRIMARY KEY, a TEXT)`,
		`INSERT INTO base (a) VALUES ('one'), ('two')`,
		`CREATE VIEW good_view AS SELECT id, a, id + 1 AS next FROM base`,
		`CREATE TABLE gone (x)`,
		`CREATE VIEW broken_view AS SELECT x FROM gone`,
		`DROP TABLE gone`,
		`CREATE VIEW failing_view AS SELECT abs(-9223372036854775807 - 1) AS boom, a FROM base`,
		`CREATE VIEW broken_column AS SELECT nofunction(a) AS f, a FROM base`,
		`CREATE VIRTUAL TABLE docs USING fts5(title, body)`,
		`INSERT INTO docs VALUES ('first', 'the quick brown fox'), ('second', 'lazy dog')`,
		`CREATE TABLE "sqlitelike" (x)`, `CREATE TABLE "sqlite-like" (x)`, `INSERT INTO "sqlite-like" VALUES (1)`,
		`CREATE TABLE empty_table (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)`,
		`CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, password_hash TEXT, api_key TEXT, status TEXT CHECK (status IN ('on', 'off')), level INT CHECK (level IN (1, -2, 3)))`,
		`INSERT INTO users VALUES (1, 'Ann', 'S3CRET-a', 'S3CRET-b', 'on', 1), (2, 'bob', NULL, 'S3CRET-c', 'off', -2), (3, 'ANN', 'S3CRET-d', NULL, NULL, 3)`,
		`CREATE TABLE tokens (token TEXT PRIMARY KEY, user_id INTEGER REFERENCES users)`,
		`INSERT INTO tokens VALUES ('S3CRET-t1', 1), ('S3CRET-t2', 9)`,
		`CREATE TABLE secret_keys (token TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID`,
		`INSERT INTO secret_keys VALUES ('S3CRET-k', 1)`,
		`CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, boss INTEGER REFERENCES employees(id), mentor INTEGER REFERENCES EMPLOYEES(ID))`,
		`INSERT INTO employees VALUES (1, 'Root', NULL, NULL), (2, 'Two', 1, 1), (3, 'Three', 1, 2), (4, 'Lost', 99, NULL)`,
		`CREATE TABLE shipments (id INTEGER PRIMARY KEY, k TEXT, n INTEGER, FOREIGN KEY (k, n) REFERENCES without (k, n))`,
		`INSERT INTO shipments VALUES (1, 'a', 2), (2, 'a/b,c%', 3), (3, 'a', NULL), (4, 'no', 0), (5, '', 4)`,
		`CREATE TABLE dangling (id INTEGER PRIMARY KEY, x REFERENCES nowhere(id), y REFERENCES nokey(a))`,
		`INSERT INTO dangling VALUES (1, 1, 1)`,
		`CREATE TABLE blobs (id BLOB PRIMARY KEY, data BLOB, note TEXT)`,
		`INSERT INTO blobs VALUES (x'00112233445566778899aabbccddeeff', zeroblob(1000000), CAST(x'fffe41' AS TEXT)), (x'', x'', '')`,
		`CREATE TABLE blob_children (id INTEGER PRIMARY KEY, parent BLOB REFERENCES blobs(id))`,
		`INSERT INTO blob_children VALUES (1, x'00112233445566778899aabbccddeeff'), (2, NULL)`,
		`CREATE TABLE uuids (id UUID PRIMARY KEY, v)`,
		`INSERT INTO uuids VALUES ('123e4567-e89b-12d3-a456-426614174000', 1), ('00000000-0000-0000-0000-00000000000A', 2), ('weird', 3)`,
		`CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, v TEXT)`,
		`INSERT INTO descending VALUES (NULL, 'a'), (2, 'b'), ('x', 'c')`,
		`CREATE TABLE collated (a TEXT COLLATE NOCASE, b TEXT COLLATE RTRIM)`,
		`INSERT INTO collated VALUES ('b', 'x '), ('B', 'x'), ('a', 'y'), ('A', NULL), (NULL, NULL)`,
		`CREATE TABLE foreign_collation (id INTEGER PRIMARY KEY, name TEXT)`,
		`INSERT INTO foreign_collation VALUES (1, 'b'), (2, 'a')`,
		`CREATE TABLE foreign_collation_key (name TEXT PRIMARY KEY, v) WITHOUT ROWID`,
		`CREATE TABLE virtual_gone (x)`,
		`CREATE TABLE goose_db_version (x)`, `CREATE TABLE crudadmin_things (x)`,
		wide(150), `INSERT INTO wide_150 DEFAULT VALUES`,
		wide(2000), `INSERT INTO wide_2000 DEFAULT VALUES`,
		`CREATE TABLE long_text (id INTEGER PRIMARY KEY, t TEXT)`,
		`WITH RECURSIVE g(value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM g LIMIT 30) INSERT INTO long_text SELECT value, printf('%.*c', 100000, 'x') || value FROM g`,
		`PRAGMA writable_schema = 1`,
		`UPDATE sqlite_master SET sql = 'CREATE TABLE foreign_collation (id INTEGER PRIMARY KEY, name TEXT COLLATE klingon)' WHERE name = 'foreign_collation'`,
		`UPDATE sqlite_master SET sql = 'CREATE TABLE foreign_collation_key (name TEXT COLLATE klingon PRIMARY KEY, v) WITHOUT ROWID' WHERE name = 'foreign_collation_key'`,
		`UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE virtual_gone USING nosuchmodule(x)', rootpage = 0 WHERE name = 'virtual_gone'`,
	}
}

// readAll lists every table in several ways and opens every record; only a stated problem may come
// of it.
func readAll(t *testing.T, s *Source) {
	t.Helper()
	for _, table := range s.Schema().Tables {
		first := Query{Table: table.Name, Search: "a", Limit: 3}
		if len(table.Columns) > 0 && table.Columns[0].Sortable() {
			first.Sort = []SortKey{{table.Columns[0].Name, true}}
		}
		for i, q := range []Query{{Table: table.Name}, first, {Table: table.Name, Before: Last}} {
			page, err := s.List(t.Context(), q)
			var broken *TableError
			if errors.As(err, &broken) && broken.Problem != nil {
				continue
			}
			if err != nil {
				t.Errorf("list %q: %v", table.Name, err)
				continue
			}
			for _, row := range page.Rows {
				if row.Key.IsZero() || i > 0 {
					continue
				}
				key, err := ParseKey(table, row.Key.String())
				if err != nil {
					t.Errorf("%q: %v", table.Name, err)
					continue
				}
				if _, err := s.Get(t.Context(), table.Name, key); err != nil {
					t.Errorf("get %q %s: %v", table.Name, key, err)
				}
				if _, err := s.Related(t.Context(), table.Name, key); err != nil {
					t.Errorf("related %q %s: %v", table.Name, key, err)
				}
			}
		}
	}
}

func TestIdentity(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	identitiesAre(t, s, map[string]Identity{
		"select": {Columns: []string{"from"}}, "nokey": {RowID: true}, "shadowed": {}, "half_shadowed": {RowID: true}, "shadowed_unique": {Columns: []string{"rowid"}},
		"without": {Columns: []string{"k", "n"}}, "good_view": {}, "docs": {RowID: true}, "tokens": {RowID: true}, "secret_keys": {}, "descending": {Columns: []string{"id"}},
	})
}

// ctxOf is the context of a test; that of a *rapid.T ends with its case.
func ctxOf(t any) context.Context {
	if t, ok := t.(interface{ Context() context.Context }); ok {
		return t.Context()
	}
	return context.Background()
}

// countMatching counts the rows that match a query, all of them, as what is to be written is
// counted.
func countMatching(ctx context.Context, s *Source, q Query) (int64, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return 0, err
	}
	conditions, err := s.matching(t, q)
	if err != nil {
		return 0, err
	}
	return s.numberUpTo(ctx, t, conditions, 1<<40)
}
