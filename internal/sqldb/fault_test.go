// The faults of real errors of real drivers, and of those that no test server can be brought to
// say.

package sqldb_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// provoked are the errors that each engine is brought to say, with what they mean.
var provoked = map[string]struct {
	want    sqldb.Fault
	provoke map[sqldb.Engine]func(t *testing.T, d database) error // the engines that can say it
}{
	"a primary key that is there":  {sqldb.Duplicate, everywhere(insertTwice("n INT PRIMARY KEY"))},
	"a unique value that is there": {sqldb.Duplicate, everywhere(insertTwice("n INT UNIQUE"))},
	"a rule that is broken":        {sqldb.Constraint, everywhere(afterTable("n INT CHECK (n > 5)", "INSERT INTO a VALUES (1)"))},
	"a value that is missing":      {sqldb.Constraint, everywhere(afterTable("n INT NOT NULL", "INSERT INTO a VALUES (NULL)"))},
	"a reference to nothing":       {sqldb.Constraint, everywhere(afterReference("INSERT INTO a VALUES (3, 4)"))},
	"a record that is referred to": {sqldb.Constraint, everywhere(afterReference("DELETE FROM a WHERE n = 1"))},
	"a statement that is not SQL":  {sqldb.Refused, everywhere(afterTable("n INT", "SELEC n FROM a"))},
	"a table that does not exist":  {sqldb.Refused, everywhere(afterTable("n INT", "SELECT n FROM b"))},
	"words of a trigger of a file": {sqldb.Constraint, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.SQLite: afterTable("n TEXT", "INSERT INTO a VALUES ('x')",
			"CREATE TRIGGER b BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: the database is locked, says a trigger'); END"),
	}},
	"words of a trigger": {sqldb.Refused, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.MySQL: afterTable("n TEXT", "INSERT INTO a VALUES ('x')",
			"CREATE TRIGGER b BEFORE INSERT ON a FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Error 1062: says a trigger'"),
		sqldb.PostgreSQL: afterTable("n TEXT", "INSERT INTO a VALUES ('x')",
			"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'SQLSTATE 23505'; END $$",
			"CREATE TRIGGER b BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()"),
	}},
	"a serialization failure": {sqldb.Conflict, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: overtaken("BEGIN ISOLATION LEVEL REPEATABLE READ"),
		sqldb.SQLite:     overtaken("BEGIN"), // SQLITE_BUSY_SNAPSHOT
	}},
	"a deadlock": {sqldb.Conflict, map[sqldb.Engine]func(*testing.T, database) error{sqldb.PostgreSQL: deadlock, sqldb.MySQL: deadlock}},
	"a lock that was waited for too long": {sqldb.Conflict, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: lockWait("SET lock_timeout = '50ms'"),
		sqldb.MySQL:      lockWait("SET innodb_lock_wait_timeout = 1"),
	}},
	"another writer": {sqldb.Locked, map[sqldb.Engine]func(*testing.T, database) error{sqldb.SQLite: lockWait("PRAGMA busy_timeout = 0")}},
	"a database that takes no writes": {sqldb.ReadOnly, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.SQLite:     afterTable("n INT", "INSERT INTO a VALUES (1)", "PRAGMA query_only = ON"),
		sqldb.PostgreSQL: afterTable("n INT", "INSERT INTO a VALUES (1)", "SET default_transaction_read_only = on"),
		sqldb.MySQL:      afterTable("n INT", "INSERT INTO a VALUES (1)", "SET SESSION TRANSACTION READ ONLY"),
	}},
	"a disk that is full": {sqldb.Full, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.SQLite: afterTable("b BLOB", "INSERT INTO a VALUES (zeroblob(100000))", "PRAGMA max_page_count = 4"),
		sqldb.MySQL: func(t *testing.T, d database) error { // a table of the engine MEMORY has a size
			conn := connection(t, d.open(t, ""))
			must(t, conn, "SET max_heap_table_size = 16384", "CREATE TABLE full (n CHAR(200)) ENGINE = MEMORY", "INSERT INTO full VALUES ('x')")
			for range 1000 {
				if _, err := conn.ExecContext(t.Context(), "INSERT INTO full SELECT n FROM full"); err != nil {
					return err
				}
			}
			return nil
		},
	}},
	"a file that is not a database": {sqldb.Broken, map[sqldb.Engine]func(*testing.T, database) error{sqldb.SQLite: func(t *testing.T, d database) error {
		path, _, _ := strings.Cut(strings.TrimPrefix(d.dsn, "file:"), "?")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database. ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := d.open(t, "").Exec(t.Context(), "CREATE TABLE a (n INT)")
		return err
	}}},
	"a file that cannot be opened": {sqldb.Broken, map[sqldb.Engine]func(*testing.T, database) error{sqldb.SQLite: func(t *testing.T, d database) error {
		d.dsn = "file:" + t.TempDir() + "/nowhere/a.db"
		return d.open(t, "").Pool.PingContext(t.Context())
	}}},
	"a right that is missing": {sqldb.Forbidden, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: func(t *testing.T, d database) error {
			conn, role := connection(t, d.open(t, "")), "sqldb_"+strings.ToLower(rand.Text())
			must(t, conn, "CREATE TABLE a (n INT)", "BEGIN", "CREATE ROLE "+role, "SET ROLE "+role)
			defer must(t, conn, "ROLLBACK") // and the role is gone
			_, err := conn.ExecContext(t.Context(), "SELECT n FROM a")
			return err
		},
		sqldb.MySQL: func(t *testing.T, d database) error {
			root, user := d.open(t, ""), "sqldb_"+strings.ToLower(rand.Text())
			must(t, root.Pool, "CREATE USER "+user+" IDENTIFIED BY 'right'")
			t.Cleanup(func() {
				_, _ = root.Pool.ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+user)
			})
			_, at, _ := strings.Cut(d.dsn, "@")
			d.dsn = user + ":right@" + at
			return d.open(t, "").Pool.PingContext(t.Context())
		},
	}},
	"a password that is wrong": {sqldb.NoEntry, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.MySQL: func(t *testing.T, d database) error {
			_, at, _ := strings.Cut(d.dsn, "@")
			d.dsn = "sqldb_nobody:wrong@" + at
			return d.open(t, "").Pool.PingContext(t.Context())
		},
	}},
	"a database that is not there": {sqldb.NoEntry, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: func(t *testing.T, d database) error {
			config, err := pgconn.ParseConfig(d.dsn)
			if err != nil {
				t.Fatal(err)
			}
			d.dsn = strings.Replace(d.dsn, "/"+config.Database, "/nowhere", 1)
			return d.open(t, "").Pool.PingContext(t.Context())
		},
		sqldb.MySQL: func(t *testing.T, d database) error {
			config, err := mysql.ParseDSN(d.dsn)
			if err != nil {
				t.Fatal(err)
			}
			config.DBName = "nowhere"
			d.dsn = config.FormatDSN()
			return d.open(t, "").Pool.PingContext(t.Context())
		},
	}},
	"no schema to keep tables in": {sqldb.NoSchema, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: func(t *testing.T, d database) error {
			conn := connection(t, d.open(t, ""))
			must(t, conn, "SET search_path = nowhere")
			_, err := conn.ExecContext(t.Context(), "CREATE TABLE a (n INT)")
			return err
		},
		sqldb.MySQL: func(t *testing.T, d database) error {
			config, err := mysql.ParseDSN(d.dsn)
			if err != nil {
				t.Fatal(err)
			}
			config.DBName = ""
			d.dsn = config.FormatDSN()
			_, err = d.open(t, "").Exec(t.Context(), "CREATE TABLE a (n INT)")
			return err
		},
	}},
	"a character that has no place": {sqldb.Unstorable, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: afterTable("n TEXT", "SELECT convert_from('\\x80', 'UTF8')"),
		sqldb.MySQL:      afterTable("n TEXT CHARACTER SET latin1", "INSERT INTO a VALUES ('→')", "SET sql_mode = 'STRICT_ALL_TABLES'"),
	}},
	"a plan that is out of date": {sqldb.Outdated, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: func(t *testing.T, d database) error {
			conn := connection(t, d.open(t, ""))
			must(t, conn, "CREATE TABLE a (n INT)", "PREPARE p AS SELECT * FROM a", "EXECUTE p", "ALTER TABLE a ALTER n TYPE text")
			_, err := conn.ExecContext(t.Context(), "EXECUTE p")
			return err
		},
	}},
	"a statement that was not prepared": {sqldb.Outdated, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: afterTable("n INT", "EXECUTE nothing"),
	}},
	"a connection that was killed": {sqldb.Lost, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: asleep(killed),
		sqldb.MySQL:      asleep(killed),
	}},
	"a context that ended meanwhile": {sqldb.Lost, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: asleep(interrupted),
		sqldb.MySQL:      asleep(interrupted),
		sqldb.SQLite:     interruptedInFile,
	}},
	"a server that is not there": {sqldb.Unsent, map[sqldb.Engine]func(*testing.T, database) error{
		sqldb.PostgreSQL: nobodyThere("postgres://a:b@%s/a?sslmode=disable"),
		sqldb.MySQL:      nobodyThere("a:b@tcp(%s)/a"),
	}},
	"a pool that was closed": {sqldb.Unsent, everywhere(func(t *testing.T, d database) error {
		db := d.open(t, "")
		_ = db.Pool.Close()
		_, err := db.Exec(t.Context(), "SELECT 1")
		return err
	})},
}

