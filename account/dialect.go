// Dialects: what differs between the engines.

package account

import (
	"errors"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/migrate"
)

// dialect is one engine's words.
type dialect struct {
	engine migrate.Engine

	// begin begins a transaction that sees what was committed while it waited for lock, a query of one row that
	// waits for every other transaction with this lock. SQLite has one writer, from BEGIN IMMEDIATE on.
	begin []string
	lock  string

	// fault says what an error of the driver means. It reads what every driver of the engine has.
	fault func(error) fault
}

var dialects = map[migrate.Engine]*dialect{
	migrate.SQLite: {
		engine: migrate.SQLite,
		begin:  []string{"BEGIN IMMEDIATE"},
		fault:  sqliteFault,
	},
	migrate.PostgreSQL: {
		engine: migrate.PostgreSQL,
		begin:  []string{"BEGIN ISOLATION LEVEL READ COMMITTED"},
		lock:   "SELECT pg_advisory_xact_lock(7165919031090963316)", // "crudacct" in ASCII
		fault:  postgresqlFault,
	},
	migrate.MySQL: {
		engine: migrate.MySQL,
		begin:  []string{"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"},
		lock:   "SELECT id FROM crudadmin_account_lock WHERE id = 1 FOR UPDATE",
		fault:  mysqlFault,
	},
}

// fault is what an error of a driver means.
type fault int

const (
	other     fault = iota
	aborted         // by a deadlock or a conflict between transactions, and undone: it can be tried again
	duplicate       // a unique key is there already
)

// sqliteFault reads SQLite's own text (sqlite.org/rescode.html). A lock is waited for by the busy timeout of the
// pool, not here.
func sqliteFault(err error) fault {
	if strings.Contains(err.Error(), "UNIQUE constraint failed") {
		return duplicate
	}
	return other
}

// postgresqlFault reads the SQLSTATE (PostgreSQL manual, appendix A), a method of the errors of pgx and lib/pq.
func postgresqlFault(err error) fault {
	answer, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return other
	}
	switch answer.SQLState() {
	case "23505": // unique_violation
		return duplicate
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return aborted
	default:
		return other
	}
}

// mysqlFault reads the number of an error of the server (MySQL error message reference) from its text, which
// begins with it: "Error 1062 (23000): …".
func mysqlFault(err error) fault {
	_, text, found := strings.Cut(err.Error(), "Error ")
	if !found {
		return other
	}
	switch text[:len(text)-len(strings.TrimLeft(text, "0123456789"))] {
	case "1062": // ER_DUP_ENTRY
		return duplicate
	case "1205", "1213", "1020": // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD
		return aborted
	default:
		return other
	}
}
