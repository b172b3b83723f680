// This file reads what statements select: rows of exact values, and cells.

package data

import "context"

// within is a queryer whose statements need a transaction of their own.
type within interface {
	within(ctx context.Context, work func(db queryer) error) error
}

// each calls row with every row of a query.
func each(ctx context.Context, db queryer, query fragment, row func(line *scan)) error {
	return stream(ctx, db, query, func(line *scan) error {
		row(line)
		return nil
	})
}

// stream is each, with a row that can fail.
func stream(ctx context.Context, db queryer, query fragment, row func(line *scan) error) error {
	if pool, ok := db.(within); ok {
		return pool.within(ctx, func(db queryer) error { return stream(ctx, db, query, row) })
	}
	rows, err := db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		line := newScan(len(names))
		if err := rows.Scan(line.targets...); err != nil {
			return err
		}
		if err := row(line); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exactValues reads a statement that gives exact expressions.
func exactValues(ctx context.Context, db queryer, d dialect, query fragment) (all [][]any, err error) {
	err = each(ctx, db, query, func(line *scan) {
		var values []any
		for len(line.values) > 0 {
			values = append(values, line.exact(d))
		}
		all = append(all, values)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// writtenHandles reads the handles of the rows that a statement writes. Of a table without handles
// each row is read as none.
func writtenHandles(ctx context.Context, db queryer, d dialect, t *Table, query fragment) ([][]any, error) {
	all, err := exactValues(ctx, db, d, query)
	for i := range all {
		all[i] = all[i][:len(t.handle())]
	}
	return all, err
}

// affected runs a statement that writes, and says how many rows it wrote.
func affected(ctx context.Context, db queryer, query fragment) (int64, error) {
	result, err := db.ExecContext(ctx, query.text, query.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// exactRows reads up to limit rows of a SELECT of exact expressions that meet the conditions.
func (s *Source) exactRows(ctx context.Context, db queryer, query fragment, conditions []fragment, limit int) ([][]any, error) {
	query = query.where(conditions).limit(int64(limit))
	if limit > 2 {
		query = s.dialect.atOnce(query)
	}
	return exactValues(ctx, db, s.dialect, query)
}

// exists says whether a row of the table meets the conditions.
func (s *Source) exists(ctx context.Context, db queryer, t *Table, conditions ...fragment) (bool, error) {
	rows, err := s.exactRows(ctx, db, s.selecting(t, selectOne), conditions, 1)
	return len(rows) > 0, err
}

// scan is one scanned row, taken from the left.
type scan struct {
	values  []any
	targets []any
}

func newScan(n int) *scan {
	s := &scan{values: make([]any, n), targets: make([]any, n)}
	for i := range s.values {
		s.targets[i] = &s.values[i]
	}
	return s
}

func (s *scan) take() any {
	v := s.values[0]
	s.values = s.values[1:]
	return v
}

func (s *scan) text() string { return asText(s.take()) }

func (s *scan) exact(d dialect) any {
	class := s.text()
	value := d.value(class, s.take())
	if value == nil && class != string(StoredNull) {
		return tooLong{}
	}
	return value
}

func (s *scan) cell(d dialect, c *Column, maxRunes, maxBytes int) Value {
	class := s.text()
	raw := s.take()
	size, _ := s.take().(int64)
	if c.Masked {
		return Value{Kind: c.Kind, Storage: Storage(class), Masked: true}
	}
	value := d.value(class, raw)
	if text, ok := value.(string); ok {
		size = d.measured(text, size)
	}
	return newValue(c, Storage(class), value, size, maxRunes, maxBytes)
}
