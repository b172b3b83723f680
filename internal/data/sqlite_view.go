// This file follows the text of a view from the columns that it reads to those that it shows. A
// column is shown only if the whole text was understood, and no secret leads to it. Else the view
// is masked: to mask too much is better than too little.

package data

import (
	"maps"
	"slices"
	"strings"
)

// viewSource is the text of a view, taken apart.
type viewSource struct {
	names   map[string]bool // every name in it, also those written as strings, in lower case
	renamed bool            // CREATE VIEW v (a, b) AS …
	body    []ddlToken      // after AS
	lists   []selectList
	at      []viewPlace  // of each token of the body
	stars   map[int]bool // where the * of items stand that show columns without their names
	makes   bool         // it makes rows that no table has
	whole   bool         // it reads tables in a way that is not followed

	expanded bool // the engine wrote its stars out
}

// selectList is what stands between SELECT and FROM.
type selectList struct {
	top   bool // of the view itself, or of a part of its UNION
	start int  // in the text
	items [][]ddlToken
	scope *viewScope
}

// readView takes the text of a view apart.
func readView(t *Table) *viewSource {
	v := &viewSource{names: map[string]bool{}, stars: map[int]bool{}, expanded: t.schema != ""}
	sql := t.ddl
	tokens := ddlTokens(sql)
	level := 0
	for i, t := range tokens {
		switch t.kind {
		case '(':
			v.renamed, level = true, level+1
		case ')':
			level--
		}
		if level == 0 && i > 0 && t.is("AS") && !tokens[i-1].is("VIEW") {
			v.body = tokens[i+1:]
			break
		}
	}
	v.places()
	for i, t := range v.body {
		if t.kind == '*' && i > 0 && v.body[i-1].kind == '.' && v.expanded {
			v.whole = true // a whole row: every other star is written out
		}
		if t.name() || t.kind == 's' {
			v.names[strings.ToLower(t.text)] = true
		}
		if !t.is("SELECT") {
			continue
		}
		list := selectList{v.at[i].scope.parent == nil, t.start, selectItems(v.body[i+1:]), v.at[i].scope}
		v.lists = append(v.lists, list)
		for _, item := range list.items {
			if star(item) && !list.scope.exists {
				v.stars[item[len(item)-1].start] = true
			}
		}
	}
	return v
}

// selectItems are the items after SELECT, up to what ends them.
func selectItems(tokens []ddlToken) [][]ddlToken {
	if len(tokens) > 0 && (tokens[0].is("DISTINCT") || tokens[0].is("ALL")) {
		tokens = tokens[1:]
	}
	level := 0
	for i, t := range tokens {
		switch t.kind {
		case '(':
			level++
		case ')':
			level--
		}
		ends := level < 0 || level == 0 && t.kind == 'w' && slices.Contains(selectEnds, strings.ToUpper(t.text))
		if ends && t.is("FROM") && i > 0 && tokens[i-1].is("DISTINCT") { // IS DISTINCT FROM
			continue
		}
		if ends || t.kind == ';' {
			tokens = tokens[:i]
			break
		}
	}
	return splitDDL(tokens, ',')
}

var selectEnds = []string{"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT"}

// star says whether an item is * or t.*.
func star(item []ddlToken) bool {
	n := len(item)
	return item[n-1].kind == '*' && (n == 1 || n == 3 && item[1].kind == '.')
}

// label is the name under which an item is shown; not every item has one that can be told.
func label(item []ddlToken) (string, bool) {
	n := len(item)
	last := item[n-1]
	if !last.name() && last.kind != 's' {
		return "", false
	}
	switch {
	case n == 1, item[n-2].is("AS"), n == 3 && item[1].kind == '.' && item[0].name():
		return strings.ToLower(last.text), last.kind != 's' || n > 1
	case operator(last) || operator(item[n-2]):
		return "", false
	case item[n-2].kind == ')', item[n-2].name(), item[n-2].kind == 's', item[n-2].kind == '0':
		return strings.ToLower(last.text), true // AS is left out
	}
	return "", false
}

