// This file tests that nothing is read, or written, for long at once where writers wait for
// readers: by what is under way at once, by what is stopped and by what is found all the same.

package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	modernc "modernc.org/sqlite"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// waiting is a source over a file that is not in WAL mode, whose looks are each stopped that may
// be, and its path.
func waiting(t *testing.T, cfg Config, statements ...string) (*Source, string) {
	t.Helper()
	path := "file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=busy_timeout(60000)"
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(4)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s, err := Open(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	noClock(s)
	s.shares.first = time.Nanosecond
	return s, path
}

func lookedAt() []string {
	rows := func(n int) string {
		return fmt.Sprintf(`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT %d) INSERT INTO `, n)
	}
	return []string{
		`CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, i TEXT, u TEXT COLLATE NOCASE)`, `CREATE INDEX a_i ON a (i)`,
		`CREATE TABLE b (k TEXT COLLATE NOCASE, l INTEGER, v TEXT, PRIMARY KEY (k, l)) WITHOUT ROWID`,
		`CREATE TABLE c (rowid TEXT NOT NULL UNIQUE, oid TEXT, _rowid_ TEXT)`,
		`CREATE TABLE child (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a ON DELETE CASCADE, k TEXT, l INTEGER, FOREIGN KEY (k, l) REFERENCES b)`,
		`CREATE VIEW shown AS SELECT id, n, u FROM a`,
		rows(30) + `a SELECT v * 3, v % 7, CASE WHEN v % 5 > 0 THEN 'i' || (v % 11) END, CASE WHEN v % 5 > 0 THEN substr('aAbBcC', v % 6 + 1, 1) || (v % 13) END FROM g`,
		rows(30) + `b SELECT substr('kKlL', v % 4 + 1, 1) || (v % 7), v, 'v' || (v % 9) FROM g`,
		rows(30) + `c SELECT 'r' || v, 'o' || (v % 3), CASE WHEN v % 3 > 0 THEN 'v' END FROM g`,
		rows(40) + `child SELECT v, 3 * (1 + v % 20), NULL, NULL FROM g`,
		`UPDATE child SET (k, l) = (SELECT k, l FROM b WHERE l = child.id % 30 + 1)`,
	}
}

// Whatever is stopped and cut is what one look finds: lists, pages, counts, choices, questions,
// previews and exports of tables with row ids, with keys of their own, and of views.
func TestWhatIsCutIsWhatOneLookFinds(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	whatIsCutIsWhatOneLookFinds(t, 7) // with 5, a table of five orders would always have the same one
}

func TestWhatIsCutIsWhatOneLookFindsLong(t *testing.T) {
	testserver.LongForm(t)
	whatIsCutIsWhatOneLookFinds(t, 1)
}

// whatIsCutIsWhatOneLookFinds makes one of every so many trials.
func whatIsCutIsWhatOneLookFinds(t *testing.T, every int) {
	t.Helper()
	cut, _ := waiting(t, Config{}, lookedAt()...)
	whole, _ := pooled(t, 4, Config{}, lookedAt()...)
	same := func(what string, ask func(s *Source) (any, error)) {
		t.Helper()
		got, err1 := ask(cut)
		want, err2 := ask(whole)
		if err1 != nil || err2 != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %+v, %v; want %+v, %v", what, got, err1, want, err2)
		}
	}
	keys := func(p *Page) (all []string) {
		for _, row := range p.Rows {
			all = append(all, row.Key.String()+" "+row.Cells[len(row.Cells)-1].Text)
		}
		return append(all, p.Count.String(), fmt.Sprint(p.HasNext, p.HasPrev), p.Next, p.Prev)
	}
	asked := 0
	for _, table := range whole.Schema().Tables {
		for _, search := range []string{"", "1", "none"} {
			for _, sort := range append(slices.Clone(table.Columns), nil) {
				q := Query{Table: table.Name, Search: search, Limit: 10}
				if sort != nil {
					q.Sort = []SortKey{{sort.Name, asked%2 == 0}}
				}
				if asked++; asked%every != 0 {
					continue
				}
				for range 3 {
					same(fmt.Sprintf("list %+v", q), func(s *Source) (any, error) {
						page, err := s.List(t.Context(), q)
						if err != nil {
							return nil, err
						}
						return keys(page), nil
					})
					page, err := whole.List(t.Context(), q)
					if err != nil || page.Next == "" {
						break
					}
					q.After = page.Next
				}
				q.After = ""
				if q.Before = Last; table.keyset() {
					same(fmt.Sprintf("last %+v", q), func(s *Source) (any, error) {
						page, err := s.List(t.Context(), q)
						if err != nil {
							return nil, err
						}
						return keys(page), nil
					})
				}
			}
			q := Query{Table: table.Name, Search: search}
			same(fmt.Sprintf("count %+v", q), func(s *Source) (any, error) { return countMatching(t.Context(), s, q) })
			same(fmt.Sprintf("export %+v", q), func(s *Source) (any, error) {
				var rows collector
				err := s.Export(t.Context(), q, &rows)
				slices.Sort(rows)
				return rows, err
			})
			if table.View {
				continue
			}
			same(fmt.Sprintf("ask %+v", q), func(s *Source) (any, error) {
				question, err := s.Ask(t.Context(), ByQuery(q))
				if err != nil {
					return nil, err
				}
				return *question, nil
			})
			same(fmt.Sprintf("preview %+v", q), func(s *Source) (any, error) {
				p, err := s.DeleteManyPreview(t.Context(), ByQuery(q))
				if err != nil {
					return nil, err
				}
				return fmt.Sprintf("%+v", *p), nil
			})
		}
	}
	same("choices", func(s *Source) (any, error) {
		page, err := s.Choices(t.Context(), "child", "a", "3", "", 20)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(page.Choices, page.Next), nil
	})
	table, _ := whole.Schema().Table("a")
	key := newKey(table, []any{int64(6)})
	same("record", func(s *Source) (any, error) {
		r, err := s.Edit(t.Context(), "a", key)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(r.Token, r.Cells), nil
	})
	same("preview of one", func(s *Source) (any, error) {
		p, err := s.DeletePreview(t.Context(), "a", key)
		if err != nil {
			return nil, err
		}
		return fmt.Sprintf("%+v %+v %s", p.Deleted, p.Question, p.Record.Token), nil
	})
	same("related", func(s *Source) (any, error) {
		all, err := s.Related(t.Context(), "a", key)
		if err != nil || len(all) != 1 {
			return nil, fmt.Errorf("%v, %w", all, err)
		}
		return keys(all[0].Page), nil
	})
}

