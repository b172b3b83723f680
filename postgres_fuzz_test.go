// Requests that nobody would send, to a panel over PostgreSQL.

package crudadmin

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// postgresWorld is worldSchema in PostgreSQL's words.
const postgresWorld = `
CREATE TABLE cellarx9 (id integer PRIMARY KEY, name text);
CREATE TABLE makers (id integer PRIMARY KEY, name text NOT NULL UNIQUE, since date, password_hash text);
CREATE TABLE ledgerx7 (id integer PRIMARY KEY, name text UNIQUE, maker integer REFERENCES makers (id));
CREATE TABLE tags (code text PRIMARY KEY, label text);
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, n bigint CHECK (n < 1000000), r double precision, price numeric(10,2), note text, kind text CHECK (kind IN ('tea', 'oil', 'salt')),
	ok boolean, day date, at timestamp, u uuid, bytes bytea, doc json, anything text, maker integer REFERENCES makers (id), stored_in integer REFERENCES cellarx9 (id),
	booked integer REFERENCES ledgerx7 (id), secret_token text, twice double precision GENERATED ALWAYS AS (r * 2) STORED);
CREATE INDEX items_n ON items (n);
CREATE INDEX items_name ON items (name);
CREATE TABLE item_tags (item integer REFERENCES items (id) ON DELETE CASCADE, tag text REFERENCES tags (code) ON UPDATE CASCADE, PRIMARY KEY (item, tag));
CREATE TABLE pairs (a text, b integer, v text, PRIMARY KEY (a, b));
CREATE TABLE loose (x text, y interval);
CREATE TYPE mood AS ENUM ('', 'so, so', 'bad');
CREATE TABLE strict (id integer PRIMARY KEY, t text NOT NULL, i integer, b bytea, m mood, span interval, addr inet, tags text[], during tsrange);
CREATE TABLE "odd ""t/%" ("a b" text, "<b>" text, "f.n.eq" text, "a,b%c" text, "-x" text);
CREATE TABLE unkeyed (rowid text, oid text, _rowid_ text);
CREATE VIEW per_maker AS SELECT maker, count(*) AS many, sum(price) AS price FROM items GROUP BY maker;
CREATE FUNCTION ruin() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN missing FROM items; END $$;
CREATE VIEW ruined AS SELECT ruin() AS missing FROM items;
CREATE VIEW failing AS SELECT 1 / (id - 1) AS boom, name FROM makers;
CREATE FUNCTION close_666() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.n = 666 THEN RAISE EXCEPTION 'six hundred is closed' USING ERRCODE = '57014'; END IF; RETURN new; END $$;
CREATE TRIGGER no_666 BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION close_666();
INSERT INTO cellarx9 VALUES (1, 'HIDDENCANARY one'), (2, 'HIDDENCANARY two');
INSERT INTO makers VALUES (1, 'maker-1', '1999-01-01', 'MASKEDCANARY'), (2, 'maker-2', NULL, 'MASKEDCANARY'), (3, '<img src=x onerror=alert(1)>', '2001-02-03', NULL);
INSERT INTO ledgerx7 VALUES (1, 'SEALEDCANARY one', 1), (2, 'SEALEDCANARY two', NULL);
INSERT INTO tags VALUES ('a', 'first'), ('new', 'second'), ('b/c,d%', 'third'), ('', 'empty');
INSERT INTO pairs VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('b/c,d', 3, ''), ('', 4, NULL), ('~', 5, 'z');
INSERT INTO loose VALUES ('1', '1 day'), ('x', NULL), (NULL, '2 mons');
INSERT INTO strict VALUES (1, 'one', 1, '\x01', 'so, so', '1 day', '10.0.0.1', '{a,NULL}', '[2026-01-01,2026-02-01)'), (2, 'two', NULL, NULL, '', NULL, NULL, '{}', NULL);
INSERT INTO "odd ""t/%" VALUES ('x', 'y', 'z', 'c', '-'), (NULL, '', '', '', '');
INSERT INTO unkeyed VALUES ('a', 'b', 'c'), ('a', 'b', 'c');
`

