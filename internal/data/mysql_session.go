// This file holds what a connection to MySQL or MariaDB is told for a transaction, and how its
// statements end when nobody waits for them any more.
//
// Every statement that reads runs in a transaction of its own, which the server keeps from writing,
// and in which the texts of values do not depend on what the connection was told before. Afterwards
// the connection is told again what it was told before. The driver alone leaves a statement running
// whose context has ended: the server has a limit for it, and another connection kills it.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// killTimeout bounds the stopping of a statement.
const killTimeout = 5 * time.Second

// mysqlSession is a connection with a transaction on it.
type mysqlSession struct {
	d     *mysql
	id    int64
	mu    sync.Mutex
	back  bool // the connection is in the pool again, or may be
	stops []func() bool
}

// mysqlSettings are what the texts of values, comparisons and sorting depend on.
var mysqlSettings = []struct{ name, value string }{
	{"time_zone", "'+00:00'"},
	{"sql_mode", "'ALLOW_INVALID_DATES'"},
	{"character_set_client", "'utf8mb4'"},
	{"character_set_results", "'utf8mb4'"},
	{"collation_connection", "'utf8mb4_general_ci'"},
	{"max_sort_length", strconv.Itoa(sortLength)},
	{"sql_select_limit", "18446744073709551615"},
}

// mysqlWriteSettings are what the checks of writes and the words of errors depend on. Without
// autocommit nothing that follows a transaction which the server has undone is done on its own.
var mysqlWriteSettings = []struct{ name, value string }{
	{"autocommit", "0"},
	{"foreign_key_checks", "1"},
	{"unique_checks", "1"},
	{"sql_safe_updates", "0"},
	{"lc_messages", "'en_US'"},
}

// sortLength is how many bytes of a value's weight the server sorts by.
const sortLength = 16 << 10

// settings are the names and values for a purpose.
func (d *mysql) settings(ctx context.Context, p purpose) (names, values []string) {
	for _, one := range mysqlSettings {
		if one.name == "sql_mode" && p != reads {
			one.value = "'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'"
		}
		names, values = append(names, one.name), append(values, one.value)
	}
	if p != reads {
		for _, one := range mysqlWriteSettings {
			names, values = append(names, one.name), append(values, one.value)
		}
		if d.mariadb {
			names, values = append(names, "check_constraint_checks"), append(values, "1")
		}
	}
	level, isolation := "transaction_isolation", "'REPEATABLE-READ'"
	if d.mariadb {
		level = "tx_isolation"
	}
	if p != reads {
		isolation = "'READ-COMMITTED'"
	}
	limit, least := "max_execution_time", "0"
	if d.mariadb {
		limit = "max_statement_time"
	}
	if left, bounded := statementTime(ctx); bounded {
		least = strconv.FormatInt(left.Milliseconds(), 10)
		if d.mariadb {
			least = strconv.FormatFloat(left.Seconds(), 'f', 6, 64)
		}
	}
	return append(names, level, limit), append(values, isolation, least)
}

func (d *mysql) start(p purpose) sqldb.Start {
	return func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		names, values := d.settings(ctx, p)
		s := &mysqlSession{d: d}
		had, err := s.read(ctx, conn, names)
		if err != nil {
			return nil, err
		}
		restore := func(ctx context.Context) error {
			d.sessions.Delete(conn)
			return s.end(ctx, conn, names, had, p != reads)
		}
		if _, err := conn.ExecContext(ctx, "SET "+assignments(names, values)); err != nil {
			return restore, err
		}
		begin := "START TRANSACTION"
		if p == reads {
			begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
		}
		s.stops = append(s.stops, context.AfterFunc(ctx, s.kill))
		d.sessions.Store(conn, s)
		if _, err = conn.ExecContext(ctx, begin); err == nil && p != reads {
			_, err = conn.ExecContext(ctx, "SAVEPOINT "+mysqlSavepoint)
		}
		return restore, err
	}
}

func assignments(names, values []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = "SESSION " + name + " = " + values[i]
	}
	return strings.Join(all, ", ")
}

// read asks for the connection's number, and for what it was told before.
func (s *mysqlSession) read(ctx context.Context, conn *sql.Conn, names []string) ([]string, error) {
	had := make([]sql.NullString, len(names))
	targets := []any{&s.id}
	query := "SELECT CONNECTION_ID()"
	for i, name := range names {
		query += ", @@SESSION." + name
		targets = append(targets, &had[i])
	}
	if err := conn.QueryRowContext(ctx, query).Scan(targets...); err != nil {
		return nil, err
	}
	values := make([]string, len(names))
	for i, value := range had {
		values[i] = "NULL"
		if _, err := strconv.ParseFloat(value.String, 64); err == nil {
			values[i] = value.String
		} else if value.Valid {
			values[i] = "'" + strings.ReplaceAll(value.String, "'", "''") + "'"
		}
	}
	return values, nil
}

// end tells the connection again what it was told before. Afterwards nothing on it is killed,
// unless the connection is lost. After a write there is surely no transaction: autocommit, set
// again, would commit it.
func (s *mysqlSession) end(ctx context.Context, conn *sql.Conn, names, had []string, wrote bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stop := range s.stops {
		stop()
	}
	if wrote {
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, "SET "+assignments(names, had))
	s.back = err == nil
	return err
}

// kill stops the statement that the connection runs. It asks on another connection, which it has
// before it looks whether the statement's is still this transaction's.
func (s *mysqlSession) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	conn, err := s.d.pool.Conn(ctx)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }() // back to the pool
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.back {
		_, _ = conn.ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", s.id)) // it may have ended by itself
	}
}

// watch kills what the connection runs when a statement's own context ends before the
// transaction's, at its deadline.
func (s *mysqlSession) watch(ctx context.Context) {
	if ctx.Done() == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.kill()
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stop)
}

func (d *mysql) reads(db *sql.DB) queryer { return newReadingPool(d, db) }

// mysqlConn runs statements in a transaction.
type mysqlConn struct {
	*sql.Conn
	session *mysqlSession
}

func (d *mysql) on(conn *sql.Conn) queryer {
	session, ok := d.sessions.Load(conn)
	if !ok {
		return conn
	}
	return mysqlConn{conn, session.(*mysqlSession)} //nolint:forcetypeassert // it holds nothing else
}

func (c mysqlConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c.session.watch(ctx)
	return c.Conn.ExecContext(ctx, query, args...)
}

func (c mysqlConn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.session.watch(ctx)
	return c.Conn.QueryContext(ctx, query, args...)
}

func (c mysqlConn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.session.watch(ctx)
	return c.Conn.QueryRowContext(ctx, query, args...)
}
