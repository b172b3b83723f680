// This file tests what is read of PostgreSQL's catalogue.

package data

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Tables of other schemas have their schema in their names, and references lead from one to
// another.
func TestPostgresSchemas(t *testing.T) {
	s := zooOfPostgres(t)
	for _, name := range []string{"users", "Users", "sales.orders", "odd.schema.odd.table", "sales.users", `"sales"."users"`} {
		if _, ok := s.Schema().Table(name); !ok {
			t.Errorf("%s is not shown: %q", name, s.Schema().All())
		}
	}
	orders, _ := s.Schema().Table("sales.orders")
	if fk := orders.ForeignKeys[0]; fk.RefTable != "users" || !fk.Usable || fk.OnDelete != SetNull {
		t.Errorf("%+v", fk)
	}
	page, err := s.List(t.Context(), Query{Table: "sales.orders", Sort: []SortKey{{"id", false}}})
	if err != nil {
		t.Fatal(err)
	}
	if ref := page.Rows[0].Cells[1].Ref; ref == nil || ref.Table != "users" || ref.Label != "Bob" {
		t.Errorf("%+v", ref)
	}
	upper, _ := s.Schema().Table("upper_child")
	var to []string
	for _, fk := range upper.ForeignKeys {
		to = append(to, fk.Columns[0]+" "+fk.RefTable)
	}
	if slices.Sort(to); !slices.Equal(to, []string{"l users", "u Users"}) {
		t.Errorf("%q", to)
	}
	shipmentRefersToPair(t, s)
	users, _ := s.Schema().Table("users")
	relatedAre(t, s, newKey(users, []any{int64(2)}), "sales.orders1", "upper_child1", "users0")
	bobIsChosen(t, s, "sales.orders", "user_id")
	preview, err := s.DeletePreview(t.Context(), "users", newKey(users, []any{int64(2)}))
	if err != nil || len(preview.Changed) != 1 || len(preview.Forbid) != 1 {
		t.Errorf("%+v, %v", preview, err)
	}
}

func TestPostgresTables(t *testing.T) {
	s := zooOfPostgres(t)
	identitiesAre(t, s, map[string]Identity{
		"nokey": {}, "pair": {Columns: []string{"n", "k"}}, "unique_only": {Columns: []string{"code"}}, "good_view": {}, "seen": {}, "measured": {Columns: []string{"at", "v"}},
	})
	rowsAreCounted(t, s, map[string]int64{"measured": 100, "parent": 2}) // of all partitions, and with those that inherit
	areReadOnly(t, s, map[string]string{"good_view": "view", "seen": "materialized view"})
	for _, name := range []string{"users", "measured"} {
		if table, _ := s.Schema().Table(name); table.ReadOnly != "" {
			t.Errorf("%s cannot be written: %s", name, table.ReadOnly)
		}
	}
	computed, _ := s.Schema().Table("computed")
	columnsAre(t, computed, map[string]func(c *Column) bool{
		"id":    func(c *Column) bool { return c.HasDefault && !c.Nullable && c.PrimaryKey == 1 && c.Indexed },
		"twice": func(c *Column) bool { return c.Generated && !c.HasDefault && slices.Equal(c.reads, []string{"price"}) },
		"made":  func(c *Column) bool { return c.HasDefault && c.Default == "now()" },
		"token": func(c *Column) bool { return c.HasDefault && c.Kind == KindUUID },
	})
	if c, _ := computed.Column("price"); len(computed.PrimaryKey) != 1 || c.Scale != 2 {
		t.Errorf("%+v", computed)
	}
	areMasked(t, s, map[string][]string{"Users": {"password_hash"}})
}

