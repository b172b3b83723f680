// This file holds the table that lists and related records are shown in.

package ui

import "slices"

// table is what the table partial shows.
type table struct {
	Label   string
	Columns []Column
	Rows    []Row
	Choose  bool // rows can be chosen for an action
}

// Links reports whether any row leads to a record.
func (t table) Links() bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Href != "" })
}

// LinkColumn is the column whose cells lead to the record: the first, unless
// its cells lead elsewhere; -1 for none.
func (t table) LinkColumn() int {
	if !t.Links() || len(t.Columns) == 0 || t.Columns[0].Ref {
		return -1
	}
	return 0
}

// End reports whether the cells of column i are aligned to its end.
func (t table) End(i int) bool { return i < len(t.Columns) && t.Columns[i].End }

// OpenColumn reports whether an extra column leads to the record, because the
// first is a foreign key.
func (t table) OpenColumn() bool { return t.Links() && t.LinkColumn() < 0 }
