// This file proves paging on PostgreSQL, where NULL comes last, and that its indexes are used.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

var postgresPaged = []struct{ name, ddl, position string }{
	{"plain", `CREATE TABLE plain (id integer PRIMARY KEY, a numeric, b text, c double precision, d bytea NOT NULL)`, "id"},
	{"indexed", `CREATE TABLE indexed (id integer PRIMARY KEY, a numeric, b text, c double precision, d bytea NOT NULL); CREATE INDEX ON indexed (a, id); CREATE INDEX ON indexed (b DESC, c)`, "id"},
	{"keyed", `CREATE TABLE keyed (id integer, a numeric, b text, c double precision, d bytea NOT NULL, k timestamptz NOT NULL, UNIQUE (d, k))`, "d, k"},
	{"textkey", `CREATE TABLE textkey (id integer, a numeric, b text, c double precision, d bytea NOT NULL, k text PRIMARY KEY)`, "k"},
	{"unkeyed", `CREATE TABLE hidden (id integer, a numeric, b text, c double precision, d bytea NOT NULL); CREATE VIEW unkeyed AS SELECT * FROM hidden`, ""},
}

func TestPostgresPagingVisitsEveryRowOnce(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	var ddl []string
	for _, table := range postgresPaged {
		ddl = append(ddl, table.ddl)
	}
	db := openPostgres(t, ddl...)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		table := rapid.SampledFrom(postgresPaged).Draw(rt, "table")
		base := table.name
		if base == "unkeyed" {
			base = "hidden"
		}
		fillPostgres(t.Context(), rt, db, base)
		q := Query{Table: table.name, Limit: rapid.IntRange(1, 9).Draw(rt, "limit")}
		for _, column := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "id"}), 0, 3, rapid.ID).Draw(rt, "sort") {
			q.Sort = append(q.Sort, SortKey{column, rapid.Bool().Draw(rt, "desc")})
		}
		if len(q.Sort) == 0 && table.name == "unkeyed" || table.name == "unkeyed" && q.Sort[len(q.Sort)-1].Column != "id" {
			q.Sort = append(q.Sort[:min(len(q.Sort), 0):0], SortKey{"id", false}) // the only order that the rows have
		}
		if rapid.Bool().Draw(rt, "filtered") {
			q.Filters = []Filter{{"id", OpGt, []string{"3"}}}
		}
		visitsEveryRow(t, rt, s, q, ordered(rt, db, table.name, table.position, q))
	})
}

func fillPostgres(ctx context.Context, t *rapid.T, db *sql.DB, table string) {
	if _, err := db.ExecContext(ctx, "TRUNCATE "+table); err != nil {
		t.Fatal(err)
	}
	n := rapid.IntRange(0, 25).Draw(t, "rows")
	if n == 0 {
		return
	}
	one := func(label string, values ...string) string {
		v := rapid.SampledFrom(values).Draw(t, label)
		if v == "NULL" {
			return v
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	var rows []string
	for i := range n {
		row := fmt.Sprintf("(%d, %s, %s, %s, %s", i,
			one("a", "NULL", "0", "0.00", "1", "-1.5", "NaN", "123456789012345678901234567890.5", "1e-30"),
			one("b", "NULL", "", "a", "A", "b", "é", "1", "a?", strings.Repeat("x", 300), strings.Repeat("x", 300)+"y"),
			one("c", "NULL", "0.1", "-0", "0", "NaN", "Infinity", "-1e300", "9007199254740993"),
			one("d", `\x`, `\x61`, `\x62`, `\x00`))
		switch table {
		case "keyed":
			row += fmt.Sprintf(", '2024-01-01 00:00:00+00'::timestamptz + %d * interval '1 microsecond'", i)
		case "textkey":
			row += fmt.Sprintf(", '%s'", []string{fmt.Sprint("k", i), strings.Repeat("long", 100) + fmt.Sprint(i)}[i%2])
		}
		rows = append(rows, row+")")
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(rows, ", ")); err != nil {
		t.Fatal(err)
	}
}

// A page is found along an index of its order, forwards and backwards, whether the place is at a
// value or at NULL.
func TestPostgresOrderUsesAnIndex(t *testing.T) {
	s := postgresSource(t, Config{},
		`CREATE TABLE big (id integer PRIMARY KEY, price numeric, name text NOT NULL, code varchar(20) UNIQUE)`,
		`INSERT INTO big SELECT v, CASE WHEN v % 10 > 0 THEN v % 1000 END, 'name ' || v % 50, 'code' || v FROM generate_series(1, 20000) AS v`,
		`CREATE INDEX ON big (price, id)`, `CREATE INDEX ON big (name, id)`,
		`CREATE TABLE pairs (a text, b integer, c numeric, PRIMARY KEY (a, b))`, `INSERT INTO pairs SELECT name, id, price FROM big`, `ANALYZE`)
	if table, _ := s.Schema().Table("big"); table.Estimate != -1 && table.Estimate != 20000 {
		t.Errorf("estimate %d", table.Estimate)
	}
	for _, test := range []struct {
		table string
		sort  []SortKey
	}{
		{"big", nil}, {"big", []SortKey{{"price", false}}}, {"big", []SortKey{{"price", true}}}, {"big", []SortKey{{"name", true}}},
		{"big", []SortKey{{"code", false}}}, {"big", []SortKey{{"id", true}}}, {"pairs", nil}, {"pairs", []SortKey{{"a", true}}},
	} {
		t.Run(fmt.Sprint(test.table, test.sort), func(t *testing.T) {
			q := Query{Table: test.table, Sort: test.sort}
			for _, before := range []string{"", Last} {
				q.Before = before
				page, err := s.List(t.Context(), q)
				if err != nil || len(page.Rows) != DefaultLimit {
					t.Fatalf("%d rows, %v", len(page.Rows), err)
				}
				if page.Count.String() != "10000+" || page.Count.Estimate != 20000 {
					t.Errorf("count %+v", page.Count)
				}
				table, _ := s.Schema().Table(test.table)
				for _, at := range []struct {
					cursor   string
					backward bool
				}{{"", false}, {"", true}, {page.Next, false}, {page.Prev, true}} {
					r := &reader{s: s, db: s.reads, t: table, columns: table.listColumns(nil), terms: table.order(test.sort), maxRunes: ListRunes}
					var from []any
					if at.cursor != "" {
						c, problem := parseCursor(table, test.sort, at.cursor)
						if problem != nil {
							t.Fatal(problem)
						}
						from = c.values
					}
					for i := range r.terms {
						r.terms[i].desc = r.terms[i].desc != at.backward
					}
					for _, where := range r.segments(from) {
						query := r.query(where, 26, 0)
						p, err := s.dialect.plan(t.Context(), s.reads, query)
						if err != nil {
							t.Fatal(err)
						}
						if !p.seeks && (p.sorts || len(where) > 0) { // the few rows that an index leads to may be sorted
							t.Errorf("%+v\n%s", p, query.text)
						}
					}
				}
			}
		})
	}
}
