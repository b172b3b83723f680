// This file proves paging: walking by any limit, in any order, forwards and backwards, gives every
// row once.

package data

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	"pgregory.net/rapid"
)

var pagedTables = []pagedTable{
	{"plain", `CREATE TABLE plain (id INTEGER PRIMARY KEY, a, b TEXT COLLATE NOCASE, c REAL, d BLOB NOT NULL)`, "id"},
	{"indexed", `CREATE TABLE indexed (id INTEGER, a, b TEXT COLLATE NOCASE, c REAL, d BLOB NOT NULL); CREATE INDEX ia ON indexed (a); CREATE INDEX ib ON indexed (b DESC, c)`, "rowid"},
	{"keyed", `CREATE TABLE keyed (id INTEGER, a, b TEXT COLLATE NOCASE, c REAL, d BLOB NOT NULL, k, PRIMARY KEY (d, k)) WITHOUT ROWID`, "d, k"},
	{"textkey", `CREATE TABLE textkey (id INTEGER, a, b TEXT COLLATE NOCASE, c REAL, d BLOB NOT NULL, k TEXT PRIMARY KEY)`, "rowid"},
	{"unkeyed", `CREATE TABLE hidden (id INTEGER, a, b TEXT COLLATE NOCASE, c REAL, d BLOB NOT NULL); CREATE VIEW unkeyed AS SELECT * FROM hidden`, ""},
}

// pagedValue is a value of any class, with many duplicates and a few too long for a cursor.
func pagedValue(t *rapid.T, label string) any {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Custom(func(t *rapid.T) any { return rapid.Int64Range(-2, 3).Draw(t, "int") }),
		rapid.SampledFrom([]any{int64(-1 << 63), int64(1<<63 - 1), int64(1<<53 + 1), 9007199254740992.0, 0.5, -1e300, 2.0}),
		rapid.SampledFrom([]any{"", "a", "A", "b", "é", "É", "1", "2", "a\x00b", "\xff", strings.Repeat("x", 300), strings.Repeat("x", 300) + "y"}),
		rapid.SampledFrom([]any{[]byte{}, []byte{0}, []byte("a"), []byte{0xff}}),
	).Draw(t, label)
}

func TestPagingVisitsEveryRowOnce(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "paging.db")+"?_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, table := range pagedTables {
		if _, err := db.Exec(table.ddl); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		table, q := pagedQuery(rt, pagedTables, []string{"a", "b", "c", "d", "id"}, true, func(table string) { fill(rt, db, table) })
		want := ordered(rt, db, table.name, table.position, q)
		visitsEveryRow(t, rt, s, q, want)
	})
}

func TestPagingVisitsEveryRowOnceLong(t *testing.T) {
	testserver.LongForm(t)
	TestPagingVisitsEveryRowOnce(t)
}

// visitsEveryRow walks a list forwards and backwards, page by page.
func visitsEveryRow(t *testing.T, rt *rapid.T, s *Source, q Query, want []string) {
	t.Helper()
	// Forwards, and at each page one step back.
	var got, previous []string
	next := q
	for {
		page, err := s.List(t.Context(), next)
		if err != nil {
			rt.Fatalf("list %+v: %v", next, err)
		}
		if int(page.Count.Rows) != len(want) || page.Count.More {
			rt.Fatalf("count %v, want %d", page.Count, len(want))
		}
		if page.HasPrev != (len(got) > 0) {
			rt.Fatalf("HasPrev is %v after %d rows", page.HasPrev, len(got))
		}
		if page.HasPrev {
			back := q
			back.Before = page.Prev
			if ids := idsOf(must(s.List(t.Context(), back))(rt)); !slices.Equal(ids, previous) {
				rt.Fatalf("the page before is %v, was %v", ids, previous)
			}
		}
		previous = idsOf(page)
		got = append(got, previous...)
		if page.HasNext && len(previous) != q.Limit {
			rt.Fatalf("a page of %d rows, limit %d, has a next", len(previous), q.Limit)
		}
		if !page.HasNext {
			break
		}
		next.After = page.Next
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%+v\nforwards %v\nwant     %v", q, got, want)
	}

	// Backwards from the last page.
	got = nil
	prev := q
	prev.Before = Last
	for {
		page, err := s.List(t.Context(), prev)
		if err != nil {
			rt.Fatalf("list %+v: %v", prev, err)
		}
		if page.HasNext != (len(got) > 0) {
			rt.Fatalf("HasNext is %v before %d rows", page.HasNext, len(got))
		}
		got = append(idsOf(page), got...)
		if !page.HasPrev {
			break
		}
		prev.Before = page.Prev
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%+v\nbackwards %v\nwant      %v", q, got, want)
	}
}

