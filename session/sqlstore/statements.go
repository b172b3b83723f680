// Statements: the texts that several files send, and what reads the answers.

package sqlstore

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// live holds for the sessions that are live at the one argument. ExpiresAt is never past
	// Deadline: encode and Touch see to it.
	live = "ended_at IS NULL AND expires_at > ?"

	// liveNotByExpiry is live, written so that no engine looks for an index of expiries: nearly all
	// sessions that have not ended are live, and what is wanted is their order or their user.
	liveNotByExpiry = "ended_at IS NULL AND expires_at + 0 > ?"

	// byID and byPrevious find a live session by its ID, and by the ID it had before while the
	// grace of that ID lasts.
	byID       = "SELECT " + columns + " FROM crudadmin_sessions WHERE id = ? AND " + live
	byPrevious = "SELECT " + columns + " FROM crudadmin_sessions WHERE previous = ? AND previous_until > ? AND " + live

	// end ends a live session. Arguments: when, reason, by, the metadata of ended sessions, ID,
	// now.
	end = "UPDATE crudadmin_sessions SET ended_at = ?, ended_reason = ?, ended_by = ?, metadata = ? WHERE id = ? AND " + live

	// endUser ends the live sessions of a user. Arguments: as end, with tag and user in the place
	// of the ID.
	endUser = "UPDATE crudadmin_sessions SET ended_at = ?, ended_reason = ?, ended_by = ?, metadata = ? WHERE tag = ? AND user_id = ? AND " + liveNotByExpiry

	// endedThen counts what an end or an endUser has ended. Arguments: when, reason, by.
	endedThen = "SELECT count(*) FROM crudadmin_sessions WHERE ended_at = ? AND ended_reason = ? AND ended_by = ? AND "
)

var (
	// liveKnown is live, for records whose format this release knows.
	liveKnown = fmt.Sprintf("format <= %d AND %s", format, live)

	// insert enters a session. Arguments: those of encode.
	insert = "INSERT INTO crudadmin_sessions (" + columns + ") VALUES " + placeholders(columnCount)

	// emptyMetadata is the metadata of ended sessions.
	emptyMetadata = []byte(session.Metadata{}.String())
)

// placeholders is a list of n arguments.
func placeholders(n int) string { return "(?" + strings.Repeat(", ?", n-1) + ")" }

// readNumber returns the number that a query found, 0 if it found no row.
func readNumber(rows *sql.Rows, err error) (n int64, _ error) {
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return 0, rows.Err()
	}
	err = rows.Scan(&n)
	return n, err
}

// readIDs returns the IDs that a query found.
func readIDs(rows *sql.Rows, err error) ([][]byte, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var ids [][]byte
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
