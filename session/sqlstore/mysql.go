// MySQL and MariaDB: a row to lock for each of 256 parts of the users.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

var mysql = dialect{
	name:       "mysql",
	durability: "SELECT @@innodb_flush_log_at_trx_commit",
	durableAt:  []string{"1"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set innodb_flush_log_at_trx_commit=1.",
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
	stale: func(err error) bool {
		number := mysqlNumber(err)
		return number == 1615 || number == 1243 // ER_NEED_REPREPARE, ER_UNKNOWN_STMT_HANDLER
	},
	flaw:     mysqlFlaw,
	settings: mysqlSettings,
	more: []deed{
		{"crudadmin_session_locks", "SELECT and UPDATE", "SELECT slot FROM crudadmin_session_locks WHERE 1 = 0 FOR UPDATE", false},
	},
}

// mysqlNumber is the number of an error of the server, which the driver has in a
// field of its own type but also begins the text with: "Error 1062 (23000): …". 0 if
// there is none.
func mysqlNumber(err error) int {
	_, text, found := strings.Cut(err.Error(), "Error ")
	digits, _, _ := strings.Cut(text, ":")
	digits, _, _ = strings.Cut(digits, " ")
	number, err := strconv.Atoi(digits)
	if !found || err != nil {
		return 0
	}
	return number
}

// mysqlFlaw says which errors of the server pass by no waiting.
func mysqlFlaw(err error) string {
	switch mysqlNumber(err) {
	case 1044, 1142, 1143, 1227: // access denied: to the database, a table, a column, for want of a privilege
		return noRight
	case 1290, 1792, 1836: // --read-only, a read-only transaction, read-only mode
		return readOnly
	case 1045, 1698, 1049: // ER_ACCESS_DENIED_ERROR, …_NO_PASSWORD_ERROR, ER_BAD_DB_ERROR
		return noEntry
	case 1046: // ER_NO_DB_ERROR
		return noDatabase
	case 1366, 3988: // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_CANNOT_CONVERT_STRING
		return "a character has no place in the connection's or the table's character set: set charset=utf8mb4 in the DSN, and leave the tables in utf8mb4"
	}
	return ""
}

const noDatabase = "no database to keep the tables in: name one in the address"

// mysqlSettings looks at the database that is chosen, at the character set, in which every character must have a place,
// and at autocommit, without which a single statement is never committed.
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

// mysqlFault says what an error of the server means.
func mysqlFault(err error) fault {
	switch mysqlNumber(err) {
	case 0:
		return lost
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
