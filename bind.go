// Bind: what a View says of fields, bound to the table's columns.

package crudadmin

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// resolve finds the column that a View names by its own name or its field's.
func (m *model) resolve(name string) (string, error) {
	if _, ok := m.table.Column(name); ok {
		return name, nil
	}
	var found []string
	for _, f := range m.fields {
		if f.name == name || strings.HasSuffix(f.name, "."+name) {
			if f.column == "" {
				return "", fmt.Errorf("the field %q has no column in %s", name, m.table.Name)
			}
			found = append(found, f.column)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%q is no field of %s and no column of %s", name, m.typ, m.table.Name)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%q could be the column %s: name the column", name, strings.Join(found, " or "))
}

func (m *model) resolveAll(names []string) ([]string, error) {
	var columns []string
	var errs []error
	for _, name := range names {
		column, err := m.resolve(name)
		if err == nil && slices.Contains(columns, column) {
			err = fmt.Errorf("%q is given twice", name)
		}
		errs = append(errs, err)
		columns = append(columns, column)
	}
	return columns, errors.Join(errs...)
}

// bindFields takes the tags and View.Fields.
func (m *model) bindFields(said map[string]Field, wrong *problems) {
	m.columns, m.shown.Columns = map[string]*data.Column{}, map[string]data.ColumnOptions{}
	m.widgets, m.options, m.readOnly = map[string]ui.Widget{}, map[string][]string{}, map[string]bool{}
	m.passwords, m.rules = map[string]func(string) (string, error){}, map[string]string{}
	for _, c := range m.table.Columns {
		m.columns[c.Name] = c
	}
	for _, f := range m.fields {
		if f.column == "" {
			continue
		}
		m.shown.Columns[f.column] = data.ColumnOptions{Label: f.label, Help: f.help, Mask: f.secret}
		m.readOnly[f.column] = f.readOnly
		if options := oneOf(f.tag.Get("validate")); len(options) > 0 && emptyText(m.columns[f.column]) && m.columns[f.column].Kind != data.KindEnum {
			m.options[f.column] = options
		}
	}
	for name, more := range said {
		column, err := m.resolve(name)
		if err == nil && !slices.Contains(widgets, more.Widget) {
			err = fmt.Errorf("Widget: %q is none that can be chosen for %q", more.Widget, name)
		}
		if err == nil && more.Hash != nil && !emptyText(m.columns[column]) {
			err = fmt.Errorf("Hash: %q holds no text", name)
		}
		if err != nil {
			wrong.add("Fields", err)
			continue
		}
		shown := m.shown.Columns[column]
		shown.Label, shown.Help = cmp.Or(more.Label, shown.Label), cmp.Or(more.Help, shown.Help)
		shown.Mask = shown.Mask || more.Secret || more.Hash != nil
		m.shown.Columns[column] = shown
		m.readOnly[column] = m.readOnly[column] || more.ReadOnly
		if more.Widget != "" {
			m.widgets[column] = more.Widget
		}
		if more.Hash != nil {
			m.passwords[column] = more.Hash
			for _, f := range m.fields {
				if f.column == column {
					m.rules[column] = f.tag.Get("validate")
				}
			}
		}
	}
}

// widgets are those that a View can choose: the others follow from the column.
var widgets = []Widget{WidgetAuto, WidgetTextArea, WidgetNumber, WidgetDate, WidgetTime, WidgetDateTime, WidgetJSON, WidgetUUID}

// oneOf are the values that a validate tag allows, where that is simple.
func oneOf(tag string) []string {
	for _, part := range strings.Split(tag, ",") {
		if values, ok := strings.CutPrefix(part, "oneof="); ok && !strings.ContainsAny(values, "'|") {
			return strings.Fields(values)
		}
	}
	return nil
}

// bindViews resolves which fields are where.
func (m *model) bindViews(list, detail, create, update []string, wrong *problems) {
	secret := func(name string) bool { return m.columns[name].Masked || m.shown.Columns[name].Mask }
	var read, written []string
	for _, f := range m.fields {
		if f.column == "" || !m.columns[f.column].Readable() {
			continue
		}
		if !secret(f.column) {
			read = append(read, f.column)
		}
		if !m.columns[f.column].Generated && (!secret(f.column) || m.passwords[f.column] != nil) {
			written = append(written, f.column)
		}
	}
	for _, one := range []struct {
		field  string
		names  []string
		usual  []string
		to     *[]string
		forbid func(name string) string
	}{
		{"List", list, read, &m.list, nil},
		{"Detail", detail, read, &m.detail, nil},
		{"Create", create, slices.DeleteFunc(slices.Clone(written), func(name string) bool { return m.readOnly[name] || m.assigned(name) }), &m.create, func(name string) string {
			if m.readOnly[name] {
				return "is read-only"
			}
			return ""
		}},
		{"Update", update, slices.DeleteFunc(slices.Clone(written), func(name string) bool { return m.columns[name].PrimaryKey > 0 }), &m.update, nil},
	} {
		if one.field == "Create" || one.field == "Update" {
			one.names = m.bindLinks(one.field == "Update", one.names)
		}
		columns, err := m.resolveAll(one.names)
		if err != nil {
			wrong.add(one.field, err)
			continue
		}
		for _, name := range columns {
			c, why := m.columns[name], ""
			switch writing := one.field == "Create" || one.field == "Update"; {
			case !c.Readable():
				why = "cannot be read: " + cmp.Or(c.Problem, "it is hidden")
			case !writing && secret(name):
				why = "is a secret, which is not shown"
			case writing && c.Generated && !m.readOnly[name]:
				why = "is computed by the database"
			case writing && secret(name) && m.passwords[name] == nil:
				why = "is a secret: give it a Hash in Fields, or name it in Config.Tables.Unmasked"
			case one.forbid != nil:
				why = one.forbid(name)
			}
			if why != "" {
				wrong.add(one.field, fmt.Errorf("%q %s", name, why))
			}
		}
		if *one.to = columns; one.names == nil {
			*one.to = one.usual
		}
	}
}

// bindLinks takes the names of relations out of those of a form's fields. A form
// that names no fields has all of them.
func (m *model) bindLinks(changes bool, names []string) []string {
	if m.links == nil {
		m.links = map[bool][]string{}
	}
	for _, relation := range m.table.ManyToMany {
		if _, isColumn := m.table.Column(relation.Name); names == nil || slices.Contains(names, relation.Name) && !isColumn {
			m.links[changes] = append(m.links[changes], relation.Name)
		}
	}
	if names == nil {
		return nil
	}
	columns := []string{}
	for _, name := range names {
		if !slices.Contains(m.links[changes], name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// assigned reports a key that the database makes up.
func (m *model) assigned(column string) bool {
	for _, f := range m.table.Form().Fields {
		if f.Column.Name == column {
			return f.Assigned
		}
	}
	return false
}

// bindShown makes the options by which the data shows the table.
func (m *model) bindShown(label, display string, search, sort []string, wrong *problems) {
	m.shown.Label, m.shown.List = label, m.list
	seen := slices.Concat(m.list, m.detail)
	one := func(field, name string) string {
		column, err := m.resolve(name)
		if err == nil && !slices.Contains(seen, column) && m.columns[column].PrimaryKey == 0 {
			err = fmt.Errorf("%q is in neither List nor Detail", name)
		}
		wrong.add(field, err)
		return column
	}
	if display != "" {
		column, err := m.resolve(display)
		wrong.add("DisplayField", err)
		m.shown.Display = column
		seen = append(seen, column)
	}
	for _, name := range search {
		m.shown.Search = append(m.shown.Search, one("SearchFields", name))
	}
	var q data.Query
	for _, key := range sort {
		name, desc := strings.CutPrefix(key, "-")
		q.Sort = append(q.Sort, data.SortKey{Column: one("Sort", name), Desc: desc})
	}
	m.sort = q.Values().Get("sort")
	m.looked = m.shown
	m.looked.Columns = map[string]data.ColumnOptions{}
	for name, c := range m.columns {
		options := m.shown.Columns[name]
		m.looked.Columns[name] = options
		if slices.Contains(seen, name) || c.PrimaryKey > 0 || options.Mask {
			m.shown.Columns[name] = options
			continue
		}
		options.Hide = true
		m.looked.Columns[name] = options
		switch {
		case slices.Contains(m.update, name): // its form shows it
			options.Hide = false
		case slices.Contains(m.create, name): // written and never seen
			options.Hide, options.Mask = false, true
		}
		m.shown.Columns[name] = options
	}
}

var actionName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func (m *model) addAction(a *action, missing bool) error {
	switch {
	case !actionName.MatchString(a.name):
		return fmt.Errorf("the name %q: want lower-case letters, digits, - and _", a.name)
	case a.name == "delete", a.name == "edit", slices.ContainsFunc(m.actions, func(b *action) bool { return b.name == a.name }):
		return fmt.Errorf("the name %q is taken", a.name)
	case missing:
		return fmt.Errorf("%s: Run is nil", a.name)
	case slices.ContainsFunc(a.roles, func(role account.Role) bool { return !role.Valid() }):
		return fmt.Errorf("%s: Roles are %q, want superuser, editor or viewer", a.name, a.roles)
	}
	m.actions = append(m.actions, a)
	return nil
}
