// Executing: single statements, transactions, and when they are tried again.

package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"time"
)

// tries is how often a transaction is tried that the database aborted.
const tries = 3

// undoTimeout bounds a rollback after the caller's context has ended. Callers are
// to be back 50 ms after their deadline.
const undoTimeout = 30 * time.Millisecond

// enter waits for this process's turn to write, where only one can.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.writer == nil {
		return func() {}, nil
	}
	select {
	case s.writer <- struct{}{}:
		return func() { <-s.writer }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask reads with a prepared statement, and returns what collect makes of the rows.
// What was lost is asked again: the connection may have died in the pool.
func ask[T any](ctx context.Context, s *Store, collect func(*sql.Rows, error) (T, error), text string, args ...any) (T, error) {
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return collect(nil, err)
		}
		began := time.Now()
		rows, err := s.query(ctx, text, args) //nolint:rowserrcheck // collect asks
		if err != nil {
			s.leave(ctx, began, err)
			if s.askAgain(ctx, err, try) || s.again(ctx, err, try) {
				continue
			}
			return collect(nil, err)
		}
		got, err := collect(rows, nil)
		s.leave(ctx, began, err)
		return got, err
	}
}

// exec changes rows with one prepared statement and returns how many. Errors
// are the contract's.
func (s *Store) exec(ctx context.Context, op, text string, args ...any) (int64, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return 0, s.failed(op, err)
	}
	defer leave()
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return 0, s.failed(op, err)
		}
		began := time.Now()
		n, sent, err := s.change(ctx, text, args)
		s.leave(ctx, began, err)
		switch {
		case err == nil:
			return n, nil
		case s.again(ctx, err, try):
		case sent:
			return 0, s.unsure(op, err)
		default:
			return 0, s.failed(op, err)
		}
	}
}

// tx is a transaction on a connection of its own.
type tx struct {
	conn    *sql.Conn
	dialect *dialect
}

func (t *tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := t.conn.ExecContext(ctx, t.dialect.bind(text), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return t.conn.QueryContext(ctx, t.dialect.bind(text), args...)
}

// locked is transact under the lock of that key.
func (s *Store) locked(ctx context.Context, op string, key int64, work func(*tx) error) error {
	if s.dialect.lock == "" {
		return s.transact(ctx, op, work)
	}
	return s.transact(ctx, op, func(t *tx) error {
		if _, err := t.exec(ctx, s.dialect.lock, key); err != nil {
			return err
		}
		return work(t)
	})
}

// transact runs work in one transaction, and again from the start if the
// database aborted it. Errors are the contract's; those of the contract that work
// returns pass through. work must not keep anything of a try that failed.
func (s *Store) transact(ctx context.Context, op string, work func(*tx) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return s.failed(op, err)
	}
	defer leave()
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return s.failed(op, err)
		}
		began := time.Now()
		begun, committing, err := s.attempt(ctx, work)
		s.leave(ctx, began, err)
		switch {
		case err == nil:
			return nil
		case !begun && s.askAgain(ctx, err, try):
		case s.again(ctx, err, try):
		case committing:
			return s.undecided(op, err)
		default:
			return s.failed(op, err)
		}
	}
}

// attempt runs work in a transaction once. BEGIN and COMMIT are sent like any
// other statement: so they too end with ctx, which Tx.Commit does not on every
// driver, and the connection is closed with them.
func (s *Store) attempt(ctx context.Context, work func(*tx) error) (begun, committing bool, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return false, false, err
	}
	defer func() {
		if err != nil && (begun || s.dialect.fault(err) == lost) {
			undo(ctx, conn)
		}
		_ = conn.Close() // gives it back to the pool
	}()
	t := &tx{conn, s.dialect}
	for _, statement := range s.dialect.begin {
		if _, err := t.exec(ctx, statement); err != nil {
			return false, false, err
		}
	}
	if err := work(t); err != nil {
		return true, false, err
	}
	_, err = t.exec(ctx, "COMMIT")
	return true, true, err
}

// undo rolls back, or closes the connection if that fails: it must not come
// back to the pool inside a transaction.
func undo(ctx context.Context, conn *sql.Conn) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
	}
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// askAgain reports, after a pause, whether to try once more where there was no
// answer, and no harm in asking again: three times in all.
func (s *Store) askAgain(ctx context.Context, err error, try int) bool {
	return s.dialect.fault(err) == lost && try < tries && pause(ctx, try)
}

// again reports, after a pause, whether to try once more: as long as ctx lasts
// where somebody else holds SQLite's lock, three times in all where the database
// aborted the transaction.
func (s *Store) again(ctx context.Context, err error, try int) bool {
	switch s.dialect.fault(err) {
	case busy:
		return pause(ctx, try)
	case aborted:
		return try < tries && pause(ctx, try)
	default:
		return s.stale(err) && try < heals && ctx.Err() == nil
	}
}

// pause waits some milliseconds, at random so that those who met do not meet
// again, and reports whether ctx still lasts.
func pause(ctx context.Context, try int) bool {
	timer := time.NewTimer(time.Millisecond + rand.N(time.Duration(min(try, 10))*5*time.Millisecond)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