func must(page *Page, err error) func(T) *Page {
	return func(t T) *Page {
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
}

func fill(t *rapid.T, db *sql.DB, table string) {
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("DELETE FROM " + table); err != nil {
		t.Fatal(err)
	}
	columns := "id, a, b, c, d"
	if table == "keyed" || table == "textkey" {
		columns += ", k"
	}
	marks := strings.Repeat("?, ", strings.Count(columns, ",")) + "?"
	for i := range rapid.IntRange(0, 25).Draw(t, "rows") {
		row := []any{i, pagedValue(t, "a"), pagedValue(t, "b"), pagedValue(t, "c"), []byte(rapid.SampledFrom([]string{"", "a", "b", "\x00"}).Draw(t, "d"))}
		switch table {
		case "keyed":
			row = append(row, []any{i, fmt.Sprint(i), float64(i) + 0.5, []byte{byte(i)}}[i%4])
		case "textkey":
			row = append(row, []any{fmt.Sprint("k", i), nil, strings.Repeat("long", 400) + fmt.Sprint(i)}[i%3])
		}
		if _, err := tx.Exec("INSERT INTO "+table+" ("+columns+") VALUES ("+marks+")", row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// ordered asks SQLite for the whole list.
func ordered(t *rapid.T, db *sql.DB, table, position string, q Query) []string {
	query := "SELECT id FROM " + table
	if len(q.Filters) > 0 {
		query += " WHERE id > 3"
	}
	var order []string
	direction := ""
	for _, key := range q.Sort {
		direction = ""
		if key.Desc {
			direction = " DESC"
		}
		order = append(order, key.Column+direction)
	}
	for part := range strings.SplitSeq(position, ", ") {
		if part != "" {
			order = append(order, part+direction)
		}
	}
	if len(order) > 0 {
		query += " ORDER BY " + strings.Join(order, ", ")
	}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func idsOf(page *Page) []string {
	at := slices.IndexFunc(page.Columns, func(c *Column) bool { return c.Name == "id" })
	ids := make([]string, len(page.Rows))
	for i, row := range page.Rows {
		ids[i] = row.Cells[at].Text
	}
	return ids
}

func TestForeignCursorIsRefused(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE a (id INTEGER PRIMARY KEY, x)`, `CREATE TABLE b (id INTEGER PRIMARY KEY, x)`,
		`INSERT INTO a VALUES (1, 1), (2, 2), (3, 3)`, `INSERT INTO b VALUES (1, 1), (2, 2), (3, 3)`)
	page, err := s.List(t.Context(), Query{Table: "a", Limit: 1, Sort: []SortKey{{"x", true}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]Query{
		"other table":     {Table: "b", Sort: []SortKey{{"x", true}}, After: page.Next},
		"other direction": {Table: "a", Sort: []SortKey{{"x", false}}, After: page.Next},
		"no sort":         {Table: "a", Before: page.Next},
		"cut":             {Table: "a", Sort: []SortKey{{"x", true}}, After: page.Next[:len(page.Next)-4]},
		"both":            {Table: "a", Sort: []SortKey{{"x", true}}, After: page.Next, Before: Last},
		"nonsense":        {Table: "a", After: "Zm9v"},
		"long":            {Table: "a", After: strings.Repeat("A", 1<<20)},
	} {
		_, err := s.List(t.Context(), q)
		var field *FieldError
		if !errors.As(err, &field) || field.Field != "after" && field.Field != "before" {
			t.Errorf("%s: %v, want a FieldError of after or before", name, err)
		}
	}
}

// A cursor whose row's sort value is too long is restored from the row; the row gone is a clear
// error.
func TestCursorOfAGoneRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, printf('%.*c', 300, 'a')), (2, 'b')`); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	q := Query{Table: "t", Limit: 1, Sort: []SortKey{{Column: "x"}}}
	page, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Next) > 100 {
		t.Errorf("the cursor has %d bytes", len(page.Next))
	}
	q.After = page.Next
	if page, err = s.List(t.Context(), q); err != nil || page.Rows[0].Key.String() != "2" {
		t.Fatalf("%v %v", page, err)
	}
	if _, err := db.Exec(`DELETE FROM t WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	var field *FieldError
	if _, err := s.List(t.Context(), q); !errors.As(err, &field) || !strings.Contains(field.Message.String(), "gone") {
		t.Errorf("%v, want that the row is gone", err)
	}
}

// The plans do not depend on the number of rows: nothing was analyzed.
func TestOrderUsesAnIndex(t *testing.T) {
	s := openSource(t, Config{},
		`CREATE TABLE big (id INTEGER PRIMARY KEY, price REAL, name TEXT NOT NULL, code TEXT UNIQUE)`,
		`CREATE INDEX price ON big (price)`, `CREATE INDEX name ON big (name)`,
		`CREATE TABLE pairs (a TEXT, b INTEGER, c REAL, PRIMARY KEY (a, b)) WITHOUT ROWID`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 20000)
			INSERT INTO big SELECT v, CASE WHEN v % 10 THEN v % 1000 END, 'name ' || v % 50, 'code' || v FROM g`,
		`INSERT INTO pairs SELECT name, id, price FROM big`)
	pagesAreFoundAlongIndexes(t, s, func(table string, count Count) bool { return count.Estimate == 20000 || table != "big" }, noSorting(s))
}

// noSorting fails if the plan of a query sorts rows, or scans for the place of the cursor.
func noSorting(s *Source) func(t *testing.T, query fragment, where []fragment) {
	return func(t *testing.T, query fragment, where []fragment) {
		t.Helper()
		rows, err := s.db.Query("EXPLAIN QUERY PLAN "+query.text, query.args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(detail, "TEMP B-TREE") || len(where) > 0 && !strings.Contains(detail, "SEARCH") && !strings.HasSuffix(where[0].text, "NOT NULL") {
				t.Errorf("%s\nplan: %s", query.text, detail)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
