// This file says in words which constraint a write broke.

package data

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// rule is a kind of rule that a database holds writes to.
type rule int

const (
	ruleUnique rule = iota
	ruleNotNull
	ruleCheck
	ruleForeignKey
	ruleType
	ruleExclusion
	ruleTrigger // raised an error of its own
)

// violation is a rule that a write broke.
type violation struct {
	rule    rule
	table   string      // whose constraint it is, if that is not the written one
	columns []string    // of the written table
	name    string      // of a check, if it has one
	message string      // of a trigger, in its own words
	key     *ForeignKey // from the written table or to it, where the engine names it
}

// is says whether the table, or a partition of it, has this name.
func (t *Table) is(schema, name string) bool {
	return schema == t.schema && name == t.bare || t.parts[[2]string{schema, name}]
}

// beside is the name of another table as a schema of which this table is has it.
func (t *Table) beside(schema, name string) string {
	if schema == t.schema && t.Name == t.bare {
		return name
	}
	return schema + "." + name
}

// refused turns an engine's error on a write into an error of this package. It asks the database
// what the error does not tell, where the transaction still answers; db is nil if it is over.
// handle is the handle of the written row, nil if there is none.
func (s *Source) refused(ctx context.Context, db queryer, op string, t *Table, in Input, handle []any, err error) error {
	db = s.answering(db)
	if constraint(err) { // it says itself what is wrong
		return err
	}
	v, ok := s.dialect.violation(ctx, db, t, err)
	if fault := s.dialect.engine().Fault(err); !ok || fault == sqldb.Forbidden || fault == sqldb.Outdated {
		if why := s.obstacle(ctx, op, t, err); why != nil {
			return &UnwritableError{Table: t.Name, Reason: why}
		}
	}
	if !ok {
		return s.failed(ctx, op, t, err)
	}
	wrong := func(column string, m text.Message) *FieldError { return in.wrong(t, column, m) }
	if v.rule == ruleTrigger {
		return FieldErrors{wrong("", text.DatabaseRefused(text.Verbatim(v.message)))}
	}
	if v.table != "" {
		name := text.AnotherTable
		if _, shown := s.Schema().Table(v.table); shown {
			name = text.Verbatim(v.table)
		}
		return FieldErrors{wrong("", text.DatabaseRefusedFor(name))}
	}
	if slices.ContainsFunc(t.columns(v.columns), (*Column).secret) { // which one, or that it is one, is not told
		return FieldErrors{fieldError("", "", brokenRules[v.rule])}
	}
	if v.rule == ruleForeignKey {
		return s.dangling(ctx, db, t, in, handle, v.key)
	}
	var all FieldErrors
	for _, column := range v.columns {
		others := strings.Join(slices.DeleteFunc(slices.Clone(v.columns), func(name string) bool { return name == column }), ", ")
		var one *FieldError
		switch v.rule {
		case ruleUnique:
			one = wrong(column, text.Taken)
			if others != "" {
				one = wrong(column, text.TakenWith(others))
			}
		case ruleExclusion:
			one = wrong(column, text.Clashes)
			if others != "" {
				one.Message = text.TogetherWith(one.Message, others)
			}
		case ruleNotNull:
			one = wrong(column, text.Required)
		case ruleType:
			one = wrong(column, text.NotOfType(typeOf(t, column)))
		default:
			one = wrong(column, text.NotAllowed)
			if v.name != "" {
				one = wrong(column, text.NotAllowedBy(v.name))
			}
			if others != "" {
				one.Message = text.TogetherWith(one.Message, others)
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		words := brokenRules[v.rule]
		if v.name != "" {
			words = text.ValuesNotAllowedBy(v.name)
		}
		all = FieldErrors{wrong("", words)}
	}
	return all
}

// obstacle says what an error of a write is about, if that is not what was written.
func (s *Source) obstacle(ctx context.Context, op string, t *Table, err error) text.Message {
	write := map[string]Operation{"insert into": Insertion, "update": Modification, "delete from": Deletion}[op]
	if name, ok := s.dialect.lacks(err); ok {
		return lacking(t, write, name)
	}
	if outage(err) || outage(classify(ctx, s.dialect, err)) {
		return nil
	}
	return s.Schema().Obstacle(t.Name, write)
}

// wrong is an error about a column of t. It holds what was given for the column, but for secrets.
func (in Input) wrong(t *Table, column string, m text.Message) *FieldError {
	given := in.Fields[column].Text
	if c, ok := t.Column(column); ok && c.Masked || in.Fields[column].Null {
		given = ""
	}
	return fieldError(column, given, m)
}

// brokenRules say what is wrong without naming a column.
var brokenRules = map[rule]text.Message{
	ruleUnique:    text.SameValues,
	ruleExclusion: text.ValuesClash,
	ruleCheck:     text.ValuesNotAllowed,
	ruleNotNull:   text.ValueRequired,
	ruleType:      text.ValueOfType,
}

func typeOf(t *Table, column string) string {
	if c, ok := t.Column(column); ok {
		return c.Type
	}
	return ""
}

// dangling finds the foreign keys of a written row that point at nothing, and those of other rows
// that do so since the write. Of many rows it looks at the foreign keys that the input sets. Where
// broken is set it is that key, and nothing is asked.
func (s *Source) dangling(ctx context.Context, db queryer, t *Table, in Input, handle []any, broken *ForeignKey) error {
	wrong := func(column string, m text.Message) *FieldError { return in.wrong(t, column, m) }
	var all FieldErrors
	for _, fk := range t.ForeignKeys {
		dangles := fk == broken && (fk.RefTable != t.Name || in.sets(fk.Columns))
		if broken == nil && db != nil {
			var err error
			if dangles, err = s.dangles(ctx, db, t, fk, in, handle); err != nil {
				return s.failed(ctx, "check references of", t, err)
			}
		}
		if !dangles {
			continue
		}
		name := text.Verbatim(fk.RefTable)
		if _, shown := s.Schema().Table(fk.RefTable); !shown {
			name = text.ReferredTable
		}
		if slices.ContainsFunc(t.columns(fk.Columns), (*Column).secret) {
			all = append(all, wrong("", text.Dangling))
			continue
		}
		for _, column := range fk.Columns {
			one := wrong(column, text.DanglingTo(name))
			if len(fk.Columns) > 1 {
				one = wrong(column, text.DanglingWith(without(fk.Columns, column), name))
			}
			all = append(all, one)
		}
	}
	if len(all) > 0 {
		return all
	}
	referred := t.referenced
	if broken == nil && db != nil {
		var err error
		if referred, err = s.left(ctx, db, t); err != nil {
			return err
		}
	}
	for _, fk := range referred {
		if broken != nil && fk != broken {
			continue
		}
		for _, column := range fk.RefColumns {
			if c, ok := t.Column(column); ok && c.secret() {
				continue
			}
			if !slices.ContainsFunc(all, func(one *FieldError) bool { return one.Field == column }) {
				all = append(all, wrong(column, text.ReferredTo))
			}
		}
	}
	if len(all) == 0 {
		all = FieldErrors{wrong("", text.Dangling)}
	}
	return all
}

// dangles asks whether a foreign key of the row of a handle points at nothing; of many rows, if the
// input sets it.
func (s *Source) dangles(ctx context.Context, db queryer, t *Table, fk *ForeignKey, in Input, handle []any) (bool, error) {
	parent, ok := s.Schema().any(fk.RefTable)
	if !ok || len(handle) == 0 && !in.sets(fk.Columns) || len(fk.RefColumns) != len(fk.Columns) {
		return false, nil
	}
	where := []fragment{s.dialect.orphan(t, fk, parent)}
	if len(handle) > 0 {
		where = append(s.at(t, handle), where...)
	}
	return s.exists(ctx, db, t, where...)
}

// sets says whether the input sets one of the columns.
func (in Input) sets(columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool { _, set := in.Fields[name]; return set })
}

// left are the foreign keys to t of which rows point at nothing since the write: those of columns
// that it changed. All are if none of them tells.
func (s *Source) left(ctx context.Context, db queryer, t *Table) (broken []*ForeignKey, err error) {
	for _, fk := range t.referenced {
		child, ok := s.Schema().any(fk.Table)
		if !ok || child.Problem != "" {
			continue
		}
		orphaned, err := s.exists(ctx, db, child, s.dialect.orphan(child, fk, t))
		if err != nil {
			return nil, s.failed(ctx, "check references to", t, err)
		}
		if orphaned {
			broken = append(broken, fk)
		}
	}
	if len(broken) == 0 {
		return t.referenced, nil
	}
	return broken, nil
}

func without(names []string, name string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == name }), ", ")
}

// constraint says whether an error of refused is about a constraint rather than an outage.
func constraint(err error) bool {
	var fields FieldErrors
	return errors.As(err, &fields)
}
