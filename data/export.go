package data

// This file streams all rows that match a query.

import (
	"context"
	"math"
	"slices"
)

// MaxExportColumns is how many columns one export has; SQLite's results are bounded by it.
const MaxExportColumns = 900

// RowWriter takes an export. CSV, JSON and JSONLines make one.
type RowWriter interface {
	// Begin is called once, before the rows.
	Begin(columns []*Column) error
	// Row is called for each row; cells are those of the columns, and only good until it returns.
	Row(cells []Value) error
	// End is called once, after the last row, if nothing failed.
	End() error
}

// Export implements DataSource. It is one statement, so that it sees one state of the database and holds one row; a
// SQLite database that is not in WAL mode cannot be written to until it ends.
func (s *Source) Export(ctx context.Context, q Query, w RowWriter) error {
	t, err := s.table(q.Table)
	if err != nil {
		return err
	}
	q.Limit, q.After, q.Before = 0, "", ""
	q, wrong := q.check(t)
	if len(wrong) > 0 {
		return wrong
	}
	conditions, err := s.conditions(t, q)
	if err != nil {
		return err
	}
	columns := t.columns(q.Columns)
	if len(q.Columns) == 0 {
		columns = slices.Clone(t.Columns)
	}
	columns = slices.DeleteFunc(columns, func(c *Column) bool { return !c.Sortable() })
	if len(columns) == 0 {
		return FieldErrors{fieldError("columns", "", "holds no column that can be exported")}
	}
	if len(columns) > MaxExportColumns {
		return FieldErrors{fieldError("columns", "", "must be chosen: %s has %d, and an export at most %d", t.Name, len(columns), MaxExportColumns)}
	}
	var selected, order []term
	for _, c := range columns {
		selected = append(selected, term{column: c})
	}
	order = t.order(q.Sort)
	query := fragment{text: "SELECT " + s.exactly(t, selected, math.MaxInt32) + " FROM " + s.dialect.from(t)}.where(conditions)
	query.text += s.ordered(t, order)
	ctx, leave, err := s.enter(ctx, exporting)
	if err != nil {
		return err
	}
	defer leave()
	rows, err := s.db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return s.failed(ctx, "export", t, err)
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	if err := w.Begin(columns); err != nil {
		return err
	}
	line := newScan(2 * len(columns))
	cells := make([]Value, len(columns))
	for rows.Next() {
		if err := rows.Scan(line.targets...); err != nil {
			return s.failed(ctx, "export", t, err)
		}
		for i, c := range columns {
			pair := scan{values: line.values[2*i : 2*i+2]}
			cells[i] = wholeCell(s.dialect, c, &pair)
		}
		if err := w.Row(cells); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.failed(ctx, "export", t, err)
	}
	return w.End()
}

// ordered is an ORDER BY of the terms.
func (s *Source) ordered(t *Table, terms []term) string {
	text := ""
	for i, o := range terms {
		word := ", "
		if i == 0 {
			word = " ORDER BY "
		}
		text += word + s.dialect.place(t, o)
		if o.desc {
			text += " DESC"
		}
	}
	return text
}

// wholeCell is a cell of which everything was read.
func wholeCell(d dialect, c *Column, pair *scan) Value {
	class := pair.text()
	value := d.value(class, pair.take())
	switch raw := value.(type) {
	case string:
		return newValue(c, StoredText, raw, int64(len(raw)), math.MaxInt, math.MaxInt)
	case []byte:
		return newValue(c, StoredBlob, raw, int64(len(raw)), 0, 0)
	case nil:
		if Storage(class) == StoredBlob { // some drivers make nil of an empty one
			value = []byte{}
		}
	}
	return newValue(c, Storage(class), value, 0, 0, 0)
}
