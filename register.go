// Register: a program's word on a table, taken before the panel serves.

package crudadmin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/typed"
)

// Register shows a table as its View says. Call it after New and before the panel
// serves its first request, once for each table. What is wrong in the view, all
// of it, is in the error, by the name of the View's field. Where the struct and
// the table disagree is not an error: it is logged, and in [Panel.Drift].
func Register[T any](p *Panel, v View[T]) error {
	p.registering.Lock()
	defer p.registering.Unlock()
	fail := func(err error) error { return fmt.Errorf("crudadmin: register %s: %w", reflect.TypeFor[T](), err) }
	if p.serving.Load() {
		return fail(errors.New("the panel serves already: register before that"))
	}
	t, err := typed.TableOf[T](p.source.Schema(), v.Table)
	if err != nil {
		return fail(err)
	}
	if said := p.policy.View(t); said.Declared() {
		return fail(fmt.Errorf("Table: %q is registered already, as %s", t.Name, said.Type()))
	}
	if _, ok := p.tables.Tables[t.Name]; ok {
		return fail(fmt.Errorf("Table: Config.Tables.Tables has the table %q too: say it in one of the two", t.Name))
	}
	view, err := typed.Bind(t, v.spec())
	if err := errors.Join(p.wrongRights(t.Name, v.Rights, v.Allowed), err); err != nil {
		return fail(err)
	}
	if err := p.policy.Register(view, v.Rights, v.Allowed); err != nil {
		return fail(err)
	}
	p.drift[t.Name] = view.Drift
	for _, d := range view.Drift {
		level := slog.LevelWarn
		if d.Level == data.Note {
			level = slog.LevelInfo
		}
		p.log.Log(context.Background(), level, "the struct and its table disagree", "table", d.Table, "column", d.Column, "field", d.Field, "what", d.Message)
	}
	return nil
}

// spec is what the view says but for the table and the rights.
func (v View[T]) spec() typed.Spec[T] {
	said := typed.Spec[T]{
		Label: v.Label, LabelPlural: v.LabelPlural, Description: v.Description, Group: v.Group, Order: v.Order, HideFromMenu: v.HideFromMenu,
		List: v.List, Detail: v.Detail, Create: v.Create, Update: v.Update,
		DisplayField: v.DisplayField, SearchFields: v.SearchFields, Sort: v.Sort, Fields: map[string]typed.Field{},
		BeforeCreate: v.BeforeCreate, AfterCreate: v.AfterCreate, BeforeUpdate: v.BeforeUpdate, AfterUpdate: v.AfterUpdate, BeforeDelete: v.BeforeDelete,
	}
	for name, f := range v.Fields {
		said.Fields[name] = typed.Field(f)
	}
	for _, a := range v.Actions {
		said.Actions = append(said.Actions, typed.ActionSpec[T](a))
	}
	return said
}

// wrongRights says what is wrong with what a view says of rights.
func (p *Panel) wrongRights(table string, rights Rights, allowed []Right) error {
	var errs []error
	if err := rights.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("Rights: %w", err))
	}
	if err := frame.ValidRights(allowed); err != nil {
		errs = append(errs, fmt.Errorf("Allowed: %w", err))
	}
	if rights != nil && p.rights[table] != nil {
		errs = append(errs, fmt.Errorf("Rights: Config.Rights has the table %q too: say it in one of the two", table))
	}
	return errors.Join(errs...)
}

// Drift is one disagreement between a registered struct and its table.
type Drift struct {
	Level   data.Level `json:"level"` // data.Note where it costs nothing but a difference
	Table   string     `json:"table"`
	Column  string     `json:"column,omitempty"` // empty where the field has none
	Field   string     `json:"field,omitempty"`  // of the struct, as in Go; empty where the column has none
	Message string     `json:"message"`          // completes the sentence "The column …" or "The field …"
}

// Drift returns where the registered structs and the database disagree, by table.
// It is what was found when they were registered.
func (p *Panel) Drift() []Drift {
	p.registering.Lock()
	defer p.registering.Unlock()
	var all []Drift
	for _, name := range slices.Sorted(maps.Keys(p.drift)) {
		for _, d := range p.drift[name] {
			all = append(all, Drift(d))
		}
	}
	return all
}
