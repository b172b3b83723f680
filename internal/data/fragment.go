// This file puts SQL together: fragments with their values, conditions, orders and SELECTs that are
// the same in every engine.

package data

import (
	"slices"
	"strconv"
	"strings"
)

// fragment is a piece of SQL and the values of its placeholders.
type fragment struct {
	text string
	args []any
}

// selectOne selects, exactly, the number 1.
const selectOne = "'integer', 1"

// joinAll writes the word between fragments.
func joinAll(parts []fragment, word string) fragment {
	var all fragment
	for i, part := range parts {
		if i > 0 {
			all.text += word
		}
		all.text += part.text
		all.args = append(all.args, part.args...)
	}
	return all
}

// allOf is the condition that all of these hold. Without any it always holds.
func allOf(conditions []fragment) fragment {
	if len(conditions) == 0 {
		return fragment{text: "1 = 1"}
	}
	return joinAll(conditions, " AND ")
}

// anyOf is the condition that one of these holds, as a part of others. Without any it never holds.
func anyOf(conditions []fragment) fragment {
	if len(conditions) == 0 {
		return fragment{text: "1 = 0"}
	}
	any := joinAll(conditions, " OR ")
	any.text = "(" + any.text + ")"
	return any
}

// where adds the conditions to a SELECT.
func (f fragment) where(conditions []fragment) fragment {
	f.args = slices.Clone(f.args)
	if len(conditions) > 0 {
		all := allOf(conditions)
		f.text += " WHERE " + all.text
		f.args = append(f.args, all.args...)
	}
	return f
}

// limit bounds the rows of a SELECT.
func (f fragment) limit(n int64) fragment {
	return fragment{f.text + " LIMIT ?", append(slices.Clone(f.args), n)}
}

// locked adds dialect.lock to a SELECT.
func (f fragment) locked(lock string) fragment { return fragment{f.text + lock, f.args} }

// row is several values, or places, as one.
func row(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// bound are the values of terms, each to be compared with its place, as one.
func (s *Source) bound(t *Table, terms []term, values []any) fragment {
	var all fragment
	marks := make([]string, len(values))
	for i, value := range values {
		one := s.dialect.bind(t, terms[i], value)
		marks[i] = one.text
		all.args = append(all.args, one.args...)
	}
	all.text = row(marks)
	return all
}

// termsOf are the columns as terms of an ascending order.
func termsOf(columns []*Column) []term {
	terms := make([]term, len(columns))
	for i, c := range columns {
		terms[i].column = c
	}
	return terms
}

// places are the expressions of terms.
func (s *Source) places(t *Table, terms []term) []string {
	places := make([]string, len(terms))
	for i, o := range terms {
		places[i] = s.dialect.place(t, o)
	}
	return places
}

// compared is the condition that a term compares so with a value that is not NULL.
func compared(d dialect, t *Table, o term, operator string, value any) fragment {
	one := d.bind(t, o, value)
	return fragment{d.place(t, o) + " " + operator + " " + one.text, one.args}
}

// equals are the conditions that the terms of a row have these values, NULL too.
func equals(d dialect, t *Table, terms []term, values []any) []fragment {
	var conditions []fragment
	for i, o := range terms {
		if value := values[i]; value == nil {
			conditions = append(conditions, fragment{text: d.place(t, o) + " IS NULL"})
		} else {
			conditions = append(conditions, compared(d, t, o, "=", value))
		}
	}
	return conditions
}

// atOneOf is the condition that a row is that of one of the handles.
func atOneOf(d dialect, t *Table, handles [][]any) fragment {
	var each []fragment
	for _, handle := range handles {
		one := allOf(equals(d, t, t.handle(), handle))
		one.text = "(" + one.text + ")"
		each = append(each, one)
	}
	return anyOf(each)
}

// differing is dialect.differs where what compares equal is the same.
func differing(d dialect, t *Table, c *Column, value any) fragment {
	o := term{column: c}
	place := d.place(t, o)
	if value == nil {
		return fragment{text: place + " IS NOT NULL"}
	}
	other := d.bind(t, o, value)
	return fragment{"(" + place + " <> " + other.text + " OR " + place + " IS NULL)", other.args}
}

// selecting is a SELECT of expressions, for each row of a table.
func (s *Source) selecting(t *Table, expressions ...string) fragment {
	return fragment{text: "SELECT " + strings.Join(expressions, ", ") + " FROM " + s.dialect.from(t)}
}

// exactly are the expressions that select the terms' values, as exactRows reads them.
func (s *Source) exactly(t *Table, terms []term, maxBytes int) []string {
	expressions := make([]string, len(terms))
	for i, o := range terms {
		expressions[i] = s.dialect.exact(t, o, maxBytes)
	}
	return expressions
}

// orderBy is the ORDER BY of terms whose expressions are the places.
func orderBy(places []string, terms []term) string {
	var keys []string
	for i, place := range places {
		if terms[i].desc {
			place += " DESC"
		}
		keys = append(keys, place)
		if c := terms[i].column; c != nil && c.alone {
			break
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

// ordered is the ORDER BY of the terms.
func (s *Source) ordered(t *Table, terms []term) string { return orderBy(s.places(t, terms), terms) }

// wanted is the table of rows of values, each to be compared with the place of its term: n, the
// row's number from 0, then v0, v1 and so on.
func wanted(d dialect, t *Table, terms []term, rows [][]any) fragment {
	f := fragment{text: "WITH wanted(n"}
	for i := range terms {
		f.text += ", v" + strconv.Itoa(i)
	}
	lines := make([]fragment, len(rows))
	for n, row := range rows {
		line := fragment{text: "(" + strconv.Itoa(n)}
		for i, value := range row {
			one := d.bind(t, terms[i], value)
			line = fragment{line.text + ", " + one.text, append(line.args, one.args...)}
		}
		line.text += ")"
		lines[n] = line
	}
	all := joinAll(lines, ", ")
	return fragment{f.text + ") AS (VALUES " + all.text + ") ", all.args}
}

// wantedRows is dialect.lookup for an engine that compares as a foreign key does with a table of
// values, which it joins in its way.
func wantedRows(d dialect, parent *Table, columns []*Column, rows [][]any, expressions []string, join string) fragment {
	terms := termsOf(columns)
	f := wanted(d, parent, terms, rows)
	on := make([]string, len(terms))
	for i, o := range terms {
		on[i] = d.place(parent, o) + " = wanted.v" + strconv.Itoa(i)
	}
	f.text += "SELECT wanted.n, " + strings.Join(expressions, ", ") + " FROM wanted " + join + " " + d.from(parent) + " ON " + strings.Join(on, " AND ")
	return f
}
