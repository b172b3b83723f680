// MySQL and MariaDB: a row to lock for each of 256 parts of the users.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

var mysql = dialect{
	engine:     sqldb.MySQL,
	durability: "SELECT @@innodb_flush_log_at_trx_commit",
	durableAt:  []string{"1"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set innodb_flush_log_at_trx_commit=1.",
	lock:       "SELECT slot FROM crudadmin_session_locks WHERE slot = (? & 255) FOR UPDATE",
	clock:      "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
	greatest:   "GREATEST",
	least:      "LEAST",
	some: func(c change) string {
		if c.set == "" {
			return fmt.Sprintf("%s WHERE %s ORDER BY %s LIMIT ?", c.verb(c.table), c.where, c.by)
		}
		// An UPDATE moves rows within the index: with ORDER BY the server would sort all of them
		// first. Without it, the server might prefer to walk the table.
		return fmt.Sprintf("%s WHERE %s LIMIT ?", c.verb(c.table+" FORCE INDEX ("+c.index+")"), c.where)
	},
	noSchema:   noDatabase,
	unstorable: "a character has no place in the connection's or the table's character set: set charset=utf8mb4 in the DSN, and leave the tables in utf8mb4",
	settings:   mysqlSettings,
	more: []deed{
		{"crudadmin_session_locks", "SELECT and UPDATE", "SELECT slot FROM crudadmin_session_locks WHERE 1 = 0 FOR UPDATE", false},
	},
}

const noDatabase = "no database to keep the tables in: name one in the address"

// mysqlSettings looks at the database that is chosen, at the character set, in which every
// character must have a place, and at autocommit, without which a single statement is never
// committed.
func mysqlSettings(ctx context.Context, db *sql.DB) (wrong []string, err error) {
	var client, connection, results string
	var autocommit, named bool
	err = db.QueryRowContext(ctx, "SELECT @@character_set_client, @@character_set_connection, COALESCE(@@character_set_results, 'binary'), @@autocommit, DATABASE() IS NOT NULL").
		Scan(&client, &connection, &results, &autocommit, &named)
	if err != nil {
		return nil, err
	}
	if !named {
		wrong = append(wrong, noDatabase)
	}
	for _, set := range []string{client, connection, results} {
		if set != "utf8mb4" && set != "binary" {
			wrong = append(wrong, fmt.Sprintf("the connection's character set is %s, in which not every character has a place: set charset=utf8mb4 in the DSN", set))
			break
		}
	}
	if !autocommit {
		wrong = append(wrong, "autocommit is off on the connections, so that single statements are never committed: leave autocommit=0 out of the DSN and of init_connect")
	}
	return wrong, nil
}
