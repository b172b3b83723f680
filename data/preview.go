package data

// This file says what deleting a record would do to others.

import (
	"context"
	"errors"
)

// PreviewLimit is how many rows of a table a Preview counts.
const PreviewLimit = 10_000

// Preview is what deleting a record does to others by the foreign keys, transitively. Triggers are not foreseen.
type Preview struct {
	Record  *Record // with its Token
	Deleted []Effect
	Changed []Effect // set to NULL or the default
	Forbid  []Effect // why it is refused; empty if it can be deleted
}

// Effect is one kind of change to one table.
type Effect struct {
	Table   string   // empty if the table is not shown
	Columns []string // the foreign key's; empty in Deleted, and where the table is not shown
	Action  string   // CASCADE, SET NULL, SET DEFAULT, RESTRICT, NO ACTION
	Count   Count
}

// DeletePreview implements DataSource.
func (s *Source) DeletePreview(ctx context.Context, table string, key Key) (*Preview, error) {
	return nil, errors.ErrUnsupported
}
