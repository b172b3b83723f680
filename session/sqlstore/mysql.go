// MySQL and MariaDB: a row to lock for each of 256 parts of the users.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

var mysql = dialect{
	name:       "mysql",
	durability: "SELECT @@innodb_flush_log_at_trx_commit",
	durableAt:  []string{"1"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set innodb_flush_log_at_trx_commit=1.",
	goose:      goose.DialectMySQL,
	migrate:    func(*int64) lock.SessionLocker { return mysqlMigration{} },
	// Repeatable read, the default, locks the gaps beside a row too: neighbours
	// in an index would deadlock.
	begin:     []string{"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"},
	lock:      "SELECT slot FROM crudadmin_session_locks WHERE slot = (? & 255) FOR UPDATE",
	forUpdate: " FOR UPDATE",
	clock:     "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
	greatest:  "GREATEST",
	least:     "LEAST",
	some: func(c change) string {
		if c.set == "" {
			return fmt.Sprintf("%s WHERE %s ORDER BY %s LIMIT ?", c.verb(c.table), c.where, c.by)
		}
		// An UPDATE moves rows within the index: with ORDER BY all of them would be
		// sorted first. Without, the server might prefer to walk the table.
		return fmt.Sprintf("%s WHERE %s LIMIT ?", c.verb(c.table+" FORCE INDEX ("+c.index+")"), c.where)
	},
	fault: mysqlFault,
}

// mysqlFault reads the number of an error of the server, which the driver has in
// a field of its own type but also begins the text with: "Error 1062 (23000): …".
func mysqlFault(err error) fault {
	_, text, found := strings.Cut(err.Error(), "Error ")
	digits, _, _ := strings.Cut(text, ":")
	digits, _, _ = strings.Cut(digits, " ")
	number, err := strconv.Atoi(digits)
	if !found || err != nil {
		return lost
	}
	switch number {
	case 1062: // ER_DUP_ENTRY
		return duplicate
	case 1205, 1213, 1020: // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD
		return aborted
	case 1053, 1927: // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED
		return lost
	default:
		return refused
	}
}

// mysqlMigration holds a named lock of the connection. Names are the server's,
// so that of the database is in it.
type mysqlMigration struct{}

const mysqlLockName = "SHA1(CONCAT('crudadmin_session_version.', DATABASE()))"

// SessionLock implements lock.SessionLocker. It asks again every few seconds, so
// that no server waits for long for a client that has gone.
func (mysqlMigration) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		var got sql.NullInt64
		err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+mysqlLockName+", 5)").Scan(&got)
		switch {
		case err != nil:
			return err
		case !got.Valid:
			return errors.New("GET_LOCK: the server refused the lock")
		case got.Int64 == 1:
			return nil
		}
	}
}

// SessionUnlock implements lock.SessionLocker.
func (mysqlMigration) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "DO RELEASE_LOCK("+mysqlLockName+")")
	return err
}
