// Model: a table with what its View says, checked and bound to its columns.

package crudadmin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
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
