// Engines: how they are told apart, and how each writes what all of them can do.

// Package sqldb is the one place that knows which SQL engine a database is, what the errors of its
// drivers mean, and how a transaction is begun, undone in time, and tried again. It imports no
// driver: what it must know of a driver's errors it reads from methods and texts that every driver
// of that engine has.
//
// # Faults
//
// [Engine.Fault] sorts the errors of drivers by what a caller can do about them. [Fault.NoAnswer]
// separates the errors after which nobody knows whether a write was done from those with which the
// database said that it did nothing. A COMMIT that had no answer may have been done: see
// [Fault.Undecided].
//
// # Transactions
//
// [DB.Begin] takes a connection out of the pool, and [Tx.Close] gives it back without a transaction
// on it, whatever happened meanwhile. BEGIN, COMMIT and ROLLBACK are sent like any other statement:
// they end with their context, which [sql.Tx.Commit] does not on every driver. [DB.Retry] tries
// again what the database undid to let another transaction go on.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Engine is the software that runs a database. Its value also names folders of migrations. The zero
// value is an engine that is not known yet.
type Engine string

// The engines that are supported.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
	MySQL      Engine = "mysql" // MariaDB too
)

// ErrEngine means that the database answers, and is not one of the engines in a version that is
// supported.
var ErrEngine = errors.New("want SQLite, PostgreSQL, MySQL or MariaDB")

// Detect asks the database which engine it is, and of which version, in the words of the engine.
// The version is empty where a pooler kept it back ([MixedUp]). Errors: [ErrEngine], also of an
// engine that only looks like one of them, and of a version that is too old; any other error means
// that the database did not answer, or let nobody in: Engine("").Fault says which.
func Detect(ctx context.Context, db *sql.DB) (engine Engine, version string, err error) {
	if err := db.PingContext(ctx); err != nil {
		return "", "", err
	}
	err = db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	switch {
	case err != nil && MixedUp(err):
		return PostgreSQL, "", nil
	case err == nil && strings.HasPrefix(version, "PostgreSQL"):
		engine = PostgreSQL
	case err == nil && strings.IndexFunc(version, unicode.IsDigit) == 0: // 8.4.0, 10.11.6-MariaDB
		engine = MySQL
	case err == nil:
		return "", "", fmt.Errorf("the database is %.200q: %w", version, ErrEngine)
	}
	if engine != "" {
		if err := engine.itself(ctx, db, version); err != nil {
			return "", "", err
		}
		return engine, version, nil
	}
	notSQLite := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	if notSQLite == nil {
		return SQLite, version, nil
	}
	if down := db.PingContext(ctx); down != nil {
		return "", "", errors.Join(err, notSQLite, down)
	}
	return "", "", fmt.Errorf("the database does not tell its version: %w: %w", ErrEngine, errors.Join(err, notSQLite))
}

// Bind writes the placeholders of a query, which are question marks, as the engine wants them: $1,
// $2, … on PostgreSQL. No text and no comment of the query may have a question mark.
func (e Engine) Bind(query string) string {
	if e != PostgreSQL {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// ForUpdate is the end of a SELECT that locks the rows it finds until its transaction ends. It is
// empty on SQLite, where only one transaction can write.
func (e Engine) ForUpdate() string {
	if e == SQLite {
		return ""
	}
	return " FOR UPDATE"
}

// begins are the statements that begin a transaction that writes.
var begins = map[Engine][]string{
	// The write lock is taken now: a transaction that took it later could be refused for what it
	// read.
	SQLite: {"BEGIN IMMEDIATE"},
	// At other levels a transaction would not see what was committed while it waited for a lock.
	PostgreSQL: {"BEGIN ISOLATION LEVEL READ COMMITTED"},
	// REPEATABLE READ, the default, also locks the gaps beside a row: neighbours in an index would
	// deadlock.
	MySQL: {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"},
}

// Begin returns the statements that begin a transaction that writes.
func (e Engine) Begin() []string { return slices.Clone(begins[e]) }

// Start begins a transaction that writes on conn: on SQLite it holds the write lock, elsewhere it
// is READ COMMITTED. It is a [Start].
func (e Engine) Start(ctx context.Context, conn *sql.Conn) (restore func(context.Context) error, err error) {
	for _, statement := range begins[e] {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
