// This file finds the table of a struct.

package typed

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// TableOf finds the table whose rows are T: the one that is named, else the one that the struct
// itself names, else the one that is named as the struct is. The error names the View's field.
func TableOf[T any](schema *data.Schema, named string) (*data.Table, error) {
	typ := reflect.TypeFor[T]()
	if _, err := structFields(typ); err != nil {
		return nil, err
	}
	if named == "" {
		var err error
		if named, err = declaredTable(typ); err != nil {
			return nil, fmt.Errorf("Table: %w", err)
		}
	}
	if named != "" {
		if t, ok := schema.Table(named); ok {
			return t, nil
		}
		return nil, fmt.Errorf("Table: %q is not shown", named)
	}
	snake := snakeCase(typ.Name())
	guesses := []string{snake + "s", snake + "es", strings.TrimSuffix(snake, "y") + "ies", snake, typ.Name()}
	for _, guess := range guesses {
		if t, ok := schema.Table(guess); ok && snake != "" {
			return t, nil
		}
	}
	return nil, fmt.Errorf("Table: no table is named as the struct is (%s): set View.Table", strings.Join(guesses, ", "))
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
