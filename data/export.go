package data

// This file streams all rows that match a query.

import (
	"context"
	"errors"
)

// RowWriter takes an export. CSV, JSON and JSONLines make one.
type RowWriter interface {
	// Begin is called once, before the rows.
	Begin(columns []*Column) error
	// Row is called for each row; cells are those of the columns and not used again.
	Row(cells []Value) error
	// End is called once, after the last row, if nothing failed.
	End() error
}

// Export implements DataSource.
func (s *Source) Export(ctx context.Context, q Query, w RowWriter) error {
	return errors.ErrUnsupported
}
