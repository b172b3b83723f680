// This file makes SQLite files that the program never saw, the odder the better.

package programtest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Strangers are the statements that make each file, by its name.
var Strangers = map[string][]string{
	"names":     oddNames(),
	"keys":      oddKeys(),
	"values":    oddValues(),
	"shapes":    oddShapes(),
	"relations": oddRelations(),
	"crowd":     crowd(),
	"nothing":   {`PRAGMA user_version = 1`},
	"wal":       {`PRAGMA journal_mode = WAL`, `CREATE TABLE t (id INTEGER PRIMARY KEY, v)`, `INSERT INTO t VALUES (1, 'one')`},
	"utf16":     {`PRAGMA encoding = 'UTF-16le'`, `CREATE TABLE täble (id INTEGER PRIMARY KEY, "naïve" TEXT)`, `INSERT INTO täble VALUES (1, '雪'), (2, '🚀')`},
}

// Quoted is a name as SQL has it.
func Quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// names are names that tables and columns may have and addresses, markup or SQL may not like.
var names = []string{
	"", " ", ".", "..", "...", "~", "~x", "~~", "/", "a/b", "/a", "a/", "//", `\`, "a\\b", "%", "%2F", "100%", "%00", "?", "a?b=c", "#", "a#b", "&", "&amp;", "a=b", "+", "a b",
	"'", "''", `"`, `""`, "`", "[x]", ";", "--", "/* x */", "'; DROP TABLE x; --", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)",
	"{{.}}", "${7*7}", "select", "table", "order", "group by", "rowid", "NULL", "new", "choices", "m", "static", "login", "q", "sort", "limit", "after", "-x", "a,b", ",", ":", "a.b",
	"f.x.eq", "日本語", "Ünïcödé", "🚀 launch", "مرحبا", "e\u0301", "é", "\u202egnp.exe", "\u200b", "tab\there", "line\nbreak", "cr\rhere", "\x01", "CamelCase", "camelcase_", strings.Repeat("long ", 60),
}

func oddNames() []string {
	var made []string
	for i, name := range names {
		columns := []string{Quoted(name)}
		for _, other := range []string{names[(i*7+3)%len(names)], names[(i*11+5)%len(names)], "plain"} {
			if !slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, Quoted(other)) }) {
				columns = append(columns, Quoted(other))
			}
		}
		key := ""
		if i%2 == 0 {
			key = "id INTEGER PRIMARY KEY, "
		}
		made = append(made, "CREATE TABLE "+Quoted(name)+" ("+key+strings.Join(columns, " TEXT, ")+" TEXT)")
		for _, value := range []string{"", "a", name, "<script>alert(1)</script>"} {
			text := "'" + strings.ReplaceAll(value, "'", "''") + "'"
			made = append(made, "INSERT INTO "+Quoted(name)+" ("+strings.Join(columns, ", ")+") VALUES ("+strings.TrimSuffix(strings.Repeat(text+", ", len(columns)), ", ")+")")
		}
	}
	return append(made, `CREATE VIEW "view of 'it'" AS SELECT * FROM "a b"`, `CREATE VIEW "<b>view</b>" AS SELECT 1 AS "<i>", 2 AS ""`)
}

func oddKeys() []string {
	made := []string{
		`CREATE TABLE nokey (a, b)`,
		`INSERT INTO nokey VALUES (1, 'x'), (1, 'x'), (NULL, NULL)`,
		`CREATE TABLE nokey_shadowed (rowid TEXT, oid TEXT, _rowid_ TEXT)`,
		`INSERT INTO nokey_shadowed VALUES ('a', 'b', 'c'), ('a', 'b', 'c'), (NULL, NULL, NULL)`,
		`CREATE TABLE text_key (k TEXT PRIMARY KEY, v)`,
		`INSERT INTO text_key VALUES (NULL, 1), (NULL, 2), ('', 3), (x'ff00', 4), (CAST(x'ff41' AS TEXT), 5), (printf('%.*c', 4000, 'x'), 6), ('a' || char(0) || 'b', 7)`,
		`CREATE TABLE any_key (k PRIMARY KEY, v)`,
		`INSERT INTO any_key VALUES (5, 'int'), ('5', 'text'), (5.5, 'real'), (x'35', 'blob'), ('x', 't'), (9e999, 'inf'), (-0.0, 'zero')`,
		`CREATE TABLE blob_key (id BLOB PRIMARY KEY, v) WITHOUT ROWID`,
		`INSERT INTO blob_key VALUES (x'', 0), (x'00', 1), (x'00112233445566778899aabbccddeeff', 2), (zeroblob(3000), 3)`,
		`CREATE TABLE composite (a TEXT, b INTEGER, c BLOB, v, PRIMARY KEY (a, b, c)) WITHOUT ROWID`,
		`INSERT INTO composite VALUES ('', 0, x'', 1), (',', 1, x'2c', 2), ('a,b', -1, x'00', 3), ('/', 9223372036854775807, x'2f', 4), ('%2F', -9223372036854775808, x'25', 5)`,
		`CREATE TABLE composite_null (a, b, PRIMARY KEY (a, b))`,
		`INSERT INTO composite_null VALUES (NULL, NULL), (NULL, NULL), (1, NULL), (1, 2)`,
		`CREATE TABLE real_key (r REAL PRIMARY KEY, v) WITHOUT ROWID`,
		`INSERT INTO real_key VALUES (0.1, 1), (1e300, 2), (5, 3), (9e999, 4)`,
		`CREATE TABLE unique_key (u TEXT NOT NULL UNIQUE, rowid, oid, _rowid_)`,
		`INSERT INTO unique_key VALUES ('a', 1, 1, 1), ('b', 1, 1, 1)`,
		`CREATE TABLE desc_key (id INTEGER PRIMARY KEY DESC, v)`,
		`INSERT INTO desc_key VALUES (NULL, 1), (NULL, 2), ('x', 3)`,
		`CREATE TABLE nocase_key (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID`,
		`INSERT INTO nocase_key VALUES ('A', 1), ('b', 2), ('É', 3), ('é', 4)`,
		`CREATE TABLE negative (id INTEGER PRIMARY KEY, v)`,
		`INSERT INTO negative VALUES (-9223372036854775808, 'least'), (-1, 'minus'), (0, 'zero'), (9223372036854775807, 'most')`,
	}
	for _, name := range names {
		made = append(made, fmt.Sprintf(`INSERT OR IGNORE INTO text_key VALUES ('%s', 'n')`, strings.ReplaceAll(name, "'", "''")))
	}
	return made
}

func oddValues() []string {
	return []string{
		`CREATE TABLE dates (id INTEGER PRIMARY KEY, d DATE, dt DATETIME, t TIME, ts TIMESTAMP, n NUMERIC, b BOOLEAN)`,
		`INSERT INTO dates (d, dt, t, ts, n, b) VALUES
			('2024-02-30', '2024-01-31 10:00:00', '25:61', 1706695200, 1, 1), ('0000-00-00', 1706695200, '10:00', 1706695200000, '1e5', 0),
			(20240131, 2460340.5, 3600, 1706695200000000, 'x', 'true'), (9e999, -9e999, 9e999, -9e999, 9e999, 'maybe'), (NULL, NULL, NULL, NULL, NULL, NULL),
			('garbage', 'garbage', 'garbage', 'garbage', 'garbage', 'garbage'), (x'00', x'00', x'00', x'00', x'00', x'00'), (9223372036854775807, -9223372036854775808, 9223372036854775807, 1e308, 1, 2),
			('9999-12-31', '9999-12-31T23:59:59.999999999+14:00', '23:59:59.999', '-4713-11-24', 0.1, -1), ('', '', '', '', '', '')`,
		`CREATE TABLE markup (id INTEGER PRIMARY KEY, v TEXT, url TEXT, j JSON)`,
		`INSERT INTO markup (v, url, j) VALUES
			('<script>alert(1)</script>', 'javascript:alert(1)', '{"a": "<script>alert(1)</script>"}'), ('"><img src=x onerror=alert(1)>', 'https://example.com/?a=1&b="><script>alert(1)</script>', '{broken'),
			('</script><script>alert(1)</script>', 'data:text/html,<script>alert(1)</script>', '[]'), ('{{constructor.constructor("alert(1)")()}}', ' javascript:alert(1)', 'null'),
			('<svg onload=alert(1)>', 'JAVASCRIPT:alert(1)', x'00'), (''' onmouseover=alert(1) x=''', '//example.com', printf('%.*c', 3000, '[')), ('=1+1', 'http://[::1', '"x"'), ('<style>*{display:none}</style>', 'vbscript:x', '1')`,
		`CREATE TABLE bytes (id INTEGER PRIMARY KEY, b BLOB, t TEXT)`,
		`INSERT INTO bytes (b, t) VALUES (zeroblob(2000000), CAST(x'fffe4180' AS TEXT)), (x'', CAST(x'c0af' AS TEXT)), (x'89504e470d0a1a0a', 'a' || char(0) || 'b'), ('text', x'ff'), (CAST('<script>alert(1)</script>' AS BLOB), CAST(x'eda080' AS TEXT))`,
		`CREATE TABLE huge (id INTEGER PRIMARY KEY, t TEXT, j JSON)`,
		`INSERT INTO huge (t, j) VALUES (printf('%.*c', 1000000, 'x'), '["' || printf('%.*c', 1000000, 'y') || '"]'), (printf('%.*c', 1000000, '<'), '1')`,
		`CREATE TABLE numbers (id INTEGER PRIMARY KEY, i INTEGER, r REAL, d DECIMAL(10, 2), x)`,
		`INSERT INTO numbers (i, r, d, x) VALUES (9223372036854775807, 1.7976931348623157e308, '123456789012345678901234567890.12', 9e999), (-9223372036854775808, 5e-324, -0.0, -9e999), ('abc', 'abc', 'abc', 'abc'), (NULL, NULL, NULL, NULL), (x'01', x'01', x'01', x'01'), (0.1, 1, 1e20, '')`,
	}
}

func oddShapes() []string {
	wide := func(n int) string {
		var columns []string
		for i := range n {
			columns = append(columns, fmt.Sprintf("c%d TEXT DEFAULT 'v%d'", i, i))
		}
		return "CREATE TABLE wide_" + fmt.Sprint(n) + " (" + strings.Join(columns, ", ") + ")"
	}
	return []string{
		wide(150), `INSERT INTO wide_150 DEFAULT VALUES`, wide(2000), `INSERT INTO wide_2000 DEFAULT VALUES`, `CREATE VIEW wide_view AS SELECT * FROM wide_150`,
		`CREATE TABLE strict_one (id INT PRIMARY KEY, v ANY, t TEXT NOT NULL) STRICT`, `INSERT INTO strict_one VALUES (1, 5, 'a'), (2, x'05', 'b'), (3, NULL, 'c')`,
		`CREATE TABLE generated (id INTEGER PRIMARY KEY, price REAL, twice REAL GENERATED ALWAYS AS (price * 2) VIRTUAL, label TEXT AS (price || '€') STORED)`, `INSERT INTO generated (price) VALUES (1.5), (NULL)`,
		`CREATE TABLE base (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO base (a) VALUES ('one'), ('two')`,
		`CREATE VIEW plain_view AS SELECT id, a, id + 1 AS next FROM base`, `CREATE VIEW same_names AS SELECT id, id, a AS "id:1", a FROM base`, `CREATE VIEW no_rows AS SELECT * FROM base WHERE 0`,
		`CREATE VIEW recursive_view AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i, i * i AS square FROM n`,
		`CREATE TABLE gone (x)`, `CREATE VIEW broken_view AS SELECT x FROM gone`, `CREATE VIEW on_broken AS SELECT * FROM broken_view`, `DROP TABLE gone`,
		`CREATE VIEW failing_view AS SELECT abs(-9223372036854775807 - 1) AS boom, a FROM base`, `CREATE VIEW unknown_function AS SELECT nofunction(a) AS f FROM base`,
		`CREATE VIRTUAL TABLE docs USING fts5(title, body)`, `INSERT INTO docs VALUES ('first', 'the quick brown fox'), ('second', 'lazy dog')`, `CREATE VIRTUAL TABLE places USING rtree(id, minx, maxx)`, `INSERT INTO places VALUES (1, 0, 1), (2, 5, 6)`,
		`CREATE TABLE empty_table (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)`,
		`CREATE TABLE logged (id INTEGER PRIMARY KEY, v)`, `CREATE TABLE log (at, v)`, `CREATE TRIGGER on_insert AFTER INSERT ON logged BEGIN INSERT INTO log VALUES (1, new.v); END`, `INSERT INTO logged VALUES (1, 'x')`,
		`CREATE INDEX by_lower ON base (lower(a))`, `CREATE INDEX partial ON base (a) WHERE a > 'm'`, `CREATE UNIQUE INDEX by_desc ON base (a COLLATE NOCASE DESC)`,
		`CREATE TABLE collated (a TEXT COLLATE NOCASE, b TEXT COLLATE RTRIM)`, `INSERT INTO collated VALUES ('b', 'x '), ('B', 'x'), ('a', 'y'), ('A', NULL), (NULL, NULL)`,
		`CREATE TABLE klingon (id INTEGER PRIMARY KEY, name TEXT)`, `INSERT INTO klingon VALUES (1, 'b'), (2, 'a')`, `CREATE TABLE module_gone (x)`,
		`CREATE TABLE many (id INTEGER PRIMARY KEY, half INTEGER, same TEXT, empty)`,
		`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 180) INSERT INTO many SELECT i, i / 2, 'same', NULL FROM n`,
		`CREATE TABLE many_mixed (v)`,
		`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO many_mixed SELECT CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN 't' || (i / 12) WHEN 3 THEN CAST(x'ff' AS TEXT) || i WHEN 4 THEN CAST(i AS BLOB) ELSE i / 7.0 END FROM n`,
		`PRAGMA writable_schema = 1`,
		`UPDATE sqlite_master SET sql = 'CREATE TABLE klingon (id INTEGER PRIMARY KEY, name TEXT COLLATE klingon)' WHERE name = 'klingon'`,
		`UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE module_gone USING nosuchmodule(x)', rootpage = 0 WHERE name = 'module_gone'`,
	}
}

