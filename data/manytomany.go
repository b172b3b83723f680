package data

// This file finds join tables, and reads and sets what they link.

import (
	"slices"
	"strings"
)

// ManyToMany is a join table as one of its two sides sees it: a table of two foreign keys that are unique together,
// whose other columns have defaults or are made by the engine.
type ManyToMany struct {
	Name string      // the join table's name, or that and the columns of To where it is taken
	From *ForeignKey // from the join table to this side
	To   *ForeignKey // from the join table to the other side
}

// Join is the join table's name.
func (m *ManyToMany) Join() string { return m.From.Table }

// Target is the name of the table whose records are linked.
func (m *ManyToMany) Target() string { return m.To.RefTable }

// Links are the records one ManyToMany links to a record.
type Links struct {
	Relation *ManyToMany
	Choices  []Choice // Value is the linked record's key
	More     bool     // there are more than MaxLinks: they cannot be set
}

// join adds the relations that a table makes if it is a join table.
func (s *Schema) join(t *Table) {
	if t.ReadOnly != "" || t.Problem != "" || len(t.ForeignKeys) != 2 {
		return
	}
	a, b := t.ForeignKeys[0], t.ForeignKeys[1]
	both := slices.Concat(a.Columns, b.Columns)
	unique := sameSet(t.PrimaryKey, both)
	for _, u := range t.UniqueKeys {
		unique = unique || sameSet(u.Columns, both)
	}
	if !a.Usable || !b.Usable || !unique || slices.ContainsFunc(a.Columns, func(name string) bool { return slices.Contains(b.Columns, name) }) {
		return
	}
	for _, c := range t.Columns {
		if !slices.Contains(both, c.Name) && !c.HasDefault && !c.Generated && !t.assigned(c) {
			return
		}
	}
	for _, relation := range []*ManyToMany{{From: a, To: b}, {From: b, To: a}} {
		side, ok := s.Table(relation.From.RefTable)
		target, ok2 := s.Table(relation.To.RefTable)
		if !ok || !ok2 || !side.Identity.Addressable() || !target.Identity.Addressable() {
			continue
		}
		relation.Name = t.Name
		_, isColumn := side.Column(t.Name)
		if isColumn || a.RefTable == b.RefTable {
			relation.Name += "." + strings.Join(relation.To.Columns, ".")
		}
		side.ManyToMany = append(side.ManyToMany, relation)
	}
}
