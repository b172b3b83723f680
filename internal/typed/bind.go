// This file binds what a program says of fields to the table's columns.

package typed

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// resolve finds the column that a View names by its own name or its field's.
func (v *View) resolve(name string) (string, error) {
	if _, ok := v.Table.Column(name); ok {
		return name, nil
	}
	var found []string
	for _, f := range v.fields {
		if f.name == name || strings.HasSuffix(f.name, "."+name) {
			if f.column == "" {
				return "", fmt.Errorf("the field %q has no column in %s", name, v.Table.Name)
			}
			found = append(found, f.column)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%q is neither a field of %s nor a column of %s", name, v.typ, v.Table.Name)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%q could be the column %s: name the column", name, strings.Join(found, " or "))
}

func (v *View) resolveAll(names []string) ([]string, error) {
	var columns []string
	var errs []error
	for _, name := range names {
		column, err := v.resolve(name)
		if err == nil && slices.Contains(columns, column) {
			err = fmt.Errorf("%q is given twice", name)
		}
		errs = append(errs, err)
		columns = append(columns, column)
	}
	return columns, errors.Join(errs...)
}

// Bind makes the view of a table of what a program says of it. Everything that is wrong is in
// the error, by the name of the View's field. Where the struct and the table disagree is not an
// error: it is in Drift.
func Bind[T any](t *data.Table, said Spec[T]) (*View, error) {
	typ := reflect.TypeFor[T]()
	fields, err := structFields(typ)
	if err != nil {
		return nil, err
	}
	if err := assignColumns(fields, t); err != nil {
		return nil, err
	}
	v := &View{
		Table: t, Label: said.Label, Description: said.Description, Group: said.Group, Order: said.Order, OffMenu: said.HideFromMenu,
		typ: typ, fields: fields, columns: map[string]*data.Column{},
	}
	for _, c := range t.Columns {
		v.columns[c.Name] = c
	}
	var wrong problems
	v.bindTags()
	v.bindFields(said.Fields, &wrong)
	v.bindViews(said.List, said.Detail, said.Create, said.Update, &wrong)
	v.bindOrder(said.DisplayField, said.SearchFields, said.Sort, &wrong)
	v.ForEditors.Label, v.ForEditors.List = cmp.Or(said.LabelPlural, plural(said.Label)), v.list
	wrong.add("validate", checkRules(typ))
	v.ForEditors.Hooks = hooksOf(v, said)
	v.split()
	for _, a := range said.Actions {
		wrong.add("Actions", addAction(v, a))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	v.Drift = v.findDrift()
	return v, nil
}

// plural is the label of many; empty if there is none of one.
func plural(label string) string {
	if label == "" {
		return ""
	}
	return label + "s"
}

// bindTags takes what the tags of the struct say of its columns.
func (v *View) bindTags() {
	v.ForEditors.Columns = map[string]data.ColumnConfig{}
	v.widgets, v.options, v.readOnly, v.passwords = map[string]ui.Widget{}, map[string][]string{}, map[string]bool{}, map[string]password{}
	for _, f := range v.fields {
		if f.column == "" {
			continue
		}
		c := v.columns[f.column]
		v.ForEditors.Columns[f.column] = data.ColumnConfig{Label: f.label, Help: f.help, Mask: f.secret}
		v.readOnly[f.column] = f.readOnly
		if options := oneOf(f.tag.Get("validate")); len(options) > 0 && c.HoldsText() && c.Kind != data.KindEnum {
			v.options[f.column] = options
		}
	}
}

// bindFields takes View.Fields.
func (v *View) bindFields(said map[string]Field, wrong *problems) {
	for name, more := range said {
		column, err := v.resolve(name)
		if err == nil && !slices.Contains(widgets, more.Widget) {
			err = fmt.Errorf("Widget: %q cannot be used for %q", more.Widget, name)
		}
		if err == nil && more.Hash != nil && !v.columns[column].HoldsText() {
			err = fmt.Errorf("Hash: %q does not hold text", name)
		}
		if err != nil {
			wrong.add("Fields", err)
			continue
		}
		shown := v.ForEditors.Columns[column]
		shown.Label, shown.Help = cmp.Or(more.Label, shown.Label), cmp.Or(more.Help, shown.Help)
		shown.Mask = shown.Mask || more.Secret || more.Hash != nil
		v.ForEditors.Columns[column] = shown
		v.readOnly[column] = v.readOnly[column] || more.ReadOnly
		if more.Widget != "" {
			v.widgets[column] = more.Widget
		}
		if more.Hash != nil {
			v.passwords[column] = password{hash: more.Hash, rule: v.rule(column)}
		}
	}
}

// rule is the validate tag of a column's field.
func (v *View) rule(column string) string {
	for _, f := range v.fields {
		if f.column == column {
			return f.tag.Get("validate")
		}
	}
	return ""
}

// widgets are those that a View can choose: the others follow from the column.
var widgets = []ui.Widget{
	"", ui.WidgetTextArea, ui.WidgetNumber, ui.WidgetDate, ui.WidgetTime, ui.WidgetDateTime, ui.WidgetJSON, ui.WidgetUUID,
}

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
func (v *View) bindViews(list, detail, create, update []string, wrong *problems) {
	var read, written []string
	for _, f := range v.fields {
		if f.column == "" || !v.columns[f.column].Readable() {
			continue
		}
		if !v.secret(f.column) {
			read = append(read, f.column)
		}
		if !v.columns[f.column].Generated && (!v.secret(f.column) || v.IsPassword(f.column)) {
			written = append(written, f.column)
		}
	}
	made := slices.DeleteFunc(slices.Clone(written), func(name string) bool { return v.readOnly[name] || v.assigned(name) })
	changed := slices.DeleteFunc(slices.Clone(written), func(name string) bool { return v.columns[name].PrimaryKey > 0 })
	v.list = v.bindRead("List", list, read, wrong)
	v.detail = v.bindRead("Detail", detail, read, wrong)
	v.forms = map[Purpose]*form{
		ToCreate: v.bindForm("Create", ToCreate, create, made, wrong),
		ToUpdate: v.bindForm("Update", ToUpdate, update, changed, wrong),
	}
}

// bindRead resolves the fields of a page that shows records.
func (v *View) bindRead(field string, names, usual []string, wrong *problems) []string {
	return v.bindColumns(field, names, usual, wrong, func(c *data.Column) string {
		if v.secret(c.Name) {
			return "is a secret, which is not shown"
		}
		return ""
	})
}

// bindForm resolves the fields and relations of a form.
func (v *View) bindForm(field string, purpose Purpose, names, usual []string, wrong *problems) *form {
	names, relations := v.splitRelations(names)
	columns := v.bindColumns(field, names, usual, wrong, func(c *data.Column) string {
		switch {
		case c.Generated && !v.readOnly[c.Name]:
			return "is computed by the database"
		case v.secret(c.Name) && !v.IsPassword(c.Name):
			return "is a secret: give it a Hash in Fields, or name it in Config.Tables.Unmasked"
		case purpose == ToCreate && v.readOnly[c.Name]:
			return "is read-only"
		}
		return ""
	})
	return &form{columns: columns, relations: relations}
}

// bindColumns resolves the names of a view's field, by default the usual columns; refuse says
// why a column cannot stand there.
func (v *View) bindColumns(field string, names, usual []string, wrong *problems, refuse func(*data.Column) string) []string {
	columns, err := v.resolveAll(names)
	if err != nil {
		wrong.add(field, err)
		return nil
	}
	for _, name := range columns {
		var why string
		c := v.columns[name]
		if !c.Readable() {
			why = "cannot be read: " + cmp.Or(c.Problem, "it is hidden")
		} else {
			why = refuse(c)
		}
		if why != "" {
			wrong.add(field, fmt.Errorf("%q %s", name, why))
		}
	}
	if names == nil {
		return usual
	}
	return columns
}

// secret reports whether the column's values are never shown.
func (v *View) secret(column string) bool {
	return v.columns[column].Masked || v.ForEditors.Columns[column].Mask
}

// splitRelations takes the names of relations out of those of a form's fields. A form that
// names no fields has all relations.
func (v *View) splitRelations(names []string) (columns, relations []string) {
	for _, relation := range v.Table.ManyToMany {
		if _, isColumn := v.Table.Column(relation.Name); names == nil || slices.Contains(names, relation.Name) && !isColumn {
			relations = append(relations, relation.Name)
		}
	}
	if names == nil {
		return nil, relations
	}
	columns = []string{}
	for _, name := range names {
		if !slices.Contains(relations, name) {
			columns = append(columns, name)
		}
	}
	return columns, relations
}

// bindOrder resolves the field that names a record, what the search looks into, and the order
// of a list.
func (v *View) bindOrder(display string, search, sort []string, wrong *problems) {
	one := func(field, name string) string {
		column, err := v.resolve(name)
		if err == nil && !v.seen(column) && v.columns[column].PrimaryKey == 0 {
			err = fmt.Errorf("%q is in neither List nor Detail", name)
		}
		wrong.add(field, err)
		return column
	}
	if display != "" {
		column, err := v.resolve(display)
		wrong.add("DisplayField", err)
		v.ForEditors.Display = column
	}
	for _, name := range search {
		v.ForEditors.Search = append(v.ForEditors.Search, one("SearchFields", name))
	}
	var q data.Query
	for _, key := range sort {
		name, desc := strings.CutPrefix(key, "-")
		q.Sort = append(q.Sort, data.SortKey{Column: one("Sort", name), Desc: desc})
	}
	v.Sort = q.Values().Get("sort")
}

// seen reports whether the column is on a page that shows records, or names them.
func (v *View) seen(column string) bool {
	return slices.Contains(v.list, column) || slices.Contains(v.detail, column) || v.ForEditors.Display == column
}

// split makes of the options of the columns those for people who may change records and those
// for people who may not: a column that is only on a form is there for the first alone.
func (v *View) split() {
	v.ForReaders = v.ForEditors
	v.ForReaders.Columns = map[string]data.ColumnConfig{}
	for name, c := range v.columns {
		options := v.ForEditors.Columns[name]
		read, changed := options, options
		if !v.seen(name) && c.PrimaryKey == 0 && !options.Mask {
			read.Hide = true
			switch {
			case v.has(ToUpdate, name): // its form shows it
			case v.has(ToCreate, name): // written and never seen
				changed.Mask = true
			default:
				changed.Hide = true
			}
		}
		v.ForEditors.Columns[name], v.ForReaders.Columns[name] = changed, read
	}
}

// assigned reports a key that the database makes up.
func (v *View) assigned(column string) bool {
	for _, f := range v.Table.Form().Fields {
		if f.Column.Name == column {
			return f.Assigned
		}
	}
	return false
}
