// This file finds the tables in which virtual tables keep their content, and the tables that show
// it. They are not the application's own tables, and hold its secrets under other names.

package data

import (
	"slices"
	"strings"
)

// shadowNames are the endings that each module adds to the name of a virtual table, for the tables
// in which it keeps the content. For a module that is not here every table with such a name counts.
var shadowNames = map[string][]string{
	"fts3":      {"content", "segments", "segdir", "stat", "docsize"},
	"fts4":      {"content", "segments", "segdir", "stat", "docsize"},
	"fts5":      {"data", "idx", "content", "docsize", "config"},
	"rtree":     {"node", "rowid", "parent"},
	"rtree_i32": {"node", "rowid", "parent"},
	"geopoly":   {"node", "rowid", "parent"},
	"fts4aux":   {}, "fts5vocab": {}, "fts3tokenize": {}, "dbstat": {}, "csv": {},
}

// findShadows finds the tables that virtual ones are kept in; SQLite knows them only where it has
// the module.
func findShadows(tables []*Table) {
	for _, t := range tables {
		if !t.Virtual {
			continue
		}
		names, known := shadowNames[t.module()]
		for _, other := range tables {
			rest, is := strings.CutPrefix(strings.ToLower(other.Name), strings.ToLower(t.Name)+"_")
			if is && !other.View && !other.Virtual && (!known || slices.Contains(names, rest)) {
				other.system, other.shadowOf = true, t.Name
				if other.ReadOnly == "" {
					other.ReadOnly = "it is not the application's own"
				}
			}
		}
	}
}

// module is the module of a virtual table, in lower case: CREATE VIRTUAL TABLE t USING module. It
// is empty for others.
func (t *Table) module() string {
	if !t.Virtual {
		return ""
	}
	tokens := ddlTokens(t.ddl)
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1].is("USING") {
			return strings.ToLower(tokens[i].text)
		}
	}
	return ""
}

// kept masks the tables that hold or show the content of a table with secrets: shadow tables,
// vocabularies, samples.
func (v *veil) kept(t *Table) {
	all := func(format string, args ...any) {
		for _, c := range t.Columns {
			v.mask(t, c, format, args...)
		}
	}
	fullText := strings.HasPrefix(t.module(), "fts") && len(shadowNames[t.module()]) > 0
	for _, other := range v.s.all {
		if other == t || !slices.ContainsFunc(other.Columns, (*Column).secret) {
			continue
		}
		switch {
		case t.shadowOf == other.Name:
			all("it is part of %s", other.Name)
		case t.Virtual && !fullText && t.argued(other.Name):
			all("it shows %s", other.Name)
		}
	}
	if fullText && slices.ContainsFunc(t.Columns, (*Column).secret) {
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, t.Name) {
				v.mask(t, c, "it finds masked columns")
			}
		}
	}
	if c, ok := t.Column("sample"); ok && strings.HasPrefix(t.Name, "sqlite_stat") && v.any() {
		v.mask(t, c, "it holds values of indexed columns")
	}
}

// argued says whether a virtual table was made with the name of another.
func (t *Table) argued(name string) bool {
	for _, d := range ddlDefinitions(t.ddl) {
		if slices.ContainsFunc(d, func(token ddlToken) bool { return strings.EqualFold(token.text, name) }) {
			return true
		}
	}
	return false
}

// any says whether there is a secret.
func (v *veil) any() bool {
	return slices.ContainsFunc(v.s.all, func(t *Table) bool { return slices.ContainsFunc(t.Columns, (*Column).secret) })
}
