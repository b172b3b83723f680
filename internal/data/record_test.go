// This file tests records, references and values, and what holds for every read: bounds, deadlines,
// and that nothing is written.

package data

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func cellOf(t *testing.T, columns []*Column, cells []Value, name string) Value {
	t.Helper()
	at := slices.IndexFunc(columns, func(c *Column) bool { return c.Name == name })
	if at < 0 {
		t.Fatalf("no column %q", name)
	}
	return cells[at]
}

func TestReferencesAreLabelled(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	labels := func(table, column string) []string {
		page, err := s.List(t.Context(), Query{Table: table})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, row := range page.Rows {
			label := "-"
			if ref := cellOf(t, page.Columns, row.Cells, column).Ref; ref != nil {
				label = ref.Table + "/" + ref.Key.String() + "=" + ref.Label
			}
			all = append(all, label)
		}
		return all
	}
	for _, test := range []struct{ table, column, want string }{
		{"employees", "boss", "[- employees/1=Root employees/1=Root -]"},
		{"employees", "mentor", "[- employees/1=Root employees/2=Two -]"},
		{"shipments", "n", "[without/a,2=a without/a%2Fb%2Cc%25,3=a/b,c% - - without/~,4=, 4]"},
		{"tokens", "user_id", "[users/1=Ann -]"},
		{"dangling", "x", "[-]"}, {"dangling", "y", "[-]"},
	} {
		if got := fmt.Sprint(labels(test.table, test.column)); got != test.want {
			t.Errorf("%s.%s: %s, want %s", test.table, test.column, got, test.want)
		}
	}
}