func everywhere(provoke func(*testing.T, database) error) map[sqldb.Engine]func(*testing.T, database) error {
	return map[sqldb.Engine]func(*testing.T, database) error{sqldb.SQLite: provoke, sqldb.PostgreSQL: provoke, sqldb.MySQL: provoke}
}

// afterTable makes the table a with those columns, runs the statements before, and returns what the
// last one gives. All are on one connection.
func afterTable(columns, last string, before ...string) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		conn := connection(t, d.open(t, ""))
		must(t, conn, append([]string{"CREATE TABLE a (" + columns + ")"}, before...)...)
		_, err := conn.ExecContext(t.Context(), last)
		return err
	}
}

// afterReference makes a table whose records refer to one another, and returns what last gives.
func afterReference(last string) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		before := []string{"INSERT INTO a VALUES (1, NULL)", "INSERT INTO a VALUES (2, 1)"}
		if d.engine == sqldb.SQLite {
			before = append(before, "PRAGMA foreign_keys = ON")
		}
		return afterTable("n INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES a (n)", last, before...)(t, d)
	}
}

func insertTwice(column string) func(*testing.T, database) error {
	return afterTable(column, "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (1)")
}

// overtaken reads in a transaction, lets another one write what it read, and then writes.
func overtaken(begin string) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		one, two := connection(t, d.open(t, "")), connection(t, d.open(t, ""))
		if d.engine == sqldb.SQLite {
			must(t, one, "PRAGMA journal_mode = WAL")
		}
		must(t, one, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)", begin)
		var n int
		if err := one.QueryRowContext(t.Context(), "SELECT n FROM a").Scan(&n); err != nil {
			t.Fatal(err)
		}
		must(t, two, "UPDATE a SET n = 2")
		_, err := one.ExecContext(t.Context(), "UPDATE a SET n = 3")
		return err
	}
}

