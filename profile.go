// Account: the administrator's own sessions and password.

package crudadmin

import (
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

func (p *Panel) showAccount(w http.ResponseWriter, r *http.Request) {
	p.renderAccount(w, r, http.StatusOK, ui.PasswordForm{})
}

func (p *Panel) renderAccount(w http.ResponseWriter, r *http.Request, status int, form ui.PasswordForm) {
	form.Min, form.Max = account.MinPassword, account.MaxPassword
	page := ui.Account{Password: &form}
	found, err := p.manager.UserSessions(r.Context(), visitor(r).ID)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if page.Sessions, err = p.sessionRows(r, found); err != nil {
		p.fail(w, r, err)
		return
	}
	page.Layout = p.layout(w, r, p.ui.URL("account"))
	p.render(w, r, status, page)
}

// changePassword changes the visitor's password, ends their other sessions and
// gives this one another token.
func (p *Panel) changePassword(w http.ResponseWriter, r *http.Request) {
	u := visitor(r)
	current, next := r.PostForm.Get("current_password"), r.PostForm.Get("new_password")
	if next != r.PostForm.Get("confirm_password") {
		p.renderAccount(w, r, http.StatusUnprocessableEntity, ui.PasswordForm{RepeatError: "The two new passwords differ."})
		return
	}
	attempt, err := p.attempt(r, u.Username)
	if wait, ok := throttled(w, err); ok {
		p.renderAccount(w, r, http.StatusTooManyRequests, ui.PasswordForm{CurrentError: tooManyAttempts + " Try again in " + ui.Wait(wait) + "."})
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	err = p.acting(r).SetPassword(r.Context(), u.ID, current, next)
	if errors.Is(err, account.ErrOldPassword) {
		p.renderAccount(w, r, http.StatusUnprocessableEntity, ui.PasswordForm{CurrentError: "This is not your current password."})
		return
	}
	if err == nil {
		p.rememberAgain(w, r, u.ID, attempt)
	}
	if undo := attempt.Cancel(r.Context()); undo != nil {
		p.log.WarnContext(r.Context(), "a password attempt stays counted", "error", undo)
	}
	if text := passwordError(err); text != "" {
		p.renderAccount(w, r, http.StatusUnprocessableEntity, ui.PasswordForm{NewError: text})
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	why := session.Ending{Reason: session.ReasonPasswordChanged, By: u.Username}
	mine, _ := p.current(r)
	kind, text := ui.NoticeSuccess, "Your password is changed, and your other sessions have ended."
	_, err = p.manager.RevokeUser(r.Context(), u.ID, why, mine.ID)
	if partial, ok := errors.AsType[*session.PartialError](err); ok {
		kind, text, err = ui.NoticeWarning, text+" "+partialText(partial), nil
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	renewed, err := p.sessions.Elevate(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.notifySession(r, renewed.ID, kind, text)
	http.Redirect(w, r, p.ui.URL("account"), http.StatusSeeOther)
}

// revokeOwn ends one of the visitor's sessions (id) or all but this (others=1).
func (p *Panel) revokeOwn(w http.ResponseWriter, r *http.Request) {
	u := visitor(r)
	mine, _ := p.current(r)
	why := session.Ending{Reason: session.ReasonRevoked, By: u.Username}
	var n int
	var err error
	switch id, others := r.PostForm.Get("id"), r.PostForm.Get("others"); {
	case others == "1" && id == "":
		n, err = p.manager.RevokeUser(r.Context(), u.ID, why, mine.ID)
	case id != "" && others == "":
		n, err = p.revokeMine(r, id, why)
	default:
		err = &statusError{status: http.StatusBadRequest, detail: "Say which session to end (id), or others=1."}
	}
	if err := p.notifyEnded(r, endedText(n), err); err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, p.ui.URL("account"), http.StatusSeeOther)
}

// revokeMine ends a session of the visitor's own; another's is not found.
func (p *Panel) revokeMine(r *http.Request, text string, why session.Ending) (int, error) {
	id, err := session.ParseID(text)
	if err != nil {
		return 0, &statusError{status: http.StatusBadRequest, detail: "id: not a session's ID."}
	}
	s, err := p.manager.Get(r.Context(), id)
	if errors.Is(err, session.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if s.UserID != visitor(r).ID {
		return 0, &statusError{status: http.StatusForbidden, detail: "This session is not yours."}
	}
	return 1, p.manager.Revoke(r.Context(), s.ID, why)
}
