// SQLite: one writer, taken with BEGIN IMMEDIATE.

package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

var sqlite = dialect{
	name:       "sqlite",
	notes:      []string{"Only processes on one machine can share the database file."},
	durability: "SELECT synchronous FROM pragma_synchronous",
	durableAt:  []string{"2", "3"}, // FULL, EXTRA (sqlite.org/pragma.html#pragma_synchronous)
	notDurable: "After a power cut, changes of the last moments may be undone, revocations too: set PRAGMA synchronous=FULL on every connection.",
	begin:      []string{"BEGIN IMMEDIATE"},
	oneWriter:  true,
	greatest:   "max",
	least:      "min",
	some: func(c change) string {
		return fmt.Sprintf("%s WHERE rowid IN (SELECT rowid FROM %s WHERE %s ORDER BY %s LIMIT ?)", c.verb(c.table), c.table, c.where, c.by)
	},
	fault: sqliteFault,
	stale: func(err error) bool { return strings.Contains(err.Error(), "schema has changed") },
	flaw:  sqliteFlaw,
}

// sqliteFlaw reads the text of SQLITE_READONLY, as sqliteFault does its.
func sqliteFlaw(err error) string {
	if strings.Contains(err.Error(), "readonly database") {
		return readOnly
	}
	return ""
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
