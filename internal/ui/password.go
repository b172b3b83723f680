// This file holds the fields in which passwords are entered.

package ui

import (
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// passwordField is one input of the password form.
type passwordField struct {
	ID, Autocomplete   string
	Label, Hint, Error text.Message
}

// DescribedBy is the ids of hint and error.
func (f passwordField) DescribedBy() string {
	var ids []string
	if f.Hint != nil {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != nil {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Fields are the form's inputs.
func (p PasswordForm) Fields() []passwordField {
	return []passwordField{
		{ID: "current_password", Label: text.CurrentPassword, Autocomplete: "current-password", Error: p.CurrentError},
		{ID: "new_password", Label: text.NewPassword, Autocomplete: "new-password", Hint: lengthHint(p.Min, p.Max), Error: p.NewError},
		{ID: "confirm_password", Label: text.RepeatPassword, Autocomplete: "new-password", Error: p.RepeatError},
	}
}

// newPassword is the field of an administrator's new password.
func newPassword(low, high int, problem text.Message) passwordField {
	return passwordField{ID: "new_password", Label: text.Password, Autocomplete: "new-password", Hint: lengthHint(low, high), Error: problem}
}

// lengthHint says how long a password may be; 0 says nothing.
func lengthHint(low, high int) text.Message {
	switch {
	case low > 0 && high > 0:
		return text.PasswordBetween(low, high)
	case low > 0:
		return text.PasswordAtLeast(low)
	}
	return nil
}
