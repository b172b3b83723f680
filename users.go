// Users: making, changing and disabling administrators.

package crudadmin

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

var roles = []ui.Option{
	{Value: string(account.Superuser), Label: "Superuser", Note: "everything, administrators and sessions too"},
	{Value: string(account.Editor), Label: "Editor", Note: "sees and changes the data"},
	{Value: string(account.Viewer), Label: "Viewer", Note: "sees the data"},
}

func (p *Panel) listUsers(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	if len(after) > 4*account.MaxUsername {
		p.fail(w, r, &statusError{status: http.StatusBadRequest, detail: "after: too long to be a username."})
		return
	}
	found, err := p.accounts.List(r.Context(), after, account.DefaultPage)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	self := p.ui.URL("users", "")
	page := ui.Users{NewHref: p.ui.URL("users", "new")}
	for _, u := range found {
		page.Rows = append(page.Rows, ui.UserRow{
			Name: u.Username, Href: p.ui.URL("users", u.ID), Role: string(u.Role), Disabled: u.Disabled,
			Self: u.ID == visitor(r).ID, Created: u.CreatedAt, LastSignIn: u.LastLoginAt,
		})
	}
	if after != "" {
		page.Pager.First = self
	} else if len(found) < account.DefaultPage {
		page.Count = ui.Exact(int64(len(found)))
	}
	if len(found) == account.DefaultPage {
		page.Pager.Next = self + "?after=" + url.QueryEscape(found[len(found)-1].Username)
	}
	page.Layout = p.layout(w, r, self)
	p.render(w, r, http.StatusOK, page)
}

func (p *Panel) newUser(w http.ResponseWriter, r *http.Request) {
	p.renderNewUser(w, r, http.StatusOK, ui.UserNew{Role: string(account.Viewer)})
}

func (p *Panel) renderNewUser(w http.ResponseWriter, r *http.Request, status int, page ui.UserNew) {
	page.Roles, page.Min, page.Max = roles, account.MinPassword, account.MaxPassword
	page.Layout = p.layout(w, r, p.ui.URL("users", ""))
	p.render(w, r, status, page)
}

func (p *Panel) createUser(w http.ResponseWriter, r *http.Request) {
	page := ui.UserNew{Username: r.PostForm.Get("username"), Role: r.PostForm.Get("role")}
	if !account.Role(page.Role).Valid() {
		page.RoleError = "Choose one of the roles."
		p.renderNewUser(w, r, http.StatusUnprocessableEntity, page)
		return
	}
	made, err := p.acting(r).Create(r.Context(), page.Username, r.PostForm.Get("new_password"), account.Role(page.Role))
	if name := (*account.UsernameError)(nil); errors.As(err, &name) {
		page.UsernameError = "The username " + name.Rule + "."
	}
	if errors.Is(err, account.ErrUsernameTaken) {
		page.UsernameError = "This username is taken."
	}
	page.PasswordError = passwordError(err)
	switch {
	case page.UsernameError != "" || page.PasswordError != "":
		p.renderNewUser(w, r, http.StatusUnprocessableEntity, page)
	case err != nil:
		p.fail(w, r, err)
	default:
		note(r, slog.String("target", made.Username), slog.String("target_id", made.ID), slog.String("target_role", string(made.Role)))
		p.notify(r, ui.NoticeSuccess, made.Username+" can sign in now.")
		http.Redirect(w, r, p.ui.URL("users", made.ID), http.StatusSeeOther)
	}
}

// passwordError is what a form says beside a password that breaks a rule.
func passwordError(err error) string {
	var policy *account.PolicyError
	if errors.As(err, &policy) {
		return "The password " + policy.Rule + "."
	}
	return ""
}

func (p *Panel) showUser(w http.ResponseWriter, r *http.Request) {
	p.renderUser(w, r, http.StatusOK, ui.UserEdit{})
}

// renderUser shows the administrator whom the address names, with what page
// says of a change that failed.
func (p *Panel) renderUser(w http.ResponseWriter, r *http.Request, status int, page ui.UserEdit) {
	u, err := p.accounts.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page.ID, page.Username, page.Disabled, page.Created = u.ID, u.Username, u.Disabled, u.CreatedAt
	page.Self = u.ID == visitor(r).ID
	page.FailedSignIns = p.failedSignIns(r, u)
	page.Roles, page.Min, page.Max = roles, account.MinPassword, account.MaxPassword
	if page.Role == "" {
		page.Role = string(u.Role)
	}
	found, err := p.manager.UserSessions(r.Context(), u.ID)
	if err == nil {
		page.Sessions, err = p.sessionRows(r, found)
	}
	if err != nil {
		page.Problem = &ui.Problem{Title: "The sessions cannot be read", Detail: "The session store does not answer."}
	}
	page.Layout = p.layout(w, r, p.ui.URL("users", ""))
	p.render(w, r, status, page)
}

func (p *Panel) changeRole(w http.ResponseWriter, r *http.Request) {
	role := account.Role(r.PostForm.Get("role"))
	if !role.Valid() {
		p.renderUser(w, r, http.StatusUnprocessableEntity, ui.UserEdit{Role: string(role), RoleError: "Choose one of the roles."})
		return
	}
	note(r, slog.String("target_role", string(role)))
	p.changeUser(w, r, session.ReasonRoleChanged, "The role is changed, and the user's sessions have ended.", func(id string) error {
		return p.acting(r).SetRole(r.Context(), id, role)
	})
}

func (p *Panel) disableUser(w http.ResponseWriter, r *http.Request) {
	p.changeUser(w, r, session.ReasonUserDisabled, "The user is disabled and signed out everywhere.", func(id string) error {
		return p.acting(r).SetDisabled(r.Context(), id, true)
	})
}

func (p *Panel) enableUser(w http.ResponseWriter, r *http.Request) {
	p.changeUser(w, r, "", "The user can sign in again.", func(id string) error {
		return p.acting(r).SetDisabled(r.Context(), id, false)
	})
}

func (p *Panel) resetPassword(w http.ResponseWriter, r *http.Request) {
	p.changeUser(w, r, session.ReasonPasswordChanged, "The password is changed, and the user's sessions have ended.", func(id string) error {
		return p.acting(r).ResetPassword(r.Context(), id, r.PostForm.Get("new_password"))
	})
}

// changeUser changes the administrator whom the address names and, with a
// reason, ends their sessions. Nobody changes themselves here: a superuser who
// did could lock everybody out, and the account page asks for the old password.
func (p *Panel) changeUser(w http.ResponseWriter, r *http.Request, reason session.Reason, done string, change func(id string) error) {
	id := r.PathValue("id")
	if id == visitor(r).ID {
		p.renderUser(w, r, http.StatusForbidden, ui.UserEdit{Error: "Nobody changes their own account here: ask another superuser, or change your password on the account page."})
		return
	}
	err := change(id)
	if errors.Is(err, account.ErrLastSuperuser) {
		p.renderUser(w, r, http.StatusConflict, ui.UserEdit{Error: "The last superuser stays: make another one first."})
		return
	}
	if text := passwordError(err); text != "" {
		p.renderUser(w, r, http.StatusUnprocessableEntity, ui.UserEdit{PasswordError: text})
		return
	}
	if err == nil && reason != "" {
		_, err = p.manager.RevokeUser(r.Context(), id, session.Ending{Reason: reason, By: visitor(r).Username})
	}
	if err := p.notifyEnded(r, done, err); err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, p.ui.URL("users", id), http.StatusSeeOther)
}
