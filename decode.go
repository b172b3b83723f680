// Decode: a stored row into a struct, and what the struct says back into fields.
// Whatever the row holds, it is bounded and does not panic.

package crudadmin

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/data"
)

// decode fills the struct in v from a row. What does not fit its field is an
// error that names it; columns that the row lacks stay zero.
func (m *model) decode(v reflect.Value, row data.Values) error {
	for _, f := range m.fields {
		raw, has := row[f.column]
		if f.column == "" || !has {
			continue
		}
		if err := assign(f.target(v), raw, m.columns[f.column]); err != nil {
			return &data.FieldError{Field: f.column, Message: fmt.Sprintf("does not fit the field %s of %s: %v", f.name, v.Type(), err)}
		}
	}
	return nil
}

// target is the field in v; embedded pointers on the way are made.
func (f *structField) target(v reflect.Value) reflect.Value {
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
			return errors.New("it is no date or time")
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
		return fmt.Errorf("it is no sql.Scanner")
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
		if len(raw) > 40 {
			raw = strings.ToValidUTF8(raw[:40], "") + "…"
		}
		return fmt.Sprintf("the text %q", raw)
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

// errNoValue means that values of a type can be read and not written, as of a
// Scanner that is no Valuer: what a hook changes in one is lost.
var errNoValue = errors.New("values of this type cannot be stored")

// encode says what a field of the struct holds, as an input gives it.
func encode(v reflect.Value, c *data.Column) (field data.Field, err error) {
	defer func() { // a Valuer is anybody's code
		if what := recover(); what != nil {
			err = fmt.Errorf("panic: %v", what)
		}
	}()
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return data.Field{Null: true}, nil
	}
	if valuer, ok := v.Interface().(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return data.Field{}, err
		}
		if value == nil {
			return data.Field{Null: true}, nil
		}
		v = reflect.ValueOf(value)
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if at, ok := v.Interface().(time.Time); ok {
		return timeField(at, c), nil
	}
	switch v.Kind() {
	case reflect.String:
		return data.Field{Text: v.String()}, nil
	case reflect.Bool:
		return data.Field{Text: strconv.FormatBool(v.Bool())}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return data.Field{Text: strconv.FormatInt(v.Int(), 10)}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return data.Field{Text: strconv.FormatUint(v.Uint(), 10)}, nil
	case reflect.Float32:
		return data.Field{Text: strconv.FormatFloat(v.Float(), 'g', -1, 32)}, nil
	case reflect.Float64:
		return data.Field{Text: strconv.FormatFloat(v.Float(), 'g', -1, 64)}, nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return bytesField(v, v.Bytes(), c), nil
		}
	case reflect.Array:
		if v.Len() == 16 && v.Type().Elem().Kind() == reflect.Uint8 {
			id := make([]byte, 16)
			reflect.Copy(reflect.ValueOf(id), v)
			return data.Field{Text: hex.EncodeToString(id)}, nil
		}
	}
	return data.Field{}, errNoValue
}

func timeField(at time.Time, c *data.Column) data.Field {
	switch c.Kind {
	case data.KindDate:
		return data.Field{Text: at.Format(time.DateOnly)}
	case data.KindTime:
		return data.Field{Text: at.Format(time.TimeOnly)}
	case data.KindInteger:
		return data.Field{Text: strconv.FormatInt(at.Unix(), 10)}
	}
	return data.Field{Text: at.Format(time.RFC3339Nano)}
}

func bytesField(v reflect.Value, b []byte, c *data.Column) data.Field {
	switch {
	case v.IsNil():
		return data.Field{Null: true}
	case c.Kind == data.KindBlob || c.Kind == data.KindAny:
		return data.Field{File: append([]byte{}, b...)}
	}
	return data.Field{Text: string(b)}
}
