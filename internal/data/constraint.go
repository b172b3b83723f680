// This file says in words which constraint a write broke.

package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rule is a kind of rule that a database holds writes to.
type rule int

const (
	ruleUnique rule = iota
	ruleNotNull
	ruleCheck
	ruleForeignKey
	ruleType
	ruleTrigger // raised an error of its own
)

// violation is a rule that a write broke.
type violation struct {
	rule    rule
	table   string   // whose constraint it is, if that is not the written one
	columns []string // of the written table
	name    string   // of a check, if it has one
	message string   // of a trigger, in its own words
}

// refused turns an engine's error on a write into an error of this package. It asks the database,
// so the transaction must still be open. handle is the handle of the written row, nil if there is
// none.
func (s *Source) refused(ctx context.Context, db queryer, op string, t *Table, in Input, handle []any, err error) error {
	v, ok := s.dialect.violation(ctx, db, t, err)
	if !ok {
		return s.failed(ctx, op, t, err)
	}
	wrong := func(column, format string, args ...any) *FieldError { return in.wrong(t, column, format, args...) }
	if v.rule == ruleTrigger {
		return FieldErrors{wrong("", "The database refused it: %s", v.message)}
	}
	if v.table != "" {
		name := "another table"
		if _, shown := s.Schema().Table(v.table); shown {
			name = v.table
		}
		return FieldErrors{wrong("", "The database refused it because of what it would do to %s.", name)}
	}
	if slices.ContainsFunc(t.columns(v.columns), (*Column).secret) { // which one, or that it is one, is not told
		return FieldErrors{fieldError("", "", "%s", brokenRules[v.rule])}
	}
	if v.rule == ruleForeignKey {
		return s.dangling(ctx, db, t, in, handle)
	}
	var all FieldErrors
	for _, column := range v.columns {
		others := strings.Join(slices.DeleteFunc(slices.Clone(v.columns), func(name string) bool { return name == column }), ", ")
		var one *FieldError
		switch v.rule {
		case ruleUnique:
			one = wrong(column, "is taken: another record has it")
			if others != "" {
				one = wrong(column, "is taken: another record has it together with the same %s", others)
			}
		case ruleNotNull:
			one = wrong(column, "is required")
		case ruleType:
			one = wrong(column, "is not of the type %s, which the database insists on", typeOf(t, column))
		default:
			one = wrong(column, "is not allowed")
			if v.name != "" {
				one = wrong(column, "is not allowed by the rule %q of the database", v.name)
			}
			if others != "" {
				one.Message += ", together with " + others
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		words := brokenRules[v.rule]
		if v.name != "" {
			words = fmt.Sprintf("The values are not allowed by the rule %q of the database.", v.name)
		}
		all = FieldErrors{wrong("", "%s", words)}
	}
	return all
}

// wrong is an error about a column of t. It holds what was given for the column, but for secrets.
func (in Input) wrong(t *Table, column, format string, args ...any) *FieldError {
	given := in.Fields[column].Text
	if c, ok := t.Column(column); ok && c.Masked || in.Fields[column].Null {
		given = ""
	}
	return fieldError(column, given, format, args...)
}

// brokenRules say what is wrong without naming a column.
var brokenRules = map[rule]string{
	ruleUnique:  "Another record has the same values, which must be unique.",
	ruleCheck:   "The values are not allowed by a rule of the database.",
	ruleNotNull: "A value is required.",
	ruleType:    "A value is not of its column's type.",
}

func typeOf(t *Table, column string) string {
	if c, ok := t.Column(column); ok {
		return c.Type
	}
	return ""
}

// dangling finds the foreign keys of a written row that point at nothing, and those of other rows
// that do so since the write. Of many rows it looks at the foreign keys that the input sets.
func (s *Source) dangling(ctx context.Context, db queryer, t *Table, in Input, handle []any) error {
	wrong := func(column, format string, args ...any) *FieldError { return in.wrong(t, column, format, args...) }
	var all FieldErrors
	for _, fk := range t.ForeignKeys {
		parent, ok := s.Schema().any(fk.RefTable)
		sets := slices.ContainsFunc(fk.Columns, func(name string) bool { _, set := in.Fields[name]; return set })
		if !ok || len(handle) == 0 && !sets || len(fk.RefColumns) != len(fk.Columns) {
			continue
		}
		where := []fragment{s.dialect.orphan(t, fk, parent)}
		if len(handle) > 0 {
			where = append(s.at(t, handle), where...)
		}
		dangles, err := s.exists(ctx, db, t, where...)
		if err != nil {
			return s.failed(ctx, "check references of", t, err)
		}
		if !dangles {
			continue
		}
		name := fk.RefTable
		if _, shown := s.Schema().Table(name); !shown {
			name = "the table it refers to"
		}
		if slices.ContainsFunc(t.columns(fk.Columns), (*Column).secret) {
			all = append(all, wrong("", "A record refers to another that does not exist."))
			continue
		}
		for _, column := range fk.Columns {
			one := wrong(column, "refers to a record of %s that does not exist", name)
			if len(fk.Columns) > 1 {
				one = wrong(column, "refers, with %s, to a record of %s that does not exist", without(fk.Columns, column), name)
			}
			all = append(all, one)
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, fk := range t.referenced {
		for _, column := range fk.RefColumns {
			if c, ok := t.Column(column); ok && c.secret() {
				continue
			}
			if !slices.ContainsFunc(all, func(one *FieldError) bool { return one.Field == column }) {
				all = append(all, wrong(column, "cannot change: other records refer to it"))
			}
		}
	}
	if len(all) == 0 {
		all = FieldErrors{wrong("", "A record refers to another that does not exist.")}
	}
	return all
}

func without(names []string, name string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == name }), ", ")
}

// constraint says whether an error of refused is about a constraint rather than an outage.
func constraint(err error) bool {
	var fields FieldErrors
	return errors.As(err, &fields)
}
