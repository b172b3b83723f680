// Transactions: single statements and several, and when they are tried again.

package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/admindb"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// exec runs one statement and returns how many rows it changed. MySQL counts rows that had the new
// values before only if the DSN says clientFoundRows.
func (a *Accounts) exec(ctx context.Context, op, query string, args ...any) (n int64, err error) {
	err = a.retry(ctx, func(ctx context.Context) error {
		n, err = a.db.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return 0, a.wrap(op, err)
	}
	return n, nil
}

// alone runs work in a transaction, one at a time of all processes: what work reads, no other
// change by alone alters until the commit. Errors of this package that work returns pass through;
// work keeps nothing of a try that failed.
func (a *Accounts) alone(ctx context.Context, op string, work func(context.Context, *sqldb.Tx) error) error {
	err := a.retry(ctx, func(ctx context.Context) error {
		_, err := a.db.Attempt(ctx, func(t *sqldb.Tx) error {
			if err := admindb.LockAccounts(ctx, a.db.Engine, t); err != nil {
				return err
			}
			return work(ctx, t)
		})
		return err
	})
	if err != nil {
		return a.wrap(op, err)
	}
	return nil
}

// retry calls do again while the database refuses it because of another transaction, three times in
// all and within Config.Timeout.
func (a *Accounts) retry(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	return a.db.Retry(ctx, do)
}

// wrap turns a driver's error into one of this package. Errors of this package pass through.
func (a *Accounts) wrap(op string, err error) error {
	for _, sentinel := range []error{ErrNotFound, ErrLastSuperuser, ErrActor, errNotFirst} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	if errors.As(err, new(*checkError)) {
		return err
	}
	if a.db.Engine.Fault(err) == sqldb.Duplicate {
		return ErrUsernameTaken
	}
	return unavailable(op, err)
}

// unavailable wraps what the database, or the wait for it, answered.
func unavailable(op string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)
}
