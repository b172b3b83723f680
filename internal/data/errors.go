// This file holds the errors of the package.

package data

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	public "github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/text"
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
	// ErrUndecided means that the database did not answer the COMMIT of a write: what was written
	// may be there or not. Such an error is ErrUnavailable too.
	ErrUndecided = errors.New("it is not known whether the change was saved")
	// ErrReadOnly means that the database, or the table, cannot be written to.
	ErrReadOnly = errors.New("read-only")
)

// outage says whether a classified error is about the database or the request, rather than one
// table.
func outage(err error) bool {
	return errors.Is(err, ErrTimeout) || errors.Is(err, ErrReadOnly) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled)
}

func fieldError(field, value string, m text.Message) *FieldError {
	return &FieldError{Field: field, Value: clip.Text(value, 100), Message: m}
}

// orNil avoids an error that is not nil and holds no errors.
func orNil(e FieldErrors) error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// FieldError is one wrong part of a record or a request: which field it is, what was given, what is
// allowed. It is a data.FieldError before it is known in which language it is read.
type FieldError struct {
	Field   string       // as that of data.FieldError
	Value   string       // as given, shortened to 100 characters
	Message text.Message // what is allowed
}

func (e *FieldError) Error() string { return text.English.Say(e.Text()) }

// Text is the whole of it: the field, the value and the message.
func (e *FieldError) Text() text.Message {
	switch {
	case e.Field == "":
		return e.Message
	case e.Value == "":
		return text.FieldWrong(e.Field, e.Message)
	default:
		return text.ValueWrong(e.Field, strconv.Quote(e.Value), e.Message)
	}
}

// FieldErrors are all the wrong parts of one request.
type FieldErrors []*FieldError

func (e FieldErrors) Error() string { return text.English.Say(e.Text()) }

// Text is all of them, one beside the other.
func (e FieldErrors) Text() text.Message {
	var all []text.Message
	for _, one := range e {
		all = append(all, one.Text())
	}
	return text.List(all...)
}

// Unwrap lets errors.As find a *FieldError.
func (e FieldErrors) Unwrap() []error {
	var all []error
	for _, one := range e {
		all = append(all, one)
	}
	return all
}

// Refusal is what an error says about fields: one of this package, or that of a program's hook in
// the program's words. It is nil if the error says nothing of them.
func Refusal(err error) FieldErrors {
	var own FieldErrors
	var ownOne *FieldError
	var many public.FieldErrors
	var one *public.FieldError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &ownOne):
		return FieldErrors{ownOne}
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = public.FieldErrors{one}
	}
	var said FieldErrors
	for _, each := range many {
		said = append(said, &FieldError{Field: each.Field, Value: each.Value, Message: text.Verbatim(each.Message)})
	}
	return said
}

// misfit is what is wrong with a value.
type misfit struct{ text.Message }

func (m misfit) Error() string { return m.String() }

// messageOf is what an error says of a value.
func messageOf(err error) text.Message {
	var wrong misfit
	var fields FieldErrors
	switch {
	case errors.As(err, &wrong):
		return wrong.Message
	case errors.As(err, &fields):
		return fields.Text()
	}
	return text.Verbatim(err.Error())
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
	Problem text.Message // mostly in the engine's words
	Err     error        // the engine's error, if it was met while reading
}

func (e *TableError) Error() string {
	return e.Text().String()
}

// Text says which table it is, and what is wrong with it.
func (e *TableError) Text() text.Message { return text.TableProblem(e.Table, e.Problem) }

func (e *TableError) Unwrap() error { return e.Err }
