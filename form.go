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

// settable reports whether a field of the form may be sent. Where a View says
// which fields a form has, no other is taken.
func (e *entry) settable(name string) bool {
	if !e.p.view(e.table).Declared() {
		return true
	}
	return slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == name && f.ReadOnly == "" })
}

func (p *Panel) unseenName(t *data.Table, name string) bool {
	c, ok := t.Column(name)
	return ok && p.view(t).Unseen(c)
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
	if e.p.view(e.table).IsPassword(f.Column.Name) {
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
	stored, err := e.p.view(e.table).Stored(name, value)
	if err != nil {
		return err
	}
	in.Fields[name] = data.Field{Text: stored}
	in.Masked = append(in.Masked, name)
	return nil
}

// dress changes a field as the View says.
func (e *entry) dress(out *ui.FormField, c *data.Column) {
	if c.Help != "" && out.Help == "" {
		out.Help = c.Help
	}
	widget, options, said := e.p.view(e.table).Widget(c.Name)
	if !said || out.Widget == ui.WidgetFile || out.Widget == ui.WidgetReference {
		return
	}
	out.Widget = widget
	for _, value := range options {
		out.Options = append(out.Options, ui.Option{Value: value, Label: value})
	}
}

// sorted adds the View's order to the parameters of a list that has none.
func (p *Panel) sorted(t *data.Table, values url.Values) url.Values {
	if sort := p.view(t).Sort; sort != "" && !values.Has("sort") {
		values.Set("sort", sort)
	}
	return values
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
	if len(p.views) > 0 {
		slices.SortStableFunc(tables, p.menuOrder)
	}
	for _, views := range []bool{false, true} {
		for _, t := range tables {
			v := p.view(t)
			switch {
			case v.OffMenu || t.View != views:
			case v.Group != "":
				add(v.Group, t)
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
	one, other := p.view(a), p.view(b)
	switch {
	case !one.Declared() && !other.Declared():
		return 0
	case !one.Declared():
		return 1
	case !other.Declared():
		return -1
	}
	return cmp.Or(cmp.Compare(one.Order, other.Order), strings.Compare(tableLabel(a), tableLabel(b)))
}