// What the user of the database may not read is not shown.
func TestPostgresPrivileges(t *testing.T) {
	server := testserver.SharedPostgres(t)
	admin := connectPostgres(t, server.URL())
	role := "reader_" + server.Database
	for _, statement := range []string{
		`CREATE TABLE open_table (id integer PRIMARY KEY, name text)`, `INSERT INTO open_table VALUES (1, 'a')`,
		`CREATE TABLE closed_table (id integer PRIMARY KEY)`, `CREATE TABLE half (id integer PRIMARY KEY, shown text, kept text, closed integer REFERENCES closed_table)`,
		`INSERT INTO half VALUES (1, 'yes', 'no', NULL)`, `CREATE SCHEMA closed_schema`, `CREATE TABLE closed_schema.x (id integer)`, `GRANT SELECT ON closed_schema.x TO public`,
		`CREATE FUNCTION refuse() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$`,
		`CREATE VIEW refused WITH (security_barrier) AS SELECT refuse() AS x`,
		`CREATE ROLE ` + role + ` LOGIN`, `GRANT SELECT ON open_table, refused TO ` + role, `GRANT SELECT (id, shown, closed) ON half TO ` + role,
	} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP OWNED BY " + role); _, _ = admin.Exec("DROP ROLE " + role) })
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	s, err := Open(t.Context(), connectPostgres(t, u.String()), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if all := s.Schema().All(); !slices.Equal(all, []string{"half", "open_table", "refused"}) {
		t.Errorf("%q", all)
	}
	halfOfColumnsIsShown(t, s)
	if _, err := s.List(t.Context(), Query{Table: "refused"}); err == nil || !strings.Contains(err.Error(), "the database does not let this user do that") {
		t.Error(err)
	}
	if _, err := admin.ExecContext(t.Context(), "REVOKE SELECT ON open_table FROM "+role); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), Query{Table: "open_table"}); err == nil || !strings.Contains(err.Error(), "permission denied for table open_table") {
		t.Error(err)
	}
}

// A view that shows a secret under another name is masked, also where the text cannot be followed.
func TestPostgresViewsOfSecrets(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE account (id integer PRIMARY KEY, name text, password_hash text)`,
		`CREATE VIEW renamed AS SELECT id, name, password_hash AS p FROM account`,
		`CREATE VIEW hidden_in AS SELECT id, upper(password_hash) || 'x' AS shouted, name FROM account`,
		`CREATE VIEW whole_row AS SELECT a.id, row_to_json(a) AS j FROM account a`,
		`CREATE VIEW whole_row_too AS SELECT a.id, a AS j FROM account a`,
		`CREATE VIEW starred AS SELECT id, (SELECT b FROM account b WHERE b.id = a.id) AS other FROM account a`,
		`CREATE VIEW casted AS SELECT id, CAST(password_hash AS varchar(10))::text AS c, name::varchar(3) AS n FROM account`,
		`CREATE VIEW listed AS SELECT id, ARRAY[password_hash, 'x'] AS both, concat_ws('[', name, password_hash) AS joined FROM account`,
		`CREATE MATERIALIZED VIEW kept AS SELECT id, substr(password_hash, 1, 3) AS part FROM account`,
		`CREATE VIEW of_view AS SELECT p AS q, id FROM renamed`,
		`CREATE SCHEMA other`, `CREATE TABLE other.account (id integer, password_hash text)`,
		`CREATE VIEW other.elsewhere AS SELECT a.id, a.password_hash AS h FROM other.account a`,
		`CREATE VIEW harmless AS SELECT id, name FROM account WHERE password_hash IS NOT NULL`,
		`CREATE TABLE derived (id integer PRIMARY KEY, password_hash text, size integer GENERATED ALWAYS AS (length(password_hash)) STORED)`)
	areMasked(t, s, map[string][]string{
		"renamed": {"p"}, "hidden_in": {"shouted"}, "whole_row": {"j"}, "whole_row_too": {"j"}, "starred": {"other"}, "casted": {"c"}, "kept": {"part"}, "listed": {"both", "joined"}, "of_view": {"q"},
		"other.elsewhere": {"h"}, "derived": {"size"},
	})
}

// Simple CHECK constraints say which values a column takes.
func TestPostgresChecks(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY,
		status varchar(10) CHECK (status IN ('on', 'off', 'it''s [x]')), level integer CHECK (level IN (1, -2, 3)), t text CHECK (t = ANY (ARRAY['a', 'b'])),
		price numeric(10,2) CHECK (price >= 0 AND price <= 999.50), age smallint CHECK (age > -5), short text CHECK (length(short) <= 8), pair integer CHECK (pair > 0 OR pair < -9),
		n integer, CHECK (n > id), f double precision CHECK (f BETWEEN -1.5 AND 2), cased text CHECK (lower(cased) IN ('a', 'b')), not_in text CHECK (not_in NOT IN ('a', 'b')),
		late integer CHECK (late > 0) NO INHERIT, "Odd name" text CHECK ("Odd name" IN ('x', 'y')))`,
		`ALTER TABLE x ADD CONSTRAINT unchecked CHECK (n < 100) NOT VALID`,
		`INSERT INTO x (id, status, level, n) VALUES (1, 'on', -2, 2)`)
	table, _ := s.Schema().Table("x")
	for name, want := range map[string]string{
		"status": `enum [on off it's [x]] false 10 "" ""`, "level": `integer [1 -2 3] true 0 "" ""`, "t": `enum [a b] false 0 "" ""`, "price": `decimal [] false 0 "0" "999.50"`, "age": `integer [] false 0 "-4" ""`,
		"short": `text [] false 8 "" ""`, "pair": `integer [] false 0 "" ""`, "n": `integer [] false 0 "" ""`, "f": `real [] false 0 "-1.5" "2"`, "cased": `text [] false 0 "" ""`,
		"not_in": `text [] false 0 "" ""`, "late": `integer [] false 0 "1" ""`, "Odd name": `enum [x y] false 0 "" ""`,
	} {
		c, _ := table.Column(name)
		if got := fmt.Sprintf("%s %v %v %d %q %q", c.Kind, c.Enum, c.numbers, c.MaxLength, c.Min, c.Max); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := matched(t, s, "x", "f.status.eq=on&f.level.eq=-2"); got != "1" {
		t.Errorf("%q", got)
	}
	if _, err := parse(t, s, "x", "f.status.eq=perhaps"); err == nil {
		t.Error("a value that no row can have is taken")
	}
}

