// This file tests that a table that is looked through in windows gives what one look gives, and
// that writes of many are bounded.

package data

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Where writers wait for readers lists, pages and counts are what they are elsewhere.
func TestWindowsFindWhatOneLookFinds(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	fill := []string{
		`CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, u TEXT COLLATE NOCASE)`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 2500) INSERT INTO a SELECT v * 3, v % 7, CASE WHEN v % 5 > 0 THEN substr('aAbBcC', v % 6 + 1, 1) || (v % 13) END FROM g`,
	}
	apart := openSource(t, Config{}, fill...) // in no WAL mode
	whole, _ := pooled(t, 4, Config{}, fill...)
	table, _ := apart.Schema().Table("a")
	if is, err := apart.waits(t.Context(), table); err != nil || !is {
		t.Fatal(is, err)
	}
	if is, err := whole.waits(t.Context(), table); err != nil || is {
		t.Fatal(is, err)
	}
	for _, search := range []string{"", "a1", "b", "none", "3000"} {
		for _, filter := range [][]Filter{nil, {{"n", OpEq, []string{"3"}}}, {{"n", OpNe, []string{"3"}}, {"u", OpGe, []string{"b"}}}} {
			for _, sort := range [][]SortKey{nil, {{"id", true}}, {{"u", false}}, {{"n", true}, {"u", false}}, {{"u", true}}} {
				q := Query{Table: "a", Search: search, Filters: filter, Sort: sort, Limit: 40}
				for pages := range 4 {
					got, err1 := apart.List(t.Context(), q)
					want, err2 := whole.List(t.Context(), q)
					if err1 != nil || err2 != nil {
						t.Fatal(err1, err2)
					}
					keys := func(p *Page) (all []string) {
						for _, row := range p.Rows {
							all = append(all, row.Key.String())
						}
						return all
					}
					if !slices.Equal(keys(got), keys(want)) || got.Count != want.Count || got.HasNext != want.HasNext || got.HasPrev != want.HasPrev {
						t.Fatalf("%+v: %v, %s; want %v, %s", q, keys(got), got.Count, keys(want), want.Count)
					}
					n, err1 := countMatching(t.Context(), apart, q)
					m, err2 := countMatching(t.Context(), whole, q)
					if n != m || err1 != nil || err2 != nil {
						t.Errorf("%+v: %d match, want %d, %v, %v", q, n, m, err1, err2)
					}
					if q.After = got.Next; pages == 1 {
						q.After, q.Before = "", Last
					}
					if q.After == "" && q.Before == "" {
						break
					}
				}
			}
		}
	}
}

// More than MaxBulk are refused in words, and nothing is written.
func TestBulkIsBounded(t *testing.T) {
	s, db := pooled(t, 4, Config{}, `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER)`,
		fmt.Sprintf(`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT %d) INSERT INTO a SELECT v, 0 FROM g`, MaxBulk+1))
	change := Input{Fields: map[string]Field{"n": {Text: "1"}}}
	if _, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "a"}), change, ""); wrongFields(t, err) != "all" {
		t.Error(err)
	}
	if _, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "a"}), ""); wrongFields(t, err) != "all" {
		t.Error(err)
	}
	var changed, left int
	if err := db.QueryRowContext(t.Context(), "SELECT sum(n), count(*) FROM a").Scan(&changed, &left); err != nil || changed != 0 || left != MaxBulk+1 {
		t.Errorf("%d changed, %d left, %v", changed, left, err)
	}
	one := Query{Table: "a", Filters: []Filter{{"id", OpLe, []string{fmt.Sprint(MaxBulk)}}}}
	if n, err := s.UpdateMany(t.Context(), ByQuery(one), change, ""); n != MaxBulk || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// walkedTables are tables that are walked by a row id, by keys of one column and of two, and by a
// key that is an index, each with another column that has an index.
var walkedTables = []string{
	`CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, u TEXT)`, `CREATE INDEX a_n ON a (n)`, `CREATE INDEX a_u ON a (u, n)`,
	`CREATE TABLE r (id INTEGER, n INTEGER, u TEXT)`, `CREATE INDEX r_n ON r (n)`,
	`CREATE TABLE b (id INTEGER, u TEXT COLLATE NOCASE, n INTEGER, PRIMARY KEY (id, u)) WITHOUT ROWID`, `CREATE INDEX b_n ON b (n)`,
	`CREATE TABLE c (u TEXT PRIMARY KEY NOT NULL, id INTEGER, n INTEGER) WITHOUT ROWID`, `CREATE INDEX c_n ON c (n)`,
	`CREATE TABLE x (rowid TEXT NOT NULL UNIQUE, oid INTEGER, _rowid_ TEXT, id INTEGER, n INTEGER, u TEXT)`, `CREATE INDEX x_n ON x (n)`,
	`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 14) INSERT INTO a SELECT v, v % 7, 'u' || (v % 11) FROM g`,
	`INSERT INTO r SELECT id, n, u FROM a`, `INSERT INTO b SELECT id / 4, u || id, n FROM a`, `INSERT INTO c SELECT u || '-' || id, id, n FROM a`,
	`INSERT INTO x SELECT 'k' || id, id, u, id, n, u FROM a`,
}

// keyFilters are filters of each operator on each column, and a range.
func keyFilters(table *Table) [][]Filter {
	all := [][]Filter{nil}
	for _, c := range table.Columns {
		value := "2"
		switch {
		case c.Name == "u" && table.Name == "c":
			value = "u2-2"
		case c.Name == "rowid":
			value = "k2"
		case c.Kind != KindInteger:
			value = "u2"
		}
		for _, op := range c.Ops() {
			values := []string{value}
			switch op {
			case OpIn:
				values = append(values, "10")
			case OpIsNull:
				values = []string{"false"}
			}
			all = append(all, []Filter{{c.Name, op, values}})
		}
	}
	return append(all, []Filter{{"id", OpGt, []string{"2"}}, {"id", OpLe, []string{"10"}}, {"n", OpGe, []string{"1"}}})
}

// A window is what SQLite seeks by, whatever is asked of the same columns or of others that have an
// index: its bounds are all that an index serves.
func TestAWindowIsSoughtByItsBounds(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, _ := waiting(t, Config{}, walkedTables...)
	looked := 0
	for _, table := range s.Schema().Tables {
		r := &reader{s: s, db: s.db, t: table, terms: table.order(nil)}
		for _, filters := range keyFilters(table) {
			conditions, err := s.conditions(table, Query{Table: table.Name, Filters: filters})
			if err != nil {
				t.Fatal(err)
			}
			// A page's cursor is a condition as well.
			for _, from := range [][]any{nil, slices.Repeat([]any{int64(3)}, len(r.terms))} {
				for _, segment := range r.segments(from) {
					asked := r.where(conditions, segment)
					err := s.windows(t.Context(), table, looked%2 == 1, asked, func(ctx context.Context, db queryer, rows window) (bool, error) {
						seeks := func(where []fragment) bool {
							p, err := s.dialect.plan(ctx, db, s.counting(table, where, CountLimit))
							if err != nil {
								t.Error(err)
							}
							return p.seeks
						}
						looked++
						if len(rows.conditions) != len(asked) || seeks(rows.conditions) {
							t.Errorf("%s, %+v: an index leads to what is asked of a window: %+v", table.Name, filters, rows.conditions)
						}
						if len(rows.bounds) > 0 && !seeks(rows.where()) {
							t.Errorf("%s, %+v: no index leads to %+v", table.Name, filters, rows.bounds)
						}
						return true, nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	t.Logf("%d windows", looked)
	if looked < 500 {
		t.Error("too few")
	}
}

// What filters on keys find in windows is what one look finds: searches, orders, counts, questions
// and exports.
func TestKeysInWindowsFindWhatOneLookFinds(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	keysInWindowsFindWhatOneLookFinds(t, 5)
}

func TestKeysInWindowsFindWhatOneLookFindsLong(t *testing.T) {
	testserver.LongForm(t)
	keysInWindowsFindWhatOneLookFinds(t, 1)
}

// keysInWindowsFindWhatOneLookFinds makes one of every so many trials.
func keysInWindowsFindWhatOneLookFinds(t *testing.T, every int) {
	t.Helper()
	cut, _ := waiting(t, Config{}, walkedTables...)
	whole, _ := pooled(t, 4, Config{}, walkedTables...)
	for i, table := range whole.Schema().Tables {
		for j, filters := range keyFilters(table) {
			if (i+j)%every != 0 {
				continue
			}
			q := Query{Table: table.Name, Filters: filters, Search: []string{"", "u1"}[(i+j)%2], Limit: 4}
			if (i+j)%3 > 0 {
				q.Sort = []SortKey{{[]string{"", "n", "u"}[(i+j)%3], j%2 == 0}}
			}
			answer := func(s *Source) string {
				page, err := s.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				keys := page.Count.String()
				for next := page; ; {
					for _, row := range next.Rows {
						keys += " " + row.Key.String()
					}
					if !next.HasNext {
						break
					}
					on := q
					on.After = next.Next
					if next, err = s.List(t.Context(), on); err != nil {
						t.Fatal(err)
					}
				}
				n, err1 := countMatching(t.Context(), s, q)
				asked, err2 := s.Ask(t.Context(), ByQuery(q))
				var rows collector
				err3 := s.Export(t.Context(), q, &rows)
				if err1 != nil || err2 != nil || err3 != nil {
					t.Fatal(err1, err2, err3)
				}
				slices.Sort(rows)
				return fmt.Sprint(keys, n, *asked, rows)
			}
			if got, want := answer(cut), answer(whole); got != want {
				t.Errorf("%+v: %s; want %s", q, got, want)
			}
		}
	}
}
