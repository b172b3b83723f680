// This file tests what filters and search match in PostgreSQL, and that the way in which rows are
// found makes no difference.

package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestPostgresFilters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := postgresSource(t, Config{}, `CREATE TYPE size AS ENUM ('small', 'medium', 'large')`,
		`CREATE TABLE x (id integer PRIMARY KEY, n bigint, dec numeric(20,2), r real, b boolean, d date, at timestamptz, bare timestamp, ti time, s varchar(20), e size, u uuid, bl bytea, j jsonb, tags text[], i interval, ip inet)`,
		`INSERT INTO x VALUES
			(1, 9007199254740993, 12345678901234567.89, 0.1, true, '2024-01-31', '2024-01-31 10:00:00.5+00', '2024-01-31 10:00:00', '10:00', 'abc', 'small', '123e4567-e89b-12d3-a456-426614174000', '\x00ff', '{"a": 1}', '{a,b}', '1 day', '10.0.0.1'),
			(2, 9007199254740992, 12345678901234567.88, 'NaN', false, 'infinity', 'infinity', '-infinity', '24:00', 'ABC', 'large', NULL, '\x', '[1]', '{}', '2 hours', '10.0.0.2/8'),
			(3, NULL, NULL, NULL, NULL, '0044-03-15 BC', '2024-01-31 23:59:59.999999+00', NULL, NULL, '', 'medium', NULL, NULL, NULL, NULL, NULL, NULL)`)
	filtersFind(t, s, "x", []filterResult{
		{"f.n.eq=9007199254740993", "1"}, {"f.n.lt=9007199254740993", "2"}, {"f.n.ne=9007199254740993", "2 3"}, {"f.n.in=9007199254740993,9007199254740992", "1 2"},
		{"f.n.isnull=true", "3"}, {"f.n.isnull=false", "1 2"},
		{"f.dec.gt=12345678901234567.88", "1"}, {"f.dec.eq=12345678901234567.890", "1"}, {"f.dec.lt=1e400", "1 2"}, {"f.dec.eq=1.234567890123456789e16", "1"},
		{"f.r.eq=0.1", "1"}, {"f.r.eq=NaN", "2"}, {"f.r.gt=1e30", "2"}, {"f.r.lt=nan", "1"},
		{"f.b.eq=true", "1"}, {"f.b.ne=true", "2 3"}, {"f.b.in=true,false", "1 2"},
		{"f.d.eq=2024-01-31", "1"}, {"f.d.gt=2024-01-31", "2"}, {"f.d.lt=2024-01-31", "3"}, {"f.d.eq=infinity", "2"}, {"f.d.eq=0044-03-15 BC", "3"}, {"f.d.lt=2024-01-31T10:00", "1 3"},
		{"f.at.eq=2024-01-31", "1 3"}, {"f.at.eq=2024-01-31T10:00", "1"}, {"f.at.eq=2024-01-31T10:00:00.5Z", "1"}, {"f.at.eq=2024-01-31T10:00:00.500001Z", ""},
		{"f.at.eq=2024-01-31T15:30:00%2B05:30", "1"}, {"f.at.gt=2024-01-31T23:59:59.999998Z", "2 3"}, {"f.at.gt=2024-01-31T23:59:59.999999Z", "2"}, {"f.at.in=2024-01-30,infinity", "2"},
		{"f.bare.eq=2024-01-31", "1"}, {"f.bare.lt=2024-01-01", "2"}, {"f.ti.eq=10:00", "1"}, {"f.ti.eq=24:00:00", "2"}, {"f.ti.ge=10:00", "1 2"},
		{"f.s.eq=abc", "1"}, {"f.s.eq=", "3"}, {"f.s.contains=B", "1 2"}, {"f.s.startswith=a", "1 2"}, {"f.s.gt=ABC", "1"},
		{"f.e.eq=large", "2"}, {"f.e.gt=small", "2 3"}, {"f.e.le=medium", "1 3"},
		{"f.u.eq=123E4567E89B12D3A456426614174000", "1"}, {"f.u.contains=E4567", "1"}, {"f.bl.eq=00ff", "1"}, {"f.bl.eq=", "2"}, {"f.bl.ne=00ff", "2 3"},
		{"f.j.eq=%7B%22a%22: 1%7D", "1"}, {"f.j.contains=A", "1"}, {"f.tags.eq=%7Ba,b%7D", "1"}, {"f.tags.contains=B", "1"},
		{"f.i.lt=1 day", "2"}, {"f.ip.gt=10.0.0.1", ""}, {"f.ip.eq=10.0.0.1", "1"},
		{"q=AB", "1 2"}, {"q=3", "3"}, {"q=123e4567e89b12d3a456426614174000", "1"}, {"q=10.0.0", "1 2"},
	})
	filtersAreRefused(t, s, "f.n.eq=1.5", "f.n.eq=9223372036854775808", "f.dec.eq=abc", "f.dec.eq=1e99999", "f.r.eq=1e300", "f.d.eq=2024-02-30", "f.d.eq=0000-01-01", "f.at.eq=10:00", "f.ti.eq=2024-01-31",
		"f.e.gt=huge", "f.e.eq=huge", "f.u.eq=12", "f.bl.eq=xy", "f.b.eq=perhaps", "f.ti.eq=25:00")
}

func TestPostgresContains(t *testing.T) {
	texts := []string{"100% sure", "100 sure", "a_b", "aXb", "[x]", "*?", "École", "МОСКВА", "Straße", "back\\slash", "tail%"}
	statements := []string{`CREATE TABLE t (v text)`}
	for _, text := range texts {
		statements = append(statements, "INSERT INTO t VALUES ('"+text+"')")
	}
	containsAgrees(t, postgresSource(t, Config{}, statements...), texts)
}

