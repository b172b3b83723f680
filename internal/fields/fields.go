// Package fields gathers what is wrong with the fields of a configuration, in one
// wording, into one error of config.FieldErrors.
package fields

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// Check collects what is wrong with the fields of one Config, of which only the first note
// about each is kept. The zero value is ready.
type Check struct{ wrong []*config.FieldError }

// Wrong notes that a field is wrong: its value as it may be shown, which may be empty, and
// what it should be.
func (c *Check) Wrong(field, value, problem string, args ...any) {
	c.note(&config.FieldError{Field: field, Value: value, Problem: fmt.Sprintf(problem, args...)})
}

// Add takes over the field errors in err unchanged: those of a Config whose fields have
// the same names in this one.
func (c *Check) Add(err error) {
	for _, one := range config.Fields(err) {
		c.note(one)
	}
}

func (c *Check) note(one *config.FieldError) {
	if !slices.ContainsFunc(c.wrong, func(noted *config.FieldError) bool { return noted.Field == one.Field }) {
		c.wrong = append(c.wrong, one)
	}
}

// Int notes a number that is not from least to most.
func (c *Check) Int(field string, n, least, most int) {
	if n < least || n > most {
		c.Wrong(field, strconv.Itoa(n), "want %d to %d", least, most)
	}
}

// Duration notes a duration that is not from least to most.
func (c *Check) Duration(field string, d, least, most time.Duration) {
	if d < least || d > most {
		c.Wrong(field, d.String(), "want %s to %s", least, most)
	}
}

// Key notes a secret key that has less than so many bytes.
func (c *Check) Key(field string, key config.Secret, least int) {
	if n := len(key); n < least {
		c.Wrong(field, strconv.Itoa(n)+" bytes", "want at least %d random ones; make them with: openssl rand -base64 32", least)
	}
}

// Within notes what Validate said of a Config that is a field of this one.
func (c *Check) Within(field string, err error) {
	for _, inner := range config.Fields(err) {
		outer := *inner
		outer.Field = field + "." + inner.Field
		outer.Others = nil
		for _, other := range inner.Others {
			outer.Others = append(outer.Others, field+"."+other)
		}
		c.note(&outer)
	}
}

// Err is nil if nothing was noted, else one error with a line for each field, that
// begins with the package whose Config it is.
func (c *Check) Err(pkg string) error {
	if len(c.wrong) == 0 {
		return nil
	}
	all := make([]error, len(c.wrong))
	for i, one := range c.wrong {
		all[i] = one
	}
	return fmt.Errorf("%s: configuration:\n%w", pkg, errors.Join(all...))
}

// Quote is a text as an error shows it: shortened, in quotes.
func Quote(text string) string { return strconv.Quote(clip.Value(text)) }
