// This file makes conditions of a query: its filters, and its search in the columns that can be
// searched.

package data

import "slices"

// conditions are the filters and the search as SQL.
func (s *Source) conditions(t *Table, q Query) ([]fragment, error) {
	var all []fragment
	for _, f := range q.Filters {
		operands, wrong := f.parse(t)
		if wrong != nil {
			return nil, FieldErrors{wrong}
		}
		c, _ := t.Column(f.Column)
		all = append(all, s.dialect.match(t, c, f.Op, operands))
	}
	if q.Search == "" {
		return all, nil
	}
	var parts []fragment
	for _, c := range t.Columns {
		if len(parts) == MaxSearchColumns {
			break
		}
		if c.Searchable() {
			parts = append(parts, s.dialect.search(c, q.Search))
			continue
		}
		if t.exactSearch(c) {
			if o, err := c.parseOperand(OpEq, q.Search); err == nil {
				parts = append(parts, s.dialect.match(t, c, OpEq, []operand{o}))
			}
		}
	}
	return append(all, anyOf(parts)), nil
}

// canSearch says whether Query.Search can look into the column at all.
func (t *Table) canSearch(c *Column) bool {
	return c.Searchable() || t.exactSearch(c)
}

// exactSearch says whether Query.Search matches the column as a whole: UUIDs, and numbers of the
// key.
func (t *Table) exactSearch(c *Column) bool {
	inKey := c.PrimaryKey > 0 || slices.Contains(t.Identity.Columns, c.Name)
	return c.Sortable() && !c.unsearched && (c.Kind == KindUUID || c.Kind == KindInteger && inKey)
}
