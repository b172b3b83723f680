// Error: all that is wrong with the variables.

package environ

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is what is wrong with one variable.
type Problem struct {
	Variable string
	Err      error
}

// Error is everything that is wrong with the variables, a line each. It shows no
// secret.
type Error struct{ Problems []Problem }

// Error implements error.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("environment variables:")
	for _, p := range e.Problems {
		_, _ = fmt.Fprintf(&text, "\n  %s: %v", p.Variable, p.Err)
	}
	return text.String()
}

// Unwrap returns the problems' errors.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		errs[i] = p.Err
	}
	return errs
}

// Join makes one error of several: a variable that two of them name is in it
// once. Nil if all are nil.
func Join(errs ...error) error {
	joined := &Error{}
	var others []error
	for _, err := range errs {
		wrong, ok := errors.AsType[*Error](err)
		if !ok {
			others = append(others, err)
			continue
		}
		for _, p := range wrong.Problems {
			if !slices.ContainsFunc(joined.Problems, func(q Problem) bool { return q.Variable == p.Variable }) {
				joined.Problems = append(joined.Problems, p)
			}
		}
	}
	if len(joined.Problems) > 0 {
		others = append(others, joined)
	}
	return errors.Join(others...)
}
