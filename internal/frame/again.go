// Again: what was true of a visitor when the request began is asked once more: after
// its body has come, and right before what it writes is committed.

package frame

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/session"
)

// errEnded means that the session, or the account, ended while the request was
// under way. It is answered as a request without a session is.
var errEnded = errors.New("the session has ended meanwhile")

// errChanged means that the visitor's account is another than it was when the
// request began, though its session lives.
var errChanged = Refused(http.StatusConflict, text.AccountChanged)

// askAgain looks up session, account and rights once more before the handler of a
// request that changes something: its body may have taken half a minute to come.
// The handler works for the account as it is then, and what it writes to the
// application's tables is asked about a last time before the commit.
func (f *Frame) askAgain(v *Visit, rt Route) error {
	if v.reads() {
		return nil
	}
	ctx := v.R.Context()
	if err := f.sessionLives(ctx); err != nil {
		return err
	}
	u, err := accountLives(f.accounts.ByID(ctx, f.sessions.UserID(ctx)))
	if err != nil {
		return err
	}
	v.knows(u)
	if err := f.admit(v, rt); err != nil {
		return err
	}
	v.R = v.R.WithContext(data.BeforeCommit(ctx, f.beforeCommit(u)))
	return nil
}

// sessionLives reports that the request's session has ended, as errEnded, or that
// nobody knows.
func (f *Frame) sessionLives(ctx context.Context) error {
	mine, _ := f.sessions.FromContext(ctx)
	now, err := f.manager.Get(ctx, mine.ID)
	if errors.Is(err, session.ErrNotFound) || err == nil && now.UserID != mine.UserID {
		return errEnded
	}
	return err
}

// accountLives is errEnded for an account that is gone or disabled.
func accountLives(u account.User, err error) (account.User, error) {
	if errors.Is(err, account.ErrNotFound) || err == nil && u.Disabled {
		return account.User{}, errEnded
	}
	return u, err
}

// beforeCommit is what is asked inside a write to the application's tables. Rights
// follow from the role, and what was shown and judged from the rights: another
// role refuses the write, whatever it may do.
func (f *Frame) beforeCommit(then account.User) func(context.Context, data.Tx) error {
	return func(ctx context.Context, tx data.Tx) error {
		find := f.accounts.ByID
		if f.cfg.DB == f.cfg.AdminDB {
			find = func(ctx context.Context, id string) (account.User, error) { return f.accounts.ByIDIn(ctx, tx, id) }
		}
		now, err := accountLives(find(ctx, then.ID))
		if err == nil && f.spare(f.cfg.DB) {
			err = f.sessionLives(ctx)
		}
		if err == nil && now.Role != then.Role {
			err = errChanged
		}
		return err
	}
}

// spare reports whether the session can be asked for while a transaction holds a
// connection of db: the store may keep its sessions in that database, and must not
// wait for the connection that waits for it.
func (f *Frame) spare(db *sql.DB) bool {
	pool := db.Stats()
	return f.manager.Traits().Local || pool.MaxOpenConnections <= 0 || pool.InUse < pool.MaxOpenConnections
}

// Acting are the changes of administrators that the visitor makes.
func (v *Visit) Acting() account.Acting {
	f := v.frame
	return f.accounts.By(v.User, func(ctx context.Context, held bool) error {
		if held && !f.spare(f.cfg.AdminDB) {
			return nil
		}
		return f.sessionLives(ctx)
	})
}

// actorChanged says what became of a visitor whose change of an administrator was
// refused because of themselves.
func (f *Frame) actorChanged(v *Visit) error {
	err := f.sessionLives(v.R.Context())
	if err == nil {
		_, err = accountLives(f.accounts.ByID(v.R.Context(), v.User.ID))
	}
	if err == nil {
		err = errChanged
	}
	return err
}
