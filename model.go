// Model: a table with what its View says, checked and bound to its columns.

package crudadmin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/ui"
)

// model is a View without its type.
type model struct {
	table   *data.Table // as the database has it
	typ     reflect.Type
	fields  []*structField
	columns map[string]*data.Column

	label, description, group string
	order                     int
	offMenu                   bool

	list, detail, create, update []string          // columns
	links                        map[bool][]string // relations of the form that makes a record, or changes one
	sort                         string            // as in an address
	widgets                      map[string]ui.Widget
	options                      map[string][]string // of a select
	readOnly                     map[string]bool
	passwords                    map[string]func(string) (string, error)
	rules                        map[string]string // validate tags of passwords

	shown   data.TableOptions // to who may change records
	looked  data.TableOptions // to who may not
	rights  Rights
	allowed []Right // empty: all
	actions []*action
	drift   []Drift
}

// Register shows a table as its View says. Call it after New and before the panel
// serves its first request, once for each table. What is wrong in the view, all
// of it, is in the error, by the name of the View's field. Where the struct and
// the table disagree is no error: it is logged, and in [Panel.Drift].
func Register[T any](p *Panel, v View[T]) error {
	p.registering.Lock()
	defer p.registering.Unlock()
	typ := reflect.TypeFor[T]()
	fail := func(err error) error { return fmt.Errorf("crudadmin: register %s: %w", typ, err) }
	if p.serving.Load() {
		return fail(errors.New("the panel serves already: register before that"))
	}
	fields, err := structFields(typ)
	if err != nil {
		return fail(err)
	}
	t, err := p.tableOf(typ, v.Table)
	if err != nil {
		return fail(fmt.Errorf("Table: %w", err))
	}
	if p.models[t.Name] != nil {
		return fail(fmt.Errorf("Table: %q is registered already, as %s", t.Name, p.models[t.Name].typ))
	}
	if err := bind(fields, t); err != nil {
		return fail(err)
	}
	if _, ok := p.cfg.Tables.Tables[t.Name]; ok {
		return fail(fmt.Errorf("Table: Config.Tables.Tables has the table %q too: say it in one of the two", t.Name))
	}
	m := &model{table: t, typ: typ, fields: fields, label: v.Label, description: v.Description, group: v.Group, order: v.Order, offMenu: v.HideFromMenu,
		rights: v.Rights, allowed: v.Allowed}
	var wrong problems
	wrong.add("Rights", v.Rights.validate())
	wrong.add("Allowed", validRights(v.Allowed))
	if v.Rights != nil && p.cfg.Rights[t.Name] != nil {
		wrong.add("Rights", fmt.Errorf("Config.Rights has the table %q too: say it in one of the two", t.Name))
	}
	m.bindFields(v.Fields, &wrong)
	m.bindViews(v.List, v.Detail, v.Create, v.Update, &wrong)
	m.bindShown(cmp.Or(v.LabelPlural, plural(v.Label)), v.DisplayField, v.SearchFields, v.Sort, &wrong)
	wrong.add("validate", checkRules(typ))
	m.shown.Hooks = hooksOf(m, v)
	m.looked.Hooks = m.shown.Hooks
	for _, a := range v.Actions {
		wrong.add("Actions", m.addAction(&action{name: a.Name, label: cmp.Or(a.Label, a.Name), confirm: a.Confirm, danger: a.Danger, roles: a.Roles, run: work(m, a.Run)}, a.Run == nil))
	}
	if len(wrong) > 0 {
		return fail(errors.Join(wrong...))
	}
	m.drift = m.findDrift()
	if p.models == nil {
		p.models = map[string]*model{}
	}
	p.models[t.Name] = m
	if err := p.show(); err != nil {
		delete(p.models, t.Name)
		return fail(err)
	}
	for _, d := range m.drift {
		level := slog.LevelWarn
		if d.Level == data.Note {
			level = slog.LevelInfo
		}
		p.log.Log(context.Background(), level, "the struct and its table disagree", "table", d.Table, "column", d.Column, "field", d.Field, "what", d.Message)
	}
	return nil
}

// plural is the label of many; empty if there is none of one.
func plural(label string) string {
	if label == "" {
		return ""
	}
	return label + "s"
}

// problems is what is wrong with a view.
type problems []error

func (p *problems) add(field string, err error) {
	if err != nil {
		*p = append(*p, fmt.Errorf("%s: %w", field, err))
	}
}

// tableOf finds the table of a struct.
func (p *Panel) tableOf(typ reflect.Type, named string) (*data.Table, error) {
	schema := p.source.Schema()
	if named == "" {
		var err error
		if named, err = declaredTable(typ); err != nil {
			return nil, err
		}
	}
	if named != "" {
		if t, ok := schema.Table(named); ok {
			return t, nil
		}
		return nil, fmt.Errorf("%q is no table that is shown", named)
	}
	snake := snakeCase(typ.Name())
	guesses := []string{snake + "s", snake + "es", strings.TrimSuffix(snake, "y") + "ies", snake, typ.Name()}
	for _, guess := range guesses {
		if t, ok := schema.Table(guess); ok && snake != "" {
			return t, nil
		}
	}
	return nil, fmt.Errorf("no table is named as the struct is (%s): set View.Table", strings.Join(guesses, ", "))
}

// declaredTable is the table that the struct itself names, if it does.
func declaredTable(typ reflect.Type) (name string, err error) {
	defer func() { // TableName is anybody's code
		if what := recover(); what != nil {
			err = fmt.Errorf("TableName: panic: %v", what)
		}
	}()
	if named, ok := reflect.New(typ).Interface().(interface{ TableName() string }); ok {
		return named.TableName(), nil
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.Anonymous || f.Type.Name() != "BaseModel" {
			continue
		}
		for _, part := range strings.Split(f.Tag.Get("bun"), ",") {
			if table, ok := strings.CutPrefix(strings.TrimSpace(part), "table:"); ok {
				return table, nil
			}
		}
	}
	return "", nil
}

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
var widgets = []ui.Widget{"", ui.WidgetTextArea, ui.WidgetNumber, ui.WidgetDate, ui.WidgetTime, ui.WidgetDateTime, ui.WidgetJSON, ui.WidgetUUID}

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