// newPostgresWorld is a world over PostgreSQL. Its database's settings are those of nobody's taste.
func newPostgresWorld(t testing.TB) *world {
	t.Helper()
	server := testserver.SharedPostgres(t)
	open := func() *sql.DB {
		db, err := sql.Open("pgx", server.URL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	admin := open()
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%.300s: %v", query, err)
		}
	}
	run(postgresWorld)
	types := map[string]string{"id": "integer", "n": "bigint", "r": "double precision", "price": "numeric", "ok": "boolean", "day": "date", "at": "timestamp", "u": "uuid", "bytes": "bytea", "doc": "json", "maker": "integer", "stored_in": "integer", "booked": "integer"} // of the columns of other types than text
	w := &world{t: t, items: items(), textual: true}
	for _, one := range w.items {
		if n, ok := one["anything"].(int64); ok {
			one["anything"] = fmt.Sprint(n)
		}
		var places []string
		var values []any
		for i, c := range itemColumns {
			value := one[c]
			if c == "ok" && value != nil {
				value = value == int64(1)
			} else if b, isBytes := value.([]byte); isBytes {
				value = fmt.Sprintf(`\x%x`, b)
			}
			if value != nil {
				value = fmt.Sprint(value)
			}
			places = append(places, fmt.Sprintf("CAST(CAST($%d AS text) AS %s)", i+1, cmp.Or(types[c], "text")))
			values = append(values, value)
		}
		run("INSERT INTO items ("+strings.Join(itemColumns, ", ")+") VALUES ("+strings.Join(places, ", ")+")", values...)
	}
	run(`INSERT INTO item_tags VALUES (1, 'a'), (1, 'new'), (2, 'a'); ANALYZE`)
	for _, setting := range []string{"TimeZone = 'Asia/Kolkata'", "DateStyle = 'German, DMY'", "IntervalStyle = 'iso_8601'", "bytea_output = 'escape'", "extra_float_digits = -3", "default_transaction_isolation = 'serializable'", "backslash_quote = 'off'"} {
		run("ALTER DATABASE " + server.Database + " SET " + setting)
	}
	app := open()
	w.open(func(c *Config) {
		c.Tables.Hide = []string{hiddenTable}
		c.DB = app
	})
	w.db = app
	w.app = newPostgresWatch(t, open())
	w.settle()
	return w
}

// newPostgresWatch is newWatch of a PostgreSQL database.
func newPostgresWatch(t testing.TB, db *sql.DB) *watch {
	t.Helper()
	w := &watch{watchedEngine: watchedEngine{"public.", "pg_temp.", "CAST((%s) AS text)", "BEGIN; SET LOCAL session_replication_role = replica", ""}, columns: map[string]string{}}
	var err error
	if w.conn, err = db.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := w.conn.QueryContext(t.Context(), `SELECT c.relname, string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated = ''
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var versions []string
	for rows.Next() {
		var name, columns string
		if err := rows.Scan(&name, &columns); err != nil {
			t.Fatal(err)
		}
		w.tables = append(w.tables, name)
		w.columns[name] = columns
		versions = append(versions, "(SELECT count(*) + coalesce(sum(CAST(CAST(xmin AS text) AS bigint)), 0) FROM public."+quoted(name)+")")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	w.version = "SELECT CAST(" + strings.Join(versions, " + ") + " AS bigint)"
	w.keep(t)
	return w
}

// postgresLeaks are words of PostgreSQL, its driver and our statements that no page says.
var postgresLeaks = []string{"SQLSTATE", "ERROR:", "pg_catalog", "pgconn", `"public".`, "syntax error at", "current transaction", "operator does not exist", "CAST(", "could not determine", "portal", "prepared statement", "CRUDADMIN_"}

func TestRandomRequestsOnPostgres(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	randomRequestsOnPostgres(t, func(sent int) bool { return sent < 150 })
}

func TestRandomRequestsOnPostgresLong(t *testing.T) {
	testserver.LongForm(t)
	until := time.Now().Add(time.Minute)
	randomRequestsOnPostgres(t, func(int) bool { return time.Now().Before(until) })
}

// What TestRandomRequests says holds over PostgreSQL, and no statement is left on the server.
func randomRequestsOnPostgres(t *testing.T, more func(sent int) bool) {
	t.Helper()
	w := newPostgresWorld(t)
	random := rand.New(rand.NewPCG(21, *seed))
	statuses, sent := map[int]int{}, 0
	for more(sent) && !t.Failed() {
		script := make([]byte, 40+random.IntN(200))
		for i := range script {
			script[i] = byte(random.UintN(256))
		}
		p := w.propose(&dice{left: script})
		if p.request == nil {
			continue
		}
		sent++
		got := w.check(t, p)
		statuses[got.Code]++
		said := strings.ToLower(p.target + fmt.Sprint(p.form, p.query))
		for _, one := range postgresLeaks {
			if bytes.Contains(got.Body.Bytes(), []byte(one)) && !strings.Contains(said, strings.ToLower(one)) {
				t.Errorf("%v\n%d: %q is on the page\n%s", p, got.Code, one, inner(got.Body.String()))
			}
		}
	}
	t.Logf("%d requests: %v", sent, statuses)
	const left = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state = 'active' OR state LIKE 'idle in transaction%')`
	for until := time.Now().Add(time.Minute); ; {
		n := 0
		if err := w.app.conn.QueryRowContext(t.Context(), left).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d statements are left on the server", n)
		}
	}
}