// What is read in several looks, and what they asked about, is written all the same: the tokens are
// those of one look.
func TestWhatIsAskedInLooksIsWritten(t *testing.T) {
	s, _ := waiting(t, Config{}, lookedAt()...)
	q := Query{Table: "a", Filters: []Filter{{"n", OpEq, []string{"3"}}}}
	preview, err := s.DeleteManyPreview(t.Context(), ByQuery(q))
	if err != nil || preview.Count != 4 || len(preview.Deleted) != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	if n, err := s.DeleteMany(t.Context(), ByQuery(q), preview.Token); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	table, _ := s.Schema().Table("a")
	key := newKey(table, []any{int64(6)})
	one, err := s.DeletePreview(t.Context(), "a", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "a", key, one.Token); err != nil {
		t.Fatal(err)
	}
}

// counted counts the transactions of a pool that are under way.
type counted struct {
	driver.Connector
	mu        sync.Mutex
	now, most int
	all       int
}

type countedConn struct {
	driver.Conn
	c *counted
}

func (c *counted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return &countedConn{conn, c}, err
}

func (c *countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.c.mu.Lock()
	switch {
	case query == "BEGIN":
		c.c.all++
		c.c.now++
		c.c.most = max(c.c.most, c.c.now)
	case query == "COMMIT" || query == "ROLLBACK":
		c.c.now--
	}
	c.c.mu.Unlock()
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// However many look for rows that no index leads to, one of them looks at a time, and ends the
// look.
func TestOneLooksAtATime(t *testing.T) {
	_, path := waiting(t, Config{}, lookedAt()...)
	base, err := modernc.NewConnector(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{Connector: base}
	db := sql.OpenDB(c)
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(16)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.shares.heavy = make(places, 8) // whatever the number of cores
	noClock(s)
	s.shares.first = time.Minute
	c.all, c.most = 0, 0
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				var err error
				switch i % 3 {
				case 0:
					_, err = countMatching(t.Context(), s, Query{Table: "a", Search: "1"})
				case 1:
					_, err = s.List(t.Context(), Query{Table: "b", Search: "v1"})
				default:
					err = s.Export(t.Context(), Query{Table: "child"}, CSV(io.Discard))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if c.most != 1 || c.now != 0 || c.all < 40 {
		t.Errorf("%d looks, %d at once, %d have not ended", c.all, c.most, c.now)
	}
}

// What cannot be cut and does not end is stopped, and refused in words that say what to do.
func TestWhatCannotBeCutIsStopped(t *testing.T) {
	s, _ := waiting(t, Config{QueryTimeout: time.Hour, BulkTimeout: time.Hour}, endless, `CREATE TABLE x (id INTEGER PRIMARY KEY)`,
		// Its first row is there at once, and the next never comes.
		`CREATE VIEW one AS SELECT 1 AS i UNION ALL SELECT i FROM endless`)
	s.shares.first, s.shares.long = 10*time.Millisecond, 20*time.Millisecond
	for _, view := range []string{"endless", "one"} {
		for what, ask := range map[string]func() error{
			"list":   func() error { _, err := s.List(t.Context(), Query{Table: view}); return err },
			"export": func() error { return s.Export(t.Context(), Query{Table: view}, CSV(io.Discard)) },
			"count":  func() error { _, err := countMatching(t.Context(), s, Query{Table: view}); return err },
		} {
			if view == "one" && what == "export" {
				continue // the driver does not stop the search for the second row
			}
			var broken *TableError
			if err := ask(); !errors.As(err, &broken) || !strings.Contains(broken.Problem.String(), "WAL") {
				t.Errorf("%s of %s: %v", what, view, err)
			}
		}
	}
}

// A list ends when its context does, also if it has found rows and looks for others.
func TestTheSearchForTheNextRowIsStopped(t *testing.T) {
	s, _ := pooled(t, 4, Config{QueryTimeout: time.Hour}, endless, `CREATE VIEW one AS SELECT 1 AS i UNION ALL SELECT i FROM endless`)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := s.List(ctx, Query{Table: "one"}); done <- err }()
	waitFor(t, "the view is read", func() bool { return s.db.Stats().InUse > 0 })
	leave()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing stops it")
	}
}

// A write that would keep the application from writing for long is undone, in words, and others can
// write.
func TestALongWriteIsUndone(t *testing.T) {
	s, path := waiting(t, Config{QueryTimeout: time.Hour, BulkTimeout: time.Hour}, endless, `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO x VALUES (1, 'a'), (2, 'b')`,
		`CREATE TRIGGER forever BEFORE DELETE ON x WHEN old.id = 2 BEGIN SELECT i FROM endless; END`)
	s.shares.write = 50 * time.Millisecond
	table, _ := s.Schema().Table("x")
	for what, write := range map[string]func() error{
		"many": func() error { _, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "x"}), ""); return err },
		"one":  func() error { return s.Delete(t.Context(), "x", newKey(table, []any{int64(2)}), "") },
	} {
		if err := write(); wrongFields(t, err) != "" || !strings.Contains(err.Error(), "Nothing was changed") {
			t.Errorf("%s: %v", what, err)
		}
		other, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		var left int
		if _, err := other.ExecContext(t.Context(), "UPDATE x SET a = 'c'"); err != nil {
			t.Error(err)
		}
		if err := other.QueryRowContext(t.Context(), "SELECT count(*) FROM x").Scan(&left); err != nil || left != 2 {
			t.Errorf("%s: %d are left, %v", what, left, err)
		}
		_ = other.Close()
	}
}

