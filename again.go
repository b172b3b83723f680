// Again: what was true of who asks when the request began is asked once more: after
// its body has come, and right before what it writes is committed.

package crudadmin

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/session"
)

// errEnded means that the session, or the account, ended while the request was
// under way. It is answered as a request without a session is.
var errEnded = errors.New("the session has ended meanwhile")

// errChanged means that the visitor's account is another than it was when the
// request began, though its session lives.
var errChanged = &statusError{status: http.StatusConflict, detail: "Your account was changed while this was under way, so nothing was written. Send it again."}

// askAgain looks up session, account and rights once more before the handler of a
// request that changes something: its body may have taken half a minute to come.
// The handler works for the account as it is then, and what it writes to the
// application's tables is asked about a last time before the commit.
func (p *Panel) askAgain(rt route, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			next(w, r)
			return
		}
		err := p.sessionLives(r.Context())
		var u account.User
		if err == nil {
			u, err = accountLives(p.accounts.ByID(r.Context(), p.sessions.UserID(r.Context())))
		}
		if err == nil {
			r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, u))
			err = p.permit(r, rt.access)
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		next(w, r.WithContext(data.BeforeCommit(r.Context(), p.beforeCommit(r))))
	}
}

// sessionLives reports that the request's session has ended, as errEnded, or that
// nobody knows.
func (p *Panel) sessionLives(ctx context.Context) error {
	mine, _ := p.sessions.FromContext(ctx)
	now, err := p.manager.Get(ctx, mine.ID)
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
func (p *Panel) beforeCommit(r *http.Request) func(context.Context, data.Tx) error {
	then := visitor(r)
	return func(ctx context.Context, tx data.Tx) error {
		find := p.accounts.ByID
		if p.cfg.DB == p.cfg.AdminDB {
			find = func(ctx context.Context, id string) (account.User, error) { return p.accounts.ByIDIn(ctx, tx, id) }
		}
		now, err := accountLives(find(ctx, then.ID))
		if err == nil && p.spare(p.cfg.DB) {
			err = p.sessionLives(ctx)
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
func (p *Panel) spare(db *sql.DB) bool {
	pool := db.Stats()
	return p.manager.Traits().Local || pool.MaxOpenConnections <= 0 || pool.InUse < pool.MaxOpenConnections
}

// acting are the changes of administrators that the visitor makes.
func (p *Panel) acting(r *http.Request) account.Acting {
	return p.accounts.By(visitor(r), func(ctx context.Context, held bool) error {
		if held && !p.spare(p.cfg.AdminDB) {
			return nil
		}
		return p.sessionLives(ctx)
	})
}

// actorChanged says what became of a visitor whose change of an administrator was
// refused because of themselves.
func (p *Panel) actorChanged(r *http.Request) error {
	err := p.sessionLives(r.Context())
	if err == nil {
		_, err = accountLives(p.accounts.ByID(r.Context(), visitor(r).ID))
	}
	if err == nil {
		err = errChanged
	}
	return err
}
