// Login and logout.

package people

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// ShowLogin is the form to sign in; visitors who are signed in are led on.
func (p *Pages) ShowLogin(v *frame.Visit) error {
	next := v.R.URL.Query().Get("next")
	if s, ok := v.Session(); ok && s.UserID != "" {
		return v.Redirect(v.LocalPath(next))
	}
	return p.renderLogin(v, http.StatusOK, ui.Login{Next: next})
}

func (p *Pages) renderLogin(v *frame.Visit, status int, page ui.Login) error {
	page.Layout = v.PlainLayout()
	page.CSRFToken = v.CSRFToken()
	return v.Render(status, page)
}

// refuseLogin answers a login that failed, to a program in JSON.
func (p *Pages) refuseLogin(v *frame.Visit, status int, page ui.Login) error {
	if v.WantsJSON() {
		v.W.Header().Set("Cache-Control", "no-store")
		return v.JSON(status, map[string]string{"error": http.StatusText(status), "detail": v.Say(page.Failure())})
	}
	return p.renderLogin(v, status, page)
}

// Login signs an administrator in. Nothing in its answer, and nothing in the
// work it does, tells whether the account exists.
func (p *Pages) Login(v *frame.Visit) error {
	page := ui.Login{Username: v.R.PostForm.Get("username"), Next: v.R.PostForm.Get("next")}
	if len(page.Username) > 4*account.MaxUsername {
		page.Username = ""
	}
	attempt, err := p.attempt(v, page.Username)
	if wait, ok := throttled(v, err); ok {
		page.Error, page.RetryAfter = text.TooManyAttempts, wait
		v.NoteAccount(page.Username)
		return p.refuseLogin(v, http.StatusTooManyRequests, page)
	}
	if err != nil {
		return err
	}
	from := account.From(v.R.Context(), p.network(v))
	if attempt.Known() {
		from = account.OnKnownDevice(from)
	}
	u, err := p.Accounts.Authenticate(from, page.Username, v.R.PostForm.Get("password"))
	if err == nil {
		err = p.admit(v, u)
	}
	if errors.Is(err, account.ErrCredentials) {
		page.Error = text.WrongCredentials
		v.NoteAccount(page.Username)
		return p.refuseLogin(v, http.StatusUnauthorized, page)
	}
	if err != nil {
		// The password was not judged wrong: this was not a failure.
		if undo := attempt.Cancel(v.R.Context()); undo != nil {
			v.Log().WarnContext(v.R.Context(), "a login attempt stays counted", "error", undo)
		}
		if errors.Is(err, session.ErrLimit) {
			page.Error = text.TooManySessions
			v.NoteError(err)
			return p.refuseLogin(v, http.StatusForbidden, page)
		}
		return err
	}
	v.Note(slog.String("account", u.Username))
	if err := p.Sessions.RememberDevice(v.W, v.R, attempt); err != nil {
		v.Log().WarnContext(v.R.Context(), "a device is not remembered", "error", err)
	}
	return v.Redirect(v.LocalPath(page.Next))
}

// network is where a sign-in comes from: an IPv4 address, or the /64 of an IPv6
// address, of which one line has them all; empty if nobody knows.
func (p *Pages) network(v *frame.Visit) string {
	address := p.Sessions.ClientIP(v.R)
	bits := 64
	if address.Is4() {
		bits = 32
	}
	network, err := address.WithZone("").Prefix(bits)
	if err != nil || !address.IsValid() {
		return ""
	}
	return network.String()
}

// admit makes the session of a user who has proved who they are, and looks at
// the account once more: a password changed or an account disabled since it was
// proved has ended the sessions there were, and this one comes after.
func (p *Pages) admit(v *frame.Visit, u account.User) error {
	n, err := frame.NewSession(u.ID)
	if err != nil {
		return err
	}
	if _, err := p.Sessions.SignInWith(v.W, v.R, n); err != nil {
		return err
	}
	now, err := p.Accounts.ByID(v.R.Context(), u.ID)
	if err == nil && !now.Disabled && now.PasswordChangedAt.Equal(u.PasswordChangedAt) {
		return nil
	}
	if undo := p.Sessions.End(v.W, v.R, session.Ending{Reason: session.ReasonPasswordChanged}); undo != nil && !errors.Is(undo, session.ErrPartial) {
		return undo
	}
	if err == nil || errors.Is(err, account.ErrNotFound) {
		return account.ErrCredentials
	}
	return err
}

// Logout ends the visitor's session.
func (p *Pages) Logout(v *frame.Visit) error {
	v.NoteVisitor() // while there is a session that says who
	err := p.Sessions.SignOut(v.W, v.R)
	if errors.Is(err, session.ErrPartial) { // the cookie is gone, and the session ended for good
		v.Log().WarnContext(v.R.Context(), "signed out, but not yet everywhere", "error", err)
	} else if err != nil {
		return err
	}
	return v.Redirect(v.URL("login"))
}