// Whoever looks rests as long as 19 of 20 writes need.
func TestARestFollowsALongLook(t *testing.T) {
	one := newTurns()
	for took, least := range map[time.Duration]time.Duration{0: sliceRest, patience: sliceRest, 2 * patience: 20 * patience, time.Second: 18 * time.Second} {
		one.free = time.Time{}
		done, err := one.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		done(took)
		if rest := one.free.Sub(before); rest < least {
			t.Errorf("after %v: %v, want %v", took, rest, least)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	one.free = time.Now().Add(time.Hour)
	if _, err := one.take(gone); !errors.Is(err, context.Canceled) || len(one.taken) != 0 {
		t.Errorf("%v, %d turns are taken", err, len(one.taken))
	}
}

// The database answers while somebody has locked it, also on a connection that is new; its
// connections stay as they were.
func TestALockedDatabaseAnswers(t *testing.T) {
	s, path := waiting(t, Config{QueryTimeout: time.Hour}, `CREATE TABLE x (id INTEGER PRIMARY KEY)`)
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.db.SetMaxIdleConns(-1) // the next one is new
		s.db.SetMaxIdleConns(4)
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		var patience int
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&patience); err != nil || patience != 60000 {
			t.Errorf("busy_timeout is %d, %v", patience, err)
		}
	}
	_ = s.db.Close()
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed database answers")
	}
}