// A parent whose display column fails spoils its labels, not the list of its children.
func TestBrokenLabelsAreNoticed(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE parent (id INTEGER PRIMARY KEY, n INTEGER, name TEXT AS (+n))`, `INSERT INTO parent (id, n) VALUES (1, -9223372036854775808)`,
		`PRAGMA writable_schema = 1`, `UPDATE sqlite_master SET sql = replace(sql, '(+n)', '(abs(n))') WHERE name = 'parent'`,
		`CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id REFERENCES parent)`, `INSERT INTO child VALUES (1, 1)`)
	page, err := s.List(t.Context(), Query{Table: "child"})
	if err != nil || len(page.Rows) != 1 || !strings.Contains(page.Notice.String(), "References to parent are not linked") {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestRelatedListsWhatRefersToARecord(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	related := func(table, key string) string {
		all, err := s.Related(t.Context(), table, keyOf(t, s, table, key))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, r := range all {
			if r.Problem != nil {
				t.Errorf("%s %s: %s", table, key, r.Problem)
				continue
			}
			lines = append(lines, fmt.Sprintf("%s?%s %d", r.Query.Table, r.Query.Values().Encode(), len(r.Page.Rows)))
			child, _ := s.Schema().Table(r.Query.Table)
			if _, err := ParseQuery(child, r.Query.Values()); err != nil {
				t.Errorf("the link of %s: %v", r.Query.Table, err)
			}
		}
		slices.Sort(lines)
		return strings.Join(lines, " | ")
	}
	for _, test := range []struct{ table, key, want string }{
		{"employees", "1", "employees?f.boss.eq=1 2 | employees?f.mentor.eq=1 1"},
		{"without", "a%2Fb%2Cc%25,3", "shipments?f.k.eq=a%2Fb%2Cc%25&f.n.eq=3 1"},
		{"without", "~,4", "shipments?f.k.eq=&f.n.eq=4 1"},
		{"users", "1", "tokens?f.user_id.eq=1 1"},
	} {
		if got := related(test.table, test.key); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.table, test.key, got, test.want)
		}
	}
	key := keyOf(t, s, "blobs", "~b:ABEiM0RVZneImaq7zN3u_w")
	if all, err := s.Related(t.Context(), "blobs", key); err != nil || len(all) != 1 || len(all[0].Page.Rows) != 1 {
		t.Errorf("%+v, %v: want the one child of a blob key", all, err)
	}
	if _, err := s.Related(t.Context(), "employees", Key{}); err == nil {
		t.Error("the zero key relates to something")
	}
}

func TestEveryRowOfTheZooOpens(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, zoo()...)
	page, err := s.List(t.Context(), Query{Table: "textkey"})
	if err != nil || len(page.Rows) != 19 {
		t.Fatalf("%d rows, %v", len(page.Rows), err)
	}
	for _, row := range page.Rows {
		key := keyOf(t, s, "textkey", row.Key.String())
		record, err := s.Get(t.Context(), "textkey", key)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, want := record.Cells[1].Text, row.Cells[1].Text; got != want || record.Key.String() != row.Key.String() {
			t.Errorf("key %s opens row %s, want %s", key, got, want)
		}
	}
	tables, _ := s.Schema().Table("textkey")
	var field *FieldError
	if _, err := s.Get(t.Context(), "textkey", newKey(tables, []any{nil})); !errors.As(err, &field) {
		t.Errorf("%v, want that two rows have the key NULL", err)
	}
	if _, err := s.Get(t.Context(), "textkey", newKey(tables, []any{"missing"})); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}

func TestCellsAreBounded(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{QueryTimeout: time.Minute}, zoo()...)
	page, err := s.List(t.Context(), Query{Table: "long_text"})
	if err != nil {
		t.Fatal(err)
	}
	v := page.Rows[0].Cells[1]
	if utf8.RuneCountInString(v.Text) != ListRunes || !v.Truncated || v.Size < 100000 {
		t.Errorf("a list cell of %d runes, truncated %v, size %d", utf8.RuneCountInString(v.Text), v.Truncated, v.Size)
	}
	record, err := s.Get(t.Context(), "long_text", page.Rows[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	if v := record.Cells[1]; len(v.Text) != RecordBytes || !v.Truncated {
		t.Errorf("a record cell of %d bytes, truncated %v", len(v.Text), v.Truncated)
	}
	page, err = s.List(t.Context(), Query{Table: "blobs"})
	if err != nil {
		t.Fatal(err)
	}
	blob, note := page.Rows[0].Cells[1], page.Rows[0].Cells[2]
	if blob.Size != 1000000 || blob.Text != "" || blob.Storage != StoredBlob {
		t.Errorf("blob %+v", blob)
	}
	if !note.Invalid || note.Text != "\uFFFDA" {
		t.Errorf("invalid text %+v", note)
	}
	page, err = s.List(t.Context(), Query{Table: "wide_2000"})
	if err != nil || len(page.Columns) != MaxColumns || page.Notice == nil {
		t.Errorf("%d columns, notice %q, %v", len(page.Columns), page.Notice, err)
	}
	record, err = s.Get(t.Context(), "wide_2000", page.Rows[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	if len(record.Cells) != 2000 || record.Cells[1999].Text != "v1999" {
		t.Errorf("%d cells", len(record.Cells))
	}
}

func TestValues(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	page, err := s.List(t.Context(), Query{Table: "mismatch"})
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2024, 1, 31, 10, 0, 0, 0, time.UTC)
	for i, row := range page.Rows {
		at, zoned, ok := cellOf(t, page.Columns, row.Cells, "dt").Time()
		if !ok || !at.Equal(want) || zoned != (i != 0) {
			t.Errorf("row %d: %v zoned %v %v", i+1, at, zoned, ok)
		}
	}
	if _, _, ok := cellOf(t, page.Columns, page.Rows[1].Cells, "d").Time(); ok {
		t.Error("garbage is a time")
	}
	var bools []string
	for _, row := range page.Rows {
		value, ok := cellOf(t, page.Columns, row.Cells, "b").Bool()
		bools = append(bools, fmt.Sprint(value, ok))
	}
	if got := strings.Join(bools, " "); got != "true true true true false true false false false false" {
		t.Errorf("booleans %s", got)
	}
	if v := cellOf(t, page.Columns, page.Rows[1].Cells, "n"); v.Storage != StoredText || v.Text != "not a number" {
		t.Errorf("%+v", v)
	}
	if v := cellOf(t, page.Columns, page.Rows[0].Cells, "dt"); v.Text != "2024-01-31 10:00:00" {
		t.Errorf("the driver changed a date to %q", v.Text)
	}
}

func TestUnreadableTablesStateTheirProblem(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	for name, want := range map[string]string{"broken_view": "no such table: main.gone", "virtual_gone": "no such module: nosuchmodule",
		"broken_column": "no such function: nofunction", "failing_view": "integer overflow", "foreign_collation_key": "no query solution"} {
		_, err := s.List(t.Context(), Query{Table: name})
		var broken *TableError
		if !errors.As(err, &broken) || broken.Problem.String() != want {
			t.Errorf("%s: %v, want the problem %q", name, err, want)
		}
	}
}

func TestUTF16File(t *testing.T) {
	s := openSource(t, Config{}, `PRAGMA encoding = 'UTF-16le'`, `CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)`, `INSERT INTO t VALUES ('schlüssel', '雪')`)
	page, err := s.List(t.Context(), Query{Table: "t", Search: "SCHLÜ"})
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if v := page.Rows[0].Cells[1]; v.Text != "雪" || v.Invalid || v.Truncated {
		t.Errorf("%+v", v)
	}
	if _, err := s.Get(t.Context(), "t", page.Rows[0].Key); err != nil {
		t.Error(err)
	}
}

// Every table lists and every record opens, or states its problem. The file, opened read-write, is
// byte for byte the same after everything was read, and nothing was put beside it.
func TestZooIsReadAndNotWritten(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, statement := range zoo() {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, s)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) || len(files) != 1 {
		t.Errorf("the file changed, or %d files are there", len(files))
	}
}

func TestReadsStopAtTheDeadline(t *testing.T) {
	endless := `CREATE VIEW endless AS WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g) SELECT v FROM g WHERE v < 0`
	s := openSource(t, Config{QueryTimeout: 50 * time.Millisecond}, endless)
	if _, err := s.List(t.Context(), Query{Table: "endless"}); !errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want ErrTimeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.List(ctx, Query{Table: "endless"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("after a timeout: %v", err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), Query{Table: "endless"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

func TestEstimates(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE a (id INTEGER PRIMARY KEY)`, `INSERT INTO a VALUES (1), (2), (3)`, `CREATE TABLE empty (x)`,
		`CREATE TABLE snowflakes (id INTEGER PRIMARY KEY)`, `INSERT INTO snowflakes VALUES (1), (1745000000000000000)`,
		`CREATE TABLE analyzed (x)`, `CREATE INDEX i ON analyzed (x)`, `INSERT INTO analyzed VALUES (1), (2)`, `ANALYZE analyzed`, `CREATE VIEW v AS SELECT 1`)
	got, err := s.Estimates(t.Context())
	if err != nil || fmt.Sprint(got) != "map[a:3 analyzed:2 empty:0 snowflakes:-1 v:-1]" {
		t.Errorf("%v, %v", got, err)
	}
}

