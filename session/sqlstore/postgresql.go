// PostgreSQL: an advisory lock for each user, held by the transaction.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

var postgresql = dialect{
	name:       "postgresql",
	durability: "SELECT CASE WHEN current_setting('fsync') = 'on' THEN current_setting('synchronous_commit') ELSE 'no fsync' END",
	durableAt:  []string{"on", "local", "remote_write", "remote_apply"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set fsync=on and synchronous_commit=on.",
	goose:      goose.DialectPostgres,
	migrate:    func(*int64) lock.SessionLocker { return postgresqlMigration{} },
	// In the other levels a transaction would not see what was committed while it
	// waited for its lock.
	begin:     []string{"BEGIN ISOLATION LEVEL READ COMMITTED"},
	lock:      "SELECT pg_advisory_xact_lock(?)",
	numbered:  true,
	forUpdate: " FOR UPDATE",
	clock:     "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
	greatest:  "GREATEST",
	least:     "LEAST",
	some: func(c change) string {
		return fmt.Sprintf("%s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE %s ORDER BY %s LIMIT ? FOR UPDATE))", c.verb(c.table), c.table, c.where, c.by)
	},
	fault: postgresqlFault,
}

// postgresqlFault reads the SQLSTATE (PostgreSQL manual, appendix A), which
// errors of the server have as a method in pgx and in lib/pq.
func postgresqlFault(err error) fault {
	answer, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return lost
	}
	switch state := answer.SQLState(); {
	case state == "23505": // unique_violation
		return duplicate
	case state == "40001", state == "40P01", state == "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return aborted
	case state == "40003", state == "57P01", state == "57P02", strings.HasPrefix(state, "08"): // unknown completion, shutdown, connection
		return lost
	case state == "57P03": // cannot_connect_now
		return away
	default:
		return refused
	}
}

// migrationLock is the advisory lock of migrations: "crudsess" in ASCII.
const migrationLock = 0x6372756473657373

// postgresqlMigration holds an advisory lock of the session.
type postgresqlMigration struct{}

// SessionLock implements lock.SessionLocker.
func (postgresqlMigration) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock))
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (postgresqlMigration) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	return err
}
