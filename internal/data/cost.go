// This file says before a query is asked whether an index leads to its rows.

package data

import "slices"

// Searches reports whether a list of the table by q may read many more rows than it shows: it
// searches, counts or sorts without an index. It is judged by the schema alone. Where the schema
// cannot tell, the answer is yes: rows of a view, several filters or sort columns together, a range
// in one order and the page in another.
func (t *Table) Searches(q Query) bool {
	switch {
	case t.View, !t.keyset(), q.Search != "", len(q.Filters) > 1, len(q.Sort) > 1:
		return true
	}
	var sorted *Column
	if len(q.Sort) == 1 {
		sorted, _ = t.Column(q.Sort[0].Column)
		if sorted == nil || !sorted.Indexed {
			return true
		}
	}
	if len(q.Filters) == 0 {
		return false
	}
	f := q.Filters[0]
	if f.Op == OpRefers {
		return sorted != nil || !t.leads(f)
	}
	c, ok := t.Column(f.Column)
	return !ok || !c.Indexed || !f.sought(c, sorted)
}

// leads reports whether an index leads to the rows that refer to a record.
func (t *Table) leads(f Filter) bool {
	fk := t.refersBy(f.Column)
	return fk != nil && fk.direct && slices.ContainsFunc(t.columns(fk.Columns), func(c *Column) bool { return c.Indexed })
}

// sought reports whether an index of the column leads to the rows that meet the filter in the order
// of the page: by the sorted column, or by the key where that is nil.
func (f Filter) sought(c, sorted *Column) bool {
	if c.mixed() {
		return false // compared by what is stored too
	}
	switch c.Kind {
	case KindTime:
		return false // compared as computed
	case KindText, KindLongText, KindEnum, KindJSON:
		if c.native == nil && c.affinity != affinityText {
			return false // compared as text, which it may not be stored as
		}
	}
	inOrder := sorted != nil && sorted.Name == c.Name
	one := len(f.Values) == 1
	switch f.Op {
	case OpEq, OpIn:
		if isInstant(c.Kind) { // an interval, of texts or of numbers
			return false
		}
		several := c.Kind == KindBool || c.Kind == KindUUID || c.Kind == KindAny // ways to store a value
		return inOrder || sorted == nil && one && !several
	case OpIsNull:
		return c.Nullable && one && isTrue(f.Values[0]) && (inOrder || sorted == nil)
	case OpLt, OpLe:
		return inOrder
	case OpGt, OpGe:
		return inOrder && !isInstant(c.Kind)
	}
	return false
}

// isTrue reports whether a filter's value surely means true.
func isTrue(text string) bool { return text == "true" || text == "1" }

// RelatedSearches reports whether counting the records that refer to a record of the table may read
// all rows of another table, because a foreign key there has no index.
func (s *Schema) RelatedSearches(t *Table) bool {
	for _, fk := range t.References[:min(len(t.References), MaxRelated)] {
		child, ok := s.Table(fk.Table)
		if !ok {
			continue
		}
		indexed := false
		for _, c := range child.columns(fk.Columns) {
			indexed = indexed || c.Indexed
		}
		if !indexed {
			return true
		}
	}
	return false
}
