// The login throttle: what the panel tells it of an account, what it tells people, and its end.

package crudadmin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// attempt asks the throttle whether a password for the username may be looked at. An unknown name
// is looked up and counted as a known one is.
func (p *Panel) attempt(r *http.Request, username string) (*session.Attempt, error) {
	u, err := p.accounts.ByUsername(r.Context(), username)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return nil, err
	}
	return p.sessions.Attempt(r, account.Canonical(username), sessionhttp.Epoch(epoch(u)), sessionhttp.Unlocks(unlocks(u)))
}

// epoch is what the known devices of an account are bound to.
func epoch(u account.User) string { return strconv.FormatInt(u.Epoch, 10) }

// unlocks is what the failures of an account are counted under.
func unlocks(u account.User) string { return strconv.FormatInt(u.Unlocks, 10) }

// throttled reports whether err refuses a login, and for how long; the header of the answer says so too.
func throttled(w http.ResponseWriter, err error) (wait time.Duration, ok bool) {
	refused, ok := errors.AsType[*session.ThrottledError](err)
	if !ok {
		return 0, false
	}
	w.Header().Set("Retry-After", seconds(refused.RetryAfter))
	return refused.RetryAfter, true
}

// rememberAgain binds the browser in which somebody has changed their password to the account's new epoch.
func (p *Panel) rememberAgain(w http.ResponseWriter, r *http.Request, id string, attempt *session.Attempt) {
	u, err := p.accounts.ByID(r.Context(), id)
	if err == nil {
		attempt.Rebind(epoch(u))
		err = p.sessions.RememberDevice(w, r, attempt)
	}
	if err != nil {
		p.log.WarnContext(r.Context(), "a device is not remembered", "error", err)
	}
}

// failedSignIns is what the page of a user says of their failures, "" if nobody knows.
func (p *Panel) failedSignIns(r *http.Request, u account.User) string {
	rules := p.manager.Rules().Throttle
	n, err := p.manager.Failures(r.Context(), session.Login{Account: account.Canonical(u.Username), Unlocks: unlocks(u)})
	within := "in the last " + ui.Wait(rules.Window)
	switch {
	case err != nil:
		p.log.WarnContext(r.Context(), "failed sign-ins cannot be counted", "error", err)
		return ""
	case n == 0:
		return "No failed sign-ins " + within + "."
	case n == 1:
		return "1 failed sign-in " + within + "."
	case n < 2*rules.FailuresPerAccount:
		return fmt.Sprintf("%d failed sign-ins %s.", n, within)
	default:
		return fmt.Sprintf("%d failed sign-ins or more %s.", n, within)
	}
}

// alerting writes a line into the security log when an account is being guessed at, and passes
// all events on.
func (p *Panel) alerting(next func(context.Context, session.Event)) func(context.Context, session.Event) {
	return func(ctx context.Context, e session.Event) {
		if e.Kind == session.EventAlert {
			p.security.LogAttrs(ctx, slog.LevelWarn, "security event", slog.String("event", "sign-in.alert"), slog.String("outcome", outcomeThrottled),
				slog.String("address", e.IP.String()), slog.String("account", p.knownName(ctx, e.Account)), slog.Int("failures", e.Count))
		}
		if next != nil {
			next(ctx, e)
		}
	}
}

// unlockUser forgets the failed sign-ins of the administrator whom the address names. Nobody unlocks
// themselves: who has somebody's session could guess at their password without end.
func (p *Panel) unlockUser(w http.ResponseWriter, r *http.Request) {
	p.changeUser(w, r, "", "The failed sign-ins are forgotten: the user can try again at once.", func(id string) error {
		return p.acting(r).Unlock(r.Context(), id)
	})
}
