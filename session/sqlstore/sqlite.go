// SQLite: one writer, which BEGIN IMMEDIATE chooses.

package sqlstore

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

var sqlite = dialect{
	engine:     sqldb.SQLite,
	notes:      []string{"Only processes on one machine can share the database file."},
	durability: "SELECT synchronous FROM pragma_synchronous",
	durableAt:  []string{"2", "3"}, // FULL, EXTRA (sqlite.org/pragma.html#pragma_synchronous)
	notDurable: "After a power cut, changes of the last moments may be undone, revocations too: set PRAGMA synchronous=FULL on every connection.",
	greatest:   "max",
	least:      "min",
	some: func(c change) string {
		return fmt.Sprintf("%s WHERE rowid IN (SELECT rowid FROM %s WHERE %s ORDER BY %s LIMIT ?)", c.verb(c.table), c.table, c.where, c.by)
	},
}