// The records that refer to a record are those for which the foreign key holds, however the columns
// are declared: the engine itself is asked which these are.
func TestRelatedRecordsAreThoseOfTheForeignKey(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	relatedRecordsAreThoseOfTheForeignKey(t, 3)
}

func TestRelatedRecordsAreThoseOfTheForeignKeyLong(t *testing.T) {
	testserver.LongForm(t)
	relatedRecordsAreThoseOfTheForeignKey(t, 1)
}

// Each type refers to each nth type, and each is referred to by each nth.
func relatedRecordsAreThoseOfTheForeignKey(t *testing.T, nth int) {
	t.Helper()
	values := []string{"1", "'1'", "'01'", "1.5", "'a'", "'A'", "'a '", "x'61'", "'2024-05-06 07:08:09.123600'", "'2024-05-06 07:08:09.123400'", "1714979289", "'true'", "20240331", "'00112233-4455-6677-8899-aabbccddeeff'", "'00112233-4455-6677-8899-AABBCCDDEEFF'", "''", "'~n:'", "'" + strings.Repeat("long", 300) + "'"}
	types := []string{"", "INTEGER", "TEXT", "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM", "NUMERIC", "DATETIME", "BOOLEAN", "BLOB", "UUID", "REAL"}
	statements := []string{"PRAGMA synchronous = OFF", "PRAGMA foreign_keys = OFF"}
	fill := func(table, column string) {
		for _, value := range values {
			statements = append(statements, fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", table, column, value))
		}
	}
	for i, parent := range types {
		statements = append(statements, fmt.Sprintf("CREATE TABLE p%d (id INTEGER PRIMARY KEY, v %s UNIQUE)", i, parent))
		fill(fmt.Sprint("p", i), "v")
		for j, child := range types {
			if (i+j)%nth > 0 {
				continue
			}
			name := fmt.Sprintf("c%d_%d", i, j)
			statements = append(statements, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, r %s REFERENCES p%d(v))", name, child, i), "CREATE INDEX "+name+"_r ON "+name+" (r)")
			fill(name, "r")
		}
	}
	s, db := pooled(t, 1, Config{QueryTimeout: time.Minute}, strings.Join(statements, ";\n"))
	for i := range types {
		parent := fmt.Sprint("p", i)
		page, err := s.List(t.Context(), Query{Table: parent, Limit: MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]map[string]bool{} // by child and its id: the parents that list it
		for _, row := range page.Rows {
			all, err := s.Related(t.Context(), parent, row.Key)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range all {
				if one.Problem != nil {
					t.Errorf("%s %s: %s", parent, row.Key, one.Problem)
					continue
				}
				child, _ := s.Schema().Table(one.ForeignKey.Table)
				again, err := ParseQuery(child, one.Query.Values())
				if err != nil {
					t.Errorf("%s: %v", one.Query.Values().Encode(), err)
				}
				again.Limit = MaxLimit
				listed, err := s.List(t.Context(), again)
				if err != nil || int64(len(listed.Rows)) != one.Page.Count.Rows {
					t.Fatalf("%s %s: %d rows, %v, want %d", child.Name, again.Values().Encode(), len(listed.Rows), err, one.Page.Count.Rows)
				}
				for _, row := range listed.Rows {
					at := child.Name + "/" + row.Key.String()
					if got[at] == nil {
						got[at] = map[string]bool{}
					}
					got[at][one.Query.Values().Encode()] = true
				}
			}
		}
		for j := range types {
			if (i+j)%nth > 0 {
				continue
			}
			child := fmt.Sprintf("c%d_%d", i, j)
			broken := map[string]bool{}
			rows, err := db.Query("SELECT rowid FROM pragma_foreign_key_check(?)", child)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				broken[id] = true
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow("SELECT count(*) FROM " + child).Scan(&n); err != nil {
				t.Fatal(err)
			}
			for id := 1; id <= n; id++ {
				listed := len(got[fmt.Sprintf("%s/%d", child, id)])
				if want := map[bool]int{false: 1}[broken[fmt.Sprint(id)]]; listed != want {
					t.Errorf("%s %d (%s to %s) is listed with %d records, want %d: %v", child, id, types[j], types[i], listed, want, got[fmt.Sprintf("%s/%d", child, id)])
				}
			}
		}
	}
}
