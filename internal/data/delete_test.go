// This file tests deletions, and that a preview says what one does.

package data

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	"pgregory.net/rapid"
)

// The rows that vanish are those the preview counts; what it forbids is refused.
func TestPreviewsComeTrue(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "tables")
		rows := rapid.SliceOfN(rapid.IntRange(1, 6), n, n).Draw(rt, "rows")
		// All keys have one type: SQLite 3.54 refuses SET NULL where '1' refers to the 1 of a
		// WITHOUT ROWID table.
		kind := rapid.SampledFrom([]string{"INTEGER", "TEXT"}).Draw(rt, "kind")
		parents := map[string]int{} // by table and column
		var ddl []string
		for i := range n {
			columns := []string{"id " + kind + " PRIMARY KEY"}
			for j := range rapid.IntRange(0, 3).Draw(rt, "references") {
				null := rapid.SampledFrom([]string{"", "", "", " NOT NULL"}).Draw(rt, "null")
				action := rapid.SampledFrom([]string{"CASCADE", "CASCADE", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"}).Draw(rt, "action")
				parent := rapid.IntRange(0, n-1).Draw(rt, "parent")
				parents[fmt.Sprintf("t%d.r%d", i, j)] = parent
				columns = append(columns, fmt.Sprintf("r%d %s%s REFERENCES t%d ON DELETE %s", j, kind, null, parent, action))
			}
			without := ""
			if rapid.IntRange(0, 3).Draw(rt, "without") == 0 {
				without = " WITHOUT ROWID"
			}
			ddl = append(ddl, fmt.Sprintf("CREATE TABLE t%d (%s)%s", i, strings.Join(columns, ", "), without))
		}
		s := openWritable(t, Config{Hide: []string{"t3"}[:max(0, n-3)]}, ddl...)
		for i, table := range s.Schema().all {
			for id := range rows[i] {
				values := []string{fmt.Sprintf("'%d'", id+1)}
				for _, c := range table.Columns[1:] {
					if value := rapid.IntRange(0, rows[parents[table.Name+"."+c.Name]]).Draw(rt, "reference"); value > 0 || !c.Nullable {
						values = append(values, fmt.Sprintf("'%d'", max(value, 1)))
					} else {
						values = append(values, "NULL")
					}
				}
				if _, err := s.db.Exec("INSERT INTO " + table.Name + " VALUES (" + strings.Join(values, ", ") + ")"); err != nil {
					rt.Fatal(err)
				}
			}
		}
		counts := func() map[string]int {
			all := map[string]int{}
			for _, table := range s.Schema().all {
				var n int
				if err := s.db.QueryRow("SELECT count(*) FROM " + table.Name).Scan(&n); err != nil {
					rt.Fatal(err)
				}
				all[table.Name] = n
			}
			return all
		}
		key := keyOf(rt, s, "t0", "1")
		preview, err := s.DeletePreview(t.Context(), "t0", key)
		if err != nil {
			rt.Fatal(err)
		}
		before := counts()
		err = s.Delete(t.Context(), "t0", key, preview.Token)
		after := counts()
		if len(preview.Forbid) > 0 {
			var referenced *ReferencedError
			if !errors.As(err, &referenced) || len(referenced.Forbid) != len(preview.Forbid) {
				rt.Fatalf("%v\n%+v\ndelete: %v, want a ReferencedError", ddl, preview, err)
			}
			if fmt.Sprint(before) != fmt.Sprint(after) {
				rt.Fatal("a refused deletion deleted")
			}
			return
		}
		var referenced *ReferencedError
		if errors.As(err, &referenced) && strings.Contains(strings.Join(ddl, ""), "NOT NULL") {
			return // a row that would go is set to NULL before it does: which comes first, only SQLite knows
		}
		maybe := map[string]bool{} // what happens where t3 is not shown is told as possible, whatever its rows are
		for _, effect := range preview.Unseen {
			name := cmp.Or(effect.Table, "t3")
			maybe[name] = maybe[name] || effect.Action == "CASCADE"
			if !effect.Count.Unknown || effect.Table == "t3" {
				rt.Fatalf("%+v tells of a table that is not shown", effect)
			}
		}
		if errors.As(err, &referenced) && len(preview.Unseen) > 0 {
			return
		}
		if err != nil {
			rt.Fatalf("%v\n%+v\ndelete: %v", ddl, preview, err)
		}
		want := map[string]int{"t0": 1}
		for _, effect := range preview.Deleted {
			if effect.Table == "" {
				rt.Fatalf("%+v tells of a table that is not shown", effect)
			}
			want[effect.Table] += int(effect.Count.Rows)
		}
		for name := range before {
			if lost := before[name] - after[name]; lost != want[name] && !(maybe[name] && lost > want[name]) {
				rt.Fatalf("%v\n%+v\n%s lost %d rows, the preview says %d", ddl, preview, name, before[name]-after[name], want[name])
			}
		}
	})
}

// A row that refers to another forbids nothing for sure if a table that is not shown may delete it
// as well.
func TestWhatAHiddenTableMayDeleteForbidsNothing(t *testing.T) {
	for _, action := range []Action{NoAction, Restrict} {
		for _, hide := range [][]string{nil, {"h"}} {
			s := openWritable(t, Config{Hide: hide},
				`CREATE TABLE a (id INTEGER PRIMARY KEY)`, `CREATE TABLE h (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a ON DELETE CASCADE)`,
				`CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a ON DELETE `+string(action)+`, h INTEGER REFERENCES h ON DELETE CASCADE)`,
				`INSERT INTO a VALUES (1)`, `INSERT INTO h VALUES (1, 1)`, `INSERT INTO b VALUES (1, 1, 1)`)
			key := keyOf(t, s, "a", "1")
			preview, err := s.DeletePreview(t.Context(), "a", key)
			if err != nil || len(preview.Forbid) > 0 {
				t.Errorf("%s, without %v: %+v, %v", action, hide, preview, err)
			}
			if told := slices.ContainsFunc(preview.Unseen, func(e Effect) bool { return e.Table == "b" && e.Action == action }); told != (hide != nil) {
				t.Errorf("%s, without %v: %+v", action, hide, preview)
			}
			if err := s.Delete(t.Context(), "a", key, preview.Token); err != nil {
				t.Errorf("%s, without %v: %v", action, hide, err)
			}
		}
	}
}

