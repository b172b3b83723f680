// Executing: single statements, transactions, and when they are tried again.

package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// heals is how often a statement is tried again whose plan is out of date. Where the store prepares
// statements, preparing one anew once heals it on all connections; a driver that keeps plans of its
// own forgets them connection by connection.
const heals = 64

// enter waits for this process's turn to write, where only one transaction can.
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

// ask reads with a prepared statement, and returns what collect makes of the rows. A read that had
// no answer is sent again: the connection may have died in the pool.
func ask[T any](ctx context.Context, s *Store, collect func(*sql.Rows, error) (T, error), text string, args ...any) (T, error) {
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return collect(nil, err)
		}
		began := time.Now()
		rows, err := s.query(ctx, text, args) //nolint:rowserrcheck // collect asks
		if err != nil {
			s.leave(ctx, began, err)
			if s.fault(err).AskAgain(ctx, try) || s.again(ctx, err, try) {
				continue
			}
			return collect(nil, err)
		}
		got, err := collect(rows, nil)
		s.leave(ctx, began, err)
		return got, err
	}
}

// exec changes rows with one prepared statement and returns how many. Errors are the contract's.
func (s *Store) exec(ctx context.Context, op, text string, args ...any) (int64, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return 0, s.wrap(op, err)
	}
	defer leave()
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return 0, s.wrap(op, err)
		}
		began := time.Now()
		n, sent, err := s.change(ctx, text, args)
		s.leave(ctx, began, err)
		switch {
		case err == nil:
			return n, nil
		case s.again(ctx, err, try):
		case sent:
			return 0, s.wrapWrite(op, err)
		default:
			return 0, s.wrap(op, err)
		}
	}
}

// tx is a transaction on a connection of its own.
type tx struct{ *sqldb.Tx }

// underLock is transact under the lock of that key.
func (s *Store) underLock(ctx context.Context, op string, key int64, work func(tx) error) error {
	if s.dialect.lock == "" {
		return s.transact(ctx, op, work)
	}
	return s.transact(ctx, op, func(t tx) error {
		if _, err := t.Exec(ctx, s.dialect.lock, key); err != nil {
			return err
		}
		return work(t)
	})
}

// transact runs work in one transaction, and again from the start if the database undid it because
// of another transaction. Errors are the contract's; those of the contract that work returns pass
// through. work must keep nothing of a try that failed.
func (s *Store) transact(ctx context.Context, op string, work func(tx) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return s.wrap(op, err)
	}
	defer leave()
	for try := 1; ; try++ {
		if err := s.reach.enter(ctx); err != nil {
			return s.wrap(op, err)
		}
		began := time.Now()
		stage, err := s.db.Attempt(ctx, func(t *sqldb.Tx) error { return work(tx{t}) })
		s.leave(ctx, began, err)
		switch {
		case err == nil:
			return nil
		case stage == sqldb.Beginning && s.fault(err).AskAgain(ctx, try):
		case s.again(ctx, err, try):
		case stage == sqldb.Committing:
			return s.wrapCommit(op, err)
		default:
			return s.wrap(op, err)
		}
	}
}

// again reports, after a pause, whether to try once more what the database answered that it did not
// do: as long as ctx lasts where another connection holds SQLite's lock, three times in all where
// the database undid the transaction because of another one, and at once where a plan is out of
// date.
func (s *Store) again(ctx context.Context, err error, try int) bool {
	switch fault := s.fault(err); {
	case fault == sqldb.Locked:
		return sqldb.Pause(ctx, try)
	case s.outdated(err):
		return try < heals && ctx.Err() == nil
	default:
		return fault.Again(ctx, try)
	}
}

// fault says what an error of the driver means.
func (s *Store) fault(err error) sqldb.Fault { return s.db.Engine.Fault(err) }

// outdated reports whether a statement was refused, before it did anything, because its plan is out
// of date: a column changed its type, a table was made anew, or the connection lost what was
// prepared on it.
func (s *Store) outdated(err error) bool {
	return err != nil && (s.fault(err) == sqldb.Outdated || strings.Contains(err.Error(), "sql: statement is closed"))
}