// Random names and values are refused as FieldErrors, or answered; never an error of the database.
func TestPostgresRandomParameters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	randomParameters(t, zooOfPostgres(t), 800)
}

// Instants match by when they are, however they are written.
func TestPostgresInstantFiltersAgreeWithGo(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	db := openPostgres(t, `CREATE TABLE t (id integer PRIMARY KEY, at timestamptz, bare timestamp)`, `CREATE INDEX ON t (at)`)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	base := time.Date(2024, 2, 28, 22, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		instant := func() time.Time {
			at := base.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(rt, "minutes"))*time.Minute + time.Duration(rapid.SampledFrom([]int{0, 1, 500_000, 999_999}).Draw(rt, "microseconds"))*time.Microsecond)
			return at.In(time.FixedZone("", rapid.SampledFrom([]int{0, 3600, -12 * 3600, 14 * 3600, 19800}).Draw(rt, "zone")))
		}
		stored := make([]time.Time, rapid.IntRange(1, 10).Draw(rt, "rows"))
		var rows []string
		for i := range stored {
			stored[i] = instant()
			rows = append(rows, fmt.Sprintf("(%d, '%s', '%s')", i, stored[i].Format(time.RFC3339Nano), stored[i].UTC().Format("2006-01-02 15:04:05.999999")))
		}
		if _, err := db.ExecContext(t.Context(), "TRUNCATE t; INSERT INTO t VALUES "+strings.Join(rows, ", ")); err != nil {
			rt.Fatal(err)
		}
		op := rapid.SampledFrom([]Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe}).Draw(rt, "op")
		column := rapid.SampledFrom([]string{"at", "bare"}).Draw(rt, "column")
		want, step := instant(), time.Second
		if rapid.Bool().Draw(rt, "exact") {
			want = stored[0]
		}
		written := want.Format(time.RFC3339Nano)
		if want.Nanosecond() > 0 {
			step = time.Microsecond
		}
		if rapid.Bool().Draw(rt, "date") {
			want, step = want.UTC().Truncate(24*time.Hour), 24*time.Hour
			written = want.Format(time.DateOnly)
		}
		var ids []string
		for i, at := range stored {
			within := !at.Before(want) && at.Before(want.Add(step))
			if map[Op]bool{OpEq: within, OpNe: !within, OpLt: at.Before(want), OpLe: !at.After(want), OpGt: at.After(want), OpGe: !at.Before(want)}[op] {
				ids = append(ids, strconv.Itoa(i))
			}
		}
		page, err := s.List(t.Context(), Query{Table: "t", Filters: []Filter{{column, op, []string{written}}}})
		if err != nil {
			rt.Fatal(err)
		}
		if got := idsOf(page); !slices.Equal(got, ids) {
			rt.Fatalf("%s %s of %v: %v, want %v", op, written, stored, got, ids)
		}
	})
}

// Whatever way a page is found, the rows on it are the same.
func TestPostgresWalks(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := postgresSource(t, Config{}, `CREATE TABLE t (id integer PRIMARY KEY, status text, at timestamptz, weight double precision)`,
		`INSERT INTO t SELECT i, CASE WHEN i % 40 = 0 THEN 'cart' ELSE 'paid' END, CASE WHEN i % 97 > 0 THEN to_timestamp(1600000000 + i * 7919 % 12000 * 600) END, i * 37 % 500 FROM generate_series(1, 12000) AS i`,
		`CREATE INDEX ON t (status)`, `CREATE INDEX ON t (at)`, `ANALYZE t`)
	table, _ := s.Schema().Table("t")
	for _, query := range []string{"sort=-at", "f.status.eq=paid&sort=-at", "f.status.eq=paid&sort=at", "f.status.eq=paid&sort=weight", "f.status.eq=cart&sort=at,-id", "f.at.eq=2020-09-15",
		"f.at.eq=2020-09-15&sort=status", "f.weight.lt=3", "f.at.eq=1999-01-01", "f.at.isnull=true&sort=-at", "q=car&sort=-weight"} {
		q, err := parse(t, s, "t", query)
		if err != nil {
			t.Fatal(err)
		}
		q.Limit = 100
		conditions, err := s.conditions(table, q)
		if err != nil {
			t.Fatal(err)
		}
		terms := table.order(q.Sort)
		simple := s.selecting(table, "CAST(id AS text)").where(conditions)
		simple.text += s.ordered(table, terms)
		var want []string
		if err := each(t.Context(), s.reads, simple, func(line *scan) { want = append(want, line.text()) }); err != nil {
			t.Fatal(err)
		}
		first := must(s.List(t.Context(), q))(t)
		if n := int(first.Count.Rows); n != min(len(want), CountLimit) || first.Count.More != (len(want) > CountLimit) {
			t.Errorf("%s: counts %v, want %d", query, first.Count, len(want))
		}
		for _, way := range []walk{asPlanned, inOrder, gathered} {
			var got []string
			next := q
			for range 3 {
				r := &reader{s: s, db: s.reads, t: table, columns: table.Columns, terms: terms, maxRunes: ListRunes, maxBytes: listBytes, walk: way}
				page := &Page{Table: table, Query: next, Columns: table.Columns}
				if err := s.keysetPage(t.Context(), r, page, conditions); err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				got = append(got, idsOf(page)...)
				if !page.HasNext {
					break
				}
				next.After = page.Next
			}
			if n := min(len(want), 300); !slices.Equal(got, want[:n]) {
				t.Errorf("%s, walk %d: %v, want %v", query, way, got, want[:n])
			}
		}
	}
}
