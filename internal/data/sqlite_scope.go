// This file finds for each token of a view's text the SELECT, and the part of it, in which the
// token stands: whether a view shows a secret depends on where the secret's name stands.

package data

import (
	"slices"
	"strings"
)

// viewScope is a query within the text, or a pair of brackets in a query, which belongs to the part
// around it.
type viewScope struct {
	parent   *viewScope
	query    bool
	part     viewPart
	in       viewPart // of a query: what it is to the query around it
	tables   bool     // of brackets: they hold tables and joins
	compound bool     // of a query: it has UNION, INTERSECT or EXCEPT
	exists   bool     // of a query: EXISTS stands before it
}

// viewPart is a part of a query. It says what a secret's name there means.
type viewPart byte

const (
	opaque viewPart = iota // FROM's ON, USING and arguments, VALUES, WINDOW, anything unknown: it may be shown under any name
	shown                  // the items after SELECT: the item shows it
	source                 // a table of FROM, or of WITH: its readers name it
	chosen                 // WHERE, GROUP BY, HAVING, ORDER BY, LIMIT: it decides which rows there are
	joined                 // FROM
	named                  // WITH
)

var viewParts = map[string]viewPart{"SELECT": shown, "FROM": joined, "WITH": named, "VALUES": opaque, "WINDOW": opaque,
	"WHERE": chosen, "GROUP": chosen, "HAVING": chosen, "ORDER": chosen, "LIMIT": chosen}

var compounds = []string{"UNION", "INTERSECT", "EXCEPT"}

// viewPlace is where a token stands.
type viewPlace struct {
	scope *viewScope
	part  viewPart
}

// places finds where the tokens of the body stand, and whether it makes rows that no table has: by
// VALUES, functions, or a UNION within, which may be recursive.
func (v *viewSource) places() {
	at := &viewScope{query: true}
	for i, t := range v.body {
		word := ""
		if t.kind == 'w' {
			word = strings.ToUpper(t.text)
		}
		part, begins := viewParts[word]
		switch {
		case t.kind == '(':
			at = v.opened(at, i)
		case t.kind == ')' && at.parent != nil:
			at = at.parent
		case slices.Contains(compounds, word) && at.query:
			at.compound = true
			v.makes = v.makes || at.parent != nil
		case begins && at.query && !(word == "FROM" && i > 0 && v.body[i-1].is("DISTINCT")):
			at.part = part
			v.makes = v.makes || word == "VALUES"
		case word == "IN" && i+1 < len(v.body) && v.body[i+1].kind != '(':
			v.whole = true // a table's only column, without its name
		case t.name() && i+1 < len(v.body) && v.body[i+1].kind == '(' && v.tablePlace(at, i):
			v.makes = true
		}
		v.at = append(v.at, viewPlace{at, at.part})
	}
}

// opened is the scope that the bracket at i begins.
func (v *viewSource) opened(at *viewScope, i int) *viewScope {
	inner := &viewScope{parent: at, part: at.part, tables: v.tablePlace(at, i)}
	if i+1 == len(v.body) || !slices.ContainsFunc([]string{"SELECT", "VALUES", "WITH"}, v.body[i+1].is) {
		return inner
	}
	inner.query, inner.part, inner.in = true, opaque, opaque
	inner.exists = i > 0 && v.body[i-1].is("EXISTS")
	switch {
	case at.part == shown, at.part == chosen:
		inner.in = at.part
	case inner.tables, at.part == named && at.query && i > 0 && (v.body[i-1].is("AS") || v.body[i-1].is("MATERIALIZED")):
		inner.in = source
	}
	return inner
}

// tablePlace says whether a table stands at i.
func (v *viewSource) tablePlace(at *viewScope, i int) bool {
	if at.part != joined || !at.query && !at.tables || i == 0 {
		return false
	}
	before := v.body[i-1]
	return before.is("FROM") || before.is("JOIN") || before.kind == ',' || before.kind == '(' || before.kind == '.'
}

// understood says whether the name of a secret at i is shown by nothing but the items that hold it.
func (v *viewSource) understood(i int) bool {
	scope, part := v.at[i].scope, v.at[i].part
	for {
		if part == chosen {
			return !v.makes // rows that are made may be compared with it until one is it
		}
		if part != shown {
			return part == source
		}
		for !scope.query {
			scope = scope.parent
		}
		if scope.parent == nil {
			return true
		}
		part, scope = scope.in, scope.parent
	}
}
