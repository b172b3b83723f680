// This file reads the names of tables and columns in a Config.

package data

import (
	"fmt"
	"iter"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/namelist"
)

// columnPattern is an entry of Config.Mask or Unmasked. An empty part is every name.
type columnPattern struct{ table, column string }

func (p columnPattern) matches(t *Table, c *Column) bool {
	return (p.table == "" || p.table == t.Name) && (p.column == "" || p.column == c.Name)
}

// readPattern reads table.column, table or *.
func readPattern(text string) (p columnPattern, err error) {
	parts, err := namelist.Split(text, '.')
	if err != nil {
		return p, err
	}
	if len(parts) > 2 {
		return p, fmt.Errorf("has more than one dot: want table.column, with a name that has a dot in double quotes")
	}
	for i, to := range []*string{&p.table, &p.column}[:len(parts)] {
		name, every, err := namelist.Unquote(parts[i])
		if err != nil {
			return p, err
		}
		if !every {
			*to = name
		}
	}
	return p, nil
}

// patterns reads Mask and Unmasked against the tables of a database.
func (o *settings) patterns(tables []*Table) (wrong NameErrors) {
	read := func(field string, entries []string) (all []columnPattern) {
		for _, entry := range entries {
			p, err := readPattern(entry)
			if err != nil {
				wrong = append(wrong, &NameError{Field: field, Name: entry, What: err.Error()})
				continue
			}
			has := slices.ContainsFunc(tables, func(t *Table) bool {
				return p == columnPattern{} || slices.ContainsFunc(t.Columns, func(c *Column) bool { return p.matches(t, c) })
			})
			if !has {
				wrong = append(wrong, &NameError{Field: field, Name: entry, What: "is not a column of the database"})
			}
			all = append(all, p)
		}
		return all
	}
	o.masks, o.unmasks = read("Mask", o.Mask), read("Unmasked", o.Unmasked)
	return wrong
}

// masked says whether Mask names the column.
func (o settings) masked(t *Table, c *Column) bool { return anyMatches(o.masks, t, c) }

// unmasked says whether Unmasked names the column, and Mask does not.
func (o settings) unmasked(t *Table, c *Column) bool {
	return anyMatches(o.unmasks, t, c) && !o.masked(t, c)
}

func anyMatches(patterns []columnPattern, t *Table, c *Column) bool {
	return slices.ContainsFunc(patterns, func(p columnPattern) bool { return p.matches(t, c) })
}

// listed says whether Show or Hide names the table; * is every one.
func listed(list []string, t *Table) bool {
	return slices.Contains(list, t.Name) || slices.Contains(list, "*")
}

// Unshown are the tables in a field of a configuration that the schema does not show; "*" stands
// for all of them.
func (s *Schema) Unshown(field string, tables iter.Seq[string]) NameErrors {
	var wrong NameErrors
	for _, name := range slices.Sorted(tables) {
		if _, ok := s.Table(name); !ok && name != "*" {
			wrong = append(wrong, &NameError{Field: field, Name: name, What: "is not a table that is shown"})
		}
	}
	return wrong
}
