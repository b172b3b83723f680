// FieldError: one field of a configuration that cannot be used.

package config

import "strings"

// FieldError says what is wrong with one field of a Config, or with several that cannot be
// combined. In an error of Validate, New or Open errors.As finds the first of them and [Fields]
// finds all.
type FieldError struct {
	// Field is the field as Go writes it, such as "Port", "Servers[1]" or
	// "Throttle.Window".
	Field string

	// Others are further fields of the same Config that are wrong together with it.
	Others []string

	// Value describes the field's value for people: "70000", "empty", "31 bytes". It may be empty,
	// and never shows a secret.
	Value string

	// Problem says what the field should be, such as "want 1 to 65535".
	Problem string
}

// Error returns the fields, the value and the problem in one line.
func (e *FieldError) Error() string {
	return strings.Join(append([]string{e.Field}, e.Others...), ", ") + ": " + e.Text()
}

// Text is Error without the fields, for programs that have names of their own for them.
func (e *FieldError) Text() string {
	if e.Value == "" {
		return e.Problem
	}
	return e.Value + ", " + e.Problem
}

// Fields returns every FieldError in the error, in the order in which they were found.
func Fields(err error) []*FieldError {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *FieldError:
		return []*FieldError{e}
	case interface{ Unwrap() error }:
		return Fields(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*FieldError
		for _, one := range e.Unwrap() {
			all = append(all, Fields(one)...)
		}
		return all
	}
	return nil
}
