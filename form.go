// Form: which fields a form has, and what a View changes about them.

package crudadmin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// formOf is the form that makes a record of the table, or that changes one.
func (p *Panel) formOf(t *data.Table, changes bool) *data.Form {
	form := t.Form()
	m := p.models[t.Name]
	if m == nil {
		return form
	}
	columns := m.create
	if changes {
		columns = m.update
	}
	fields := make([]data.FormField, 0, len(columns))
	for _, name := range columns {
		i := slices.IndexFunc(form.Fields, func(f data.FormField) bool { return f.Column.Name == name })
		if i < 0 {
			continue
		}
		f := form.Fields[i]
		if m.readOnly[name] && f.ReadOnly == "" {
			f.ReadOnly = "is not changed here"
		}
		fields = append(fields, f)
	}
	form.Fields = fields
	form.Relations = slices.DeleteFunc(slices.Clone(form.Relations), func(one *data.ManyToMany) bool { return !slices.Contains(m.links[changes], one.Name) })
	return form
}

// settable reports whether a field of the form may be sent. Where a View says
// which fields a form has, no other is taken.
func (e *entry) settable(name string) bool {
	if e.p.models[e.table.Name] == nil {
		return true
	}
	return slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == name && f.ReadOnly == "" })
}

// unseen reports a column that is entered and never shown.
func (p *Panel) unseen(t *data.Table, c *data.Column) bool {
	m := p.models[t.Name]
	return m != nil && c.Masked && (slices.Contains(m.create, c.Name) || slices.Contains(m.update, c.Name))
}

func (p *Panel) unseenName(t *data.Table, name string) bool {
	c, ok := t.Column(name)
	return ok && p.unseen(t, c)
}

// unprefixed is the column that a parameter is about.
func unprefixed(name string) string {
	for _, prefix := range []string{ui.ParamNull, ui.ParamClear} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// hiddenField makes the field of what is entered and never shown.
func (e *entry) hiddenField(out ui.FormField, f data.FormField) ui.FormField {
	out.Nullable, out.Value = false, ""
	out.Required = f.Required && e.record == nil
	if e.p.models[e.table.Name].passwords[f.Column.Name] != nil {
		out.Widget = ui.WidgetPassword
	}
	if e.record != nil {
		out.Placeholder = "unchanged if left empty"
	}
	return out
}

// readHidden takes what was entered and is never shown; empty is unchanged, and
// a password is hashed.
func (e *entry) readHidden(in *data.Input, name, value string) error {
	if value == "" {
		return nil
	}
	m := e.p.models[e.table.Name]
	if hash := m.passwords[name]; hash != nil {
		if message := validatePassword(m.rules[name], value); message != "" {
			return &data.FieldError{Field: name, Message: message}
		}
		hashed, err := hash(value)
		if err != nil {
			return &data.FieldError{Field: name, Message: "cannot be used: " + err.Error()}
		}
		value = hashed
	}
	in.Fields[name] = data.Field{Text: value}
	in.Masked = append(in.Masked, name)
	return nil
}

// dress changes a field as the View says.
func (e *entry) dress(out *ui.FormField, c *data.Column) {
	if c.Help != "" && out.Help == "" {
		out.Help = c.Help
	}
	m := e.p.models[e.table.Name]
	if m == nil || out.Widget == ui.WidgetFile || out.Widget == ui.WidgetReference {
		return
	}
	if widget, ok := m.widgets[c.Name]; ok {
		out.Widget = widget
	}
	if options := m.options[c.Name]; len(options) > 0 {
		out.Widget = ui.WidgetSelect
		for _, value := range options {
			out.Options = append(out.Options, ui.Option{Value: value, Label: value})
		}
	}
}

// sorted adds the View's order to the parameters of a list that has none.
func (p *Panel) sorted(t *data.Table, values url.Values) url.Values {
	if m := p.models[t.Name]; m != nil && m.sort != "" && !values.Has("sort") {
		values.Set("sort", m.sort)
	}
	return values
}

// detailed are the columns of a record's page with their cells.
func (p *Panel) detailed(found *data.Record) (columns []*data.Column, cells []data.Value) {
	m := p.models[found.Table.Name]
	if m == nil {
		return found.Columns, found.Cells
	}
	for _, name := range m.detail {
		if i := slices.IndexFunc(found.Columns, func(c *data.Column) bool { return c.Name == name }); i >= 0 {
			columns, cells = append(columns, found.Columns[i]), append(cells, found.Cells[i])
		}
	}
	return columns, cells
}

// menuGroup is tables under one heading.
type menuGroup struct {
	label  string
	tables []*data.Table
}

// menu is the tables that the visitor may view, as the menu and the dashboard
// have them.
func (p *Panel) menu(r *http.Request) []menuGroup {
	var groups []menuGroup
	add := func(label string, t *data.Table) {
		i := slices.IndexFunc(groups, func(g menuGroup) bool { return g.label == label })
		if i < 0 {
			i = len(groups)
			groups = append(groups, menuGroup{label: label})
		}
		groups[i].tables = append(groups[i].tables, t)
	}
	tables := slices.Clone(p.dataOf(r).Schema().Tables)
	if len(p.models) > 0 {
		slices.SortStableFunc(tables, p.menuOrder)
	}
	for _, views := range []bool{false, true} {
		for _, t := range tables {
			m := p.models[t.Name]
			switch {
			case m != nil && m.offMenu || t.View != views:
			case m != nil && m.group != "":
				add(m.group, t)
			case t.View:
				add("Views", t)
			default:
				add("Tables", t)
			}
		}
	}
	return groups
}

// menuOrder puts registered tables first, by their order and label.
func (p *Panel) menuOrder(a, b *data.Table) int {
	one, other := p.models[a.Name], p.models[b.Name]
	switch {
	case one == nil && other == nil:
		return 0
	case one == nil:
		return 1
	case other == nil:
		return -1
	}
	return cmp.Or(cmp.Compare(one.order, other.order), strings.Compare(tableLabel(a), tableLabel(b)))
}
