// This file finds in a CREATE TABLE statement the columns from which generated ones are computed,
// and constraints that replace rows: SQLite keeps both only as text.

package data

import (
	"slices"
	"strings"
)

// parseReplaces says whether a constraint of a CREATE TABLE statement deletes the rows that a
// written one clashes with. NOT NULL ON CONFLICT REPLACE takes the default instead.
func parseReplaces(sql string) bool {
	tokens := ddlTokens(sql)
	for i := 2; i < len(tokens); i++ {
		if tokens[i].is("REPLACE") && tokens[i-1].is("CONFLICT") && tokens[i-2].is("ON") &&
			!(i >= 4 && tokens[i-3].is("NULL") && tokens[i-4].is("NOT")) {
			return true
		}
	}
	return false
}

// readGenerated sets which columns each generated one is computed from: those of the table that its
// definition names.
func (t *Table) readGenerated() {
	if t.View || t.Virtual {
		return
	}
	definitions := ddlDefinitions(t.ddl)
	for _, c := range t.Columns {
		if !c.Generated {
			continue
		}
		i := slices.IndexFunc(definitions, func(d []ddlToken) bool { return strings.EqualFold(d[0].text, c.Name) })
		for _, other := range t.Columns {
			// Without its definition it may be computed from any.
			if other != c && (i < 0 || slices.ContainsFunc(definitions[i][1:], func(token ddlToken) bool { return token.name() && strings.EqualFold(token.text, other.Name) })) {
				c.reads = append(c.reads, other.Name)
			}
		}
	}
}

// ddlDefinitions are the definitions between the brackets of a CREATE TABLE statement, none of them
// empty.
func ddlDefinitions(sql string) [][]ddlToken {
	tokens := ddlTokens(sql)
	open := slices.IndexFunc(tokens, func(t ddlToken) bool { return t.kind == '(' })
	if open < 0 {
		return nil
	}
	end := closes(tokens[open:])
	if end < 0 {
		return nil
	}
	return splitDDL(tokens[open+1:open+end], ',')
}

// splitDDL splits tokens at a character outside brackets. Empty parts are left out.
func splitDDL(tokens []ddlToken, at byte) [][]ddlToken {
	var parts [][]ddlToken
	level, start := 0, 0
	for i, t := range tokens {
		switch t.kind {
		case '(':
			level++
		case ')':
			level--
		}
		if t.kind == at && level == 0 {
			parts = append(parts, tokens[start:i])
			start = i + 1
		}
	}
	parts = append(parts, tokens[start:])
	return slices.DeleteFunc(parts, func(p []ddlToken) bool { return len(p) == 0 })
}
