// This file says what keeps the panel from writing to a table although the application can: what
// triggers and other rules need and this connection lacks, and foreign keys that lead nowhere. It
// says which triggers run when rows are deleted too.

package data

import (
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Operation is a kind of write.
type Operation string

// The kinds of writes.
const (
	Insertion    Operation = "INSERT"
	Modification Operation = "UPDATE"
	Deletion     Operation = "DELETE"
)

// trigger is a trigger of a table.
type trigger struct {
	name string
	on   Operation
}

// UnwritableError means that a rule of the table keeps the panel from writing, not what was
// written. Nothing was written.
type UnwritableError struct {
	Table  string
	Reason text.Message
}

func (e *UnwritableError) Error() string { return e.Reason.String() }

// Obstacle says why the panel cannot write to the table in this way; nil if nothing is known that
// keeps it from that.
func (s *Schema) Obstacle(table string, op Operation) text.Message {
	t, ok := s.any(table)
	if !ok {
		return nil
	}
	if why := t.lacks[op]; why != nil {
		return why
	}
	for _, fk := range t.ForeignKeys {
		if !fk.sound {
			return s.broken(fk)
		}
	}
	if op == Insertion {
		return nil
	}
	for _, other := range s.all {
		for _, fk := range other.ForeignKeys {
			if !fk.sound && strings.EqualFold(fk.RefTable, t.Name) {
				return s.broken(fk)
			}
		}
	}
	return nil
}

// broken says of a foreign key why the database refuses all writes that it would check. What is not
// shown is not named.
func (s *Schema) broken(fk *ForeignKey) text.Message {
	child, shown := s.Table(fk.Table)
	if !shown || slices.ContainsFunc(child.columns(fk.Columns), (*Column).secret) {
		return text.BrokenKeyElsewhere
	}
	columns := strings.Join(fk.Columns, ", ")
	parent, exists := s.any(fk.RefTable)
	if !exists {
		return text.BrokenKeyNoTable(columns, child.Name, fk.RefTable)
	}
	if _, shown := s.Table(parent.Name); !shown {
		return text.BrokenKeyElsewhere
	}
	return text.BrokenKeyNotUnique(columns, child.Name, parent.Name)
}

// lacking is what keeps a write from being understood at all, in words.
func lacking(t *Table, op Operation, what string) text.Message {
	if slices.ContainsFunc(t.triggers, func(one trigger) bool { return one.on == op }) {
		return text.TriggerLacks(what)
	}
	return text.RuleLacks(what)
}

// Triggers are the triggers that run when rows of a table are deleted, by table: those of it,
// and of the tables that foreign keys' actions reach. Tables that are not shown are left out.
func (s *Schema) Triggers(table string) text.Message {
	var all []text.Message
	add := func(name string, on Operation) {
		t, shown := s.Table(name)
		if !shown {
			return
		}
		var names []string
		for _, one := range t.triggers {
			if one.on == on {
				names = append(names, one.name)
			}
		}
		if len(names) > 0 {
			all = append(all, text.TriggersUnforeseen(name, strings.Join(names, ", ")))
		}
	}
	add(table, Deletion)
	seen := map[string]bool{table + "\x00" + string(Deletion): true}
	for _, one := range s.Deleting(table) {
		on := Modification
		if one.Deletes {
			on = Deletion
		}
		if id := one.Table + "\x00" + string(on); !seen[id] {
			seen[id] = true
			add(one.Table, on)
		}
	}
	return text.Sentences(all...)
}
