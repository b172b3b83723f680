package data

// This file turns an order, conditions and columns into SELECTs, and rows into cells, keys and places.

import (
	"context"
	"slices"
	"strings"
)

// reader reads rows of one table.
type reader struct {
	s        *Source
	db       queryer
	t        *Table
	columns  []*Column
	terms    []term // the order
	maxRunes int
	maxBytes int
	walk     walk
	wait     bool // writers wait for the looks (look.go)
	apart    bool // rows are found in windows
	atOnce   bool // rows may be far from each other (dialect.atOnce)

	rows   []Row
	places [][]any // of each row: the values of terms
}

// readOn is read on another connection.
func (r *reader) readOn(ctx context.Context, db queryer, conditions []fragment, limit int) error {
	defer func(own queryer) { r.db = own }(r.db)
	r.db = db
	if err := r.read(ctx, conditions, limit, 0); err != nil {
		return r.s.failed(ctx, "list", r.t, err)
	}
	return nil
}

// where adds the conditions to a SELECT.
func (f fragment) where(conditions []fragment) fragment {
	f.args = slices.Clone(f.args)
	for i, c := range conditions {
		word := " AND "
		if i == 0 {
			word = " WHERE "
		}
		f.text += word + c.text
		f.args = append(f.args, c.args...)
	}
	return f
}

func (r *reader) from() string { return " FROM " + r.s.dialect.from(r.t) }

// segments are the conditions of the rows after a place, as several queries to be asked in turn until the page is full.
// Rows after (a, b, c) in an order are, in that order: those with the same a and b after c; the same a after b; after a.
// NULL comes before everything, so "after" is at most two ranges. Each is a conjunction one index can seek to.
func (r *reader) segments(from []any) [][]fragment {
	if from == nil {
		return [][]fragment{nil}
	}
	var all [][]fragment
	for depth := len(r.terms) - 1; depth >= 0; depth-- {
		var same []fragment
		for i := range depth {
			place := r.s.dialect.place(r.t, r.terms[i])
			if from[i] == nil {
				same = append(same, fragment{text: place + " IS NULL"})
			} else {
				same = append(same, fragment{place + " = ?", []any{from[i]}})
			}
		}
		o, place := r.terms[depth], r.s.dialect.place(r.t, r.terms[depth])
		var after []fragment
		switch {
		case from[depth] == nil && !o.desc:
			after = []fragment{{text: place + " IS NOT NULL"}}
		case from[depth] != nil && !o.desc:
			after = []fragment{{place + " > ?", []any{from[depth]}}}
		case from[depth] != nil:
			after = []fragment{{place + " < ?", []any{from[depth]}}}
			if o.nullable() {
				after = append(after, fragment{text: place + " IS NULL"})
			}
		}
		for _, a := range after {
			all = append(all, append(slices.Clone(same), a))
		}
	}
	return all
}

// query selects up to limit rows that meet the conditions, and how many columns that gives.
func (r *reader) query(conditions []fragment, limit, offset int) (fragment, int) {
	d := r.s.dialect
	var selected []string
	for _, c := range r.columns {
		selected = append(selected, d.cell(c, r.maxRunes))
	}
	for _, c := range r.t.columns(r.t.Identity.Columns) {
		selected = append(selected, d.exact(d.place(r.t, term{column: c}), MaxKeyPart))
	}
	if r.t.rowid != "" {
		selected = append(selected, d.exact(d.place(r.t, term{}), MaxKeyPart))
	}
	for _, o := range r.terms {
		limit := maxCursorValue
		if o.key {
			limit = MaxKeyPart
		}
		selected = append(selected, d.exact(d.place(r.t, o), limit))
	}
	query := fragment{text: "SELECT " + strings.Join(selected, ", ") + r.from()}.where(conditions)
	query.text += r.orderBy() + " LIMIT ? OFFSET ?"
	query.args = append(query.args, limit, offset)
	if r.atOnce {
		query = d.atOnce(query)
	}
	return query, 3*len(r.columns) + 2*(len(selected)-len(r.columns))
}

// orderBy is the order of the list.
func (r *reader) orderBy() string {
	text := ""
	for i, o := range r.terms {
		word, place := ", ", r.s.dialect.place(r.t, o)
		if i == 0 {
			word = " ORDER BY "
		}
		if r.walk == gathered {
			place = r.s.dialect.unordered(place)
		}
		text += word + place
		if o.desc {
			text += " DESC"
		}
	}
	return text
}

// read appends up to limit rows that meet the conditions.
func (r *reader) read(ctx context.Context, conditions []fragment, limit, offset int) error {
	d := r.s.dialect
	identity := r.t.columns(r.t.Identity.Columns)
	query, width := r.query(conditions, limit, offset)
	rows, err := r.db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	for rows.Next() {
		line := newScan(width)
		if err := rows.Scan(line.targets...); err != nil {
			return err
		}
		row := Row{Cells: make([]Value, len(r.columns))}
		for i, c := range r.columns {
			row.Cells[i] = line.cell(d, c, r.maxRunes, r.maxBytes)
		}
		parts := make([]any, len(identity))
		for i := range identity {
			parts[i] = line.exact(d)
		}
		var rowid any
		if r.t.rowid != "" {
			rowid = line.exact(d)
		}
		row.Key = rowKey(r.t, parts, rowid)
		place := make([]any, len(r.terms))
		for i := range r.terms {
			place[i] = line.exact(d)
		}
		r.rows = append(r.rows, row)
		r.places = append(r.places, place)
	}
	return rows.Err()
}

// rowKey is the key of a row: its identity, or its row id if that has NULL in it or is too long; else zero.
func rowKey(t *Table, parts []any, rowid any) Key {
	id, hasRowID := rowid.(int64)
	if t.Identity.RowID {
		if !hasRowID {
			return Key{}
		}
		return newKey(t, []any{id})
	}
	unfit := func(part any) bool {
		_, long := part.(tooLong)
		return long || part == nil
	}
	switch {
	case len(parts) > 0 && !slices.ContainsFunc(parts, unfit):
		return newKey(t, parts)
	case hasRowID && len(parts) > 0:
		return rowidKey(id)
	}
	return Key{}
}

// exactRows reads a SELECT of exact expressions.
func (s *Source) exactRows(ctx context.Context, db queryer, query fragment, conditions []fragment, limit int) ([][]any, error) {
	query = query.where(conditions)
	query.text += " LIMIT ?"
	query.args = append(query.args, limit)
	if limit > 2 {
		query = s.dialect.atOnce(query)
	}
	rows, err := db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		line := newScan(len(names))
		if err := rows.Scan(line.targets...); err != nil {
			return nil, err
		}
		values := make([]any, len(names)/2)
		for i := range values {
			values[i] = line.exact(s.dialect)
		}
		all = append(all, values)
	}
	return all, rows.Err()
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

func (s *scan) text() string {
	switch v := s.take().(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

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
	return newValue(c, Storage(class), d.value(class, raw), size, maxRunes, maxBytes)
}