// operator says whether a token is a word of an expression, after or before which no name of an
// item stands.
func operator(t ddlToken) bool {
	return t.kind == 'w' && slices.Contains(operators, strings.ToUpper(t.text))
}

var operators = []string{"AND", "OR", "NOT", "IS", "ISNULL", "NOTNULL", "LIKE", "GLOB", "REGEXP", "MATCH", "BETWEEN", "IN", "COLLATE", "OVER", "ESCAPE",
	"DISTINCT", "FROM", "CASE", "WHEN", "THEN", "ELSE", "FILTER", "EXISTS"}

// plainName is a name in lower case, without what SQLite adds to names that are there twice:
// "id:1".
func plainName(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	return name
}

// shows says which columns of the view show one of the secrets, which are names of columns in lower
// case; not followed where that cannot be told.
func (v *viewSource) shows(t *Table, secrets map[string]bool) (shows map[int]bool, followed bool) {
	secrets = maps.Clone(secrets)
	mentions := func(t ddlToken) bool {
		return (t.name() || t.kind == 's') && secrets[plainName(t.text)] || t.kind == '*' && v.stars[t.start]
	}
	holds := func(item []ddlToken) bool { return slices.ContainsFunc(item, mentions) }
	for n := -1; n != len(secrets); { // names that items with a secret are given are secrets too
		n = len(secrets)
		for _, list := range v.lists {
			for _, item := range list.items {
				if !holds(item) || star(item) {
					continue
				}
				name, known := label(item)
				if known {
					secrets[plainName(name)] = true
				} else if !list.top && !v.within(list) {
					return nil, false
				}
			}
		}
	}
	if v.whole || v.renames() {
		return nil, false
	}
	for i, t := range v.body {
		if mentions(t) && !v.understood(i) {
			return nil, false
		}
	}
	for _, list := range v.lists { // the parts of a UNION are shown by their places, under the names of its first
		if list.scope.compound && (slices.ContainsFunc(list.items, star) || !list.top && slices.ContainsFunc(list.items, holds)) {
			return nil, false
		}
	}
	shows = map[int]bool{}
	for i, c := range t.Columns {
		shows[i] = secrets[plainName(c.Name)]
	}
	for _, list := range v.lists {
		if list.top && !list.place(len(t.Columns), v.renamed, holds, secrets, shows) {
			return nil, false
		}
	}
	return shows, true
}

// within says whether a list is part of an item of another list. That item then has what the list
// selects, whatever its name is.
func (v *viewSource) within(list selectList) bool {
	return slices.ContainsFunc(v.lists, func(other selectList) bool {
		return slices.ContainsFunc(other.items, func(item []ddlToken) bool {
			return item[0].start <= list.start && list.start < item[len(item)-1].end
		})
	})
}

// renames says whether a WITH names the columns of its tables, so that names do not lead on.
func (v *viewSource) renames() bool {
	if !v.names["with"] {
		return false
	}
	for i := 2; i+1 < len(v.body); i++ {
		if v.body[i].is("AS") && v.body[i-1].kind == ')' {
			return true
		}
	}
	return false
}

// place finds the columns of the items that hold a secret. It reports whether it could.
func (l selectList) place(columns int, renamed bool, holds func([]ddlToken) bool, secrets map[string]bool, shows map[int]bool) bool {
	first := slices.IndexFunc(l.items, star)
	if first < 0 && len(l.items) != columns || first >= 0 && renamed {
		return false
	}
	last := first
	for i, item := range l.items {
		if star(item) {
			last = i
		}
	}
	for i, item := range l.items {
		switch {
		case star(item) || !holds(item):
		case first < 0 || i < first:
			shows[i] = true
		case i > last:
			shows[columns-len(l.items)+i] = true
		default: // between two stars: by its name, which shows has already
			if name, known := label(item); !known || !secrets[plainName(name)] {
				return false
			}
		}
	}
	return true
}
