// This file finds out what the defaults of SQLite's columns are.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// defaults reads the defaults of a table. A column whose default is NULL has none. Those of
// booleans are asked for, unless they call functions: what these do is not known.
func (d *sqlite) defaults(ctx context.Context, db *sql.DB, t *Table) error {
	for _, c := range t.Columns {
		if !c.HasDefault {
			continue
		}
		tokens := ddlTokens(c.Default)
		for len(tokens) > 1 && tokens[0].kind == '(' && tokens[len(tokens)-1].kind == ')' {
			tokens = tokens[1 : len(tokens)-1]
		}
		if len(tokens) == 1 && tokens[0].is("NULL") {
			c.HasDefault, c.Default = false, ""
			continue
		}
		if c.Kind != KindBool || calls(tokens) {
			continue
		}
		value, err := d.defaultOf(ctx, db, c, tokens)
		if err != nil {
			if outage(classify(ctx, d, err)) {
				return err
			}
			continue // SQLite takes it when it makes a row, or nobody does
		}
		if truth, ok := (Value{Kind: KindBool, raw: value}).Bool(); ok {
			c.truth = &truth
		}
	}
	return nil
}

// calls says whether an expression calls a function.
func calls(tokens []ddlToken) bool {
	for i, token := range tokens {
		if token.kind == '(' && i > 0 && tokens[i-1].name() {
			return true
		}
	}
	return false
}

// defaultOf is the value of a default, as the column stores it. A single name is its own text, as
// in DEFAULT yes.
func (d *sqlite) defaultOf(ctx context.Context, db *sql.DB, c *Column, tokens []ddlToken) (value any, err error) {
	word := len(tokens) == 1 && tokens[0].name() && !strings.HasPrefix(strings.ToUpper(tokens[0].text), "CURRENT_")
	if word && !tokens[0].is("true") && !tokens[0].is("false") {
		value = tokens[0].text
	} else {
		query := fmt.Sprintf("SELECT %s FROM (SELECT %s\n AS v)", d.exactly("v", maxCursorValue), c.Default)
		err = d.each(ctx, db, query, nil, func(v []any) { value = d.value(asText(v[0]), v[1]) })
	}
	if given, ok := value.(string); ok {
		if n := sqliteConverted(c, given); n != nil {
			value = n
		}
	}
	return value, err
}
