// This file tests what is told of a write that PostgreSQL refuses, or that a policy of rows keeps
// from the panel's user, and that nothing of it is taken for an outage.

package data

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// asRole is a source of a database as a role of its own sees it; %s in the statements is the role.
func asRole(t *testing.T, statements ...string) (s *Source, role string) {
	t.Helper()
	server := testserver.SharedPostgres(t)
	admin := connectPostgres(t, server.URL())
	role = "panel_" + server.Database
	for _, statement := range append([]string{"CREATE ROLE %s LOGIN"}, statements...) {
		if _, err := admin.ExecContext(t.Context(), strings.ReplaceAll(statement, "%s", role)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP OWNED BY " + role); _, _ = admin.Exec("DROP ROLE " + role) })
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	if s, err = Open(t.Context(), connectPostgres(t, u.String()), Config{}); err != nil {
		t.Fatal(err)
	}
	return s, role
}

// writesOf are all ways to write to the record of a key, each with the fields.
func writesOf(t *testing.T, s *Source, table string, key Key, fields ...string) map[string]func() error {
	t.Helper()
	record := editOf(t, s, table, key)
	one := ByKeys(table, []Key{key})
	return map[string]func() error{
		"insert":      func() error { _, err := s.Insert(t.Context(), table, edited(fields...)); return err },
		"update":      func() error { _, err := s.Update(t.Context(), table, key, record.Token, edited(fields...)); return err },
		"delete":      func() error { return s.Delete(t.Context(), table, key, "") },
		"update many": func() error { _, err := s.UpdateMany(t.Context(), one, edited(fields...), ""); return err },
		"delete many": func() error { _, err := s.DeleteMany(t.Context(), one, ""); return err },
	}
}

// What a trigger of the application raises is told beside what was entered, in its own words,
// whichever SQLSTATE it chose. Only a transaction that is to be tried again is taken for an outage.
func TestPostgresRaisedErrorsAreToldInTheForm(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)`, `INSERT INTO x (v) VALUES ('a')`, `CREATE TABLE state (code text)`, `INSERT INTO state VALUES ('')`,
		`CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = (SELECT code FROM state); END $$`,
		`CREATE TRIGGER raises BEFORE INSERT OR UPDATE OR DELETE ON x FOR EACH ROW EXECUTE FUNCTION raises()`)
	writes := writesOf(t, s, "x", keyOf(t, s, "x", "1"), "v", "b")
	for _, code := range strings.Fields("01000 02000 08006 0A000 21000 22P02 23505 23514 25006 25P02 26000 28000 2D000 3D000 3F000 42000 42501 42703 42P01 44000 45000 53100 54000 55P03 57014 57P01 57P03 58030 F0000 P0001 XX001 MY001 40000 40001") {
		if _, err := s.db.ExecContext(t.Context(), "UPDATE state SET code = $1", code); err != nil {
			t.Fatal(err)
		}
		for name, write := range writes {
			err := write()
			if passes := code == "40001" || code == "40P01"; passes {
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("%s, %s: %v, want that it is to be tried again", name, code, err)
				}
			} else if got := fieldsOf(err); code[:2] != "40" && got != "The database refused it: not today" {
				t.Errorf("%s, %s: %s", name, code, got)
			}
		}
	}
	if got := storedText(t, s, "string_agg(v, ' ')", "x"); got != "a" {
		t.Errorf("%s is there", got)
	}
}

// What the server itself refuses of what was entered is told beside it too, and what the panel's
// user may not do.
func TestPostgresRefusalsAreToldInTheForm(t *testing.T) {
	deep := `CREATE FUNCTION deep(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN deep($1); END $$`
	s, _ := asRole(t, deep,
		`CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CASE new.v WHEN 'zero' THEN new.v := 1 / 0; WHEN 'function' THEN EXECUTE 'SELECT nothing()'; WHEN 'table' THEN EXECUTE 'SELECT 1 FROM nowhere';
			WHEN 'column' THEN EXECUTE 'SELECT nothing FROM x'; WHEN 'schema' THEN EXECUTE 'CREATE TABLE nowhere.x ()'; WHEN 'deep' THEN new.v := deep(1); WHEN 'many' THEN new.v := (SELECT v FROM many); WHEN 'commit' THEN EXECUTE 'COMMIT'; WHEN 'secret' THEN new.v := (SELECT v FROM closed); WHEN 'null' THEN RETURN NULL; ELSE NULL; END CASE; RETURN new; END $$`,
		`CREATE TABLE many (v text)`, `INSERT INTO many VALUES ('a'), ('b')`, `CREATE TABLE closed (v text)`,
		`CREATE TABLE x (id serial PRIMARY KEY, v text)`, `CREATE INDEX ON x (v)`, `INSERT INTO x (v) VALUES ('a')`, `CREATE TRIGGER breaks BEFORE INSERT OR UPDATE ON x FOR EACH ROW EXECUTE FUNCTION breaks()`,
		`CREATE TABLE ruled (id serial PRIMARY KEY, v text)`, `INSERT INTO ruled (v) VALUES ('a')`,
		`CREATE RULE no_insert AS ON INSERT TO ruled DO INSTEAD NOTHING`, `CREATE RULE no_update AS ON UPDATE TO ruled DO INSTEAD NOTHING`, `CREATE RULE no_delete AS ON DELETE TO ruled DO INSTEAD NOTHING`,
		`GRANT ALL ON x, many, ruled TO %s`, `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO %s`,
		`CREATE TABLE sequenced (id serial PRIMARY KEY, v text)`, `GRANT ALL ON sequenced TO %s`,
		`CREATE TABLE parts (id integer PRIMARY KEY, a text, b text, c text)`, `INSERT INTO parts VALUES (1, 'a', 'b', 'c')`, `GRANT SELECT, INSERT (id, a), UPDATE (id, b) ON parts TO %s`)
	long := "" // more than an index takes
	for i := range 300 {
		long += fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	for _, c := range []struct {
		table  string
		fields []string
		want   string // of an insert and of an update
	}{
		{"x", []string{"v", "zero"}, "division by zero"}, {"x", []string{"v", "function"}, "function nothing() does not exist"}, {"x", []string{"v", "table"}, `relation "nowhere" does not exist`},
		{"x", []string{"v", "column"}, `column "nothing" does not exist`}, {"x", []string{"v", "schema"}, `schema "nowhere" does not exist`}, {"x", []string{"v", "deep"}, "stack depth limit exceeded"},
		{"x", []string{"v", "many"}, "more than one row returned by a subquery used as an expression"}, {"x", []string{"v", "secret"}, "permission denied for table closed"},
		{"x", []string{"v", "null"}, "Nothing was written: a trigger of the table prevented it."}, {"x", []string{"v", long}, "index row"},
		{"ruled", []string{"v", "b"}, "The rule no_"}, {"parts", []string{"id", "2", "b", "x", "a", "y"}, "permission denied for table parts"},
		{"parts", []string{"id", "2", "c", "x"}, "c cannot be set: is one that the panel's user of the database may only read"},
	} {
		writes := writesOf(t, s, c.table, keyOf(t, s, c.table, "1"), c.fields...)
		for _, name := range []string{"insert", "update"} {
			err := writes[name]()
			var unwritable *UnwritableError
			if got := fieldsOf(err); !strings.Contains(got, c.want) || strings.Contains(got, "cannot be used") || !errors.As(err, new(FieldErrors)) && !errors.As(err, &unwritable) {
				t.Errorf("%s %.20q, %s: %s", c.table, c.fields, name, got)
			}
		}
	}
	if _, err := s.Insert(t.Context(), "sequenced", edited("v", "b")); fieldsOf(err) != "The database refused it: permission denied for sequence sequenced_id_seq" {
		t.Error(fieldsOf(err))
	}
	for op, want := range map[Operation]string{Insertion: "no_insert", Modification: "no_update", Deletion: "no_delete"} {
		if why := s.Schema().Obstacle("ruled", op); why == nil || !strings.Contains(text.English.Say(why), want) {
			t.Errorf("%s: %v", op, why)
		}
	}
}

// A record that a policy lets the panel's user read and not write is neither written nor said to be
// gone.
func TestPostgresPoliciesProtectRecords(t *testing.T) {
	s, _ := asRole(t, `CREATE TABLE x (id serial PRIMARY KEY, owner text, v text)`, `INSERT INTO x (owner, v) VALUES ('panel', 'a'), ('shared', 'b'), ('hidden', 'c')`,
		`ALTER TABLE x ENABLE ROW LEVEL SECURITY`, `GRANT ALL ON x, x_id_seq TO %s`,
		`CREATE POLICY reads ON x FOR SELECT USING (owner <> 'hidden')`, `CREATE POLICY inserts ON x FOR INSERT WITH CHECK (owner = 'panel')`,
		`CREATE POLICY updates ON x FOR UPDATE USING (owner = 'panel') WITH CHECK (owner = 'panel' AND v <> 'bad')`, `CREATE POLICY deletes ON x FOR DELETE USING (owner = 'panel')`)
	shared := keyOf(t, s, "x", "2")
	record := editOf(t, s, "x", shared)
	preview, err := s.DeletePreview(t.Context(), "x", shared)
	if err != nil {
		t.Fatal(err)
	}
	all := ByQuery(Query{Table: "x"})
	editing, err := s.Ask(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	deleting, err := s.DeleteManyPreview(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func() error{
		"update":      func() error { _, err := s.Update(t.Context(), "x", shared, record.Token, edited("v", "z")); return err },
		"delete":      func() error { return s.Delete(t.Context(), "x", shared, preview.Token) },
		"delete now":  func() error { return s.Delete(t.Context(), "x", shared, "") },
		"update many": func() error { _, err := s.UpdateMany(t.Context(), all, edited("v", "z"), editing.Token); return err },
		"delete many": func() error { _, err := s.DeleteMany(t.Context(), all, deleting.Token); return err },
	} {
		if err := write(); !errors.As(err, new(*UnwritableError)) || !strings.Contains(err.Error(), "policy") {
			t.Errorf("%s: %v", name, err)
		}
	}
	const refusal = `The database refused it: new row violates row-level security policy for table "x"`
	own := keyOf(t, s, "x", "1")
	if _, err := s.Update(t.Context(), "x", own, editOf(t, s, "x", own).Token, edited("v", "bad")); fieldsOf(err) != refusal {
		t.Error(fieldsOf(err))
	}
	if _, err := s.Insert(t.Context(), "x", edited("owner", "other")); fieldsOf(err) != refusal {
		t.Error(fieldsOf(err))
	}
	var stale *StaleError
	if _, err := s.Update(t.Context(), "x", keyOf(t, s, "x", "3"), record.Token, edited("v", "z")); !errors.As(err, &stale) || stale.Current != nil {
		t.Errorf("a row that is not seen: %v", err)
	}
	if got := storedText(t, s, "string_agg(v, '' ORDER BY id)", "x"); got != "ab" {
		t.Errorf("%s is there", got)
	}
}

// The operators of a type are found in whichever schema its extension is: rows are found as its
// columns compare, and those that refer to a record are those of the foreign key.
func TestPostgresOperatorsBesideThePathAreFound(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	operatorsBesideThePathAreFound(t, `public`)
}

func TestPostgresOperatorsBesideThePathAreFoundLong(t *testing.T) {
	testserver.LongForm(t)
	operatorsBesideThePathAreFound(t, `''`, `"$user", public`, `public, "the ""other"" 'one'"`, `pg_catalog, public`)
}

func operatorsBesideThePathAreFound(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			server := testserver.SharedPostgres(t)
			admin := connectPostgres(t, server.URL())
			const ext = `"the ""other"" 'one'"`
			for _, statement := range []string{`CREATE SCHEMA ` + ext, `CREATE EXTENSION citext SCHEMA ` + ext, `CREATE EXTENSION ltree SCHEMA ` + ext, `CREATE EXTENSION hstore SCHEMA ` + ext,
				`CREATE DOMAIN mail AS ` + ext + `.citext`,
				`CREATE TABLE up (id serial PRIMARY KEY, c ` + ext + `.citext UNIQUE, m mail UNIQUE, l ` + ext + `.ltree UNIQUE, h ` + ext + `.hstore, ls ` + ext + `.ltree[] UNIQUE, cs ` + ext + `.citext[] UNIQUE)`,
				`CREATE TABLE down (id serial PRIMARY KEY, c ` + ext + `.citext REFERENCES up (c), m mail REFERENCES up (m), l ` + ext + `.ltree REFERENCES up (l), ls ` + ext + `.ltree[] REFERENCES up (ls), cs ` + ext + `.citext[] REFERENCES up (cs))`,
				`CREATE TABLE keyed (c ` + ext + `.citext, l ` + ext + `.ltree, v text, PRIMARY KEY (c, l))`,
				`INSERT INTO up (c, m, l, h, ls, cs) VALUES ('Ann', 'A@x', 'Top.a', 'k=>1', '{Top.a}', '{A}'), ('bob', 'b@x', 'Top.b', NULL, '{Top.b}', '{b}'), (NULL, NULL, NULL, '', NULL, NULL)`,
				`INSERT INTO down (c, m, l, ls, cs) VALUES ('ANN', 'a@X', 'Top.a', '{Top.a}', '{a}'), ('ann', 'b@x', 'Top.b', '{Top.b}', '{B}')`, `INSERT INTO keyed VALUES ('K', 'x.y', 'v')`,
				"ALTER DATABASE " + server.Database + " SET search_path = " + path} {
				if _, err := admin.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			s, err := Open(t.Context(), connectPostgres(t, server.URL()), Config{})
			if err != nil {
				t.Fatal(err)
			}
			prefix := ""
			if path == `''` || strings.HasPrefix(path, "pg_catalog") {
				prefix = "public."
			}
			readAll(t, s)
			up, down, keyed := prefix+"up", prefix+"down", prefix+"keyed"
			related, err := s.Related(t.Context(), up, keyOf(t, s, up, "1"))
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range related {
				columns := one.ForeignKey.Columns[0]
				want := map[string]int{"c": 2}
				if one.Problem != nil || len(one.Page.Rows) != max(1, want[columns]) {
					t.Errorf("by %s: %d rows, %v", columns, len(one.Page.Rows), one.Problem)
				}
			}
			preview, err := s.DeletePreview(t.Context(), up, keyOf(t, s, up, "1"))
			if err != nil || len(preview.Forbid) != 5 {
				t.Errorf("%+v, %v", preview, err)
			}
			filtersFind(t, s, up, []filterResult{{"f.c.eq=ANN", "1"}, {"f.c.in=ann,BOB", "1 2"}, {"f.c.gt=ann", "2"}, {"f.l.eq=Top.a", "1"}, {"f.l.le=Top.b", "1 2"}, {"f.m.ne=a@x", "2 3"}, {"f.h.contains=k", "1"}, {"f.cs.eq={a}", "1"}, {"f.c.contains=NN", "1"}})
			record := editOf(t, s, keyed, keyOf(t, s, keyed, "k,x.y")) // as the key compares
			if _, err := s.Update(t.Context(), keyed, record.Key, record.Token, edited("v", "w", "l", "x.z")); err != nil {
				t.Error(err)
			}
			if _, err := s.Insert(t.Context(), down, edited("c", "Bob", "l", "Top.b")); err != nil {
				t.Error(err)
			}
			if _, err := s.Insert(t.Context(), down, edited("l", "Top.c")); !strings.Contains(fieldsOf(err), "l refers to a record of "+up) {
				t.Error(fieldsOf(err))
			}
		})
	}
}
