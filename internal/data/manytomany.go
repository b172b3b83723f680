// This file finds join tables, and reads and sets what they link.

package data

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// ManyToMany is a join table as one of its two sides sees it: a table of two foreign keys that are
// unique together. Its other columns have defaults, or the engine fills them in.
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
		if !slices.Contains(both, c.Name) && !c.HasDefault && !c.Generated && !c.Assigned {
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

// relation finds a ManyToMany by its name.
func (t *Table) relation(name string) (*ManyToMany, int) {
	i := slices.IndexFunc(t.ManyToMany, func(m *ManyToMany) bool { return m.Name == name })
	if i < 0 {
		return nil, -1
	}
	return t.ManyToMany[i], i
}

// linked reads the records that a relation links to the row of a handle.
func (s *Source) linked(ctx context.Context, db queryer, t *Table, m *ManyToMany, handle []any) (Links, error) {
	links := Links{Relation: m}
	from, err := s.valuesAt(ctx, db, t, m.From.RefColumns, s.at(t, handle))
	if err != nil || from == nil || slices.Contains(from, nil) {
		return links, err
	}
	join, ok := s.Schema().Table(m.Join())
	target, ok2 := s.Schema().Table(m.Target())
	if !ok || !ok2 {
		return links, nil
	}
	order := termsOf(join.columns(m.To.Columns))
	query := s.selecting(join, s.exactly(join, order, MaxKeyPart)...).where(equals(s.dialect, join, termsOf(join.columns(m.From.Columns)), from))
	query.text += s.ordered(join, order)
	wanted, err := s.exactRows(ctx, db, query, nil, MaxLinks+1)
	if err != nil {
		return links, s.failed(ctx, "read links of", join, err)
	}
	if len(wanted) > MaxLinks {
		wanted, links.More = wanted[:MaxLinks], true
	}
	if len(wanted) == 0 {
		return links, nil
	}
	found, err := s.parents(ctx, db, target, m.To.RefColumns, wanted)
	if err != nil {
		return links, err
	}
	for n := range wanted {
		if ref := found[n]; ref != nil {
			links.Choices = append(links.Choices, Choice{Value: ref.Key.String(), Label: ref.Label, Key: ref.Key})
		}
	}
	return links, nil
}

// valuesAt reads columns of one row; nil if there is none.
func (s *Source) valuesAt(ctx context.Context, db queryer, t *Table, columns []string, where []fragment) ([]any, error) {
	rows, err := s.exactRows(ctx, db, s.selecting(t, s.exactly(t, termsOf(t.columns(columns)), MaxText)...), where, 1)
	if err != nil {
		return nil, s.failed(ctx, "read", t, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return rows[0], nil
}

// checkLinks says what is wrong with the links before anything is written.
func (in Input) checkLinks(t *Table, state *rowState) FieldErrors {
	var wrong FieldErrors
	for _, name := range slices.Sorted(maps.Keys(in.Links)) {
		_, i := t.relation(name)
		switch {
		case i < 0:
			wrong = append(wrong, fieldError(name, "", text.NotARelation(t.Name)))
		case len(in.Links[name]) > MaxLinks:
			wrong = append(wrong, fieldError(name, "", text.TooManyLinks(MaxLinks)))
		case state != nil && state.links[i].More:
			wrong = append(wrong, fieldError(name, "", text.TooManyLinked(MaxLinks)))
		}
	}
	return wrong
}

// setLinks gives the row of a handle the links that the input names. present are the links that it
// has, as Table.ManyToMany.
func (s *Source) setLinks(ctx context.Context, db queryer, t *Table, in Input, handle []any, present []Links) error {
	for _, name := range slices.Sorted(maps.Keys(in.Links)) {
		m, i := t.relation(name)
		has := map[string]Key{}
		if present != nil {
			for _, choice := range present[i].Choices {
				has[choice.Key.String()] = choice.Key
			}
		}
		wants := map[string]Key{}
		for _, key := range in.Links[name] {
			wants[key.String()] = key
		}
		maps.DeleteFunc(wants, func(key string, _ Key) bool {
			_, both := has[key]
			delete(has, key)
			return both
		})
		if err := s.relink(ctx, db, t, m, handle, has, wants); err != nil {
			return err
		}
	}
	return nil
}

// relink deletes and adds links.
func (s *Source) relink(ctx context.Context, db queryer, t *Table, m *ManyToMany, handle []any, remove, add map[string]Key) error {
	if len(remove)+len(add) == 0 {
		return nil
	}
	join, ok := s.Schema().Table(m.Join())
	target, ok2 := s.Schema().Table(m.Target())
	if !ok || !ok2 {
		return fmt.Errorf("%w: %q", ErrNoTable, m.Join())
	}
	var reached []Reached
	if len(remove) > 0 {
		reached = s.Schema().Deleting(join.Name)
	}
	if len(add) > 0 {
		reached = append(reached, s.Schema().Inserting(join.Name)...)
	}
	if err := s.permitted(reached); err != nil {
		return err
	}
	from, err := s.valuesAt(ctx, db, t, m.From.RefColumns, s.at(t, handle))
	if err != nil {
		return err
	}
	if from == nil || slices.Contains(from, nil) {
		return FieldErrors{fieldError(m.Name, "", text.RecordLacks(m.From.RefColumns))}
	}
	both := slices.Concat(m.From.Columns, m.To.Columns)
	for _, change := range []struct {
		keys   map[string]Key
		insert bool
	}{{remove, false}, {add, true}} {
		for _, name := range slices.Sorted(maps.Keys(change.keys)) {
			where, err := s.identified(target, change.keys[name])
			if err != nil {
				return FieldErrors{fieldError(m.Name, name, text.NotAKeyOf(target.Name))}
			}
			to, err := s.valuesAt(ctx, db, target, m.To.RefColumns, where)
			if err != nil {
				return err
			}
			if to == nil || slices.Contains(to, nil) {
				return FieldErrors{fieldError(m.Name, name, text.RecordGone(target.Name))}
			}
			values := slices.Concat(from, to)
			if change.insert {
				err = s.link(ctx, db, join, join.columns(both), values)
			} else {
				err = s.unlink(ctx, db, join, join.columns(both), values)
			}
			if err == nil {
				continue
			}
			if err = s.refused(ctx, db, "link", join, Input{}, nil, err); constraint(err) {
				return FieldErrors{fieldError(m.Name, name, text.CannotBeSet(messageOf(err)))}
			}
			return err
		}
	}
	return nil
}

// link writes a row of a join table.
func (s *Source) link(ctx context.Context, db queryer, join *Table, columns []*Column, values []any) error {
	handles, err := s.dialect.insert(ctx, db, join, columns, values)
	for _, handle := range handles {
		s.recorder(ctx).note(Linked, join, nil, handle)
	}
	return err
}

// unlink deletes a row of a join table.
func (s *Source) unlink(ctx context.Context, db queryer, join *Table, columns []*Column, values []any) error {
	where := equals(s.dialect, join, termsOf(columns), values)
	if changes := s.recorder(ctx); changes != nil {
		rows, err := changes.images(ctx, join, where)
		if err != nil {
			return err
		}
		for _, row := range rows {
			changes.note(Unlinked, join, row, nil)
		}
	}
	_, err := s.dialect.remove(ctx, db, join, where)
	return err
}
