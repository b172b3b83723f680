// This file holds the errors of the package.

package data

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

var (
	// ErrNoTable means that the table does not exist, or is not shown.
	ErrNoTable = errors.New("no such table")
	// ErrNotFound means that no row has the key.
	ErrNotFound = errors.New("no such record")
	// ErrTimeout means that the read took longer than Config.QueryTimeout or the context's
	// deadline.
	ErrTimeout = errors.New("the query took too long and was stopped")
	// ErrUnavailable means that the database does not answer, or is locked.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrReadOnly means that the database, or the table, cannot be written to.
	ErrReadOnly = errors.New("read-only")
)

// outage says whether a classified error is about the database or the request, rather than one
// table.
func outage(err error) bool {
	return errors.Is(err, ErrTimeout) || errors.Is(err, ErrReadOnly) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled)
}

func fieldError(field, value, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Value: clip.Text(value, 100), Message: fmt.Sprintf(format, args...)}
}

// orNil avoids an error that is not nil and holds no errors.
func orNil(e FieldErrors) error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// StaleError means that the record has changed since it was read for editing. Nothing was written.
type StaleError struct {
	Current *Record // as Edit returns it; nil if the record is gone
}

func (e *StaleError) Error() string {
	if e.Current == nil {
		return "the record was deleted after it was read"
	}
	return fmt.Sprintf("the record %s of %s was changed after it was read", e.Current.Key, e.Current.Table.Name)
}

// ReferencedError means that other records refer to one that was to be deleted. Nothing was
// deleted.
type ReferencedError struct {
	Key Key // of the record; zero if it is one of many
	// Forbid is what refers to it; empty if that could not be found out. Where Key is zero the
	// Counts are Unknown.
	Forbid []Effect
}

func (e *ReferencedError) Error() string {
	var by []string
	for _, effect := range e.Forbid {
		name := effect.Table
		if name == "" {
			name = "a table that is not shown"
		}
		if !effect.Count.Unknown {
			name = effect.Count.String() + " of " + name
		}
		by = append(by, name)
	}
	if len(by) == 0 {
		return "cannot be deleted: other records refer to it"
	}
	return "cannot be deleted: other records refer to it: " + strings.Join(by, ", ")
}

// TableError means that the database has the table but cannot read it, or write to it.
type TableError struct {
	Table   string
	Problem string // in the engine's words
	Err     error  // the engine's error, if it was met while reading
}

func (e *TableError) Error() string {
	return fmt.Sprintf("table %q cannot be used: %s", e.Table, e.Problem)
}

func (e *TableError) Unwrap() error { return e.Err }
