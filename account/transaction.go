// Transactions: single statements and several, and when they are tried again.

package account

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// tries is how often a transaction is tried that the database aborted.
const tries = 3

// undoTimeout bounds a rollback after the caller's context has ended.
const undoTimeout = 30 * time.Millisecond

// row reads one row.
func (a *Accounts) row(ctx context.Context, query string, args ...any) *sql.Row {
	return a.db.QueryRowContext(ctx, a.dialect.engine.Bind(query), args...)
}

// exec runs one statement and returns how many rows it changed. MySQL counts those that had the new values before
// only if the DSN says clientFoundRows.
func (a *Accounts) exec(ctx context.Context, op, query string, args ...any) (n int64, err error) {
	err = a.again(ctx, func(ctx context.Context) error {
		result, err := a.db.ExecContext(ctx, a.dialect.engine.Bind(query), args...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, a.failed(op, err)
	}
	return n, nil
}

// tx is a transaction on a connection of its own.
type tx struct {
	conn    *sql.Conn
	dialect *dialect
}

func (t *tx) row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.conn.QueryRowContext(ctx, t.dialect.engine.Bind(query), args...)
}

func (t *tx) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.conn.ExecContext(ctx, t.dialect.engine.Bind(query), args...)
	return err
}

// change is exec that returns how many rows it changed.
func (t *tx) change(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.conn.ExecContext(ctx, t.dialect.engine.Bind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// alone runs work in a transaction, one at a time of all processes: what work reads, no other changes by alone until
// the commit. Errors of this package that work returns pass through; work keeps nothing of a try that failed.
func (a *Accounts) alone(ctx context.Context, op string, work func(context.Context, *tx) error) error {
	if err := a.again(ctx, func(ctx context.Context) error { return a.attempt(ctx, work) }); err != nil {
		return a.failed(op, err)
	}
	return nil
}

// attempt runs work once. BEGIN and COMMIT are sent like any other statement: so they too end with ctx, which
// Tx.Commit does not on every driver, and the connection is closed with them.
func (a *Accounts) attempt(ctx context.Context, work func(context.Context, *tx) error) (err error) {
	conn, err := a.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			undo(ctx, conn)
		}
		_ = conn.Close() // gives it back to the pool
	}()
	t := &tx{conn, a.dialect}
	for _, statement := range a.dialect.begin {
		if err := t.exec(ctx, statement); err != nil {
			return err
		}
	}
	if a.dialect.lock != "" {
		var held any
		if err := t.row(ctx, a.dialect.lock).Scan(&held); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	if err := work(ctx, t); err != nil {
		return err
	}
	return t.exec(ctx, "COMMIT")
}

// undo rolls back, or closes the connection if that fails: it must not come back to the pool inside a transaction.
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

// again calls do until the database does not abort it, three times in all and within Config.Timeout.
func (a *Accounts) again(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := do(ctx)
		if err == nil || try == tries || a.dialect.fault(err) != aborted || !pause(ctx) {
			return err
		}
	}
}

// pause waits some milliseconds, at random so that those who met do not meet again, and reports whether ctx lasts.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(time.Millisecond + rand.N(10*time.Millisecond)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// failed makes an error of this package of a driver's. Errors of this package pass through.
func (a *Accounts) failed(op string, err error) error {
	for _, sentinel := range []error{ErrNotFound, ErrLastSuperuser, ErrActor, errNotFirst} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	if errors.As(err, new(*refused)) {
		return err
	}
	if a.dialect.fault(err) == duplicate {
		return ErrUsernameTaken
	}
	return unavailable(op, err)
}

// unavailable wraps what the database, or the wait for it, answered.
func unavailable(op string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)
}
