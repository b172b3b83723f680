// This file holds hooks: a program's functions as the data calls them.

package typed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// hooksOf makes the hooks of a view; those that would do nothing stay nil.
func hooksOf[T any](v *View, said Spec[T]) data.Hooks {
	var hooks data.Hooks
	if said.BeforeCreate != nil || v.hasRules() {
		hooks.BeforeInsert = func(ctx context.Context, tx data.Tx, row data.Values) (map[string]data.Field, error) {
			record, err := decoded[T](v, row)
			if err != nil {
				return nil, err
			}
			if err := v.validate(record, func(string) bool { return true }); err != nil || said.BeforeCreate == nil {
				return nil, err
			}
			return changedBy(v, record, func() error { return said.BeforeCreate(ctx, tx, record) })
		}
	}
	if said.BeforeUpdate != nil || v.hasRules() {
		hooks.BeforeUpdate = func(ctx context.Context, tx data.Tx, old, row data.Values, given []string) (map[string]data.Field, error) {
			record, err := decoded[T](v, row)
			if err != nil && (said.BeforeUpdate != nil || slices.Contains(given, misfit(err))) {
				return nil, err
			}
			concern := func(column string) bool { return slices.Contains(given, column) || v.has(ToUpdate, column) }
			if err := v.validate(record, concern); err != nil || said.BeforeUpdate == nil {
				return nil, err
			}
			before, err := decoded[T](v, old)
			if err != nil && !slices.Contains(given, misfit(err)) { // what is replaced need not fit
				return nil, err
			}
			return changedBy(v, record, func() error { return said.BeforeUpdate(ctx, tx, before, record) })
		}
	}
	hooks.AfterInsert, hooks.AfterUpdate, hooks.BeforeDelete = rowHook(v, said.AfterCreate), rowHook(v, said.AfterUpdate), rowHook(v, said.BeforeDelete)
	return hooks
}

// rowHook is a hook that only looks.
func rowHook[T any](v *View, hook func(context.Context, data.Tx, *T) error) func(context.Context, data.Tx, data.Values) error {
	if hook == nil {
		return nil
	}
	return func(ctx context.Context, tx data.Tx, row data.Values) error {
		record, err := decoded[T](v, row)
		if err != nil {
			return err
		}
		return v.named(hook(ctx, tx, record))
	}
}

// decoded is the struct of a row. It is whole but for the field of the error, if
// there is one.
func decoded[T any](v *View, row data.Values) (*T, error) {
	record := new(T)
	return record, v.decode(reflect.ValueOf(record).Elem(), row)
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
func changedBy(v *View, record any, hook func() error) (map[string]data.Field, error) {
	fields := reflect.ValueOf(record).Elem()
	before, err := v.encodeAll(fields)
	if err != nil {
		return nil, err
	}
	if err := v.named(hook()); err != nil {
		return nil, err
	}
	after, err := v.encodeAll(fields)
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
func (v *View) encodeAll(record reflect.Value) (map[string]data.Field, error) {
	all := map[string]data.Field{}
	for _, f := range v.fields {
		if f.column == "" || v.columns[f.column].Generated {
			continue
		}
		field, err := encode(f.target(record), v.columns[f.column])
		if errors.Is(err, errNoValue) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the field %s of %s: %w", f.name, v.typ, err)
		}
		all[f.column] = field
	}
	return all, nil
}

// named puts the column in the place of a field that a hook names as Go does.
func (v *View) named(err error) error {
	said := data.Refusal(err)
	if len(said) == 0 || said[0].Field == "" {
		return err
	}
	one := said[0]
	column, wrong := v.resolve(one.Field)
	if wrong != nil {
		return &data.FieldError{Message: text.FieldAnd(one.Field, one.Message)}
	}
	return &data.FieldError{Field: column, Value: one.Value, Message: one.Message}
}
