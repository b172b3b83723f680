// This file tests the shares of the pool's connections: by counting, never by the clock.

package data

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const endless = `CREATE VIEW endless AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n`

// pooled is a source over a file with a pool of n connections.
func pooled(t *testing.T, n int, cfg Config, statements ...string) (*Source, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(n)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, db
}

// Whatever many ask for at once and never get, no more than the heavy share of the connections
// works for them, short reads and Ping find theirs, and all are free again when they have gone.
func TestAShareIsKept(t *testing.T) {
	s, db := pooled(t, 4, Config{QueryTimeout: time.Hour, BulkTimeout: time.Hour}, endless,
		`CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO x VALUES (1, 'a')`,
		`CREATE TABLE y (id INTEGER PRIMARY KEY, x INTEGER REFERENCES x, a TEXT)`,
		// Searching it never ends, writing to it neither.
		`CREATE TABLE slow (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO slow VALUES (1, 'a')`,
		`CREATE TRIGGER forever BEFORE DELETE ON slow BEGIN SELECT i FROM endless; END`)
	s.shares.heavy = make(places, 2) // whatever the number of cores
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	work := []func(){
		func() { _, _ = s.List(ctx, Query{Table: "endless"}) },
		func() { _ = s.Export(ctx, Query{Table: "endless"}, CSV(io.Discard)) },
		func() { _, _ = countMatching(ctx, s, Query{Table: "endless"}) },
		func() { _, _ = s.DeleteMany(ctx, ByQuery(Query{Table: "slow"}), "") },
	}
	for range 10 {
		for _, one := range work {
			all.Go(one)
		}
	}
	for db.Stats().InUse == 0 {
		<-time.After(time.Millisecond)
	}
	for range 200 {
		if n := db.Stats().InUse; n > 2 {
			t.Fatalf("%d connections are at work for them, want at most 2", n)
		}
		if _, err := s.List(t.Context(), Query{Table: "x"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	all.Wait()
	if n := db.Stats().InUse; n != 0 || len(s.shares.heavy) != 0 || len(s.shares.all) != 0 || len(s.shares.writes) != 0 || len(s.shares.exports) != 0 {
		t.Errorf("%d connections are still at work, or places taken", n)
	}
}

// Ping has a connection even if everything else that the source does is under way at once.
func TestPingHasAConnection(t *testing.T) {
	for _, n := range []int{2, 3, 8} {
		s, db := pooled(t, n, Config{}, `CREATE TABLE x (id INTEGER PRIMARY KEY)`)
		var conns []*sql.Conn
		for range cap(s.shares.all) { // as those have one that entered
			_, _, err := s.enter(t.Context(), light)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := s.Ping(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
}

// A turn that does not come is ErrBusy, and what waits for it holds nothing.
func TestBusy(t *testing.T) {
	s, db := pooled(t, 4, Config{QueryTimeout: 50 * time.Millisecond}, `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`, endless)
	for range cap(s.shares.heavy) {
		if _, _, err := s.enter(t.Context(), heavy); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.List(t.Context(), Query{Table: "x", Search: "a"}); !errors.Is(err, ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.List(gone, Query{Table: "x", Search: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if n := len(s.shares.all) - cap(s.shares.heavy); n != 0 || db.Stats().InUse != 0 {
		t.Errorf("%d places are held in vain", n)
	}
}

// What a query may read more of than it shows is told from what an index answers.
func TestHeavy(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT, b TEXT, day DATE)`, `CREATE INDEX x_b ON x (b)`, `CREATE INDEX x_day ON x (day)`,
		`CREATE VIEW v AS SELECT * FROM x`, `CREATE TABLE n (a TEXT)`, `CREATE TABLE w (k TEXT PRIMARY KEY, a TEXT) WITHOUT ROWID`)
	filter := func(column string, op Op, value string) []Filter { return []Filter{{column, op, []string{value}}} }
	for _, one := range []struct {
		q    Query
		want bool
	}{
		{Query{Table: "x"}, false},
		{Query{Table: "x", Sort: []SortKey{{"id", true}}}, false},
		{Query{Table: "x", Sort: []SortKey{{"b", true}}}, false},
		{Query{Table: "x", Filters: filter("b", OpEq, "1")}, false},
		{Query{Table: "x", Filters: filter("b", OpIsNull, "true")}, false},
		{Query{Table: "x", Filters: filter("day", OpGe, "2026-01-01"), Sort: []SortKey{{"day", true}}}, false},
		{Query{Table: "w", Filters: filter("k", OpEq, "1")}, false},
		{Query{Table: "x", Search: "a"}, true},
		{Query{Table: "x", Sort: []SortKey{{"a", false}}}, true},
		{Query{Table: "x", Sort: []SortKey{{"b", false}, {"a", false}}}, true},
		{Query{Table: "x", Filters: filter("a", OpEq, "1")}, true},
		{Query{Table: "x", Filters: filter("b", OpNe, "1")}, true},
		{Query{Table: "x", Filters: filter("b", OpContains, "1")}, true},
		{Query{Table: "x", Filters: filter("b", OpStartsWith, "1")}, true},
		{Query{Table: "x", Filters: filter("day", OpGe, "2026-01-01")}, true},
		{Query{Table: "x", Filters: filter("b", OpEq, "1"), Sort: []SortKey{{"day", true}}}, true},
		{Query{Table: "x", Filters: append(filter("b", OpEq, "1"), filter("day", OpEq, "2026-01-01")...)}, true},
		{Query{Table: "w", Sort: []SortKey{{"a", false}}}, true},
		{Query{Table: "v"}, true},
	} {
		table, _ := s.Schema().Table(one.q.Table)
		if got := table.Heavy(one.q); got != one.want {
			t.Errorf("%+v: heavy is %v", one.q, got)
		}
	}
}

// bulks are the writes of many records.
func bulks(s *Source) map[string]func(ctx context.Context) error {
	table, _ := s.Schema().Table("x")
	all := ByKeys("x", []Key{newKey(table, []any{int64(1)})})
	return map[string]func(ctx context.Context) error{
		"update": func(ctx context.Context) error {
			_, err := s.UpdateMany(ctx, all, Input{Fields: map[string]Field{"a": {Text: "b"}}}, "")
			return err
		},
		"delete": func(ctx context.Context) error { _, err := s.DeleteMany(ctx, all, ""); return err },
		"act": func(ctx context.Context) error {
			_, err := s.ActMany(ctx, all, func(context.Context, Tx, iter.Seq2[Values, error]) error { return nil }, "")
			return err
		},
	}
}

// A write of many that waits for its turn, or rests, holds no place: single records are written
// meanwhile.
func TestWhatWaitsForItsTurnKeepsNobodyOut(t *testing.T) {
	for _, name := range []string{"update", "delete", "act"} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := pooled(t, 4, Config{QueryTimeout: time.Minute, BulkTimeout: time.Hour}, `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`)
			s.shares.bulk.free = time.Now().Add(time.Hour)
			ctx, leave := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range 3 { // one rests, the others wait for it
				all.Go(func() {
					if err := bulks(s)[name](ctx); !errors.Is(err, context.Canceled) {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			synctest.Wait()
			if len(s.shares.bulk.taken) == 0 || len(s.shares.heavy) > 0 || len(s.shares.writes) > 0 {
				t.Errorf("%s: it waits with %d turns, %d heavy places and %d of writes", name, len(s.shares.bulk.taken), len(s.shares.heavy), len(s.shares.writes))
			} else if _, err := s.Insert(t.Context(), "x", Input{Fields: map[string]Field{"a": {Text: "a"}}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			leave()
			all.Wait()
			if len(s.shares.bulk.taken)+len(s.shares.heavy)+len(s.shares.writes)+len(s.shares.all) > 0 {
				t.Errorf("%s: places are held in vain", name)
			}
		})
	}
}

// A turn that does not come is ErrBusy.
func TestATurnThatDoesNotCome(t *testing.T) {
	s, _ := pooled(t, 4, Config{BulkTimeout: time.Millisecond}, `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`)
	s.shares.bulk.free = time.Now().Add(time.Hour)
	for name, write := range bulks(s) {
		if err := write(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A write of many is followed by a rest where it kept the application from writing while others
// read, and nowhere else.
func TestARestFollowsAWriteOfManyWhereWritersWait(t *testing.T) {
	fill := []string{`CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO x VALUES (1, 'a')`}
	inWAL, _ := pooled(t, 4, Config{}, fill...)
	inDelete, _ := waiting(t, Config{}, fill...)
	for s, rests := range map[*Source]bool{inWAL: false, inDelete: true} {
		for _, name := range []string{"update", "act", "delete"} {
			ctx, leave, err := s.enter(t.Context(), bulk)
			if err != nil {
				t.Fatal(err)
			}
			if err := bulks(s)[name](ctx); err != nil {
				t.Fatal(err)
			}
			took := ctx.Value(sharing{s.shares}).(*time.Duration)
			if (*took > 0) != rests {
				t.Errorf("%s, rests %v: it is noted that others waited for %v", name, rests, *took)
			}
			*took, s.shares.bulk.rest = patience+time.Hour, 1
			before := time.Now()
			leave()
			if rest := s.shares.bulk.free.Sub(before); rest < time.Hour {
				t.Errorf("%s: a rest of %v", name, rest)
			}
			s.shares.bulk.free = time.Time{}
		}
	}
}
