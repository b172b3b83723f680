// Poolers: PgBouncer and its like in transaction mode give each statement whatever connection to
// the server is free. A statement that was prepared on one connection is then unknown on the next,
// or names another program's statement. So neither the store nor the driver prepares statements
// there, or the store refuses to open.

package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// poolerTimeout bounds the wait for the two connections that tell a pooler.
	poolerTimeout = 5 * time.Second

	// oddArguments is how many arguments the probe has: no statement of the store, and
	// hardly one of another program, has as many, so that a driver which parses in one
	// step and binds in the next cannot run another program's statement with them.
	oddArguments = 37
)

// together asks PostgreSQL whether it parses and runs a statement in one transaction,
// as a pooler in transaction mode needs it. 'now' is read when a statement is parsed,
// now() is the time at which the transaction that runs it began.
func together(ctx context.Context, db *sql.DB) (bool, error) {
	args := make([]any, oddArguments)
	for i := range args {
		args[i] = i
	}
	query := sqldb.PostgreSQL.Bind("SELECT CAST('now' AS timestamptz) = now() WHERE 0 IN (" + strings.TrimSuffix(strings.Repeat("CAST(? AS integer), ", oddArguments), ", ") + ")")
	var same bool
	err := db.QueryRowContext(ctx, query, args...).Scan(&same)
	return same, err
}

// pooled reports whether a pooler hands the connections of the server from one client
// to another: two open connections are then seen to be the same one, or one of them to
// change.
func pooled(ctx context.Context, db *sql.DB) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, poolerTimeout)
	defer cancel()
	if db.Stats().MaxOpenConnections == 1 {
		return leaks(ctx, db)
	}
	var conns [2]*sql.Conn
	for i := range conns {
		conn, err := db.Conn(ctx)
		if err != nil {
			return false, err
		}
		defer func() { _ = conn.Close() }()
		conns[i] = conn
	}
	var last [2]int
	for _, i := range []int{0, 1, 1, 0, 0, 1, 0, 1} { // neither order of handing out keeps them apart
		var pid int
		if err := conns[i].QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return sqldb.MixedUp(err), ignoreMixed(err)
		}
		if pid == last[1-i] || last[i] != 0 && pid != last[i] {
			return true, nil
		}
		last[i] = pid
	}
	return false, nil
}

// leaks is pooled for a pool of one connection: what it sets is seen by the next one,
// which a server that speaks to the program itself, or to one client at a time, does
// not show.
func leaks(ctx context.Context, db *sql.DB) (bool, error) {
	const name = "crudadmin.probe"
	mark := rand.Text()
	seen := func() (string, error) {
		var found sql.NullString
		err := db.QueryRowContext(ctx, "SELECT current_setting('"+name+"', true)").Scan(&found)
		return found.String, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	_, err = conn.ExecContext(ctx, "SET "+name+" = '"+mark+"'")
	sqldb.Discard(conn)
	if err != nil {
		return sqldb.MixedUp(err), ignoreMixed(err)
	}
	found, err := seen()
	if err != nil {
		return sqldb.MixedUp(err), ignoreMixed(err)
	}
	if found != mark {
		return false, nil
	}
	_, err = db.ExecContext(ctx, "RESET "+name)
	return true, err
}

// ignoreMixed returns other errors than those of statements that clients of a pooler mix up.
func ignoreMixed(err error) error {
	if sqldb.MixedUp(err) {
		return nil
	}
	return err
}

// poolerSentence says what to do.
const poolerSentence = "a pooler in transaction mode stands before PostgreSQL, and the driver prepares statements, which it mixes up between clients: " +
	"set default_query_exec_mode=exec in the address (pgx) or binary_parameters=yes (lib/pq), or put the pooler into session mode"

// choosePreparing decides whether the store prepares its statements, and refuses a pooler with
// a driver that would.
func (s *Store) choosePreparing(ctx context.Context, no bool) error {
	s.unprepared = no
	if s.dialect != &postgresql {
		return nil
	}
	same, err := together(ctx, s.db.Pool)
	switch {
	case err == nil && same: // nothing outlives a transaction, whoever is in between
		s.unprepared = true
		return nil
	case err != nil && !sqldb.MixedUp(err):
		return s.wrap("open", err)
	}
	is := err != nil
	if !is {
		if is, err = pooled(ctx, s.db.Pool); err != nil {
			s.log.WarnContext(ctx, "whether a pooler stands before the database could not be found out", "error", err)
		}
	}
	if is {
		return fmt.Errorf("sqlstore: open: %w: %s", session.ErrMisconfigured, poolerSentence)
	}
	return nil
}