// Rows are not sorted by values of any length, and it is said.
func TestLongTextsAreNotSortedBy(t *testing.T) {
	fill := []string{`CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c BLOB)`, `CREATE INDEX x_b ON x (b)`,
		fmt.Sprintf(`INSERT INTO x VALUES (1, printf('%%.*c', %d, 'x'), printf('%%.*c', %d, 'x'), zeroblob(%d)), (2, 'a', 'b', x'00')`, maxSorted+1, maxSorted+1, maxSorted)}
	cut, _ := waiting(t, Config{}, fill...)
	whole, _ := pooled(t, 4, Config{}, fill...)
	for _, s := range []*Source{cut, whole} {
		if _, err := s.List(t.Context(), Query{Table: "x", Sort: []SortKey{{"a", false}}}); wrongFields(t, err) != "sort" {
			t.Error(err)
		}
		for _, column := range []string{"b", "c", "id"} {
			if page, err := s.List(t.Context(), Query{Table: "x", Sort: []SortKey{{column, false}}}); err != nil || len(page.Rows) != 2 {
				t.Error(column, err)
			}
		}
	}
}

// Where writers wait, a value that is too long to be read in one look counts by its size in a
// token.
func TestATokenCoversTheSizeOfALongValue(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, path := waiting(t, Config{QueryTimeout: time.Hour}, `CREATE TABLE x (id INTEGER PRIMARY KEY, b BLOB, t TEXT)`, fmt.Sprintf(`INSERT INTO x VALUES (1, zeroblob(%d), zeroblob(%d))`, maxHashed+1, stateValue+1))
	token := func() string {
		record, err := s.Edit(t.Context(), "x", keyOf(t, s, "x", "1"))
		if err != nil {
			t.Fatal(err)
		}
		return record.Token
	}
	seen := []string{token()}
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for _, change := range []string{fmt.Sprintf("b = zeroblob(%d)", maxHashed+2), fmt.Sprintf("t = CAST(zeroblob(%d) || 'x' AS BLOB)", stateValue), fmt.Sprintf("t = replace(hex(zeroblob(%d)), '0', 'a')", stateValue)} {
		if _, err := other.ExecContext(t.Context(), "UPDATE x SET "+change); err != nil {
			t.Fatal(err)
		}
		if now := token(); slices.Contains(seen, now) {
			t.Errorf("%s: the token is the same", change)
		} else {
			seen = append(seen, now)
		}
	}
}
