// This file finds drift: where a struct and its table disagree.

package typed

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// Drift is one disagreement between a struct and its table; crudadmin.Drift documents it.
type Drift struct {
	Level                         data.Level
	Table, Column, Field, Message string
}

func (v *View) findDrift() []Drift {
	var all []Drift
	say := func(column, field, format string, args ...any) {
		all = append(all, Drift{Level: data.Warning, Table: v.Table.Name, Column: column, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	bound := map[string]bool{}
	var keys []string
	for _, f := range v.fields {
		if f.column == "" {
			say("", f.name, "has no column: the table has none named %s", strings.Join(f.guess, " or "))
			continue
		}
		bound[f.column] = true
		if f.key {
			keys = append(keys, f.column)
		}
		c := v.columns[f.column]
		v.driftOf(f, c, say)
		if c.Nullable && !f.nullable() && c.PrimaryKey == 0 {
			say(c.Name, f.name, "can be NULL, which the field of type %s reads as its zero value", f.typ)
			all[len(all)-1].Level = data.Note
		}
	}
	for _, c := range v.Table.Columns {
		if !bound[c.Name] && !c.Hidden {
			say(c.Name, "", "has no field in %s", v.typ)
			all[len(all)-1].Level = data.Note
		}
		if !c.Nullable && !c.HasDefault && !c.Generated && !v.assigned(c.Name) && !v.has(ToCreate, c.Name) && v.ForEditors.Hooks.BeforeInsert == nil {
			say(c.Name, "", "is required, but the form that creates a record does not have it: set it in BeforeCreate, or give it a default")
		}
	}
	slices.Sort(keys)
	if key := slices.Sorted(slices.Values(v.Table.PrimaryKey)); len(keys) > 0 && !slices.Equal(keys, key) {
		say("", "", "the primary key is %s in the tags, but %s in the table", strings.Join(keys, ", "), cmp.Or(strings.Join(key, ", "), "none"))
	}
	if !v.Table.Identity.Addressable() {
		say("", "", "the table has no key: its rows can only be listed and exported")
	}
	if v.Table.Problem != "" {
		say("", "", "the table cannot be read: %s", v.Table.Problem)
	}
	return all
}

// driftOf compares a field with its column.
func (v *View) driftOf(f *field, c *data.Column, say func(column, field, format string, args ...any)) {
	typ := f.typ
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if want, kinds := fitting(typ); kinds != nil && !slices.Contains(kinds, c.Kind) {
		say(c.Name, f.name, "is %s, but the field is of type %s, which holds %s", columnType(c), f.typ, want)
	}
	if f.notNull && c.Nullable && c.PrimaryKey == 0 {
		say(c.Name, f.name, "can be NULL, but the field's tag says that it cannot")
	}
	if allowed := oneOf(f.tag.Get("validate")); len(allowed) > 0 && len(c.Enum) > 0 {
		for _, value := range allowed {
			if !slices.Contains(c.Enum, value) {
				say(c.Name, f.name, "does not allow %q, which the field's validate tag does", value)
			}
		}
	}
}

// nullable reports whether the field's type tells NULL from its zero value.
func (f *field) nullable() bool {
	kind := f.typ.Kind()
	return kind == reflect.Pointer || kind == reflect.Slice || f.typ != timeType && isValue(f.typ)
}

func columnType(c *data.Column) string {
	return fmt.Sprintf("%s (%s)", cmp.Or(c.Type, "of no type"), c.Kind)
}

// fitting are the kinds of columns whose values a type holds; nil if it is not
// known, as for a Scanner.
func fitting(typ reflect.Type) (what string, kinds []data.Kind) {
	switch {
	case typ == timeType:
		return "a time", []data.Kind{data.KindDate, data.KindTime, data.KindDateTime, data.KindAny}
	case typ.Implements(scannerType), reflect.PointerTo(typ).Implements(scannerType):
		return "", nil
	}
	switch typ.Kind() {
	case reflect.Bool:
		return "true or false", []data.Kind{data.KindBool, data.KindInteger, data.KindAny}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "whole numbers", []data.Kind{data.KindInteger, data.KindBool, data.KindDateTime, data.KindAny}
	case reflect.Float32, reflect.Float64:
		return "numbers", []data.Kind{data.KindReal, data.KindDecimal, data.KindInteger, data.KindAny}
	case reflect.String:
		return "text", []data.Kind{data.KindText, data.KindLongText, data.KindEnum, data.KindUUID, data.KindJSON, data.KindDecimal,
			data.KindDate, data.KindTime, data.KindDateTime, data.KindAny}
	case reflect.Array:
		return "UUIDs", []data.Kind{data.KindUUID, data.KindBlob, data.KindText, data.KindAny}
	}
	return "", nil
}
