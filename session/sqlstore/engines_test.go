// Engines the tests run on, and the conformance suite on each.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
	sqlitefile "github.com/go-crudadmin/crudadmin/sqlite"
)

// engine is an empty database.
type engine struct{ driver, dsn string }

var engines = map[string]func(t testing.TB) engine{
	"sqlite": func(t testing.TB) engine {
		path := filepath.Join(t.TempDir(), "admin.db")
		db, err := sqlitefile.Open(t.Context(), path) // puts it into WAL mode
		opened(t, db, err)
		return engine{"sqlite", "file:" + path + "?_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)"}
	},
	"postgresql": func(t testing.TB) engine {
		return engine{"pgx", testserver.SharedPostgres(t).URL()}
	},
	"mariadb": func(t testing.TB) engine {
		return engine{"mysql", testserver.SharedMariaDB(t).DSN() + "?interpolateParams=true"}
	},
	"mariadb, arguments sent apart": func(t testing.TB) engine {
		return engine{"mysql", testserver.SharedMariaDB(t).DSN()}
	},
}

// connect opens the database as another process would.
func (e engine) connect(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(e.driver, e.dsn)
	return opened(t, db, err)
}

func opened(t testing.TB, db *sql.DB, err error) *sql.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// each runs test on an empty database of each of servers; where long forms run, of each engine.
func each(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	names := servers
	if testserver.Long() {
		names = slices.Collect(maps.Keys(engines))
	}
	eachOf(t, names, test)
}

// servers are the engines that differ in more than how statements are sent.
var servers = []string{"sqlite", "postgresql", "mariadb"}

// eachOf is each on the engines of these names.
func eachOf(t *testing.T, names []string, test func(t *testing.T, e engine)) {
	t.Helper()
	for _, name := range names {
		start := engines[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

func open(t testing.TB, db *sql.DB, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), db, Config{Now: now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// lent is a database with tables, and the connections of two processes.
type lent struct{ processes [2]*sql.DB }

// empty deletes all rows but those that the migrations made.
func (l lent) empty() error {
	for _, table := range []string{"sessions", "session_events", "session_changes", "session_log"} {
		if _, err := l.processes[0].Exec("DELETE FROM crudadmin_" + table); err != nil {
			return err
		}
	}
	return nil
}

// TestConformance runs the suite on the servers, TestConformanceSQLite on the engine that is slow
// with the race detector; the long form runs it on all, and repeats as often as an engine is
// certified with. The themes whose loops take longest are left to it on MariaDB.
func TestConformance(t *testing.T) { conformance(t, true, "postgresql", "mariadb") }

func TestConformanceSQLite(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	conformance(t, true, "sqlite")
}

func TestConformanceLong(t *testing.T) {
	testserver.LongForm(t)
	conformance(t, false, slices.Collect(maps.Keys(engines))...)
}

func conformance(t *testing.T, short bool, names ...string) {
	t.Helper()
	for _, name := range names {
		start := engines[name]
		apart := strings.Contains(name, ",") // differs from another in how statements are sent alone
		var themes []string
		if short && name != "sqlite" { // the others in TestConformanceLong
			themes = []string{"records", "touch", "update", "limit", "revoke", "rotate", "expiry", "list", "history", "restore", "sweep", "count", "faults", "secrets", "model"}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databases := testserver.Lender[lent]{
				Make: func() lent {
					e := start(t)
					return lent{[2]*sql.DB{e.connect(t), e.connect(t)}}
				},
				Empty: lent.empty,
			}
			of := map[session.Store]lent{}
			sessiontest.Run(t, sessiontest.Harness{
				Open: func(t testing.TB, now func() time.Time) session.Store {
					l := databases.Lend(t)
					s := open(t, l.processes[0], now)
					of[s] = l
					return s
				},
				Second: func(t testing.TB, first session.Store, now func() time.Time) session.Store {
					return open(t, of[first].processes[1], now)
				},
				Poison: poison,
				Dump:   dump,
				Audit:  audit,
				Short:  short || apart,
				Themes: themes,
			})
		})
	}
}

// poison spoils the row of a session.
func poison(t testing.TB, store session.Store, id session.ID, p sessiontest.Poison) bool {
	t.Helper()
	column, value := "", any(nil)
	switch p {
	case sessiontest.Garbage:
		column, value = "ip", "not an address"
	case sessiontest.Truncated:
		column, value = "ip", "192.0"
	case sessiontest.Empty:
		column, value = "lineage", []byte{}
		if store.(*Store).dialect == &mysql { // fills it with zeros
			return false
		}
	case sessiontest.Oversized:
		column, value = "user_agent", strings.Repeat("ö", session.MaxUserAgent)
	case sessiontest.OtherRecord:
		column, value = "tag", []byte("no other")
	case sessiontest.NewerFormat:
		column, value = "format", format+1
	}
	spoil(t, store.(*Store), "UPDATE crudadmin_sessions SET "+column+" = ? WHERE id = ?", value, id[:])
	return true
}

// spoil changes one row behind the store's back.
func spoil(t testing.TB, s *Store, statement string, args ...any) {
	t.Helper()
	result, err := s.db.Pool.ExecContext(context.Background(), s.db.Engine.Bind(statement), args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, err := result.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%s: %d rows changed, want 1 (%v)", statement, n, err)
	}
}

// dump returns every value of every row.
func dump(t testing.TB, store session.Store) [][]byte {
	t.Helper()
	return slices.Concat(dumpTable(t, store, "crudadmin_sessions"), dumpTable(t, store, "crudadmin_session_events"))
}

func dumpTable(t testing.TB, store session.Store, table string) (all [][]byte) {
	t.Helper()
	rows, err := store.(*Store).db.Pool.QueryContext(context.Background(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		into := make([]any, len(names))
		for i := range into {
			into[i] = new([]byte)
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i := range into {
			all = append(all, *into[i].(*[]byte))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// audit looks for rows that contradict themselves. Indexes are the engine's own.
func audit(t testing.TB, store session.Store) error {
	t.Helper()
	s := store.(*Store)
	for what, where := range map[string]string{
		"a session that outlives its deadline":     "expires_at > deadline",
		"an ended session that keeps its metadata": "ended_at IS NOT NULL AND length(metadata) > 2 AND ended_reason <> 'undecodable'",
		"an ended session without a reason":        "ended_at IS NOT NULL AND ended_reason = ''",
		"a live session with a reason":             "ended_at IS NULL AND ended_reason <> ''",
		"a previous ID without an end of grace":    "(previous IS NULL) <> (previous_until IS NULL)",
	} {
		var n int
		if err := s.db.Pool.QueryRowContext(context.Background(), "SELECT count(*) FROM crudadmin_sessions WHERE "+where).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%s: %d rows", what, n)
		}
	}
	if s.dialect != &sqlite {
		return nil
	}
	var verdict string
	if err := s.db.Pool.QueryRowContext(context.Background(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("integrity check: %s, %w", verdict, err)
	}
	return nil
}