// deadlock lets two transactions wait for each other, and returns the error of the one that was
// hit.
func deadlock(t *testing.T, d database) error {
	one, two := connection(t, d.open(t, "")), connection(t, d.open(t, ""))
	must(t, one, "CREATE TABLE a (n INT PRIMARY KEY, v INT)", "INSERT INTO a VALUES (0, 0), (1, 0)")
	must(t, one, append(d.engine.Begin(), "UPDATE a SET v = 1 WHERE n = 0")...)
	must(t, two, append(d.engine.Begin(), "UPDATE a SET v = 1 WHERE n = 1")...)
	first := make(chan error, 1)
	go func() {
		_, err := one.ExecContext(t.Context(), "UPDATE a SET v = 1 WHERE n = 1")
		first <- err
	}()
	_, err := two.ExecContext(t.Context(), "UPDATE a SET v = 1 WHERE n = 0")
	must(t, two, "ROLLBACK")
	return errors.Join(err, <-first)
}

// lockWait waits for a row that another transaction has locked.
func lockWait(patience string) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		one, two := connection(t, d.open(t, "")), connection(t, d.open(t, ""))
		must(t, one, "CREATE TABLE a (n INT PRIMARY KEY)", "INSERT INTO a VALUES (1)")
		must(t, one, append(d.engine.Begin(), "UPDATE a SET n = 2")...)
		must(t, two, patience)
		_, err := two.ExecContext(t.Context(), "UPDATE a SET n = 3")
		return err
	}
}