func oddRelations() []string {
	return []string{
		`CREATE TABLE tree (id INTEGER PRIMARY KEY, name TEXT, parent INTEGER REFERENCES tree, twin INTEGER REFERENCES TREE (ID))`, `INSERT INTO tree VALUES (1, 'root', NULL, 1), (2, 'leaf', 1, 1), (3, 'lost', 99, NULL), (4, 'self', 4, 4)`,
		`CREATE TABLE hen (id INTEGER PRIMARY KEY, egg INTEGER REFERENCES egg)`, `CREATE TABLE egg (id INTEGER PRIMARY KEY, hen INTEGER REFERENCES hen)`, `INSERT INTO hen VALUES (1, 1), (2, 2)`, `INSERT INTO egg VALUES (1, 2), (2, 1)`,
		`CREATE TABLE dangling (id INTEGER PRIMARY KEY, x REFERENCES nowhere (id), y REFERENCES tree (nocolumn), z REFERENCES tree (name))`, `INSERT INTO dangling VALUES (1, 1, 1, 'root')`,
		`CREATE TABLE pair (a TEXT, b INTEGER, name TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID`, `INSERT INTO pair VALUES ('x', 1, 'first'), ('y,z', 2, '<b>second</b>')`,
		`CREATE TABLE of_pair (id INTEGER PRIMARY KEY, pa TEXT, pb INTEGER, again_a TEXT, again_b INTEGER, FOREIGN KEY (pa, pb) REFERENCES pair, FOREIGN KEY (again_a, again_b) REFERENCES pair (a, b))`, `INSERT INTO of_pair VALUES (1, 'x', 1, 'y,z', 2), (2, 'x', NULL, NULL, 2), (3, 'no', 0, 'x', 1)`,
		`CREATE TABLE "of view" (id INTEGER PRIMARY KEY, v REFERENCES tree_view (id))`, `CREATE VIEW tree_view AS SELECT * FROM tree`, `INSERT INTO "of view" VALUES (1, 1)`,
		`CREATE TABLE typed (id INTEGER PRIMARY KEY, wrong TEXT REFERENCES tree (id), real_one REAL REFERENCES tree (id), bytes BLOB REFERENCES tree (id))`, `INSERT INTO typed VALUES (1, 'x', 1.5, x'00'), (2, '1', 1.0, '1'), (3, NULL, NULL, NULL)`,
		`CREATE TABLE "parent's" (code TEXT UNIQUE, title TEXT)`, `INSERT INTO "parent's" VALUES ('<script>alert(1)</script>', 'T'), ('a/b', 'U'), (NULL, 'V')`,
		`CREATE TABLE "child""s" (id INTEGER PRIMARY KEY, code TEXT REFERENCES "parent's" (code))`, `INSERT INTO "child""s" VALUES (1, '<script>alert(1)</script>'), (2, 'a/b'), (3, 'none')`,
		`CREATE TABLE users (id INTEGER PRIMARY KEY, password TEXT, api_token TEXT UNIQUE)`, `INSERT INTO users VALUES (1, 'CANARY-1', 'CANARY-2')`, `CREATE TABLE by_token (id INTEGER PRIMARY KEY, token TEXT REFERENCES users (api_token))`, `INSERT INTO by_token VALUES (1, 'CANARY-2')`,
	}
}

func crowd() (made []string) {
	for i := range 500 {
		made = append(made, fmt.Sprintf(`CREATE TABLE table_%03d (id INTEGER PRIMARY KEY, v, up REFERENCES table_%03d)`, i, (i+1)%500))
	}
	return append(made, `INSERT INTO table_007 VALUES (1, 'x', 1)`, `INSERT INTO table_008 VALUES (1, 'y', NULL)`)
}

// MakeFile makes a SQLite file of statements. The test links the driver "sqlite".
func MakeFile(t *testing.T, path string, statements []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, statement := range append([]string{"PRAGMA synchronous = OFF", "BEGIN", "COMMIT"}, statements...) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", Clip(statement), err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
