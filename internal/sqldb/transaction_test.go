// Transactions on real databases: what undoes them, what is tried again, and that no connection
// comes back into the pool with one on it.

package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

var errWork = errors.New("the work failed")

// count is how many rows the table a has.
func count(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.Row(t.Context(), "SELECT count(*) FROM a WHERE n < ?", 1000).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// pooled is the driver's connection that the pool gives out next.
func pooled(t *testing.T, db *sqldb.DB) (connection any) {
	t.Helper()
	conn, err := db.Pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Raw(func(driver any) error { connection = driver; return nil }); err != nil {
		t.Fatal(err)
	}
	return connection
}

// TestAttempt ends a transaction on the pool's only connection in every way, after which the pool
// serves the next call: with the same connection where the context lasted.
func TestAttempt(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db := d.open(t, "")
		db.Pool.SetMaxOpenConns(1)
		must(t, db.Pool, "CREATE TABLE a (n INT)")
		insert := func(ctx context.Context, t *sqldb.Tx) error {
			n, err := t.Exec(ctx, "INSERT INTO a VALUES (?)", 1)
			if err == nil && n != 1 {
				err = errors.New("the row was not counted")
			}
			return err
		}
		ended, end := context.WithCancel(t.Context())
		end()
		for _, c := range []struct {
			name  string
			ctx   context.Context
			work  func(context.Context, *sqldb.Tx, func()) error
			stage sqldb.Stage
			done  bool
		}{
			{"it commits", t.Context(), func(ctx context.Context, t *sqldb.Tx, _ func()) error { return insert(ctx, t) }, sqldb.Committing, true},
			{"the work fails", t.Context(), func(ctx context.Context, t *sqldb.Tx, _ func()) error { return errors.Join(insert(ctx, t), errWork) }, sqldb.Working, false},
			{"a statement fails", t.Context(), func(ctx context.Context, t *sqldb.Tx, _ func()) error {
				if err := insert(ctx, t); err != nil {
					return err
				}
				_, err := t.Exec(ctx, "INSERT INTO nowhere VALUES (1)")
				return err
			}, sqldb.Working, false},
			{"the context ends in the work", t.Context(), func(ctx context.Context, t *sqldb.Tx, end func()) error {
				err := insert(ctx, t)
				end()
				return errors.Join(err, ctx.Err())
			}, sqldb.Working, false},
			{"the context ends before the commit", t.Context(), func(ctx context.Context, t *sqldb.Tx, end func()) error {
				err := insert(ctx, t)
				end()
				return err
			}, sqldb.Committing, false},
			{"the context has ended", ended, func(ctx context.Context, t *sqldb.Tx, _ func()) error { return insert(ctx, t) }, sqldb.Beginning, false},
		} {
			before, conn := count(t, db), pooled(t, db)
			ctx, cancel := context.WithCancel(c.ctx)
			stage, err := db.Attempt(ctx, func(t *sqldb.Tx) error { return c.work(ctx, t, cancel) })
			lasted := ctx.Err() == nil
			cancel()
			if lasted && pooled(t, db) != conn {
				t.Errorf("%s: the connection did not come back", c.name)
			}
			if stage != c.stage || (err == nil) != c.done {
				t.Errorf("%s: stage %d, want %d; %v", c.name, stage, c.stage, err)
			}
			want := before
			if c.done {
				want++
			}
			if n := count(t, db); n != want {
				t.Errorf("%s: %d rows, want %d", c.name, n, want)
			}
			if _, err := db.Attempt(t.Context(), func(*sqldb.Tx) error { return nil }); err != nil {
				t.Errorf("%s: the next transaction: %v", c.name, err)
			}
		}
	})
}

// TestRestore: what a Start put onto the connection is taken back after a commit, an undo, and a
// Start that failed; and where that fails the connection does not come back.
func TestRestore(t *testing.T) {
	d := engines[sqldb.SQLite](t)
	db := d.open(t, "")
	db.Pool.SetMaxOpenConns(1)
	must(t, db.Pool, "CREATE TABLE a (n INT)", "PRAGMA foreign_keys = OFF")
	set := func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		back := func(ctx context.Context) error {
			_, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF")
			return err
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = ON"); err != nil {
			return back, err
		}
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return back, err
	}
	check := func(when string) {
		t.Helper()
		var on bool
		if err := db.Row(t.Context(), "PRAGMA foreign_keys").Scan(&on); err != nil || on {
			t.Errorf("%s: foreign keys are on (%v)", when, err)
		}
	}
	for _, commit := range []bool{true, false} {
		tx, err := db.Begin(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		var on bool
		if err := tx.Row(t.Context(), "PRAGMA foreign_keys").Scan(&on); err != nil || !on {
			t.Errorf("in the transaction foreign keys are off (%v)", err)
		}
		if commit {
			err = tx.Commit(t.Context())
		}
		tx.Close(t.Context())
		if err != nil {
			t.Error(err)
		}
		check("after a transaction")
	}
	other := connection(t, d.open(t, ""))
	must(t, other, "BEGIN IMMEDIATE")
	if _, err := db.Begin(t.Context(), set); sqldb.SQLite.Fault(err) != sqldb.Locked {
		t.Errorf("behind another writer: %v", err)
	}
	check("after a Start that failed")
	must(t, other, "ROLLBACK")

	conn := connection(t, db) // the one there is
	_ = conn.Close()
	tx, err := db.Begin(t.Context(), func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		_, err := conn.ExecContext(ctx, "PRAGMA cache_size = 77")
		return func(context.Context) error { return errWork }, err
	})
	if err != nil {
		t.Fatal(err)
	}
	tx.Close(t.Context())
	var size int
	if err := db.Row(t.Context(), "PRAGMA cache_size").Scan(&size); err != nil || size == 77 {
		t.Errorf("a connection that could not be put right came back (%v)", err)
	}
}

