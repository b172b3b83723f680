// This file makes conditions of a query: its filters, and its search in the columns that can be
// searched.

package data

import (
	"slices"
	"strings"
	"unicode"
)

// conditions are the filters and the search as SQL.
func (s *Source) conditions(t *Table, q Query) ([]fragment, error) {
	var all []fragment
	for _, f := range q.Filters {
		operands, wrong := f.parse(t)
		if wrong != nil {
			return nil, FieldErrors{wrong}
		}
		if f.Op == OpRefers {
			fk := t.refersBy(f.Column)
			where, err := s.identified(fk.parent, operands[0].key)
			if err != nil {
				return nil, err
			}
			all = append(all, s.dialect.refers(t, fk, fk.parent, where))
			continue
		}
		c, _ := t.Column(f.Column)
		if f.Op == OpNe {
			equal := s.dialect.match(t, c, OpEq, operands)
			all = append(all, fragment{"(" + equal.text + " IS NOT TRUE)", equal.args})
			continue
		}
		all = append(all, s.dialect.match(t, c, f.Op, operands))
	}
	for _, word := range words(q.Search) {
		all = append(all, s.holdsWord(t, word))
	}
	return all, nil
}

// MaxWords is how many words of a search are looked for on their own; what follows them is looked
// for as it stands.
const MaxWords = 8

// words are the words of a search. Each has to be in some column, whichever.
func words(search string) []string {
	var all []string
	for rest := strings.TrimSpace(search); rest != ""; {
		i := strings.IndexFunc(rest, unicode.IsSpace)
		if i < 0 || len(all) == MaxWords-1 {
			i = len(rest)
		}
		all = append(all, rest[:i])
		rest = strings.TrimSpace(rest[i:])
	}
	return all
}

// holdsWord is the condition that a searched column of a row holds the word.
func (s *Source) holdsWord(t *Table, word string) fragment {
	var parts []fragment
	for _, c := range t.Columns {
		if len(parts) == MaxSearchColumns {
			break
		}
		if c.Searchable() {
			parts = append(parts, s.dialect.search(c, word))
			continue
		}
		if t.exactSearch(c) {
			if o, err := c.parseOperand(OpEq, word); err == nil {
				parts = append(parts, s.dialect.match(t, c, OpEq, []operand{o}))
			}
		}
	}
	return anyOf(parts)
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
