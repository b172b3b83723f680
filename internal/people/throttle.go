// The login throttle: what the panel tells it of an account, what it tells people, and its end.

package people

import (
	"errors"
	"strconv"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// attempt asks the throttle whether a password for the username may be looked at. An unknown name
// is looked up and counted as a known one is.
func (p *Pages) attempt(v *frame.Visit, username string) (*session.Attempt, error) {
	u, err := p.Accounts.ByUsername(v.R.Context(), username)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return nil, err
	}
	return p.Sessions.Attempt(v.R, account.Canonical(username), sessionhttp.Epoch(epoch(u)), sessionhttp.Unlocks(unlocks(u)))
}

// epoch is what the known devices of an account are bound to.
func epoch(u account.User) string { return strconv.FormatInt(u.Epoch, 10) }

// unlocks is what the failures of an account are counted under.
func unlocks(u account.User) string { return strconv.FormatInt(u.Unlocks, 10) }

// throttled reports whether err refuses a login, and for how long; the header of the answer says so
// too.
func throttled(v *frame.Visit, err error) (wait time.Duration, ok bool) {
	refused, ok := errors.AsType[*session.ThrottledError](err)
	if !ok {
		return 0, false
	}
	v.NoteError(err)
	v.RetryIn(refused.RetryAfter)
	return refused.RetryAfter, true
}

// rememberAgain binds the browser in which somebody has changed their password to the account's new
// epoch.
func (p *Pages) rememberAgain(v *frame.Visit, id string, attempt *session.Attempt) {
	u, err := p.Accounts.ByID(v.R.Context(), id)
	if err == nil {
		attempt.Rebind(epoch(u))
		err = p.Sessions.RememberDevice(v.W, v.R, attempt)
	}
	if err != nil {
		v.Log().WarnContext(v.R.Context(), "a device is not remembered", "error", err)
	}
}

// failedSignIns is what the page of a user says of their failures, nil if nobody knows.
func (p *Pages) failedSignIns(v *frame.Visit, u account.User) text.Message {
	rules := p.Manager.Rules().Throttle
	n, err := p.Manager.Failures(v.R.Context(), session.Login{Account: account.Canonical(u.Username), Unlocks: unlocks(u)})
	within := text.Wait(rules.Window)
	switch {
	case err != nil:
		v.Log().WarnContext(v.R.Context(), "failed sign-ins cannot be counted", "error", err)
		return nil
	case n == 0:
		return text.NoFailedSignIns(within)
	case n < 2*rules.FailuresPerAccount:
		return text.FailedSignIns(n, within)
	default:
		return text.FailedSignInsMore(n, within)
	}
}

// Unlock forgets the failed sign-ins of the administrator whom the address names. Nobody unlocks
// themselves: a person with somebody's session could guess at their password without end.
func (p *Pages) Unlock(v *frame.Visit) error {
	return p.changeUser(v, "", text.UserUnlocked, func(id string) error {
		return v.Acting().Unlock(v.R.Context(), id)
	})
}
