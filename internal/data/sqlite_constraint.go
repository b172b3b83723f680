// This file reads SQLite's messages about broken constraints.

package data

import (
	"context"
	"errors"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

func (d *sqlite) violation(ctx context.Context, db queryer, t *Table, err error) (violation, bool) {
	text := err.Error()
	after := func(marker string) (string, bool) {
		_, rest, ok := strings.Cut(text, marker)
		return d.problem(errors.New(rest)), ok
	}
	if rest, ok := after("UNIQUE constraint failed: "); ok {
		if index, ok := strings.CutPrefix(rest, "index '"); ok {
			return violation{rule: ruleUnique, columns: d.indexed(ctx, db, t, strings.TrimSuffix(index, "'"))}, true
		}
		return d.aboutColumns(ruleUnique, t, rest), true
	}
	if rest, ok := after("NOT NULL constraint failed: "); ok {
		return d.aboutColumns(ruleNotNull, t, rest), true
	}
	if rest, ok := after("CHECK constraint failed: "); ok {
		for _, one := range t.checks {
			if one.name == rest || one.name == "" && strings.Join(strings.Fields(one.expression), " ") == strings.Join(strings.Fields(rest), " ") {
				return violation{rule: ruleCheck, columns: one.columns, name: one.name}, true
			}
		}
		return violation{rule: ruleCheck}, true
	}
	if _, ok := after("FOREIGN KEY constraint failed"); ok {
		return violation{rule: ruleForeignKey}, true
	}
	if rest, ok := after("cannot store "); ok {
		if i := strings.Index(rest, " column "); i >= 0 {
			return d.aboutColumns(ruleType, t, rest[i+len(" column "):]), true
		}
		return violation{rule: ruleType}, true
	}
	if strings.Contains(text, "datatype mismatch") { // only an INTEGER PRIMARY KEY is this strict in a table that is not
		if t.rowid != "" {
			return violation{rule: ruleType, columns: names(t.columns([]string{t.rowid}))}, true
		}
		return violation{rule: ruleType}, true
	}
	if sqldb.SQLite.Fault(err) == sqldb.Constraint { // a trigger's RAISE
		return violation{rule: ruleTrigger, message: strings.TrimPrefix(d.problem(err), "constraint failed: ")}, true
	}
	return violation{}, false
}

// aboutColumns reads "table.column, table.column". Names are not quoted there, so they are tried.
func (*sqlite) aboutColumns(broken rule, t *Table, text string) violation {
	var read func(rest string) ([]string, bool)
	read = func(rest string) ([]string, bool) {
		rest, ok := strings.CutPrefix(rest, t.Name+".")
		if !ok {
			return nil, false
		}
		for _, c := range t.Columns {
			more, ok := strings.CutPrefix(rest, c.Name)
			if ok && more == "" {
				return []string{c.Name}, true
			}
			if next, found := strings.CutPrefix(more, ", "); ok && found {
				if others, ok := read(next); ok {
					return append([]string{c.Name}, others...), true
				}
			}
		}
		return nil, false
	}
	columns, ok := read(text)
	if !ok {
		table, _, _ := strings.Cut(text, ".")
		if table != t.Name {
			return violation{rule: broken, table: table}
		}
	}
	return violation{rule: broken, columns: columns}
}

// indexed finds the columns that the expressions of an index read.
func (d *sqlite) indexed(ctx context.Context, db queryer, t *Table, index string) []string {
	var columns []string
	var ddl string
	err := d.each(ctx, db, "SELECT sql FROM main.sqlite_master WHERE type = 'index' AND name = ?", []any{index}, func(v []any) { ddl = asText(v[0]) })
	if err != nil {
		return nil // the violation is told without its columns
	}
	tokens := ddlTokens(ddl)
	for i, token := range tokens {
		if token.kind != '(' {
			continue
		}
		for _, c := range t.Columns {
			for _, token := range tokens[i:] {
				if token.name() && strings.EqualFold(token.text, c.Name) {
					columns = append(columns, c.Name)
					break
				}
			}
		}
		break
	}
	return columns
}

// orphan is the condition that a row's foreign key points at nothing.
func (d *sqlite) orphan(t *Table, fk *ForeignKey, parent *Table) fragment {
	var set, on []string
	for i, c := range t.columns(fk.Columns) {
		set = append(set, d.column(c)+" IS NOT NULL")
		on = append(on, "parent."+d.quote(fk.RefColumns[i])+" = "+d.key(fk, i))
	}
	return fragment{text: strings.Join(set, " AND ") + " AND NOT EXISTS (SELECT 1 FROM main." + d.quote(parent.Name) + " AS parent WHERE " + strings.Join(on, " AND ") + ")"}
}

func names(columns []*Column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.Name)
	}
	return all
}
