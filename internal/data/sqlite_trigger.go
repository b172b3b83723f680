// This file reads SQLite's triggers, and finds out whether this connection has what writes need.

package data

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// triggers reads the triggers of all tables.
func (d *sqlite) triggers(ctx context.Context, db *sql.DB, tables []*Table) error {
	return d.each(ctx, db, "SELECT name, tbl_name, coalesce(sql, '') FROM main.sqlite_master WHERE type = 'trigger' ORDER BY name", nil, func(v []any) {
		i := slices.IndexFunc(tables, func(t *Table) bool { return strings.EqualFold(t.Name, asText(v[1])) })
		if i < 0 {
			return
		}
		// CREATE [TEMP] TRIGGER [IF NOT EXISTS] name [BEFORE | AFTER | INSTEAD OF] event
		tokens := ddlTokens(asText(v[2]))
		at := slices.IndexFunc(tokens, func(one ddlToken) bool { return one.name() && one.text == asText(v[0]) })
		for _, one := range tokens[at+1:] {
			for _, op := range []Operation{Insertion, Modification, Deletion} {
				if one.is(string(op)) {
					tables[i].triggers = append(tables[i].triggers, trigger{asText(v[0]), op})
					return
				}
			}
		}
	})
}

// missing are SQLite's messages about what only another program has.
var missing = regexp.MustCompile(`(?:no such function: |unknown function: |no such collation sequence: |no such module: )([^\s(]+)`)

// lacks is the function, collation or module that an error is about.
func (d *sqlite) lacks(err error) (name string, ok bool) {
	if err == nil {
		return "", false
	}
	found := missing.FindStringSubmatch(err.Error())
	if found == nil {
		return "", false
	}
	return found[1], true
}

// obstacles compiles each kind of write (EXPLAIN runs nothing): SQLite compiles the triggers with
// it, and checks, generated columns and indexes.
func (d *sqlite) obstacles(ctx context.Context, db *sql.DB, t *Table) error {
	var set []string
	for _, c := range t.Columns {
		if !c.Generated && !c.Hidden {
			set = append(set, d.quote(c.Name)+" = "+d.quote(c.Name))
		}
	}
	for op, statement := range map[Operation]string{
		Insertion:    "INSERT INTO " + d.into(t) + " DEFAULT VALUES",
		Modification: "UPDATE " + d.into(t) + " SET " + strings.Join(set, ", "),
		Deletion:     "DELETE FROM " + d.into(t),
	} {
		err := d.each(ctx, db, "EXPLAIN "+statement, nil, func([]any) {})
		if outage(classify(ctx, d, err)) && ctx.Err() != nil {
			return err
		}
		if name, ok := d.lacks(err); ok {
			if t.lacks == nil {
				t.lacks = map[Operation]text.Message{}
			}
			t.lacks[op] = lacking(t, op, name)
		}
	}
	return nil
}
