// This file says which tables a write changes by itself: by the actions of foreign keys, and where
// a constraint replaces the rows that it clashes with. Triggers, and statements that hooks and
// actions run, are not foreseen.

package data

import (
	"context"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Reached is a change that the database makes by itself because rows of a table, maybe another one,
// are written.
type Reached struct {
	Table   string   // shown or not
	Deletes bool     // rows are deleted
	Columns []string // that are changed, in the table's order; empty where rows are deleted
}

// Deleting returns what the database changes by itself, in any table, when rows of a table are
// deleted.
func (s *Schema) Deleting(table string) []Reached {
	r := reach{s: s}
	if t, ok := s.any(table); ok {
		r.deleted(t)
	}
	return r.all
}

// Changing returns what the database changes by itself when these columns of rows of a table are
// changed.
func (s *Schema) Changing(table string, columns []string) []Reached {
	r := reach{s: s}
	if t, ok := s.any(table); ok {
		r.changed(t, columns)
	}
	return r.all
}

// Inserting returns what the database changes by itself when rows are added to a table: nothing,
// unless a constraint of it is ON CONFLICT REPLACE.
func (s *Schema) Inserting(table string) []Reached {
	r := reach{s: s}
	if t, ok := s.any(table); ok {
		r.replaced(t)
	}
	return r.all
}

// reach follows foreign keys from table to table.
type reach struct {
	s   *Schema
	all []Reached
}

// found notes a change, and reports whether it is a new one.
func (r *reach) found(one Reached) bool {
	if slices.ContainsFunc(r.all, func(other Reached) bool {
		return other.Table == one.Table && other.Deletes == one.Deletes && slices.Equal(other.Columns, one.Columns)
	}) {
		return false
	}
	r.all = append(r.all, one)
	return true
}

// deleted follows a deletion.
func (r *reach) deleted(t *Table) {
	for _, fk := range t.referenced {
		child, ok := r.s.any(fk.Table)
		if !ok {
			continue
		}
		switch fk.OnDelete {
		case Cascade:
			if r.found(Reached{Table: child.Name, Deletes: true}) {
				r.deleted(child)
			}
		case SetNull, SetDefault:
			r.set(child, fk)
		}
	}
}

// changed follows a change of columns.
func (r *reach) changed(t *Table, columns []string) {
	columns = t.withGenerated(columns)
	for _, fk := range t.referenced {
		child, ok := r.s.any(fk.Table)
		if !ok || !slices.ContainsFunc(fk.RefColumns, func(name string) bool { return slices.Contains(columns, name) }) {
			continue
		}
		switch fk.OnUpdate {
		case Cascade, SetNull, SetDefault:
			r.set(child, fk)
		}
	}
	r.replaced(t)
}

// set follows that a foreign key's columns are set.
func (r *reach) set(child *Table, fk *ForeignKey) {
	columns := names(child.columns(fk.Columns))
	if r.found(Reached{Table: child.Name, Columns: columns}) {
		r.changed(child, columns)
	}
}

// replaced follows that rows of a table are written which may replace others of it.
func (r *reach) replaced(t *Table) {
	if t.replaces && r.found(Reached{Table: t.Name, Deletes: true}) {
		r.deleted(t)
	}
}

// withGenerated adds the columns that are computed from these.
func (t *Table) withGenerated(columns []string) []string {
	columns = slices.Clone(columns)
	for more := true; more; {
		more = false
		for _, c := range t.Columns {
			if c.Generated && !slices.Contains(columns, c.Name) && slices.ContainsFunc(c.reads, func(name string) bool { return slices.Contains(columns, name) }) {
				columns, more = append(columns, c.Name), true
			}
		}
	}
	return columns
}

// permitted asks the Guard about what a write does besides its own rows.
func (s *Source) permitted(changes []Reached) error {
	if s.config.Reach == nil {
		return nil
	}
	for _, one := range changes {
		if err := s.config.Reach(one); err != nil {
			return err
		}
	}
	return nil
}

// permittedChange is permitted for setting columns of the rows that meet each of the conditions. A
// column that keeps its value in all of them reaches nothing.
func (s *Source) permittedChange(ctx context.Context, db queryer, t *Table, w written, conditions ...[]fragment) error {
	denied := s.permitted(s.Schema().Changing(t.Name, names(w.columns)))
	if denied == nil {
		return nil
	}
	for i, c := range w.columns {
		if s.permitted(s.Schema().Changing(t.Name, []string{c.Name})) == nil {
			continue
		}
		differs := s.dialect.differs(t, c, w.values[i])
		for _, where := range conditions {
			changes, err := s.exists(ctx, db, t, append(slices.Clone(where), differs)...)
			if err != nil {
				return s.failed(ctx, "look at", t, err)
			}
			if changes {
				return denied
			}
		}
	}
	return nil
}

// unseenKeys says which of the written columns refer to a table that is not shown with a value that
// no row of this table has: nobody may learn by trying whether such a key exists there. state is
// nil for a new row, and has no handle for many rows.
func (s *Source) unseenKeys(ctx context.Context, db queryer, t *Table, w written, state *rowState) (wrong FieldErrors, err error) {
	if s.config.Refer == nil {
		return nil, nil
	}
	for _, fk := range t.ForeignKeys {
		if _, shown := s.Schema().Table(fk.RefTable); shown || !fk.resolved || s.config.Refer(fk.RefTable) {
			continue
		}
		set := slices.DeleteFunc(names(w.columns), func(name string) bool { return !slices.Contains(fk.Columns, name) })
		where, refers, err := s.reference(ctx, db, t, fk, w, state)
		if err != nil {
			return nil, err
		}
		if len(set) == 0 || !refers {
			continue
		}
		known, err := s.exists(ctx, db, t, where...)
		if err != nil {
			return nil, s.failed(ctx, "look at", t, err)
		}
		for _, name := range set {
			if !known {
				wrong = append(wrong, fieldError(name, "", text.HiddenReference))
			}
		}
	}
	return wrong, nil
}

// reference is the condition that a row refers by fk to the row to which this one will refer once w
// is written. A key with NULL in it refers to no row.
func (s *Source) reference(ctx context.Context, db queryer, t *Table, fk *ForeignKey, w written, state *rowState) (where []fragment, refers bool, err error) {
	for _, c := range t.columns(fk.Columns) {
		var value any
		known := true
		if i := slices.Index(w.columns, c); i >= 0 {
			value = w.values[i]
		} else if state != nil && len(state.handle) > 0 {
			stored, err := s.valuesAt(ctx, db, t, []string{c.Name}, s.at(t, state.handle))
			if err != nil {
				return nil, false, err
			}
			if len(stored) > 0 {
				value = stored[0]
			}
		} else { // of many rows each has its own; a new one has the default
			known = state == nil && !c.HasDefault
		}
		switch {
		case !known:
			where = append(where, fragment{text: "1 = 0"})
		case value == nil:
			return nil, false, nil
		default:
			where = append(where, equals(s.dialect, t, []term{{column: c}}, []any{value})...)
		}
	}
	return where, true, nil
}
