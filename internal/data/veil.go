// This file masks columns that show a masked column under another name: references to it, columns
// that are computed from it, views and full-text tables of it. Here a column that the Config hides
// counts as masked.

package data

import (
	"fmt"
	"slices"
	"strings"

	public "github.com/go-crudadmin/crudadmin/data"
)

// veil masks the columns that show secrets, until there are no new ones. A column that Unmasked
// names stays as it is.
func (s *Schema) veil(o settings) {
	v := veil{s: s, unmasked: o.unmasked}
	if o.byName {
		v.cycles()
	}
	for v.changed = true; v.changed; {
		v.changed = false
		for _, t := range s.all {
			v.references(t)
			v.computed(t)
			v.copied(t)
			v.kept(t)
			v.view(t)
		}
	}
}

type veil struct {
	s        *Schema
	unmasked func(t *Table, c *Column) bool
	changed  bool
	sources  map[*Table]*viewSource
}

// secret says whether a column that shows this one's values shows a secret.
func (c *Column) secret() bool { return c.Masked || c.unshown }

// mask masks a column because of what it shows.
func (v *veil) mask(t *Table, c *Column, format string, args ...any) {
	if c.Masked || v.unmasked(t, c) {
		return
	}
	c.Masked, c.veiled, v.changed = true, fmt.Sprintf(format, args...), true
}

// references masks the columns that refer to a secret.
func (v *veil) references(t *Table) {
	for _, fk := range t.ForeignKeys {
		parent, ok := v.s.any(fk.RefTable)
		if !ok || !fk.resolved {
			continue
		}
		for i, name := range fk.RefColumns {
			to, _ := parent.Column(name)
			if c, ok := t.Column(fk.Columns[i]); ok && to.secret() {
				v.mask(t, c, "it refers to %s.%s", parent.Name, name)
			}
		}
	}
}

// computed masks the columns that are generated from a secret.
func (v *veil) computed(t *Table) {
	for _, c := range t.Columns {
		for _, name := range c.reads {
			if from, ok := t.Column(name); ok && from.secret() {
				v.mask(t, c, "it is computed from %s", name)
			}
		}
	}
}

// copied masks the columns of a full-text table that are named as secrets of the table whose
// content it indexes.
func (v *veil) copied(t *Table) {
	if !t.Virtual {
		return
	}
	for _, other := range v.s.all {
		if other == t || !slices.ContainsFunc(t.contentOf(), func(name string) bool { return strings.EqualFold(name, other.Name) }) {
			continue
		}
		for _, from := range other.Columns {
			for _, c := range t.Columns {
				if from.secret() && strings.EqualFold(c.Name, from.Name) {
					v.mask(t, c, "it indexes %s.%s", other.Name, from.Name)
				}
			}
			if hidden := slices.IndexFunc(t.Columns, func(c *Column) bool { return strings.EqualFold(c.Name, t.Name) }); from.secret() && hidden >= 0 {
				v.mask(t, t.Columns[hidden], "it finds %s.%s", other.Name, from.Name)
			}
		}
	}
}

// contentOf are the names that a virtual table's content option may mean: content='notes'.
func (t *Table) contentOf() []string {
	var all []string
	for _, d := range ddlDefinitions(t.ddl) {
		if len(d) == 3 && d[0].is("content") && d[1].kind == '=' {
			all = append(all, d[2].text)
		}
	}
	return all
}

// view masks the columns of a view that show secrets of what it reads, and all of them where its
// text cannot be followed.
func (v *veil) view(t *Table) {
	if !t.View {
		return
	}
	if v.sources == nil {
		v.sources = map[*Table]*viewSource{}
	}
	if v.sources[t] == nil {
		v.sources[t] = readView(t)
	}
	source := v.sources[t]
	secrets, followed := map[string]bool{}, !source.names["sqlite_dbpage"] // the pages of the file
	for _, other := range v.s.all {
		if other == t || !source.names[strings.ToLower(other.bareName())] {
			continue
		}
		for _, c := range other.Columns {
			if !c.secret() {
				continue
			}
			followed = followed && !other.Virtual // its functions and hidden columns show it without its name
			secrets[plainName(c.Name)] = true
			if c.Name == other.rowid || other.rowid == "" && c.PrimaryKey == 1 { // also under its other names
				for _, name := range []string{"rowid", "_rowid_", "oid"} {
					secrets[name] = true
				}
			}
		}
	}
	if len(secrets) == 0 && (followed || !v.any()) {
		return
	}
	var shows map[int]bool
	if followed {
		shows, followed = source.shows(t, secrets)
	}
	for i, c := range t.Columns {
		switch {
		case !followed:
			v.mask(t, c, "the view reads masked columns, and its text cannot be followed")
		case shows[i]:
			v.mask(t, c, "the view computes it from masked columns")
		}
	}
}

// cycles masks columns that have secret names and refer to one another in a circle: none of them is
// the one from which the others' values come.
func (v *veil) cycles() {
	for _, t := range v.s.all {
		for _, c := range t.Columns {
			if c.refers && secretName(c) && v.returns(t, c.Name, t, c.Name, map[string]bool{}) {
				v.mask(t, c, "it refers to itself")
			}
		}
	}
}

// secretName says whether a column's name speaks of a secret, whatever the column refers to.
func secretName(c *Column) bool {
	named := c.public()
	named.Refers = false
	return public.DefaultMasked("", named)
}

// returns says whether following references from a column leads to the column goal.
func (v *veil) returns(t *Table, column string, goal *Table, goalColumn string, seen map[string]bool) bool {
	if seen[t.Name+"\x00"+column] {
		return false
	}
	seen[t.Name+"\x00"+column] = true
	for _, fk := range t.ForeignKeys {
		parent, ok := v.s.any(fk.RefTable)
		if !ok || !fk.resolved {
			continue
		}
		for i, name := range fk.Columns {
			if name != column {
				continue
			}
			if parent == goal && fk.RefColumns[i] == goalColumn || v.returns(parent, fk.RefColumns[i], goal, goalColumn, seen) {
				return true
			}
		}
	}
	return false
}
