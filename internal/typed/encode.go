// This file encodes what the fields of a struct hold as an input of the data has it.

package typed

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// errNoValue means that values of a type can be read and not written, as of a
// Scanner that is not a Valuer: what a hook changes in one is lost.
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
	at = c.Held(at)
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
