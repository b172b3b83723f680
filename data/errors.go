// Errors: what is wrong with a field of a record, with a name in a Config, with a table.

package data

import (
	"fmt"
	"strings"
)

// FieldError is one wrong part of a record or a request: which field it is, what was given,
// what is allowed.
type FieldError struct {
	// Field is the column or relation, or the parameter as it stands in the address
	// ("limit", "f.price.gt", "key"). Empty: the whole record.
	Field string

	// Value is what was given, shortened to 100 characters.
	Value string

	// Message says what is allowed.
	Message string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	if e.Value == "" {
		return e.Field + ": " + e.Message
	}
	return fmt.Sprintf("%s: %q %s", e.Field, e.Value, e.Message)
}

// FieldErrors are all the wrong parts of one record or request.
type FieldErrors []*FieldError

func (e FieldErrors) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.As find a *FieldError.
func (e FieldErrors) Unwrap() []error {
	var all []error
	for _, one := range e {
		all = append(all, one)
	}
	return all
}

// NameError is a name in a Config that the database does not have, or that cannot be read.
type NameError struct {
	// Field is the field of the Config: Show, Hide, Mask, Unmasked, Tables, or a field of one
	// table, such as Tables["orders"].List.
	Field string

	Name string // as it was given
	What string // what is wrong with it
}

func (e *NameError) Error() string { return fmt.Sprintf("%s: %q %s", e.Field, e.Name, e.What) }

// NameErrors are all the wrong names of a Config.
type NameErrors []*NameError

func (e NameErrors) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.Error())
	}
	return "data: " + strings.Join(lines, "; ")
}

// Level says how serious a finding is.
type Level string

// The levels, from the least.
const (
	Note    Level = "note"    // good to know
	Warning Level = "warning" // it works, with less than it could
	Failure Level = "failure" // it does not work
)
