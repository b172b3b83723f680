// Hooks: a View's functions as the data calls them.

package crudadmin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-crudadmin/crudadmin/data"
)

// hooksOf makes the hooks of a view; those that would do nothing stay nil.
func hooksOf[T any](m *model, v View[T]) data.Hooks {
	var hooks data.Hooks
	if v.BeforeCreate != nil || m.hasRules() {
		hooks.BeforeInsert = func(ctx context.Context, tx Tx, row data.Values) (map[string]data.Field, error) {
			record, err := decoded[T](m, row)
			if err != nil {
				return nil, err
			}
			if err := m.validate(record, func(string) bool { return true }); err != nil || v.BeforeCreate == nil {
				return nil, err
			}
			return changedBy(m, record, func() error { return v.BeforeCreate(ctx, tx, record) })
		}
	}
	if v.BeforeUpdate != nil || m.hasRules() {
		hooks.BeforeUpdate = func(ctx context.Context, tx Tx, old, row data.Values, given []string) (map[string]data.Field, error) {
			record, err := decoded[T](m, row)
			if err != nil && (v.BeforeUpdate != nil || slices.Contains(given, misfit(err))) {
				return nil, err
			}
			concern := func(column string) bool { return slices.Contains(given, column) || slices.Contains(m.update, column) }
			if err := m.validate(record, concern); err != nil || v.BeforeUpdate == nil {
				return nil, err
			}
			before, err := decoded[T](m, old)
			if err != nil && !slices.Contains(given, misfit(err)) { // what is replaced need not fit
				return nil, err
			}
			return changedBy(m, record, func() error { return v.BeforeUpdate(ctx, tx, before, record) })
		}
	}
	hooks.AfterInsert, hooks.AfterUpdate, hooks.BeforeDelete = rowHook(m, v.AfterCreate), rowHook(m, v.AfterUpdate), rowHook(m, v.BeforeDelete)
	return hooks
}

// rowHook is a hook that only looks.
func rowHook[T any](m *model, hook func(context.Context, Tx, *T) error) func(context.Context, Tx, data.Values) error {
	if hook == nil {
		return nil
	}
	return func(ctx context.Context, tx Tx, row data.Values) error {
		record, err := decoded[T](m, row)
		if err != nil {
			return err
		}
		return m.named(hook(ctx, tx, record))
	}
}

// decoded is the struct of a row. It is whole but for the field of the error, if
// there is one.
func decoded[T any](m *model, row data.Values) (*T, error) {
	record := new(T)
	return record, m.decode(reflect.ValueOf(record).Elem(), row)
}

// misfit is the column that did not fit its field.
func misfit(err error) string {
	var one *data.FieldError
	if errors.As(err, &one) {
		return one.Field
	}
	return ""
}

// changedBy returns the fields of the record that a hook changed.
func changedBy(m *model, record any, hook func() error) (map[string]data.Field, error) {
	v := reflect.ValueOf(record).Elem()
	before, err := m.encodeAll(v)
	if err != nil {
		return nil, err
	}
	if err := m.named(hook()); err != nil {
		return nil, err
	}
	after, err := m.encodeAll(v)
	if err != nil {
		return nil, err
	}
	for name, field := range after {
		was := before[name]
		if field.Null == was.Null && field.Text == was.Text && (field.File == nil) == (was.File == nil) && bytes.Equal(field.File, was.File) {
			delete(after, name)
		}
	}
	return after, nil
}

// encodeAll is what the record's fields hold, by column.
func (m *model) encodeAll(v reflect.Value) (map[string]data.Field, error) {
	all := map[string]data.Field{}
	for _, f := range m.fields {
		if f.column == "" || m.columns[f.column].Generated {
			continue
		}
		field, err := encode(f.target(v), m.columns[f.column])
		if errors.Is(err, errNoValue) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the field %s of %s: %w", f.name, m.typ, err)
		}
		all[f.column] = field
	}
	return all, nil
}

// named puts the column in the place of a field that a hook names as Go does.
func (m *model) named(err error) error {
	var one *data.FieldError
	if !errors.As(err, &one) || one.Field == "" {
		return err
	}
	column, wrong := m.resolve(one.Field)
	if wrong != nil {
		return &data.FieldError{Message: one.Field + " " + one.Message}
	}
	return &data.FieldError{Field: column, Value: one.Value, Message: one.Message}
}
