// This file tests that a page is found the cheap way, and that the way makes no difference to what
// is on it.

package data

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestWalks(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	const rows = 12_000
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, status TEXT COLLATE NOCASE, at DATETIME, weight REAL)`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO t
			SELECT i, CASE WHEN i %% 40 = 0 THEN 'cart' WHEN i %% 2 THEN 'Paid' ELSE 'paid' END, CASE WHEN i %% 97 THEN datetime(1600000000 + i * 7919 %% 12000 * 600, 'unixepoch') END, i * 37 %% 500 FROM n`, rows),
		`CREATE INDEX status ON t (status)`, `CREATE INDEX at ON t (at)`)
	table, _ := s.Schema().Table("t")
	for _, test := range []struct {
		query string
		want  walk
	}{
		{"sort=-at", asPlanned},
		{"f.status.eq=paid&sort=-at", inOrder},
		{"f.status.eq=paid&sort=at", inOrder},
		{"f.status.eq=paid&sort=weight", asPlanned}, // no order to walk along
		{"f.status.eq=cart&sort=at,-id", asPlanned}, // few, and the engine sorts them
		{"f.at.eq=2020-09-15", gathered},
		{"f.at.eq=2020-09-15&sort=status", gathered},
		{"f.at.eq=2020-09-15&sort=-status", gathered},
		{"f.weight.lt=3", asPlanned}, // no index to find them by
		{"f.at.eq=1999-01-01", gathered},
	} {
		q, err := parse(t, s, "t", test.query)
		if err != nil {
			t.Fatal(err)
		}
		q.Limit = 100
		conditions, err := s.conditions(table, q)
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{s: s, db: s.db, t: table, columns: table.Columns, terms: table.order(q.Sort), maxRunes: ListRunes, maxBytes: listBytes}
		if _, _, err := s.choose(t.Context(), r, conditions); err != nil || r.walk != test.want {
			t.Errorf("%s: walk %d, %v, want %d", test.query, r.walk, err, test.want)
		}
		want := simply(t, s, r.terms, conditions)
		const pages = 4
		var forwards, backwards []string
		next, prev := q, q
		prev.Before = Last
		for i := range pages {
			page := must(s.List(t.Context(), next))(t)
			if n := int(page.Count.Rows); n != min(len(want), CountLimit) || page.Count.More != (len(want) > CountLimit) {
				t.Errorf("%s: page %d counts %v, want %d", test.query, i, page.Count, len(want))
			}
			if forwards = append(forwards, idsOf(page)...); !page.HasNext {
				break
			}
			next.After = page.Next
		}
		for range pages {
			page := must(s.List(t.Context(), prev))(t)
			if backwards = append(idsOf(page), backwards...); !page.HasPrev {
				break
			}
			prev.Before = page.Prev
		}
		if n := min(len(want), pages*q.Limit); !slices.Equal(forwards, want[:n]) || !slices.Equal(backwards, want[len(want)-n:]) {
			t.Errorf("%s:\nforwards  %v\nbackwards %v\nwant %v", test.query, forwards, backwards, want)
		}
	}
}

// simply are the ids of all rows that meet the conditions, by a scan and a sort.
func simply(t *testing.T, s *Source, terms []term, conditions []fragment) []string {
	t.Helper()
	table, _ := s.Schema().Table("t")
	query := fragment{text: "SELECT id FROM main.t AS t NOT INDEXED"}.where(conditions)
	query.text += s.ordered(table, terms)
	rows, err := s.db.QueryContext(t.Context(), query.text, query.args...)
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
