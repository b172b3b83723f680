// SQLite: one writer, taken with BEGIN IMMEDIATE.

package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

var sqlite = dialect{
	name:       "sqlite",
	notes:      []string{"Only processes on one machine can share the database file."},
	durability: "SELECT synchronous FROM pragma_synchronous",
	durableAt:  []string{"2", "3"}, // FULL, EXTRA (sqlite.org/pragma.html#pragma_synchronous)
	notDurable: "After a power cut, changes of the last moments may be undone, revocations too: set PRAGMA synchronous=FULL on every connection.",
	goose:      goose.DialectSQLite3,
	migrate:    func(version *int64) lock.SessionLocker { return sqliteMigration{version} },
	begin:      []string{"BEGIN IMMEDIATE"},
	oneWriter:  true,
	greatest:   "max",
	least:      "min",
	some: func(c change) string {
		return fmt.Sprintf("%s WHERE rowid IN (SELECT rowid FROM %s WHERE %s ORDER BY %s LIMIT ?)", c.verb(c.table), c.table, c.where, c.by)
	},
	fault: sqliteFault,
}

// sqliteFault reads SQLite's own texts (sqlite.org/rescode.html), which all
// drivers pass on.
func sqliteFault(err error) fault {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) {
		return lost
	}
	switch text := err.Error(); {
	case strings.Contains(text, "UNIQUE constraint failed"):
		return duplicate
	case strings.Contains(text, "is locked"), // the database, or a table under a shared cache
		strings.Contains(text, "locking protocol"):
		return busy
	case strings.Contains(text, "interrupted"):
		return lost
	default:
		return refused
	}
}

// sqliteMigration makes one migration, with its entry in the version table, one
// transaction that begins with the write lock. SQLite changes schemas in
// transactions, so a failure leaves nothing behind.
type sqliteMigration struct{ version *int64 }

// SessionLock implements lock.SessionLocker.
func (sqliteMigration) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err == nil || sqliteFault(err) != busy || !pause(ctx, 1) {
			return err
		}
	}
}

// SessionUnlock implements lock.SessionLocker: it commits if the migration got
// as far as its entry.
func (m sqliteMigration) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var n int
	err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+versionTable+" WHERE version_id = ?", *m.version).Scan(&n)
	if err == nil && n > 0 {
		if _, err = conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
	}
	_, undo := conn.ExecContext(ctx, "ROLLBACK")
	return errors.Join(err, undo)
}
