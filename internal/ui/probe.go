// This file renders every page with made values, to find broken overrides at the start.

package ui

import (
	"io"
	"reflect"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// probe renders every page with zero values, with every member filled, and
// with all filled but what is wrong, so that most branches of all templates
// run before the first request.
func (r *Renderer) probe() error {
	for _, p := range []Page{
		new(Login), new(Dashboard), new(List), new(Record), new(Form), new(Choices), new(Conflict), new(Delete), new(Bulk),
		new(Sessions), new(Account), new(Users), new(UserNew), new(UserEdit), new(Health), new(Error),
	} {
		v := reflect.ValueOf(p).Elem()
		for _, set := range []func(){func() {}, func() { fill(v, false) }, func() { v.SetZero(); fill(v, true) }} {
			set()
			if err := r.Render(io.Discard, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill sets everything reachable from v to something that is not zero; slices get one element,
// those of form fields one for each widget, icons stay empty. With well, errors and problems stay
// unset.
func fill(v reflect.Value, well bool) {
	switch v.Kind() {
	case reflect.Interface:
		v.Set(reflect.ValueOf(text.Verbatim("x"))) // there are no interfaces but Message
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		if v.Type() != reflect.TypeFor[Icon]() {
			v.SetString("x")
		}
	case reflect.Pointer:
		if well && v.Type() == reflect.TypeFor[*Problem]() {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), well)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]FormField]() {
			v.Set(reflect.ValueOf(everyWidget()))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), well)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			if !well || v.Type().Field(i).Name != "Error" {
				fill(v.Field(i), well)
			}
		}
	}
}

// everyWidget is a field of each widget, once to be entered and once not.
func everyWidget() []FormField {
	var all []FormField
	for _, w := range []Widget{
		WidgetText, WidgetNumber, WidgetCheckbox, WidgetTriState, WidgetDate, WidgetTime, WidgetDateTime, WidgetSelect,
		WidgetReference, WidgetTextArea, WidgetJSON, WidgetUUID, WidgetPassword, WidgetFile,
	} {
		for _, readOnly := range []bool{false, true} {
			var f FormField
			fill(reflect.ValueOf(&f).Elem(), !readOnly)
			f.Widget, f.ReadOnly = w, readOnly
			all = append(all, f)
		}
	}
	return all
}
