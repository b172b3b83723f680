// PostgreSQL: an advisory lock for each user, held by the transaction.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

var postgresql = dialect{
	engine:     sqldb.PostgreSQL,
	durability: "SELECT CASE WHEN current_setting('fsync') = 'on' THEN current_setting('synchronous_commit') ELSE 'no fsync' END",
	durableAt:  []string{"on", "local", "remote_write", "remote_apply"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set fsync=on and synchronous_commit=on.",
	lock:       "SELECT pg_advisory_xact_lock(?)",
	clock:      "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
	greatest:   "GREATEST",
	least:      "LEAST",
	some: func(c change) string {
		return fmt.Sprintf("%s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE %s ORDER BY %s LIMIT ? FOR UPDATE))", c.verb(c.table), c.table, c.where, c.by)
	},
	noSchema:   "no schema to keep the tables in: let the search_path of the connection, or of its user, name one that is there",
	unstorable: "a character has no place in the encoding of the database or the connection: make the database with ENCODING 'UTF8'",
	settings:   postgresqlSettings,
}

// postgresqlSettings looks at the encodings: every character must have a place in them.
func postgresqlSettings(ctx context.Context, db *sql.DB) (wrong []string, err error) {
	var server, client string
	err = db.QueryRowContext(ctx, "SELECT current_setting('server_encoding'), current_setting('client_encoding')").Scan(&server, &client)
	if err != nil {
		return nil, err
	}
	if server != "UTF8" {
		wrong = append(wrong, fmt.Sprintf("the encoding of the database is %s, in which not every character has a place: make it with ENCODING 'UTF8'", server))
	}
	if client != "UTF8" {
		wrong = append(wrong, fmt.Sprintf("the encoding of the connection is %s: set client_encoding=UTF8", client))
	}
	return wrong, nil
}
