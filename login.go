// Login and logout.

package crudadmin

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// What a failed login is told. It says the same whatever was wrong.
const (
	wrongCredentials = "The username or the password is wrong."
	tooManyAttempts  = "Too many attempts."
	tooManySessions  = "You are signed in on as many devices as are allowed. Sign out on one of them first."
)

func (p *Panel) showLogin(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if s, ok := p.current(r); ok && s.UserID != "" {
		http.Redirect(w, r, p.localPath(next), http.StatusSeeOther)
		return
	}
	p.renderLogin(w, r, http.StatusOK, ui.Login{Next: next})
}

func (p *Panel) renderLogin(w http.ResponseWriter, r *http.Request, status int, page ui.Login) {
	page.Layout = p.plainLayout(r)
	page.CSRFToken = p.sessions.CSRFToken(w, r)
	p.render(w, r, status, page)
}

// refuseLogin answers a login that failed, to a program in JSON.
func (p *Panel) refuseLogin(w http.ResponseWriter, r *http.Request, status int, page ui.Login) {
	if wantsJSON(r) {
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, status, map[string]string{"error": http.StatusText(status), "detail": page.Failure()})
		return
	}
	p.renderLogin(w, r, status, page)
}

// login signs an administrator in. Nothing in its answer, and nothing in the
// work it does, tells whether the account exists.
func (p *Panel) login(w http.ResponseWriter, r *http.Request) {
	page := ui.Login{Username: r.PostForm.Get("username"), Next: r.PostForm.Get("next")}
	if len(page.Username) > 4*account.MaxUsername {
		page.Username = ""
	}
	attempt, err := p.attempt(r, page.Username)
	if wait, ok := throttled(w, err); ok {
		page.Error, page.RetryAfter = tooManyAttempts, wait
		p.accountNamed(r, page.Username)
		p.refuseLogin(w, r, http.StatusTooManyRequests, page)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	from := account.From(r.Context(), p.network(r))
	if attempt.Known() {
		from = account.OnKnownDevice(from)
	}
	u, err := p.accounts.Authenticate(from, page.Username, r.PostForm.Get("password"))
	if err == nil {
		err = p.admit(w, r, u)
	}
	if errors.Is(err, account.ErrCredentials) {
		page.Error = wrongCredentials
		p.accountNamed(r, page.Username)
		p.refuseLogin(w, r, http.StatusUnauthorized, page)
		return
	}
	if err != nil {
		// The password was not judged wrong: this was no failure.
		if undo := attempt.Cancel(r.Context()); undo != nil {
			p.log.WarnContext(r.Context(), "a login attempt stays counted", "error", undo)
		}
		if errors.Is(err, session.ErrLimit) {
			page.Error = tooManySessions
			p.refuseLogin(w, r, http.StatusForbidden, page)
			return
		}
		p.fail(w, r, err)
		return
	}
	note(r, slog.String("account", u.Username))
	if err := p.sessions.RememberDevice(w, r, attempt); err != nil {
		p.log.WarnContext(r.Context(), "a device is not remembered", "error", err)
	}
	http.Redirect(w, r, p.localPath(page.Next), http.StatusSeeOther)
}

// network is where a sign-in comes from: an IPv4 address, or the /64 of an IPv6
// address, of which one line has them all; empty if nobody knows.
func (p *Panel) network(r *http.Request) string {
	address := p.sessions.ClientIP(r)
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
func (p *Panel) admit(w http.ResponseWriter, r *http.Request, u account.User) error {
	n, err := newSession(u.ID)
	if err != nil {
		return err
	}
	if _, err := p.sessions.SignInWith(w, r, n); err != nil {
		return err
	}
	now, err := p.accounts.ByID(r.Context(), u.ID)
	if err == nil && !now.Disabled && now.PasswordChangedAt.Equal(u.PasswordChangedAt) {
		return nil
	}
	if undo := p.sessions.End(w, r, session.Ending{Reason: session.ReasonPasswordChanged}); undo != nil && !errors.Is(undo, session.ErrPartial) {
		return undo
	}
	if err == nil || errors.Is(err, account.ErrNotFound) {
		return account.ErrCredentials
	}
	return err
}

func (p *Panel) logout(w http.ResponseWriter, r *http.Request) {
	err := p.sessions.SignOut(w, r)
	if errors.Is(err, session.ErrPartial) { // the cookie is gone, and the session ended for good
		p.log.WarnContext(r.Context(), "signed out, but not yet everywhere", "error", err)
	} else if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, p.ui.URL("login"), http.StatusSeeOther)
}