func TestPreviewIsBounded(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE p (id INTEGER PRIMARY KEY)`, `INSERT INTO p VALUES (1)`, `CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)`, `CREATE INDEX cp ON c (p)`,
		`CREATE TABLE n (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE SET NULL)`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 30000) INSERT INTO c SELECT v, 1 FROM g`, `INSERT INTO n SELECT id, 1 FROM c LIMIT 10000`)
	preview, err := s.DeletePreview(t.Context(), "p", keyOf(t, s, "p", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if len(preview.Deleted) != 1 || preview.Deleted[0].Count.String() != "10000+" || len(preview.Changed) != 1 || preview.Changed[0].Count.String() != "10000" {
		t.Errorf("%+v %+v", preview.Deleted, preview.Changed)
	}
}

// The preview of many counts each row once, and none of the chosen.
func TestPreviewOfMany(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE p (id INTEGER PRIMARY KEY, up REFERENCES p ON DELETE CASCADE)`, `INSERT INTO p VALUES (1, NULL), (2, 1), (3, 2), (4, NULL)`,
		`CREATE TABLE c (id INTEGER PRIMARY KEY, a REFERENCES p ON DELETE CASCADE, b REFERENCES p ON DELETE SET NULL)`, `INSERT INTO c VALUES (1, 1, 2), (2, 1, 1), (3, 3, 1), (4, 4, 1)`,
		`CREATE TABLE r (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE RESTRICT)`, `INSERT INTO r VALUES (1, 4), (2, 4)`)
	told := func(preview *Preview, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, e := range slices.Concat(preview.Deleted, preview.Changed, preview.Forbid) {
			text += fmt.Sprintf("%s %s %s; ", e.Action, e.Table, e.Count)
		}
		return text
	}
	keys := []Key{keyOf(t, s, "p", "1"), keyOf(t, s, "p", "2"), keyOf(t, s, "p", "9")}
	if got, want := told(s.DeleteManyPreview(t.Context(), ByKeys("p", keys))), "CASCADE c 3; CASCADE p 1; SET NULL c 1; "; got != want {
		t.Errorf("chosen: %q, want %q", got, want)
	}
	q := Query{Table: "p", Filters: []Filter{{"id", OpGe, []string{"3"}}}}
	if got, want := told(s.DeleteManyPreview(t.Context(), ByQuery(q))), "CASCADE c 2; RESTRICT r 2; "; got != want {
		t.Errorf("all that match: %q, want %q", got, want)
	}
	if got := told(s.DeleteManyPreview(t.Context(), ByQuery(Query{Table: "r"}))); got != "" {
		t.Errorf("a table that nothing refers to: %q", got)
	}
	if _, err := s.DeleteManyPreview(t.Context(), ByKeys("p", []Key{{}})); wrongFields(t, err) != "key" {
		t.Error(err)
	}
}

func TestDeletionsOfMany(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)`, `CREATE TABLE c (id INTEGER PRIMARY KEY, t REFERENCES t)`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 5000) INSERT INTO t SELECT v, 'a' || (v % 5) FROM g`, `INSERT INTO c VALUES (1, 7)`)
	q := Query{Table: "t", Filters: []Filter{{"a", OpEq, []string{"a1"}}}, Limit: 5, Sort: []SortKey{{"a", true}}}
	n, err := countMatching(t.Context(), s, q)
	if err != nil || n != 1000 {
		t.Fatal(n, err)
	}
	if n, err = s.DeleteMany(t.Context(), ByQuery(q), ""); err != nil || n != 1000 {
		t.Fatal(n, err)
	}
	if n, err = countMatching(t.Context(), s, q); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	var keys []Key
	for _, id := range []string{"2", "3", "1", "3", "4999"} { // 1 is gone, 3 is given twice
		keys = append(keys, keyOf(t, s, "t", id))
	}
	if n, err := s.DeleteMany(t.Context(), ByKeys("t", keys), ""); err != nil || n != 3 {
		t.Error(n, err)
	}
	var referenced *ReferencedError
	if n, err := s.DeleteMany(t.Context(), ByKeys("t", []Key{keyOf(t, s, "t", "8"), keyOf(t, s, "t", "7")}), ""); !errors.As(err, &referenced) || n != 0 || len(referenced.Forbid) != 1 || referenced.Forbid[0].Table != "c" {
		t.Error(n, err)
	}
	if _, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "t"}), ""); !errors.As(err, &referenced) {
		t.Error(err)
	}
	if n, err := countMatching(t.Context(), s, Query{Table: "t"}); err != nil || n != 3997 {
		t.Error(n, err)
	}
	if _, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "t", Filters: []Filter{{"nonsense", OpEq, []string{"1"}}}}), ""); wrongFields(t, err) != "f.nonsense.eq" {
		t.Error(err)
	}
	if _, err := s.DeleteMany(t.Context(), ByKeys("t", slices.Repeat(keys, 3000)), ""); wrongFields(t, err) != "key" {
		t.Error(err)
	}
	if _, err := s.DeleteMany(t.Context(), ByKeys("t", []Key{{}}), ""); wrongFields(t, err) != "key" {
		t.Error(err)
	}
}
