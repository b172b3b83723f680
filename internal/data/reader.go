// This file turns an order, conditions and columns into SELECTs, and rows into cells, keys and
// places.

package data

import (
	"context"
	"slices"
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
	sought   bool // an index leads to the rows that meet the conditions, as seeks found
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

// segments are the conditions of the rows after a place, as several queries to be asked in turn
// until the page is full. Rows after (a, b, c) in an order are, in that order: the rows with the
// same a and b after c; the same a after b; after a. NULL is at one end of an order, so "after" is
// at most two ranges. Each segment is a conjunction to which one index can seek.
func (r *reader) segments(from []any) [][]fragment {
	if from == nil {
		return [][]fragment{nil}
	}
	var all [][]fragment
	for depth := len(r.terms) - 1; depth >= 0; depth-- {
		same := equals(r.s.dialect, r.t, r.terms[:depth], from)
		o, place := r.terms[depth], r.s.dialect.place(r.t, r.terms[depth])
		nullFirst := r.s.dialect.nullsLast() == o.desc
		operator := ">"
		if o.desc {
			operator = "<"
		}
		var after []fragment
		switch {
		case from[depth] == nil && nullFirst:
			after = []fragment{{text: place + " IS NOT NULL"}}
		case from[depth] != nil:
			after = []fragment{compared(r.s.dialect, r.t, o, operator, from[depth])}
			if !nullFirst && o.nullable() {
				after = append(after, fragment{text: place + " IS NULL"})
			}
		}
		for _, a := range after {
			all = append(all, append(slices.Clone(same), a))
		}
	}
	return all
}

// query selects up to limit rows that meet the conditions.
func (r *reader) query(conditions []fragment, limit, offset int) fragment {
	d := r.s.dialect
	var selected []string
	for _, c := range r.columns {
		selected = append(selected, d.cell(c, r.maxRunes))
	}
	selected = append(selected, r.s.exactly(r.t, r.t.keyTerms(), MaxKeyPart)...)
	for _, o := range r.terms {
		limit := maxCursorValue
		if o.key {
			limit = MaxKeyPart
		}
		selected = append(selected, d.exact(r.t, o, limit))
	}
	query := r.s.selecting(r.t, selected...).where(conditions)
	query.text += r.orderBy() + " LIMIT ? OFFSET ?"
	query.args = append(query.args, limit, offset)
	if r.atOnce {
		query = d.atOnce(query)
	}
	return query
}

// orderBy is the order of the list.
func (r *reader) orderBy() string {
	places := r.s.places(r.t, r.terms)
	if r.walk == gathered {
		for i, place := range places {
			places[i] = r.s.dialect.unordered(place)
		}
	}
	return orderBy(places, r.terms)
}

// read appends up to limit rows that meet the conditions.
func (r *reader) read(ctx context.Context, conditions []fragment, limit, offset int) error {
	d := r.s.dialect
	return each(ctx, r.db, r.query(conditions, limit, offset), func(line *scan) {
		row := Row{Cells: make([]Value, len(r.columns))}
		for i, c := range r.columns {
			row.Cells[i] = line.cell(d, c, r.maxRunes, r.maxBytes)
		}
		row.Key = line.key(d, r.t)
		place := make([]any, len(r.terms))
		for i := range r.terms {
			place[i] = line.exact(d)
		}
		r.rows = append(r.rows, row)
		r.places = append(r.places, place)
	})
}

// keyTerms are the terms from which a row's key is made: the identity, and the row id.
func (t *Table) keyTerms() []term {
	terms := termsOf(t.columns(t.Identity.Columns))
	if t.rowid != "" {
		terms = append(terms, term{})
	}
	return terms
}

// key takes the values of keyTerms.
func (s *scan) key(d dialect, t *Table) Key {
	parts := make([]any, len(t.columns(t.Identity.Columns)))
	for i := range parts {
		parts[i] = s.exact(d)
	}
	var rowid any
	if t.rowid != "" {
		rowid = s.exact(d)
	}
	return rowKey(t, parts, rowid)
}

// rowKey is the key of a row: its identity, or its row id if the identity has NULL in it or is too
// long, else zero.
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
