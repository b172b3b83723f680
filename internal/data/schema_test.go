// This file tests introspection, masks and options.

package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	modernc "modernc.org/sqlite"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestIntrospection(t *testing.T) {
	s := openSource(t, Config{},
		`CREATE TABLE countries (code CHAR(2) PRIMARY KEY, label VARCHAR(80) NOT NULL UNIQUE) WITHOUT ROWID`,
		`CREATE TABLE everything (
			id INTEGER PRIMARY KEY, title VARCHAR(200) NOT NULL DEFAULT 'it''s', body LONGTEXT, n BIGINT DEFAULT (1 + 1), price DECIMAL(10, 2), ratio DOUBLE PRECISION,
			active BOOLEAN NOT NULL DEFAULT 0, born DATE, at TIMESTAMP, clock TIME, doc JSON, uid UUID, raw BLOB, loose, odd GEOMETRY,
			kind TEXT NOT NULL CHECK (kind IN ('a', 'it''s', "c")), maybe TEXT CHECK (maybe IS NULL OR maybe IN ('x','y')), /* CHECK (no IN ('z')) */
			level INT CHECK ((level IN (1, -2))), twice GENERATED ALWAYS AS (n * 2) STORED,
			country CHAR(2) REFERENCES countries ON DELETE CASCADE, born_in REFERENCES Countries(CODE),
			UNIQUE (title, n), CONSTRAINT positive CHECK (n > 0 AND price > (0)))`,
		`CREATE INDEX born ON everything (born)`, `CREATE INDEX part ON everything (clock) WHERE clock > ''`, `CREATE INDEX expr ON everything (lower(body))`,
		`CREATE TABLE links (a INTEGER, b INTEGER, PRIMARY KEY (b, a), FOREIGN KEY (a, b) REFERENCES links (b, a))`)
	table, _ := s.Schema().Table("everything")
	kinds := map[string]Kind{"id": KindInteger, "title": KindText, "body": KindLongText, "n": KindInteger, "price": KindDecimal, "ratio": KindReal, "active": KindBool,
		"born": KindDate, "at": KindDateTime, "clock": KindTime, "doc": KindJSON, "uid": KindUUID, "raw": KindBlob, "loose": KindAny, "odd": KindAny, "kind": KindEnum,
		"maybe": KindEnum, "level": KindInteger, "country": KindText}
	for name, kind := range kinds {
		if c, ok := table.Column(name); !ok || c.Kind != kind {
			t.Errorf("%s is %+v, want kind %s", name, c, kind)
		}
	}
	column := func(name string) *Column { c, _ := table.Column(name); return c }
	check := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("default", column("title").Default, "'it''s'")
	check("length", column("title").MaxLength, 200)
	check("nullable", []bool{column("id").Nullable, column("title").Nullable, column("body").Nullable}, []bool{false, false, true})
	check("enum", column("kind").Enum, []string{"a", "it's", "c"})
	check("nullable enum", column("maybe").Enum, []string{"x", "y"})
	check("integer enum", column("level").Enum, []string{"1", "-2"})
	check("generated", []bool{column("twice").Generated, column("n").Generated}, []bool{true, false})
	check("check", table.checks[len(table.checks)-1].expression, "n > 0 AND price > (0)")
	check("checks", len(table.checks), 4)
	check("indexed", []bool{column("born").Indexed, column("clock").Indexed, column("body").Indexed, column("title").Indexed, column("id").Indexed}, []bool{true, false, false, true, true})
	check("display", table.Display, "title")
	check("unique", table.UniqueKeys[0].Columns, []string{"title", "n"})
	check("foreign keys", len(table.ForeignKeys), 2)
	for _, fk := range table.ForeignKeys {
		check("target", []any{fk.RefTable, fk.RefColumns[0], fk.Usable}, []any{"countries", "code", true})
	}
	check("cascade", table.ForeignKeys[0].OnDelete+" "+table.ForeignKeys[1].OnDelete, "CASCADE NO ACTION")
	countries, _ := s.Schema().Table("countries")
	check("references", len(countries.References), 2)
	check("country display", countries.Display, "label")
	links, _ := s.Schema().Table("links")
	check("composite", links.PrimaryKey, []string{"b", "a"})
	check("self", []any{links.ForeignKeys[0].RefTable, links.ForeignKeys[0].Columns, links.ForeignKeys[0].RefColumns}, []any{"links", []string{"a", "b"}, []string{"b", "a"}})
}

