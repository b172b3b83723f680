// Acting: changes that one administrator makes of another, or of themselves, while they may.

package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// ErrActor says that the administrator who asked for a change has changed meanwhile: their account
// is gone or disabled, or has another role or a new password. Nothing was changed.
var ErrActor = errors.New("account: the administrator who asked for this was changed meanwhile")

// Acting makes changes in the name of one administrator. Each is made only if that account still is
// what it was (there, enabled, of the same role and epoch), which is read in the transaction of the
// change itself: a change that began before its author was disabled and would end after it is
// [ErrActor]. [Accounts.By] makes one.
type Acting struct {
	a     *Accounts
	by    User
	check func(ctx context.Context, held bool) error
}

// By returns the changes that by makes. check, unless nil, is asked twice and may refuse the change
// with an error of its own, which is returned as it is: right before the transaction, and inside it
// right before the commit, with held true: it must then not wait for another connection of the same
// pool, which this transaction has one of.
func (a *Accounts) By(by User, check func(ctx context.Context, held bool) error) Acting {
	if check == nil {
		check = func(context.Context, bool) error { return nil }
	}
	return Acting{a, by, check}
}

// Create is [Accounts.Create].
func (c Acting) Create(ctx context.Context, username, password string, role Role) (User, error) {
	return c.a.insert(ctx, username, password, role, c.guard())
}

// SetPassword is [Accounts.SetPassword].
func (c Acting) SetPassword(ctx context.Context, id, oldPassword, newPassword string) error {
	return c.a.setPassword(ctx, id, oldPassword, newPassword, c.guard())
}

// ResetPassword is [Accounts.ResetPassword].
func (c Acting) ResetPassword(ctx context.Context, id, newPassword string) error {
	return c.a.resetPassword(ctx, id, newPassword, c.guard())
}

// SetDisabled is [Accounts.SetDisabled].
func (c Acting) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return c.a.setDisabled(ctx, id, disabled, c.guard())
}

// SetRole is [Accounts.SetRole].
func (c Acting) SetRole(ctx context.Context, id string, role Role) error {
	return c.a.setRole(ctx, id, role, c.guard())
}

// Unlock is [Accounts.Unlock].
func (c Acting) Unlock(ctx context.Context, id string) error {
	return c.a.unlock(ctx, id, c.guard())
}

// ByIDIn is [Accounts.ByID] inside a transaction of the same database, such as one that holds the
// only connection.
func (a *Accounts) ByIDIn(ctx context.Context, tx interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, id string) (User, error) {
	if !isID(id) {
		return User{}, ErrNotFound
	}
	u, err := scanUser(tx.QueryRowContext(ctx, a.db.Engine.Bind(selectUser+"id = ?"), id))
	if err != nil {
		return User{}, a.wrap("read user", err)
	}
	return u, nil
}

// guard holds the checks of a transaction that changes an administrator; the zero guard has none.
type guard struct {
	before func(context.Context) error
	first  func(context.Context, *sqldb.Tx) error // in the transaction, before anything is written
	last   func(context.Context) error            // right before the commit
}

func (c Acting) guard() guard {
	return guard{
		before: func(ctx context.Context) error { return asCheckError(c.check(ctx, false)) },
		first: func(ctx context.Context, t *sqldb.Tx) error {
			now, err := scanUser(t.Row(ctx, selectUser+"id = ?", c.by.ID))
			if errors.Is(err, ErrNotFound) || err == nil && !now.sameActor(c.by) {
				return ErrActor
			}
			return err
		},
		last: func(ctx context.Context) error { return asCheckError(c.check(ctx, true)) },
	}
}

// sameActor reports whether u has the rights and the proof of identity that then had.
func (u User) sameActor(then User) bool {
	return !u.Disabled && u.Role == then.Role && u.Epoch == then.Epoch
}

// checkError carries an error of a check through wrap unchanged.
type checkError struct{ err error }

func (r *checkError) Error() string { return fmt.Sprintf("account: refused: %v", r.err) }
func (r *checkError) Unwrap() error { return r.err }

func asCheckError(err error) error {
	if err == nil {
		return nil
	}
	return &checkError{err}
}

// guarded is alone with a guard.
func (a *Accounts) guarded(ctx context.Context, op string, g guard, work func(context.Context, *sqldb.Tx) error) error {
	var err error
	if g.before != nil {
		err = g.before(ctx)
	}
	if err == nil {
		err = a.alone(ctx, op, func(ctx context.Context, t *sqldb.Tx) error {
			if g.first != nil {
				if err := g.first(ctx, t); err != nil {
					return err
				}
			}
			if err := work(ctx, t); err != nil || g.last == nil {
				return err
			}
			return g.last(ctx)
		})
	}
	if no, ok := errors.AsType[*checkError](err); ok {
		return no.err
	}
	return err
}
