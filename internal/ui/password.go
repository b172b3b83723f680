// This file holds the fields in which passwords are entered.

package ui

import (
	"fmt"
	"strings"
)

// passwordField is one input of the password form.
type passwordField struct {
	ID, Label, Autocomplete, Hint, Error string
}

// DescribedBy is the ids of hint and error.
func (f passwordField) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Fields are the form's inputs.
func (p PasswordForm) Fields() []passwordField {
	return []passwordField{
		{ID: "current_password", Label: "Current password", Autocomplete: "current-password", Error: p.CurrentError},
		{ID: "new_password", Label: "New password", Autocomplete: "new-password", Hint: lengthHint(p.Min, p.Max), Error: p.NewError},
		{ID: "confirm_password", Label: "New password, again", Autocomplete: "new-password", Error: p.RepeatError},
	}
}

// newPassword is the field of an administrator's new password.
func newPassword(low, high int, problem string) passwordField {
	return passwordField{ID: "new_password", Label: "Password", Autocomplete: "new-password", Hint: lengthHint(low, high), Error: problem}
}

// lengthHint says how long a password may be; 0 says nothing.
func lengthHint(low, high int) string {
	switch {
	case low > 0 && high > 0:
		return fmt.Sprintf("%d to %d characters.", low, high)
	case low > 0:
		return fmt.Sprintf("At least %d characters.", low)
	}
	return ""
}
