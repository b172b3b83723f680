// Locks: one process at a time migrates a table of versions.

package migrate

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// releaseTimeout bounds the wait for a server that does not answer when the lock
// is to be given back. The lock ends with the connection then.
const releaseTimeout = 5 * time.Second

// locker holds the lock of one table of versions on a connection, from before
// goose looks at the table until after its last statement.
type locker struct {
	versions *versions
	version  int64 // the one to be applied
}

func (v *versions) lock() *locker { return &locker{versions: v} }

// SessionLock implements goose's lock.SessionLocker. After an error the connection
// is closed: whether it has the lock is not known.
func (l *locker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var err error
	switch l.versions.engine {
	case sqldb.SQLite:
		// One migration is, with its entry among the versions, one transaction.
		err = whenFree(ctx, func() error {
			_, err := sqldb.SQLite.Start(ctx, conn)
			return err
		})
	case sqldb.PostgreSQL:
		// The lock is the transaction's, not the session's: behind a pooler a lock of the session
		// stays on a connection that another program has by then.
		if _, err = sqldb.PostgreSQL.Start(ctx, conn); err == nil {
			_, err = conn.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", l.key())
		}
	default:
		err = getLock(ctx, conn, l.name())
	}
	if err != nil {
		sqldb.Discard(conn)
	}
	return err
}

// SessionUnlock implements goose's lock.SessionLocker. After an error too the
// connection is closed, and the lock with it.
func (l *locker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	var err error
	switch l.versions.engine {
	case sqldb.SQLite, sqldb.PostgreSQL:
		return l.end(ctx, conn)
	default:
		_, err = conn.ExecContext(ctx, "DO RELEASE_LOCK("+lockName+")", l.name())
	}
	if err != nil {
		sqldb.Discard(conn)
	}
	return err
}

// whenFree does what waits for other connections of the SQLite file, whatever their busy timeout:
// BEGIN IMMEDIATE waits for writers, COMMIT (of a file that is not in WAL mode) for readers.
func whenFree(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if sqldb.SQLite.Fault(err) != sqldb.Locked {
			return err
		}
		if !sqldb.Pause(ctx, try) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// end commits if the migration got as far as its entry, which goose makes last,
// and rolls back if not.
func (l *locker) end(ctx context.Context, conn *sql.Conn) error {
	done, err := l.versions.recorded(ctx, conn, l.version)
	if done {
		if err = whenFree(ctx, func() error {
			_, err := conn.ExecContext(ctx, "COMMIT")
			return err
		}); err == nil {
			return nil
		}
	}
	if _, undo := conn.ExecContext(ctx, "ROLLBACK"); undo != nil {
		sqldb.Discard(conn)
		err = errors.Join(err, undo)
	}
	return err
}

// lockName makes the name of MySQL's lock. Names are the server's, so that of the
// database is in it, and at most 64 characters.
const lockName = "SHA1(CONCAT(?, '.', DATABASE()))"

// getLock asks again every few seconds, so that no server waits for long for a
// client that has gone.
func getLock(ctx context.Context, conn *sql.Conn, name string) error {
	for {
		var got sql.NullInt64
		err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+lockName+", 5)", name).Scan(&got)
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

func (l *locker) name() string { return l.versions.Tablename() }

// key is the name as PostgreSQL's advisory locks want it.
func (l *locker) key() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(l.name()))
	return int64(h.Sum64())
}
