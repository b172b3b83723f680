// This file holds the pages about administrators.

package ui

import (
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Users is the list of administrators.
type Users struct {
	Layout

	Rows    []UserRow
	Count   text.Count
	NewHref string // empty hides the button
	Pager   Pager
	Problem *Problem // shown instead of the table
}

func (Users) template() string { return "users.html" }

// UserRow is one administrator.
type UserRow struct {
	Name       string
	Href       string
	Role       string
	Disabled   bool
	Self       bool // the viewer
	Created    time.Time
	LastSignIn time.Time // zero: never, or not known
}

// UserNew is the form that makes an administrator. It posts "username", "role"
// and "new_password" to users/.
type UserNew struct {
	Layout

	Username string
	Role     string
	Roles    []Option
	Min, Max int // length of the password in characters; 0: not said

	UsernameError, RoleError, PasswordError text.Message
}

func (UserNew) template() string { return "user_new.html" }

// UserEdit is the page of one administrator. Its forms post "role" to
// users/{id}, nothing to users/{id}/disable and /enable, "new_password" to
// users/{id}/password, and "id" or "user" to sessions/revoke.
type UserEdit struct {
	Layout

	ID       string
	Username string
	Role     string
	Roles    []Option
	Disabled bool
	Self     bool // the viewer, who can neither disable nor demote themselves
	Created  time.Time
	Min, Max int // length of the password in characters; 0: not said

	Sessions []Session
	// Problem is shown instead of the sessions.
	Problem *Problem

	// FailedSignIns is how many there were of late, as a sentence; nil if that is not known.
	FailedSignIns text.Message

	RoleError, PasswordError text.Message
	// Error is why the last change failed, such as "the last superuser stays".
	Error text.Message
}

func (UserEdit) template() string { return "user_edit.html" }

// Password is the field of the first password.
func (u UserNew) Password() passwordField { return newPassword(u.Min, u.Max, u.PasswordError) }

// Password is the field of a password that replaces a forgotten one.
func (u UserEdit) Password() passwordField { return newPassword(u.Min, u.Max, u.PasswordError) }

// Others reports whether there are sessions besides the viewer's own.
func (u UserEdit) Others() bool {
	return slices.ContainsFunc(u.Sessions, func(s Session) bool { return !s.Current })
}
