// This file tests changes of many records at once.

package data

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestUpdatesOfMany(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE p (id INTEGER PRIMARY KEY)`, `INSERT INTO p VALUES (1), (2)`,
		`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INTEGER CHECK (n < 100), u TEXT UNIQUE, p INTEGER REFERENCES p, g TEXT GENERATED ALWAYS AS (a || '!'), secret TEXT, must TEXT NOT NULL DEFAULT 'x', day DATE)`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 5000) INSERT INTO t (id, a, n, secret, p) SELECT v, 'a' || (v % 5), 1, 'kept', 1 FROM g`)
	count := func(where string) (n int64) {
		t.Helper()
		if err := s.db.QueryRow("SELECT count(*) FROM t WHERE " + where).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	set := func(pairs ...string) Input {
		in := Input{Fields: map[string]Field{}}
		for i := 0; i < len(pairs); i += 2 {
			in.Fields[pairs[i]] = Field{Text: pairs[i+1]}
		}
		return in
	}
	q := Query{Table: "t", Filters: []Filter{{"a", OpEq, []string{"a1"}}}, Limit: 5, Sort: []SortKey{{"a", true}}}

	// What is changed is what the filter matches, also where the change makes it match no more.
	n, err := s.UpdateMany(t.Context(), ByQuery(q), set("a", "b", "day", "2026-01-31", "p", "2"), "")
	if err != nil || n != 1000 || count("a = 'b' AND day = '2026-01-31' AND p = 2 AND n = 1 AND secret = 'kept'") != 1000 || count("a = 'b'") != 1000 {
		t.Fatal(n, err)
	}
	if n, err = s.UpdateMany(t.Context(), ByQuery(q), set("a", "c"), ""); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	null := Input{Fields: map[string]Field{"n": {Null: true}}}
	if n, err = s.UpdateMany(t.Context(), ByQuery(Query{Table: "t"}), null, ""); err != nil || n != 5000 || count("n IS NULL") != 5000 {
		t.Fatal(n, err)
	}
	var keys []Key
	for _, id := range []string{"2", "3", "9999", "3", "4999"} { // 9999 is missing, 3 is given twice
		keys = append(keys, keyOf(t, s, "t", id))
	}
	if n, err = s.UpdateMany(t.Context(), ByKeys("t", keys), set("a", "", "n", "7"), ""); err != nil || n != 3 || count("a = '' AND n = 7 AND id IN (2, 3, 4999)") != 3 || count("n = 7") != 3 {
		t.Fatal(n, err)
	}

	// What is refused names its field and changes nothing, whichever of the rows is in the way.
	for _, c := range []struct {
		name, field, says string
		in                Input
	}{
		{"unique", "u", "is taken", set("a", "no", "u", "one")},
		{"check", "n", "at most 99", set("a", "no", "n", "100")},
		{"reference", "p", "does not exist", set("a", "no", "p", "3")},
		{"not null", "must", "is required", Input{Fields: map[string]Field{"a": {Text: "no"}, "must": {Null: true}}}},
		{"type", "n", "", set("a", "no", "n", "many")},
		{"generated", "g", "computed", set("a", "no", "g", "x")},
		{"masked", "secret", "masked", set("a", "no", "secret", "x")},
		{"no column", "nothing", "is not a column", set("a", "no", "nothing", "x")},
		{"nothing", "", "no field", Input{}},
	} {
		for _, way := range []func() (int64, error){
			func() (int64, error) { return s.UpdateMany(t.Context(), ByQuery(Query{Table: "t"}), c.in, "") },
			func() (int64, error) { return s.UpdateMany(t.Context(), ByKeys("t", keys), c.in, "") },
		} {
			var wrong FieldErrors
			n, err := way()
			if !errors.As(err, &wrong) || n != 0 || wrong[0].Field != c.field || !strings.Contains(wrong[0].Message.String(), c.says) {
				t.Errorf("%s: %d, %v, want an error of %q that says %q", c.name, n, err, c.field, c.says)
			}
			if count("a = 'no'") != 0 {
				t.Errorf("%s: a part was written", c.name)
			}
		}
	}
	if _, err := s.UpdateMany(t.Context(), ByKeys("t", make([]Key, MaxKeys+1)), set("a", "no"), ""); err == nil {
		t.Error("too many keys were taken")
	}
	if _, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "t", Filters: []Filter{{"n", OpEq, []string{"x"}}}}), set("a", "no"), ""); err == nil || count("a = 'no'") != 0 {
		t.Error("a filter that cannot be applied matched")
	}
	if _, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "t", Search: fmt.Sprint("no such ", 1)}), set("a", "no"), ""); err != nil || count("a = 'no'") != 0 {
		t.Error("a search was left out", err)
	}
}

// A key with NULL in it may be that of several rows.
func TestKeysOfNullAreNotWritten(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE x (id TEXT PRIMARY KEY, v TEXT)`, `INSERT INTO x VALUES (NULL, 'a'), (NULL, 'b'), ('c', 'c')`)
	keys := []Key{keyOf(t, s, "x", "c"), keyOf(t, s, "x", "~n:")}
	if n, err := s.UpdateMany(t.Context(), ByKeys("x", keys), edited("v", "z"), ""); fieldsOf(err) != "key addresses more than one row of x" {
		t.Errorf("%d: %s", n, fieldsOf(err))
	}
	if _, err := s.db.ExecContext(t.Context(), `DELETE FROM x WHERE v = 'b'`); err != nil {
		t.Fatal(err)
	}
	if n, err := s.UpdateMany(t.Context(), ByKeys("x", keys), edited("v", "z"), ""); n != 2 || err != nil {
		t.Errorf("%d: %v", n, err)
	}
}
