// This file decodes a stored row into a struct.

package typed

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// decode fills a struct from a row. What does not fit its field is an
// error that names it; columns that the row lacks stay zero.
func (v *View) decode(record reflect.Value, row data.Values) error {
	for _, f := range v.fields {
		raw, has := row[f.column]
		if f.column == "" || !has {
			continue
		}
		if err := assign(f.target(record), raw, v.columns[f.column]); err != nil {
			return &data.FieldError{Field: f.column, Message: text.DoesNotFit(f.name, record.Type().String(), text.Verbatim(err.Error()))}
		}
	}
	return nil
}

// target is the field in v; embedded pointers on the way are made.
func (f *field) target(v reflect.Value) reflect.Value {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

// assign puts a stored value into a field. c is its column.
func assign(to reflect.Value, raw any, c *data.Column) (err error) {
	defer func() { // a Scanner is anybody's code
		if what := recover(); what != nil {
			err = fmt.Errorf("panic: %v", what)
		}
	}()
	if to.Kind() == reflect.Pointer && !to.Type().Implements(scannerType) {
		if raw == nil {
			to.SetZero()
			return nil
		}
		inner := reflect.New(to.Type().Elem())
		if err := assign(inner.Elem(), raw, c); err != nil {
			return err
		}
		to.Set(inner)
		return nil
	}
	if to.Type() == timeType {
		if raw == nil {
			to.SetZero()
			return nil
		}
		at, ok := c.Time(raw)
		if !ok {
			return errors.New("it is not a date or time")
		}
		to.Set(reflect.ValueOf(at))
		return nil
	}
	if to.Kind() == reflect.Pointer && raw == nil {
		to.SetZero()
		return nil
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		return scan(to.Interface(), raw, c)
	}
	if reflect.PointerTo(to.Type()).Implements(scannerType) {
		return scan(to.Addr().Interface(), raw, c)
	}
	if raw == nil {
		to.SetZero()
		return nil
	}
	return assignPlain(to, raw)
}

// scan gives a Scanner what database/sql would: times as times, and for those
// that do not take a text or a number as it is stored, bytes.
func scan(scanner any, raw any, c *data.Column) error {
	to, ok := scanner.(sql.Scanner)
	if !ok {
		return fmt.Errorf("%T is not a sql.Scanner", scanner)
	}
	given, other := raw, false
	if c.Kind == data.KindDate || c.Kind == data.KindDateTime {
		if at, ok := c.Time(raw); ok {
			given, other = at, true
		}
	}
	if n, isInt := raw.(int64); isInt && c.Kind == data.KindBool && (n == 0 || n == 1) {
		given, other = n == 1, true
	}
	err := to.Scan(given)
	if err != nil && other {
		err = to.Scan(raw)
	}
	if text, isText := raw.(string); err != nil && isText {
		err = to.Scan([]byte(text))
	}
	return err
}

func assignPlain(to reflect.Value, raw any) error {
	misfit := fmt.Errorf("%s is stored there", described(raw))
	switch to.Kind() {
	case reflect.String:
		switch raw := raw.(type) {
		case string:
			to.SetString(raw)
		case []byte:
			to.SetString(string(raw))
		default:
			to.SetString(fmt.Sprint(raw))
		}
	case reflect.Bool:
		switch raw := raw.(type) {
		case int64:
			to.SetBool(raw != 0)
		case string:
			b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(raw)))
			if err != nil {
				return misfit
			}
			to.SetBool(b)
		default:
			return misfit
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := whole(raw)
		if !ok || to.OverflowInt(n) {
			return misfit
		}
		to.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, ok := whole(raw)
		if !ok || n < 0 || to.OverflowUint(uint64(n)) {
			return misfit
		}
		to.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		f, ok := floating(raw)
		if !ok {
			return misfit
		}
		to.SetFloat(f)
	case reflect.Slice:
		b, ok := raw.([]byte)
		if !ok {
			b = []byte(fmt.Sprint(raw))
		}
		to.SetBytes(b)
	case reflect.Array:
		id, ok := uuidBytes(raw)
		if !ok || to.Len() != len(id) {
			return misfit
		}
		reflect.Copy(to, reflect.ValueOf(id))
	default:
		return fmt.Errorf("the type %s takes no column", to.Type())
	}
	return nil
}

func described(raw any) string {
	switch raw := raw.(type) {
	case string:
		return fmt.Sprintf("the text %q", clip.Text(raw, 40))
	case []byte:
		return fmt.Sprintf("a blob of %d bytes", len(raw))
	}
	return fmt.Sprintf("the number %v", raw)
}

func whole(raw any) (int64, bool) {
	switch raw := raw.(type) {
	case int64:
		return raw, true
	case float64:
		return int64(raw), raw == math.Trunc(raw) && math.Abs(raw) < 1<<53
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(raw), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func floating(raw any) (float64, bool) {
	switch raw := raw.(type) {
	case int64:
		return float64(raw), true
	case float64:
		return raw, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
		return f, err == nil
	}
	return 0, false
}

func uuidBytes(raw any) ([]byte, bool) {
	switch raw := raw.(type) {
	case []byte:
		return raw, len(raw) == 16
	case string:
		b, err := hex.DecodeString(strings.ReplaceAll(raw, "-", ""))
		return b, err == nil && len(b) == 16
	}
	return nil, false
}
