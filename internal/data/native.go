// This file holds what the shared code asks of a column's type, on engines whose columns have one.

package data

import (
	"context"
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// native is the type of a column on an engine that stores nothing but values of it.
type native interface {
	// stored is how values are read: StoredInteger, StoredDecimal, StoredBlob or StoredText.
	stored() Storage
	// classOf selects the storage class of a value.
	classOf(x string) string
	// read is a value as it is selected.
	read(x string) string
	// beginning is the first characters of read.
	beginning(x string, runes int) string
	// place is what compares and orders.
	place(x string) string
	// bind is a value to be compared with what place is.
	bind(value any) fragment
	// assign is a value that a column takes.
	assign(value any) fragment
	// operand reads the value of a filter that compares.
	operand(c *Column, op Op, value string) (operand, error)
	// key reads a part of a key, or says what is wrong with it.
	key(part string) (any, text.Message)
	// enter reads what was entered for a column; ok is false where it is read by its Kind alone.
	enter(c *Column, given string) (value any, ok bool, err error)
	// held is the instant that a column of the type holds of one.
	held(at time.Time) time.Time
	// unwritable says why no value can be entered; empty if one can.
	unwritable() string
	// time reads the engine's own text of a date, a time or both. zoned says whether it has a zone.
	time(raw string) (at time.Time, zoned, ok bool)
}

// form is how values of a type are treated and read.
type form struct {
	kind  Kind
	class Storage
}

// textOf is a value as text.
func textOf(value any) string {
	if b, ok := value.([]byte); ok {
		return string(b)
	}
	return plainPart(value)
}

// plainText is what a field was read as, in the usual text of a UUID, a document or a choice.
func plainText(value any) any {
	switch value := value.(type) {
	case uuidValue:
		return value.dashed()
	case document:
		return string(value)
	case choice:
		return string(value)
	}
	return value
}

// equalFloats says whether two texts are the same number of so many bits.
func equalFloats(a, b string, bits int) bool {
	x, err := strconv.ParseFloat(a, bits)
	y, err2 := strconv.ParseFloat(b, bits)
	return err == nil && err2 == nil && math.Float64bits(x) == math.Float64bits(y)
}

// dayText is a date as it is stored, which has no time of day.
func dayText(at time.Time) (any, error) {
	if !at.Equal(at.Truncate(24 * time.Hour)) {
		return nil, misfit{text.DateWanted}
	}
	return at.Format(time.DateOnly), nil
}

// span is the operand of a date, a time or both that parseISO has read, to the microsecond.
func span(kind Kind, given string, at time.Time, step time.Duration) (operand, error) {
	o := operand{text: given}
	if isTime := given[min(4, len(given)-1)] != '-'; (kind == KindTime) != isTime {
		return o, instantError(kind)
	}
	if step == time.Second && strings.Contains(given, ".") {
		at, step = at.Truncate(time.Microsecond), time.Microsecond
	}
	o.from, o.to = at, at.Add(step)
	return o, nil
}

// numbered runs statements on a connection of an engine whose placeholders are not question marks.
type numbered struct {
	*sql.Conn
	engine sqldb.Engine
}

func (n numbered) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return n.Conn.ExecContext(ctx, n.engine.Bind(query), args...)
}

func (n numbered) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return n.Conn.PrepareContext(ctx, n.engine.Bind(query))
}

func (n numbered) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return n.Conn.QueryContext(ctx, n.engine.Bind(query), args...)
}

func (n numbered) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return n.Conn.QueryRowContext(ctx, n.engine.Bind(query), args...)
}
