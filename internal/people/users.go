// Users: making, changing and disabling administrators.

package people

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

var roles = []ui.Option{
	{Value: string(account.Superuser), Label: text.Superuser, Note: text.SuperuserNote},
	{Value: string(account.Editor), Label: text.Editor, Note: text.EditorNote},
	{Value: string(account.Viewer), Label: text.Viewer, Note: text.ViewerNote},
}

// ListUsers is the administrators by their names.
func (p *Pages) ListUsers(v *frame.Visit) error {
	after := v.R.URL.Query().Get("after")
	if len(after) > 4*account.MaxUsername {
		return frame.Refused(http.StatusBadRequest, text.UsernameTooLong)
	}
	found, err := p.Accounts.List(v.R.Context(), after, account.DefaultPage)
	if err != nil {
		return err
	}
	self := v.URL("users", "")
	page := ui.Users{NewHref: v.URL("users", "new")}
	for _, u := range found {
		page.Rows = append(page.Rows, ui.UserRow{
			Name: u.Username, Href: v.URL("users", u.ID), Role: string(u.Role), Disabled: u.Disabled,
			Self: u.ID == v.User.ID, Created: u.CreatedAt, LastSignIn: u.LastLoginAt,
		})
	}
	if after != "" {
		page.Pager.First = self
	} else if len(found) < account.DefaultPage {
		page.Count = text.Exact(int64(len(found)))
	}
	if len(found) == account.DefaultPage {
		page.Pager.Next = self + "?after=" + url.QueryEscape(found[len(found)-1].Username)
	}
	page.Layout = v.Layout(self)
	return v.Render(http.StatusOK, page)
}

// ShowNewUser is the form that makes an administrator.
func (p *Pages) ShowNewUser(v *frame.Visit) error {
	return p.renderNewUser(v, http.StatusOK, ui.UserNew{Role: string(account.Viewer)})
}

func (p *Pages) renderNewUser(v *frame.Visit, status int, page ui.UserNew) error {
	page.Roles, page.Min, page.Max = roles, account.MinPassword, account.MaxPassword
	page.Layout = v.Layout(v.URL("users", ""))
	return v.Render(status, page)
}

// CreateUser makes an administrator.
func (p *Pages) CreateUser(v *frame.Visit) error {
	page := ui.UserNew{Username: v.R.PostForm.Get("username"), Role: v.R.PostForm.Get("role")}
	if !account.Role(page.Role).Valid() {
		page.RoleError = text.ChooseRole
		return p.renderNewUser(v, http.StatusUnprocessableEntity, page)
	}
	made, err := v.Acting().Create(v.R.Context(), page.Username, v.R.PostForm.Get("new_password"), account.Role(page.Role))
	if name := (*account.UsernameError)(nil); errors.As(err, &name) {
		page.UsernameError = text.UsernameRule(text.Verbatim(name.Rule))
	}
	if errors.Is(err, account.ErrUsernameTaken) {
		page.UsernameError = text.UsernameTaken
	}
	page.PasswordError = passwordError(err)
	switch {
	case page.UsernameError != nil || page.PasswordError != nil:
		return p.renderNewUser(v, http.StatusUnprocessableEntity, page)
	case err != nil:
		return err
	default:
		v.Note(slog.String("target", made.Username), slog.String("target_id", made.ID), slog.String("target_role", string(made.Role)))
		v.Notify(ui.NoticeSuccess, text.CanSignIn(made.Username))
		return v.Redirect(v.URL("users", made.ID))
	}
}

// passwordError is what a form says beside a password that breaks a rule.
func passwordError(err error) text.Message {
	var policy *account.PolicyError
	if errors.As(err, &policy) {
		return text.PasswordRule(text.Verbatim(policy.Rule))
	}
	return nil
}

// ShowUser is one administrator and their sessions.
func (p *Pages) ShowUser(v *frame.Visit) error {
	return p.renderUser(v, http.StatusOK, ui.UserEdit{})
}

// renderUser shows the administrator whom the address names, with what page
// says of a change that failed.
func (p *Pages) renderUser(v *frame.Visit, status int, page ui.UserEdit) error {
	u, err := p.Accounts.ByID(v.R.Context(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	page.ID, page.Username, page.Disabled, page.Created = u.ID, u.Username, u.Disabled, u.CreatedAt
	page.Self = u.ID == v.User.ID
	page.FailedSignIns = p.failedSignIns(v, u)
	page.Roles, page.Min, page.Max = roles, account.MinPassword, account.MaxPassword
	if page.Role == "" {
		page.Role = string(u.Role)
	}
	found, err := p.Manager.UserSessions(v.R.Context(), u.ID)
	if err == nil {
		page.Sessions, err = p.sessionRows(v, found)
	}
	if err != nil {
		page.Problem = &ui.Problem{Title: text.SessionsUnreadable, Detail: text.SessionsUnanswered}
	}
	page.Layout = v.Layout(v.URL("users", ""))
	return v.Render(status, page)
}

// ChangeRole gives an administrator another role and ends their sessions.
func (p *Pages) ChangeRole(v *frame.Visit) error {
	role := account.Role(v.R.PostForm.Get("role"))
	if !role.Valid() {
		return p.renderUser(v, http.StatusUnprocessableEntity, ui.UserEdit{Role: string(role), RoleError: text.ChooseRole})
	}
	v.Note(slog.String("target_role", string(role)))
	return p.changeUser(v, session.ReasonRoleChanged, text.RoleChanged, func(id string) error {
		return v.Acting().SetRole(v.R.Context(), id, role)
	})
}

// Disable disables an administrator and ends their sessions.
func (p *Pages) Disable(v *frame.Visit) error {
	return p.changeUser(v, session.ReasonUserDisabled, text.UserDisabled, func(id string) error {
		return v.Acting().SetDisabled(v.R.Context(), id, true)
	})
}

// Enable lets a disabled administrator sign in again.
func (p *Pages) Enable(v *frame.Visit) error {
	return p.changeUser(v, "", text.UserEnabled, func(id string) error {
		return v.Acting().SetDisabled(v.R.Context(), id, false)
	})
}

// ResetPassword gives an administrator a new password and ends their sessions.
func (p *Pages) ResetPassword(v *frame.Visit) error {
	return p.changeUser(v, session.ReasonPasswordChanged, text.PasswordReset, func(id string) error {
		return v.Acting().ResetPassword(v.R.Context(), id, v.R.PostForm.Get("new_password"))
	})
}

// changeUser changes the administrator whom the address names and, with a
// reason, ends their sessions. Nobody changes themselves here: a superuser who
// did could lock everybody out, and the account page asks for the old password.
func (p *Pages) changeUser(v *frame.Visit, reason session.Reason, done text.Message, change func(id string) error) error {
	id := v.R.PathValue("id")
	if id == v.User.ID {
		return p.renderUser(v, http.StatusForbidden, ui.UserEdit{Error: text.NotYourOwnAccount})
	}
	err := change(id)
	if errors.Is(err, account.ErrLastSuperuser) {
		return p.renderUser(v, http.StatusConflict, ui.UserEdit{Error: text.LastSuperuser})
	}
	if wrong := passwordError(err); wrong != nil {
		return p.renderUser(v, http.StatusUnprocessableEntity, ui.UserEdit{PasswordError: wrong})
	}
	if err == nil && reason != "" {
		_, err = p.Manager.RevokeUser(v.R.Context(), id, session.Ending{Reason: reason, By: v.User.Username})
	}
	if err := p.notifyEnded(v, done, err); err != nil {
		return err
	}
	return v.Redirect(v.URL("users", id))
}
