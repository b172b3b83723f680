package data

// This file tests that a table that is looked through in windows gives what one look gives, and that writes of many are
// bounded.

import (
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
	apart := openSource(t, Options{}, fill...) // in no WAL mode
	whole, _ := pooled(t, 4, Options{}, fill...)
	table, _ := apart.Schema().Table("a")
	if is, err := apart.apart(t.Context(), table); err != nil || !is {
		t.Fatal(is, err)
	}
	if is, err := whole.apart(t.Context(), table); err != nil || is {
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
					n, err1 := apart.CountMatching(t.Context(), q)
					m, err2 := whole.CountMatching(t.Context(), q)
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
	s, db := pooled(t, 4, Options{}, `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER)`,
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
