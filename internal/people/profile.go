// Account: the administrator's own sessions and password.

package people

import (
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// ShowAccount is the visitor's own sessions, and the form for their password.
func (p *Pages) ShowAccount(v *frame.Visit) error {
	return p.renderAccount(v, http.StatusOK, ui.PasswordForm{})
}

func (p *Pages) renderAccount(v *frame.Visit, status int, form ui.PasswordForm) error {
	form.Min, form.Max = account.MinPassword, account.MaxPassword
	page := ui.Account{Password: &form}
	found, err := p.Manager.UserSessions(v.R.Context(), v.User.ID)
	if err != nil {
		return err
	}
	if page.Sessions, err = p.sessionRows(v, found); err != nil {
		return err
	}
	page.Layout = v.Layout(v.URL("account"))
	return v.Render(status, page)
}

// ChangePassword changes the visitor's password, ends their other sessions and
// gives this one another token.
func (p *Pages) ChangePassword(v *frame.Visit) error {
	u := v.User
	current, next := v.R.PostForm.Get("current_password"), v.R.PostForm.Get("new_password")
	if next != v.R.PostForm.Get("confirm_password") {
		return p.renderAccount(v, http.StatusUnprocessableEntity, ui.PasswordForm{RepeatError: text.PasswordsDiffer})
	}
	attempt, err := p.attempt(v, u.Username)
	if wait, ok := throttled(v, err); ok {
		return p.renderAccount(v, http.StatusTooManyRequests, ui.PasswordForm{CurrentError: text.Sentences(text.TooManyAttempts, text.TryAgainIn(text.Wait(wait)))})
	}
	if err != nil {
		return err
	}
	err = v.Acting().SetPassword(v.R.Context(), u.ID, current, next)
	if errors.Is(err, account.ErrOldPassword) {
		return p.renderAccount(v, http.StatusUnprocessableEntity, ui.PasswordForm{CurrentError: text.NotCurrentPassword})
	}
	if err == nil {
		p.rememberAgain(v, u.ID, attempt)
	}
	if undo := attempt.Cancel(v.R.Context()); undo != nil {
		v.Log().WarnContext(v.R.Context(), "a password attempt stays counted", "error", undo)
	}
	if wrong := passwordError(err); wrong != nil {
		return p.renderAccount(v, http.StatusUnprocessableEntity, ui.PasswordForm{NewError: wrong})
	}
	if err != nil {
		return err
	}
	why := session.Ending{Reason: session.ReasonPasswordChanged, By: u.Username}
	mine, _ := v.Session()
	kind, said := ui.NoticeSuccess, text.PasswordChanged
	_, err = p.Manager.RevokeUser(v.R.Context(), u.ID, why, mine.ID)
	if partial, ok := errors.AsType[*session.PartialError](err); ok {
		kind, said, err = ui.NoticeWarning, text.Sentences(said, partialText(partial)), nil
	}
	if err != nil {
		return err
	}
	renewed, err := p.Sessions.Elevate(v.W, v.R)
	if err != nil {
		return err
	}
	v.NotifyIn(renewed.ID, kind, said)
	return v.Redirect(v.URL("account"))
}

// EndOwn ends one of the visitor's sessions (id) or all but this (others=1).
func (p *Pages) EndOwn(v *frame.Visit) error {
	u := v.User
	mine, _ := v.Session()
	why := session.Ending{Reason: session.ReasonRevoked, By: u.Username}
	var n int
	var err error
	switch id, others := v.R.PostForm.Get("id"), v.R.PostForm.Get("others"); {
	case others == "1" && id == "":
		n, err = p.Manager.RevokeUser(v.R.Context(), u.ID, why, mine.ID)
	case id != "" && others == "":
		n, err = p.revokeMine(v, id, why)
	default:
		err = frame.Refused(http.StatusBadRequest, text.WhichOwnSession)
	}
	if err := p.notifyEnded(v, endedText(n), err); err != nil {
		return err
	}
	return v.Redirect(v.URL("account"))
}

// revokeMine ends a session of the visitor's own; another's is not found.
func (p *Pages) revokeMine(v *frame.Visit, sent string, why session.Ending) (int, error) {
	id, err := session.ParseID(sent)
	if err != nil {
		return 0, frame.Refused(http.StatusBadRequest, text.NotASession)
	}
	s, err := p.Manager.Get(v.R.Context(), id)
	if errors.Is(err, session.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if s.UserID != v.User.ID {
		return 0, frame.Refused(http.StatusForbidden, text.NotYourSession)
	}
	return 1, p.Manager.Revoke(v.R.Context(), s.ID, why)
}