func TestSystemTablesAreHidden(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	areHidden(t, s, "docs_data", "docs_content", "sqlite_sequence", "goose_db_version", "crudadmin_things")
	for _, name := range []string{"sqlitelike", "sqlite-like", "docs", "broken_view", "virtual_gone", "foreign_collation_key"} {
		if _, ok := s.Schema().Table(name); !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

// A database that does not answer is not told that it is of another engine.
func TestOpenWhenTheDatabaseIsDown(t *testing.T) {
	db := openFile(t)
	_ = db.Close()
	if _, err := Open(t.Context(), db, Config{}); err == nil || strings.Contains(err.Error(), "SQLite") || !strings.HasPrefix(err.Error(), "data: open: ") {
		t.Errorf("%v", err)
	}
}

// posing opens connections to a database that says another version.
type posing struct {
	driver.Connector
	version string
}

type posingConn struct {
	countedConn
	version string
}

func (p posing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	return &posingConn{countedConn{conn, &counted{}}, p.version}, err
}

func (c *posingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if query == "SELECT version()" {
		query = "SELECT '" + c.version + "'"
	}
	return c.countedConn.QueryContext(ctx, query, args)
}

func TestOpenOnAnotherEngine(t *testing.T) {
	base, err := modernc.NewConnector(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{
		"8.0.11-TiDB-v7.5.0": "is neither MySQL nor MariaDB itself",
		"Some Database 12":   `"Some Database 12": want SQLite, PostgreSQL, MySQL or MariaDB`,
	} {
		db := sql.OpenDB(posing{base, version})
		t.Cleanup(func() { _ = db.Close() })
		_, err := Open(t.Context(), db, Config{})
		if err == nil || !strings.HasPrefix(err.Error(), "data: open: ") || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), version) {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestOptionsNameRealTables(t *testing.T) {
	db := openFile(t, `CREATE TABLE a (x, password)`, `CREATE TABLE b (a_id REFERENCES a)`, `CREATE TABLE "c d" (x)`)
	_, err := Open(t.Context(), db, Config{Show: []string{"a", "nope"}, Hide: []string{"never"}, Unmasked: []string{"a.y"}})
	for _, want := range []string{"nope", "never", "a.y"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	s, err := Open(t.Context(), db, Config{Hide: []string{"a", "c d"}})
	if err != nil {
		t.Fatal(err)
	}
	if tables := s.Schema().Tables; len(tables) != 1 || tables[0].ForeignKeys[0].Usable {
		t.Errorf("%+v: a hidden table is linked", tables)
	}
	if _, err := s.Get(t.Context(), "a", Key{}); err == nil {
		t.Error("a hidden table can be read")
	}
	s, err = Open(t.Context(), db, Config{Unmasked: []string{"a.password"}})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := s.Schema().Table("a")
	if c, _ := a.Column("password"); c.Masked {
		t.Error("an unmasked column is masked")
	}
}

// Whatever is read of a database, the secrets in it are not.
func TestSecretsAreNeverRead(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, zoo()...)
	var all strings.Builder
	for _, table := range s.Schema().Tables {
		page, err := s.List(t.Context(), Query{Table: table.Name, Limit: 1})
		if err != nil {
			continue
		}
		fmt.Fprintf(&all, "%+v", *page)
		for _, row := range page.Rows {
			if row.Key.IsZero() {
				continue
			}
			record, err := s.Get(t.Context(), table.Name, row.Key)
			if err != nil {
				t.Fatal(err)
			}
			related, err := s.Related(t.Context(), table.Name, row.Key)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%+v %+v", *record, related)
			for _, r := range related {
				fmt.Fprintf(&all, "%+v", r.Page)
			}
		}
	}
	if strings.Contains(all.String(), "S3CRET") {
		t.Error("a secret was read")
	}
	page, err := s.List(t.Context(), Query{Table: "users"})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(page.Columns, func(c *Column) bool { return c.Name == "password_hash" })
	if !page.Rows[0].Cells[at].Masked || page.Rows[0].Cells[at].Null() || !page.Rows[1].Cells[at].Null() {
		t.Error("a secret does not say whether it is NULL")
	}
	tokens, _ := s.Schema().Table("tokens")
	if !tokens.Identity.RowID {
		t.Error("a masked primary key is in addresses")
	}
}

func TestRefreshDuringReads(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE a (id INTEGER PRIMARY KEY, x)`, `INSERT INTO a VALUES (1, 2)`)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				if err := s.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := s.List(t.Context(), Query{Table: "a"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// asking notes until when each statement may take.
type asking struct {
	driver.Connector
	until *[]time.Time
}

type askingConn struct {
	countedConn
	until *[]time.Time
}

func (a asking) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := a.Connector.Connect(ctx)
	return &askingConn{countedConn{conn, &counted{}}, a.until}, err
}

func (c *askingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	until, _ := ctx.Deadline()
	*c.until = append(*c.until, until)
	return c.countedConn.QueryContext(ctx, query, args)
}

// A page that its visitor waits for is not kept by the question whether the schema has changed; to
// read a schema that has takes as long as it takes, within QueryTimeout.
func TestAPageWaitsShortlyForTheVersionOfTheSchema(t *testing.T) {
	base, err := modernc.NewConnector("file:" + filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	a := asking{base, &[]time.Time{}}
	db := sql.OpenDB(a)
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	s, err := Open(t.Context(), db, Config{QueryTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE later (id INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	*a.until = nil
	if changed, err := s.Follow(t.Context()); !changed || err != nil {
		t.Fatal(changed, err)
	}
	short, long := 0, 0
	for i, until := range *a.until {
		switch left := time.Until(until); {
		case left < versionWait:
			short++
		case left > time.Hour/2 && left <= time.Hour:
			long++
		default:
			t.Errorf("statement %d may take %v", i, left)
		}
	}
	if short == 0 || long == 0 {
		t.Errorf("%d statements are short and %d long", short, long)
	}
}