// TestUndo: what undoes a transaction may outlast the caller's context by DB.Undo, which is 30 ms
// by default.
func TestUndo(t *testing.T) {
	for undo, want := range map[time.Duration]time.Duration{0: 30 * time.Millisecond, time.Hour: time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			db := engines[sqldb.SQLite](t).open(t, "")
			db.Undo = undo
			ctx, end := context.WithCancel(t.Context())
			tx, err := db.Begin(ctx, func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
				restore := func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}
				_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
				return restore, err
			})
			if err != nil {
				t.Fatal(err)
			}
			conn := pooled(t, db) // another
			end()
			ended := time.Now()
			tx.Close(ctx)
			if took := time.Since(ended); took != want {
				t.Errorf("Undo %s: Close came back after %s, want %s", undo, took, want)
			}
			if open := db.Pool.Stats().OpenConnections; open != 1 || pooled(t, db) != conn {
				t.Errorf("Undo %s: %d connections, want the other one alone", undo, open)
			}
		})
	}
}

// TestOpenAfterCommit: only on SQLite the transaction is still there when its COMMIT was refused.
func TestOpenAfterCommit(t *testing.T) {
	deferred := map[sqldb.Engine][]string{
		sqldb.SQLite:     {"PRAGMA foreign_keys = ON", "CREATE TABLE p (n INT PRIMARY KEY)", "CREATE TABLE a (n INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)"},
		sqldb.PostgreSQL: {"CREATE TABLE p (n INT PRIMARY KEY)", "CREATE TABLE a (n INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)"},
	}
	each(t, func(t *testing.T, d database) {
		if deferred[d.engine] == nil {
			t.Skip("it checks nothing at COMMIT")
		}
		db := d.open(t, "")
		db.Pool.SetMaxOpenConns(1)
		must(t, db.Pool, deferred[d.engine]...)
		tx, err := db.Begin(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "INSERT INTO a VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); d.engine.Fault(err) != sqldb.Constraint {
			t.Errorf("COMMIT: %v", err)
		}
		var n int
		if err := tx.Row(t.Context(), "SELECT count(*) FROM a").Scan(&n); err != nil || tx.Open() != (n == 1) {
			t.Errorf("Open is %t, and %d rows are seen (%v)", tx.Open(), n, err)
		}
		tx.Close(t.Context())
		if n := count(t, db); n != 0 {
			t.Errorf("%d rows after a COMMIT that was refused", n)
		}
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	db := &sqldb.DB{Engine: sqldb.PostgreSQL}
	ended, end := context.WithCancel(t.Context())
	end()
	deadlock, check := &pgconn.PgError{Code: "40P01"}, &pgconn.PgError{Code: "23514"}
	for _, c := range []struct {
		name string
		ctx  context.Context
		errs []error // of the tries
		want int
	}{
		{"it never works", t.Context(), []error{deadlock, deadlock, deadlock, deadlock}, 3},
		{"it works the third time", t.Context(), []error{deadlock, deadlock, nil}, 3},
		{"it is refused", t.Context(), []error{check, nil}, 1},
		{"it is refused the second time", t.Context(), []error{deadlock, check, nil}, 2},
		{"there is no answer", t.Context(), []error{context.DeadlineExceeded, nil}, 1},
		{"the context has ended", ended, []error{deadlock, nil}, 1},
	} {
		tries := 0
		err := db.Retry(c.ctx, func(context.Context) error { tries++; return c.errs[tries-1] })
		if tries != c.want || !errors.Is(err, c.errs[tries-1]) {
			t.Errorf("%s: %d tries, want %d; %v", c.name, tries, c.want, err)
		}
	}
}

// Where the server ended all connections, the next transaction begins on a new one: nobody is told
// of an outage that is over.
func TestBeginAfterConnectionsDied(t *testing.T) {
	ended := map[sqldb.Engine]string{
		sqldb.PostgreSQL: "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		sqldb.MySQL:      "SELECT GROUP_CONCAT(CONCAT('KILL ', id) SEPARATOR ';') FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
	}
	each(t, func(t *testing.T, d database) {
		if d.engine == sqldb.SQLite {
			t.Skip("no server")
		}
		parameters := ""
		if d.engine == sqldb.MySQL {
			parameters = "multiStatements=true"
		}
		db, other := d.open(t, ""), d.open(t, parameters)
		db.Pool.SetMaxIdleConns(5)
		for range 2 { // pgx does not ping a connection that it took less than a second ago
			var conns []*sql.Conn
			for range 5 {
				conns = append(conns, connection(t, db))
			}
			for _, conn := range conns {
				_ = conn.Close()
			}
		}
		var kill any
		if err := other.Row(t.Context(), ended[d.engine]).Scan(&kill); err != nil {
			t.Fatal(err)
		}
		if text, ok := kill.([]byte); ok && d.engine == sqldb.MySQL {
			must(t, other.Pool, string(text))
		}
		tx, err := db.Begin(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		tx.Close(t.Context())
	})
}