// Whatever changes what is read of the catalogue changes the schema's version, also where another
// change was committed first that began later; temporary tables do not.
func TestPostgresEveryChangeOfTheSchemaIsSeen(t *testing.T) {
	server := testserver.SharedPostgres(t)
	db := connectPostgres(t, server.URL())
	role, group := "seen_"+server.Database, "group_"+server.Database
	run := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() { _, _ = db.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role + ", " + group) })
	for _, statement := range []string{"CREATE ROLE " + role, "CREATE ROLE " + group, `CREATE TYPE mood AS ENUM ('a')`, `CREATE DOMAIN d AS integer CHECK (VALUE > 0)`, `CREATE TYPE pair AS (a integer, b text)`,
		`CREATE TABLE a (id integer PRIMARY KEY, b integer DEFAULT 1, c text, m mood, d d, password_hash text)`, `CREATE TABLE k (id integer PRIMARY KEY, a integer REFERENCES a)`, `CREATE VIEW v AS SELECT id, c AS said FROM a`,
		`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$`, `CREATE TABLE p (id integer) PARTITION BY LIST (id)`} {
		run(statement)
	}
	d := &postgres{}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	version := func() int64 {
		t.Helper()
		n, err := d.schemaVersion(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := version()
	for _, change := range []string{
		`CREATE OR REPLACE VIEW v AS SELECT id, password_hash AS said FROM a`, // of a secret from now on
		`ALTER TABLE a ALTER b SET DEFAULT 2`, `ALTER TABLE a ALTER b DROP DEFAULT`, `ALTER TABLE a ALTER b SET NOT NULL`, `ALTER TABLE a ALTER b TYPE bigint`, `ALTER TABLE a RENAME b TO e`, `ALTER TABLE a ADD f text`, `ALTER TABLE a DROP f`, `ALTER TABLE a ADD g integer GENERATED ALWAYS AS (e + 1) STORED`,
		`ALTER TABLE a ALTER g DROP EXPRESSION`, `ALTER TABLE a ADD CONSTRAINT few CHECK (e < 9)`, `ALTER TABLE a ADD CONSTRAINT less CHECK (e < 8)`, `ALTER TABLE a DROP CONSTRAINT few`, `ALTER TABLE a RENAME CONSTRAINT less TO fewer`, `ALTER TABLE a ADD UNIQUE (c)`, `CREATE UNIQUE INDEX one ON a (e) WHERE e > 1`, `CREATE INDEX two ON a (e)`, `DROP INDEX two`, `ALTER INDEX one RENAME TO other`,
		`ALTER TABLE k ADD CONSTRAINT again FOREIGN KEY (id) REFERENCES a`, `ALTER TABLE k DROP CONSTRAINT again`, `CREATE TRIGGER t BEFORE INSERT ON k FOR EACH ROW EXECUTE FUNCTION f()`, `ALTER TABLE k DISABLE TRIGGER t`, `DROP TRIGGER t ON k`, `CREATE RULE r AS ON INSERT TO k DO INSTEAD NOTHING`, `DROP RULE r ON k`,
		`ALTER TYPE mood ADD VALUE 'b'`, `ALTER TYPE mood RENAME VALUE 'b' TO 'c'`, `ALTER TYPE mood RENAME TO feeling`, `ALTER DOMAIN d SET DEFAULT 3`, `ALTER DOMAIN d SET NOT NULL`, `ALTER DOMAIN d ADD CHECK (VALUE < 100)`, `ALTER TYPE pair ADD ATTRIBUTE c integer`,
		`COMMENT ON COLUMN a.c IS 'help'`, `COMMENT ON COLUMN a.c IS 'other help'`, `COMMENT ON COLUMN a.c IS NULL`, `COMMENT ON TABLE a IS 'help'`,
		`CREATE TABLE p1 PARTITION OF p DEFAULT`, `ALTER TABLE p DETACH PARTITION p1`, `ALTER TABLE p1 INHERIT p1parent`, `CREATE SCHEMA s`, `ALTER TABLE p1 SET SCHEMA s`, `ALTER SCHEMA s RENAME TO s2`,
		"GRANT USAGE ON SCHEMA s2 TO " + role, "GRANT SELECT ON a TO " + role, "GRANT UPDATE (c) ON a TO " + role, "REVOKE UPDATE (c) ON a FROM " + role, "GRANT " + group + " TO " + role, "REVOKE " + group + " FROM " + role, "REVOKE USAGE ON SCHEMA public FROM public",
		`CREATE MATERIALIZED VIEW mv AS SELECT 1 AS x`, `DROP MATERIALIZED VIEW mv`, `DROP TABLE k`,
	} {
		if strings.Contains(change, "p1parent") {
			run(`CREATE TABLE p1parent (id integer)`)
			before = version()
		}
		run(change)
		after := version()
		if after == before {
			t.Errorf("%s: nothing is seen", change)
		}
		before = after
	}
	for _, no := range []string{`CREATE TEMPORARY TABLE own (id serial PRIMARY KEY, t text CHECK (t <> ''), UNIQUE (t))`, `INSERT INTO a (id, e) VALUES (1, 1)`, `ANALYZE a`, `VACUUM a`} {
		run(no)
		if after := version(); after != before {
			t.Errorf("%s: the schema is said to be changed", no)
			before = after
		}
	}
	first, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.ExecContext(t.Context(), `ALTER TABLE a RENAME c TO z`); err != nil {
		t.Fatal(err)
	}
	run(`CREATE TABLE later (id integer)`)
	before = version()
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if version() == before {
		t.Error("a change that was committed after a later one is not seen")
	}
}

// A migration that locks a table keeps nothing else from being read: the schema, the estimates and
// the other tables. A view of what is locked is masked until its text can be asked for.
func TestPostgresLocksKeepNothingElseFromBeingRead(t *testing.T) {
	server := testserver.SharedPostgres(t)
	db := connectPostgres(t, server.URL())
	for _, statement := range []string{`CREATE TABLE a (id integer PRIMARY KEY, name text, password_hash text)`, `CREATE TABLE never_counted (id integer PRIMARY KEY)`, `CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a)`, `INSERT INTO never_counted VALUES (1)`,
		`CREATE VIEW v AS SELECT id, name, password_hash AS p FROM a`, `CREATE VIEW w AS SELECT id, name, p FROM v`, `CREATE MATERIALIZED VIEW m AS SELECT id, name FROM a`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	masked := func(s *Source, table, column string) bool {
		t.Helper()
		view, _ := s.Schema().Table(table)
		c, ok := view.Column(column)
		if !ok {
			t.Fatalf("no %s in %s", column, table)
		}
		return c.Masked
	}
	for _, locked := range []string{"a", "v", "m", "b"} {
		migration, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		statement := "LOCK TABLE " + locked + " IN ACCESS EXCLUSIVE MODE"
		if locked == "m" {
			statement = "ALTER MATERIALIZED VIEW m SET (fillfactor = 90)"
		}
		if _, err := migration.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), connectPostgres(t, server.URL()), Config{})
		if err != nil {
			t.Fatalf("%s is locked: %v", locked, err)
		}
		if _, err := s.Estimates(t.Context()); err != nil {
			t.Errorf("%s is locked: %v", locked, err)
		}
		if page, err := s.List(t.Context(), Query{Table: "never_counted"}); err != nil || len(page.Rows) != 1 {
			t.Errorf("%s is locked: %v", locked, err)
		}
		if !masked(s, "v", "p") || !masked(s, "w", "p") {
			t.Errorf("%s is locked: a secret is shown", locked)
		}
		if err := migration.Rollback(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.Follow(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if masked(s, "v", "name") || masked(s, "m", "name") || !masked(s, "w", "p") {
			t.Errorf("%s is not locked any more, and its views are as if it were", locked)
		}
		if changed, err := s.Follow(t.Context()); changed || err != nil {
			t.Errorf("%s: the schema is read again and again, %v", locked, err)
		}
	}
}

// What a database or its user sets for connections changes neither how the catalogue is read nor
// what values are.
func TestPostgresSettingsChangeNothing(t *testing.T) {
	server := testserver.SharedPostgres(t)
	db := connectPostgres(t, server.URL())
	statements := []string{`CREATE TABLE x (id serial PRIMARY KEY, "from" text, c varchar(5) CHECK (c IN ('on', 'off')), n numeric(8,2) CHECK (n > 0), xm xml, ta text[] UNIQUE, iv interval, by bytea, at timestamptz, f double precision, made text GENERATED ALWAYS AS ("from" || 'x') STORED, password_hash text)`,
		`CREATE VIEW v AS SELECT id, password_hash AS p, "from" FROM x`,
		`INSERT INTO x ("from", c, n, xm, ta, iv, by, at, f) VALUES ('back\slash''s', 'on', 1.5, 'a <b/>', '{a,NULL}', '1 day -2 hours', '\x00ff', '2026-03-04 05:06:07.000001+00', 0.1)`}
	for _, setting := range []string{"standard_conforming_strings = off", "quote_all_identifiers = on", "xmloption = document", "array_nulls = off", "transform_null_equals = on", "backslash_quote = off", "DateStyle = 'SQL, DMY'", "IntervalStyle = 'sql_standard'", "bytea_output = 'escape'", "extra_float_digits = -9",
		"TimeZone = 'Asia/Kolkata'", "statement_timeout = 60000", "lock_timeout = 60000", "default_transaction_deferrable = on", "log_parameter_max_length_on_error = 50", "plan_cache_mode = force_generic_plan", "client_encoding = 'LATIN1'", "row_security = off", "default_tablespace = ''"} {
		statements = append(statements, "ALTER DATABASE "+server.Database+" SET "+setting)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	s, err := Open(t.Context(), connectPostgres(t, server.URL()), Config{})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := s.Schema().Table("x")
	columnsAre(t, table, map[string]func(c *Column) bool{
		"id": func(c *Column) bool { return c.Assigned }, "c": func(c *Column) bool { return slices.Equal(c.Enum, []string{"on", "off"}) }, "n": func(c *Column) bool { return c.Type == "numeric(8,2)" }, "made": func(c *Column) bool { return c.Generated },
	})
	areMasked(t, s, map[string][]string{"v": {"p"}})
	err = s.snapshot(t.Context(), "ask", table, func(db queryer) error {
		var jit string
		err := db.QueryRowContext(t.Context(), "SHOW jit").Scan(&jit)
		if jit != "off" {
			t.Error("statements are compiled, which takes longer than they do")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	key := keyOf(t, s, "x", "1")
	record := editOf(t, s, "x", key)
	for name, want := range map[string]string{"from": `back\slash's`, "ta": "{a,NULL}", "iv": "1 day -02:00:00", "at": "2026-03-04 05:06:07.000001+00", "f": "0.1", "xm": "a <b/>"} {
		i := slices.IndexFunc(record.Columns, func(c *Column) bool { return c.Name == name })
		if got := record.Cells[i].Text; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		for _, op := range []Op{OpEq, OpIn, OpNe} {
			values := []string{want}
			page, err := s.List(t.Context(), Query{Table: "x", Filters: []Filter{{name, op, values}}})
			if err != nil || (len(page.Rows) == 1) != (op != OpNe) {
				t.Errorf("%s %s %q: %v", name, op, want, err)
			}
		}
	}
	if _, err := s.Update(t.Context(), "x", key, record.Token, edited("from", `a\b'c "é"`, "xm", "b <c/>", "iv", "2 days -01:00:00", "at", "2026-03-05 00:00:00+00")); err != nil {
		t.Error(err)
	}
	record = editOf(t, s, "x", key)
	for name, want := range map[string]string{"from": `a\b'c "é"`, "xm": "b <c/>", "iv": "2 days -01:00:00", "at": "2026-03-05 00:00:00+00"} {
		if got := record.Cells[slices.IndexFunc(record.Columns, func(c *Column) bool { return c.Name == name })].Text; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A database of SQL_ASCII holds bytes of any encoding. Those that are not UTF-8 are shown as far as
// they can be, and stay.
func TestPostgresTextsWithoutAnEncoding(t *testing.T) {
	server := testserver.SharedPostgres(t)
	name := server.Database + "_ascii"
	admin := connectPostgres(t, server.URL())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	db := connectPostgres(t, strings.Replace(server.URL(), "/"+server.Database+"?", "/"+name+"?", 1))
	for _, statement := range []string{`CREATE TABLE x (id integer PRIMARY KEY, v text, w text, long text)`, `SET client_encoding = 'SQL_ASCII'; INSERT INTO x VALUES (1, E'caf\xe9', 'a', repeat(E'\xe9', 200000)), (2, E'caf\xc3\xa9', 'b', '')`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, s)
	everyTableIsExported(t, s, func(*Table, error) bool { return false })
	if got := matched(t, s, "x", "f.v.eq=café"); got != "2" {
		t.Errorf("%q", got)
	}
	if got := matched(t, s, "x", "q=caf"); got != "1 2" {
		t.Errorf("%q", got)
	}
	key := keyOf(t, s, "x", "1")
	if _, err := s.Update(t.Context(), "x", key, editOf(t, s, "x", key).Token, edited("w", "ä")); err != nil {
		t.Error(err)
	}
	if got := storedText(t, s, "encode(convert_to(v || w, 'SQL_ASCII'), 'hex') || octet_length(long)", "x WHERE id = 1"); got != "636166e9c3a4200000" {
		t.Error(got)
	}
}