// sleep is a statement that goes on for long, and how another connection sees that it does.
var sleep = map[sqldb.Engine]struct{ who, statement, seen, kill string }{
	sqldb.PostgreSQL: {
		"SELECT pg_backend_pid()", "SELECT pg_sleep(600)",
		"SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND query LIKE '%%pg_sleep%%'", "SELECT pg_terminate_backend(%d)",
	},
	sqldb.MySQL: {
		"SELECT CONNECTION_ID()", "SELECT SLEEP(600)",
		"SELECT count(*) FROM information_schema.processlist WHERE id = %d AND info LIKE '%%SLEEP%%'", "KILL %d",
	},
}

// asleep returns the error of a statement that ends ends while the server is at it: by a statement
// with which another connection kills it, or in another way.
func asleep(end func(t *testing.T, cancel func(), other *sql.Conn, kill string)) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		db, s := d.open(t, ""), sleep[d.engine]
		one, two := connection(t, db), connection(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var id, seen int
		if err := one.QueryRowContext(ctx, s.who).Scan(&id); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			var got sql.NullString
			ended <- one.QueryRowContext(ctx, s.statement).Scan(&got)
		}()
		for seen == 0 {
			if err := two.QueryRowContext(t.Context(), fmt.Sprintf(s.seen, id)).Scan(&seen); err != nil {
				t.Fatal(err)
			}
			sqldb.Pause(t.Context(), 1)
		}
		end(t, cancel, two, fmt.Sprintf(s.kill, id))
		return <-ended
	}
}

func killed(t *testing.T, _ func(), other *sql.Conn, kill string) { must(t, other, kill) }

func interrupted(_ *testing.T, cancel func(), _ *sql.Conn, _ string) { cancel() }

// interruptedInFile ends the context of a statement that would not end.
func interruptedInFile(t *testing.T, d database) error {
	conn := connection(t, d.open(t, ""))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		var got sql.NullString
		ended <- conn.QueryRowContext(ctx, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c").Scan(&got)
	}()
	cancel()
	return <-ended
}

// nobodyThere is an address at which nothing listens.
func nobodyThere(dsn string) func(*testing.T, database) error {
	return func(t *testing.T, d database) error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		d.dsn = fmt.Sprintf(dsn, listener.Addr())
		_ = listener.Close()
		return d.open(t, "").Pool.PingContext(t.Context())
	}
}

func TestFaultsOfRealErrors(t *testing.T) {
	covered := map[sqldb.Engine]map[sqldb.Fault]bool{sqldb.SQLite: {}, sqldb.PostgreSQL: {}, sqldb.MySQL: {}}
	for _, one := range provoked {
		for engine := range one.provoke {
			covered[engine][one.want] = true
		}
	}
	for engine, faults := range covered {
		if len(faults) < 7 {
			t.Errorf("%s is brought to say only %d faults", engine, len(faults))
		}
	}
	for engine, start := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			for what, one := range provoked {
				provoke, can := one.provoke[engine]
				if !can {
					continue
				}
				t.Run(what, func(t *testing.T) {
					err := provoke(t, start(t))
					if err == nil {
						t.Fatal("no error")
					}
					if got := engine.Fault(fmt.Errorf("wrapped: %w", err)); got != one.want {
						t.Errorf("%v (%T) is fault %d, want %d", err, err, got, one.want)
					}
				})
			}
		})
	}
}

