package data

// Tests of what somebody was asked about.

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func oneField(name, text string) Input {
	return Input{Fields: map[string]Field{name: {Text: text}}}
}

// Two people: one is asked about some rows and answers later; the other one does whatever comes to
// mind meanwhile. Either the rows are those that were asked about, with all that goes with them,
// and exactly they are written, or nothing is.
func TestWhatIsAskedAboutIsWhatIsWritten(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openWritable(t, Config{},
		`CREATE TABLE p (id INTEGER PRIMARY KEY, kind TEXT, n INTEGER)`,
		`CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE)`,
		`CREATE TABLE k (a TEXT, b INTEGER, kind TEXT, n INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID`)
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := s.db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	read := func(query string) string {
		t.Helper()
		var text string
		if err := s.db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	state := func() string {
		return read(`SELECT coalesce((SELECT group_concat(id || kind || n) FROM (SELECT * FROM p ORDER BY id)), '') || ' ' ||
			coalesce((SELECT group_concat(id || ':' || p) FROM (SELECT * FROM c ORDER BY id)), '') || ' ' || coalesce((SELECT group_concat(a || b || kind || n) FROM (SELECT * FROM k ORDER BY a, b)), '')`)
	}
	matches := map[string]string{
		"p": `SELECT coalesce(group_concat(id), '') FROM (SELECT id FROM p WHERE kind = 'x' ORDER BY id)`,
		"k": `SELECT coalesce(group_concat(a || b), '') FROM (SELECT a, b FROM k WHERE kind = 'x' ORDER BY a, b)`,
	}
	const goes = `SELECT coalesce(group_concat(id), '') FROM (SELECT c.id FROM c JOIN p ON p.id = c.p WHERE p.kind = 'x' ORDER BY c.id)`
	random := rand.New(rand.NewPCG(11, 2))
	same, other := 0, 0
	for round := range 400 {
		do(`DELETE FROM c`)
		do(`DELETE FROM p`)
		do(`DELETE FROM k`)
		for i := range 6 {
			do(`INSERT INTO p VALUES (?, ?, 0)`, i, string("xy"[random.IntN(2)]))
			do(`INSERT INTO c VALUES (?, ?)`, i, random.IntN(i+1))
			do(`INSERT INTO k VALUES (?, ?, ?, 0)`, string("ab"[i%2]), i, string("xy"[random.IntN(2)]))
		}
		table := []string{"p", "k"}[random.IntN(2)]
		q := Query{Table: table, Filters: []Filter{{"kind", OpEq, []string{"x"}}}}
		deletes := random.IntN(2) == 0
		shown := func() string {
			query := matches[table]
			if deletes && table == "p" {
				return read(query) + " with " + read(goes)
			}
			return read(query)
		}
		var asked string
		if deletes {
			preview, err := s.DeleteManyPreview(t.Context(), ByQuery(q))
			if err != nil {
				t.Fatal(err)
			}
			asked = preview.Token
		} else {
			question, err := s.Ask(t.Context(), ByQuery(q))
			if err != nil {
				t.Fatal(err)
			}
			asked = question.Token
		}
		then := shown()
		for range random.IntN(4) {
			i := random.IntN(8)
			switch random.IntN(7) {
			case 0:
				do(`UPDATE p SET kind = ? WHERE id = ?`, string("xy"[random.IntN(2)]), i)
			case 1:
				do(`DELETE FROM p WHERE id = ? AND id NOT IN (SELECT p FROM c)`, i)
			case 2:
				do(`INSERT OR IGNORE INTO p VALUES (?, ?, 0)`, i, string("xy"[random.IntN(2)]))
			case 3:
				do(`UPDATE p SET n = n + 1 WHERE id = ?`, i)
			case 4:
				do(`UPDATE c SET p = (SELECT id FROM p ORDER BY random() LIMIT 1) WHERE id = ?`, i)
			case 5:
				do(`UPDATE k SET kind = ? WHERE b = ?`, string("xy"[random.IntN(2)]), i)
			case 6:
				do(`INSERT OR IGNORE INTO k VALUES (?, ?, 'x', 0)`, string("ab"[random.IntN(2)]), i)
			}
		}
		before, matching := state(), read(matches[table])
		wanted := then == shown()
		var n int64
		var err error
		if deletes {
			n, err = s.DeleteMany(t.Context(), ByQuery(q), asked)
		} else {
			n, err = s.UpdateMany(t.Context(), ByQuery(q), oneField("n", "100"), asked)
		}
		switch {
		case wanted && err != nil:
			t.Fatalf("round %d: %v, though the rows are those that were asked about: %s", round, err, then)
		case wanted:
			same++
			if count := int64(len(strings.FieldsFunc(matching, func(r rune) bool { return r == ',' }))); n != count {
				t.Fatalf("round %d: %d written, want those that match: %s", round, n, matching)
			}
			if deletes && read(matches[table]) != "" {
				t.Fatalf("round %d: some are left", round)
			}
		case !errors.Is(err, ErrAsked) || state() != before:
			t.Fatalf("round %d: %v; asked about %s, now %s", round, err, then, shown())
		default:
			other++
		}
	}
	if same < 50 || other < 50 {
		t.Errorf("%d rounds with the same rows, %d with others: not what is to be looked at", same, other)
	}
	t.Logf("%d rounds with the same rows, %d with other ones", same, other)
}

// The actions compare too, in their own transaction; the empty token is not compared, and one of
// something else is refused.
func TestEveryWriteOfManyCompares(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)`, `INSERT INTO t VALUES (1, 0), (2, 0)`)
	work := func(context.Context, Tx, iter.Seq2[Values, error]) error { return nil }
	keys, q := []Key{keyOf(t, s, "t", "1"), keyOf(t, s, "t", "2")}, Query{Table: "t"}
	many, err := s.Ask(t.Context(), ByKeys("t", keys))
	if err != nil || many.Count != 2 {
		t.Fatal(many, err)
	}
	all, err := s.Ask(t.Context(), ByQuery(q))
	if err != nil || all.Count != 2 {
		t.Fatal(all, err)
	}
	for name, write := range map[string]func(asked string) error{
		"UpdateMany": func(asked string) error {
			_, err := s.UpdateMany(t.Context(), ByKeys("t", keys), oneField("n", "1"), asked)
			return err
		},
		"UpdateMatching": func(asked string) error {
			_, err := s.UpdateMany(t.Context(), ByQuery(q), oneField("n", "1"), asked)
			return err
		},
		"ActMany":     func(asked string) error { _, err := s.ActMany(t.Context(), ByKeys("t", keys), work, asked); return err },
		"ActMatching": func(asked string) error { _, err := s.ActMany(t.Context(), ByQuery(q), work, asked); return err },
		"DeleteMany": func(asked string) error {
			_, err := s.DeleteMany(t.Context(), ByKeys("t", keys[:1]), asked)
			return err
		},
		"DeleteMatching": func(asked string) error {
			_, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "t", Filters: []Filter{{"id", OpEq, []string{"1"}}}}), asked)
			return err
		},
	} {
		if err := write("of something else"); !errors.Is(err, ErrAsked) {
			t.Errorf("%s: %v, want ErrAsked", name, err)
		}
		if !strings.HasPrefix(name, "Delete") {
			if err := write(all.Token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A token tells nothing of keys that are not shown: it covers their number alone.
func TestTokensTellNothingThatIsHidden(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY)`,
		`CREATE TABLE vault (api_token TEXT PRIMARY KEY, t INTEGER REFERENCES t(id) ON DELETE CASCADE) WITHOUT ROWID`,
		`INSERT INTO t VALUES (1)`, `INSERT INTO vault VALUES ('one', 1)`)
	token := func() string {
		preview, err := s.DeletePreview(t.Context(), "t", keyOf(t, s, "t", "1"))
		if err != nil {
			t.Fatal(err)
		}
		return preview.Token
	}
	first := token()
	if _, err := s.db.ExecContext(t.Context(), `UPDATE vault SET api_token = 'two'`); err != nil {
		t.Fatal(err)
	}
	if token() != first {
		t.Error("a token depends on a masked key")
	}
	if _, err := s.db.ExecContext(t.Context(), `INSERT INTO vault VALUES ('three', 1)`); err != nil {
		t.Fatal(err)
	}
	if token() == first {
		t.Error("a token does not depend on the number of hidden rows, which is shown")
	}
}

// A million rows are asked about without being held, and as many as may be are written.
func TestAMillionRowsAreAskedAboutLong(t *testing.T) {
	testserver.LongForm(t)
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)`,
		`WITH RECURSIVE i(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM i WHERE i < 1000000) INSERT INTO t SELECT i, i % 2 FROM i`)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	question, err := s.Ask(t.Context(), ByQuery(Query{Table: "t"}))
	if err != nil || question.Count != 1_000_000 {
		t.Fatal(question, err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	if n, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "t"}), oneField("n", "7"), question.Token); err == nil || n != 0 {
		t.Error("more than MaxBulk records are written", n, err)
	}
	most := Query{Table: "t", Filters: []Filter{{"id", OpLe, []string{strconv.Itoa(MaxBulk)}}}}
	if question, err = s.Ask(t.Context(), ByQuery(most)); err != nil || question.Count != MaxBulk {
		t.Fatal(question, err)
	}
	if n, err := s.UpdateMany(t.Context(), ByQuery(most), oneField("n", "7"), question.Token); err != nil || n != MaxBulk {
		t.Error(n, err)
	}
	t.Logf("%d rows, the heap grew by %d KB", question.Count, (int64(after.HeapSys)-int64(before.HeapSys))>>10)
}
