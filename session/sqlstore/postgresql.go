// PostgreSQL: an advisory lock for each user, held by the transaction.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

var postgresql = dialect{
	name:       "postgresql",
	durability: "SELECT CASE WHEN current_setting('fsync') = 'on' THEN current_setting('synchronous_commit') ELSE 'no fsync' END",
	durableAt:  []string{"on", "local", "remote_write", "remote_apply"},
	notDurable: "After a crash of the server, changes of the last moments may be undone, revocations too: set fsync=on and synchronous_commit=on.",
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
	// feature_not_supported, which is also "cached plan must not change result type", in
	// the server's language; invalid_sql_statement_name; duplicate_prepared_statement
	stale: func(err error) bool {
		state := sqlState(err)
		return state == "0A000" || state == "26000" || state == "42P05"
	},
	flaw:     postgresqlFlaw,
	settings: postgresqlSettings,
}

// sqlState is the SQLSTATE (PostgreSQL manual, appendix A), which errors of the
// server have as a method in pgx and in lib/pq. Empty if the error is none of them.
func sqlState(err error) string {
	answer, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return ""
	}
	return answer.SQLState()
}

// postgresqlFlaw says which errors of the server pass by no waiting.
func postgresqlFlaw(err error) string {
	switch sqlState(err) {
	case "42501": // insufficient_privilege
		return noRight
	case "25006": // read_only_sql_transaction: a standby too
		return readOnly
	case "3F000": // invalid_schema_name: the search_path names none that is there
		return "no schema to keep the tables in: let the search_path of the connection, or of its user, name one that is there"
	case "28P01", "28000", "3D000": // invalid_password, invalid_authorization_specification, invalid_catalog_name
		return noEntry
	case "22P05", "22021": // untranslatable_character, character_not_in_repertoire
		return "a character has no place in the encoding of the database or the connection: make the database with ENCODING 'UTF8'"
	}
	if mixed(err) {
		return poolerSentence
	}
	return ""
}

// postgresqlSettings looks at the encodings: every character must have a place.
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

// postgresqlFault says what an error of the server means.
func postgresqlFault(err error) fault {
	switch state := sqlState(err); {
	case state == "":
		return lost
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