// TestFaultsOfSaidErrors has the errors that no test brings a server to say, and those of drivers
// that the module does not use.
func TestFaultsOfSaidErrors(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return &pgconn.PgError{Code: code} }
	number := func(n uint16) error {
		return &mysql.MySQLError{Number: n, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}, Message: "Error 1: of the server"}
	}
	for _, c := range []struct {
		engine sqldb.Engine
		err    error
		want   sqldb.Fault
	}{
		{sqldb.SQLite, nil, sqldb.None},
		{sqldb.PostgreSQL, nil, sqldb.None},
		{sqldb.MySQL, nil, sqldb.None},
		{sqldb.SQLite, errors.New("UNIQUE constraint failed: crudadmin_users.username_key"), sqldb.Duplicate}, // mattn
		{sqldb.SQLite, errors.New("sqlite3: database is locked"), sqldb.Locked},                               // ncruces
		{sqldb.SQLite, errors.New("database table is locked: a"), sqldb.Locked},
		{sqldb.SQLite, errors.New("attempt to write a readonly database"), sqldb.ReadOnly},
		{sqldb.SQLite, errors.New("database or disk is full"), sqldb.Full},
		{sqldb.SQLite, errors.New("the account is locked"), sqldb.Refused}, // a trigger's own words
		{sqldb.SQLite, code(1811), sqldb.Constraint},                       // SQLITE_CONSTRAINT_TRIGGER
		{sqldb.SQLite, code(261), sqldb.Locked},                            // SQLITE_BUSY_RECOVERY
		{sqldb.SQLite, code(1032), sqldb.ReadOnly},                         // SQLITE_READONLY_DBMOVED
		{sqldb.SQLite, code(778), sqldb.Broken},                            // SQLITE_IOERR_WRITE
		{sqldb.SQLite, context.DeadlineExceeded, sqldb.Lost},
		{sqldb.SQLite, driver.ErrBadConn, sqldb.Unsent},
		{sqldb.PostgreSQL, state("40P01"), sqldb.Conflict},
		{sqldb.PostgreSQL, state("57P01"), sqldb.Lost},
		{sqldb.PostgreSQL, state("57P02"), sqldb.Lost},
		{sqldb.PostgreSQL, state("57P03"), sqldb.Starting},
		{sqldb.PostgreSQL, state("08006"), sqldb.Lost},
		{sqldb.PostgreSQL, state("08P01"), sqldb.Lost}, // PgBouncer's word for a server that has gone
		{sqldb.PostgreSQL, state("40003"), sqldb.Lost},
		{sqldb.PostgreSQL, state("53100"), sqldb.Full},
		{sqldb.PostgreSQL, state("57014"), sqldb.Refused}, // query_canceled
		{sqldb.PostgreSQL, state("28P01"), sqldb.NoEntry},
		{sqldb.PostgreSQL, driver.ErrBadConn, sqldb.Unsent},
		{sqldb.PostgreSQL, context.DeadlineExceeded, sqldb.Lost},
		{sqldb.MySQL, number(1020), sqldb.Conflict},
		{sqldb.MySQL, number(1053), sqldb.Lost},
		{sqldb.MySQL, number(1615), sqldb.Outdated},
		{sqldb.MySQL, number(1290), sqldb.ReadOnly},
		{sqldb.MySQL, number(1021), sqldb.Full},
		{sqldb.MySQL, number(10621), sqldb.Refused},   // begins like another
		{sqldb.MySQL, number(3819), sqldb.Constraint}, // a CHECK of MySQL
		{sqldb.MySQL, number(4025), sqldb.Constraint}, // a CHECK of MariaDB
		{sqldb.MySQL, mysql.ErrInvalidConn, sqldb.Lost},
		{sqldb.MySQL, driver.ErrBadConn, sqldb.Unsent},
		{sqldb.MySQL, context.DeadlineExceeded, sqldb.Lost},
		{"", state("28P01"), sqldb.NoEntry},
		{"", number(1045), sqldb.NoEntry},
		{"", context.DeadlineExceeded, sqldb.Lost},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("lock: %w", err)
		}
		if got := c.engine.Fault(err); got != c.want {
			t.Errorf("%s: %v is fault %d, want %d", c.engine, c.err, got, c.want)
		}
	}
}

// code is an error of a driver of SQLite that tells the extended result code.
type code int

func (c code) Error() string { return fmt.Sprintf("database is locked, says nobody (%d)", int(c)) }
func (c code) Code() int     { return int(c) }

// TestUndecided: what nobody knows of a statement, and of a COMMIT.
func TestUndecided(t *testing.T) {
	t.Parallel()
	for fault := sqldb.None; fault <= sqldb.Unstorable; fault++ {
		if got, want := fault.Undecided(false), fault == sqldb.Lost; got != want {
			t.Errorf("a statement with fault %d: undecided %t, want %t", fault, got, want)
		}
		if got, want := fault.Undecided(true), fault == sqldb.Lost || fault == sqldb.Unsent; got != want {
			t.Errorf("a COMMIT with fault %d: undecided %t, want %t", fault, got, want)
		}
	}
}
