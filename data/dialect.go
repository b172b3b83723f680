package data

// This file holds what an engine does its own way, and finds out which engine it is.

import (
	"context"
	"database/sql"
	"fmt"
)

// fragment is a piece of SQL and the values of its placeholders.
type fragment struct {
	text string
	args []any
}

// dialect is one SQL engine. Expressions name columns of the table alias t.
type dialect interface {
	// introspect reads the whole schema; Schema.finish does the rest.
	introspect(ctx context.Context, db *sql.DB) (*Schema, error)
	// estimates is DataSource.Estimates.
	estimates(ctx context.Context, db *sql.DB, tables []*Table) (map[string]int64, error)
	// classify makes ErrTimeout and ErrUnavailable of the driver's errors and returns others as they are.
	classify(ctx context.Context, err error) error

	// problem says in the engine's words why a table cannot be read.
	problem(err error) string

	// from names the table as t, as a FROM clause does.
	from(t *Table) string
	// place is the expression of an order's term; it also compares.
	place(t *Table, o term) string
	// cell selects what newValue needs: storage class, value cut to a number of characters, size in bytes.
	cell(c *Column, maxRunes int) string
	// exact selects an expression's storage class and value; the value is NULL if it is longer than maxBytes.
	exact(expression string, maxBytes int) string
	// value converts what exact and cell selected.
	value(class string, scanned any) any
	// match is a filter's condition.
	match(t *Table, c *Column, op Op, operands []operand) fragment
	// search is the condition of Query.Search on one column.
	search(c *Column, text string) fragment
	// lookup selects, for each row of values, the parent rows whose columns equal them: an int (the row's number, from 0),
	// then the given expressions.
	lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment
}

// detect asks the database what it is.
func detect(ctx context.Context, db *sql.DB) (dialect, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultQueryTimeout)
	defer cancel()
	var version string
	err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	if err == nil {
		return newSQLite(version)
	}
	var other string
	if db.QueryRowContext(ctx, "SELECT version()").Scan(&other) == nil {
		return nil, fmt.Errorf("data: open: the engine %q is not supported: use SQLite", other)
	}
	return nil, fmt.Errorf("data: open: the database does not answer as SQLite does: %w", err)
}
