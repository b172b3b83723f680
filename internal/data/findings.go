// This file finds what keeps tables from being shown and changed well.

package data

import (
	"fmt"
	"slices"
	"strings"
)

// Finding is something that a program should know about a table.
type Finding struct {
	Level   Level
	Table   string
	Columns []string
	Message string
}

// Findings are what the schema says about its tables, by name: tables that cannot be read or have
// no key, or cannot be changed, foreign keys that lead nowhere or have no index, columns of no
// known type, and masked columns.
func (s *Schema) Findings() []Finding {
	var all []Finding
	for _, t := range s.Tables {
		say := func(level Level, columns []string, format string, args ...any) {
			all = append(all, Finding{Level: level, Table: t.Name, Columns: columns, Message: fmt.Sprintf(format, args...)})
		}
		if t.Problem != "" {
			say(Failure, nil, "cannot be read: %s", t.Problem)
			continue
		}
		if !t.View && !t.Virtual && !t.Identity.Addressable() {
			say(Warning, nil, "has no key: its rows can be listed and exported only")
		}
		if t.ReadOnly != "" && !t.View && !t.Virtual && !t.system {
			say(Note, nil, "cannot be changed: %s", t.ReadOnly)
		}
		for _, fk := range t.ForeignKeys {
			if _, ok := s.any(fk.RefTable); !ok {
				say(Warning, fk.Columns, "refers to the table %s, which does not exist", fk.RefTable)
			} else if _, shown := s.Table(fk.RefTable); shown && !fk.Usable {
				say(Warning, fk.Columns, "refers to columns of %s that are not unique together, or are masked: it is not linked", fk.RefTable)
			}
			if !t.indexed(fk.Columns) {
				say(Warning, fk.Columns, "refers to %s and has no index: related records and deletions there read the whole table", fk.RefTable)
			}
		}
		var masked, unknown []string
		for _, c := range t.Columns {
			switch {
			case c.Hidden:
			case c.Problem != "":
				say(Failure, []string{c.Name}, "cannot be read: %s", c.Problem)
			case c.Masked && c.veiled != "":
				say(Warning, []string{c.Name}, "is masked because of what it shows: %s; Unmasked (UNMASK_COLUMNS) shows it all the same", c.veiled)
			case c.Masked:
				masked = append(masked, c.Name)
			case c.Kind == KindAny && c.native == nil && !t.View && !t.Virtual:
				unknown = append(unknown, c.Name)
			}
		}
		if len(masked) > 0 {
			say(Note, masked, "is masked: never shown, filtered, sorted or exported")
		}
		if len(unknown) > 0 {
			say(Note, unknown, "has a type that says nothing: it is shown and entered as text")
		}
	}
	return all
}

// indexed says whether an index, or the key, begins with the columns, in any order.
func (t *Table) indexed(columns []string) bool {
	begins := func(index []string) bool {
		return len(index) >= len(columns) && sameSet(index[:len(columns)], columns)
	}
	return begins(t.PrimaryKey) || len(columns) == 1 && strings.EqualFold(columns[0], t.rowid) ||
		slices.ContainsFunc(t.Indexes, func(i Index) bool { return begins(i.Columns) })
}
