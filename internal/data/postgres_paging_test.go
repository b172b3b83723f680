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

var postgresPaged = []pagedTable{
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
		table, q := pagedQuery(rt, postgresPaged, []string{"a", "b", "c", "d", "id"}, false, func(table string) { fillPostgres(t.Context(), rt, db, table) })
		visitsEveryRow(t, rt, s, q, ordered(rt, db, table.name, table.position, q))
	})
}

func TestPostgresPagingVisitsEveryRowOnceLong(t *testing.T) {
	testserver.LongForm(t)
	TestPostgresPagingVisitsEveryRowOnce(t)
}

func fillPostgres(ctx context.Context, t *rapid.T, db *sql.DB, table string) {
	fillPaged(ctx, t, db, table, func(i int, one func(label string, values ...string) string) string {
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
		return row + ")"
	})
}

// A page is found along an index of its order, forwards and backwards, whether the place is at a
// value or at NULL.
func TestPostgresOrderUsesAnIndex(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := postgresSource(t, Config{},
		`CREATE TABLE big (id integer PRIMARY KEY, price numeric, name text NOT NULL, code varchar(20) UNIQUE)`,
		`INSERT INTO big SELECT v, CASE WHEN v % 10 > 0 THEN v % 1000 END, 'name ' || v % 50, 'code' || v FROM generate_series(1, 20000) AS v`,
		`CREATE INDEX ON big (price, id)`, `CREATE INDEX ON big (name, id)`,
		`CREATE TABLE pairs (a text, b integer, c numeric, PRIMARY KEY (a, b))`, `INSERT INTO pairs SELECT name, id, price FROM big`, `ANALYZE`)
	if table, _ := s.Schema().Table("big"); table.Estimate != -1 && table.Estimate != 20000 {
		t.Errorf("estimate %d", table.Estimate)
	}
	pagesAreFoundAlongIndexes(t, s, func(_ string, count Count) bool { return count.Estimate == 20000 }, seeks(s))
}
