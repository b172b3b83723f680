// This file reads what is entered for the types of MySQL and MariaDB, and writes it as the server
// does.

package data

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// mysqlBits is how many bits a type of whole numbers has.
var mysqlBits = map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

func (m *mysqlType) enter(c *Column, given string) (value any, ok bool, err error) {
	trimmed := strings.TrimSpace(given)
	switch {
	case c.Kind == KindInteger:
		value, err = m.enterWhole(trimmed)
	case c.Kind == KindReal, c.Kind == KindDecimal:
		value, err = trimmed, m.enterNumber(c, trimmed)
	case isInstant(c.Kind):
		value, err = m.enterInstant(trimmed)
	case m.base == "bit", m.base == "year":
		value, err = trimmed, m.enterDigits(trimmed)
	case m.base == "set":
		value, err = m.enterSet(given)
	case m.words() && m.base != "json" && !m.has(given):
		return nil, true, misfit{text.NotInCharset(m.charset)}
	default:
		return nil, false, nil
	}
	if trimmed == "" && (m.base == "bit" || m.base == "year") {
		return nil, true, nil
	}
	return value, true, err
}

// has says whether the column's character set has all of a text, where that is known: of utf8mb3
// and ascii. Of others the server says it.
func (m *mysqlType) has(given string) bool {
	known := slices.Contains([]string{"utf8mb3", "utf8", "ascii"}, m.charset)
	return !known || m.fits(given)
}

func (m *mysqlType) enterWhole(given string) (any, error) {
	bits := mysqlBits[m.base]
	least, most := int64(math.MinInt64)>>(64-bits), uint64(math.MaxUint64)>>(65-bits)
	if m.unsigned {
		least, most = 0, uint64(math.MaxUint64)>>(64-bits)
	}
	value, err := m.integer(given)
	switch n := value.(type) {
	case int64:
		if n >= least && (n < 0 || uint64(n) <= most) {
			return n, nil
		}
	case string:
		return n, nil // an unsigned BIGINT
	}
	if err != nil && (parseNumber(given) == nil || strings.ContainsAny(given, ".eE")) {
		return nil, errWhole
	}
	return nil, misfit{text.WholeNumberRange(strconv.FormatInt(least, 10), strconv.FormatUint(most, 10))}
}

// enterNumber checks a number, which the server must not have to round.
func (m *mysqlType) enterNumber(c *Column, given string) error {
	if err := m.number(given); err != nil {
		return err
	}
	return fitsDigits(c, newDecimal(given))
}

func (m *mysqlType) enterDigits(given string) error {
	if m.base == "year" {
		if !yearText.MatchString(given) {
			return notNumber(given, true)
		}
		return nil
	}
	if !bitText.MatchString(given) || len(strings.TrimLeft(given, "0")) > m.bits {
		return misfit{text.BitsWanted(m.bits)}
	}
	return nil
}

// enterSet writes the labels in the order of the type. The server would take a number for several.
func (m *mysqlType) enterSet(given string) (any, error) {
	if given == "" {
		return "", nil
	}
	parts := strings.Split(given, ",")
	for _, part := range parts {
		if !slices.Contains(m.labels, part) {
			return nil, misfit{text.SomeOf(m.labels)}
		}
	}
	set := slices.DeleteFunc(slices.Clone(m.labels), func(label string) bool { return !slices.Contains(parts, label) })
	return strings.Join(set, ","), nil
}

// enterInstant writes a date, a time or both as the server does.
func (m *mysqlType) enterInstant(given string) (any, error) {
	o, err := m.instant(given)
	switch {
	case err != nil:
		return nil, err
	case o.far && m.kind == KindTime:
		return given, nil
	case o.far: // a month or a day is zero, or is none of the calendar
		if given[5:7] != "00" && given[8:10] != "00" {
			return nil, instantError(m.kind)
		}
		return given, nil
	}
	at := o.from.UTC()
	if exact, _, _, err := parseISO(given); err == nil && !exact.Equal(m.held(exact)) && m.base != "date" {
		return nil, errTooPrecise
	}
	fraction := ""
	for tick := m.tick; tick > 0 && tick < time.Second; tick *= 10 {
		fraction += "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	switch m.base {
	case "date":
		return dayText(at)
	case "time":
		return at.Format("15:04:05" + fraction), nil
	}
	return at.Format("2006-01-02 15:04:05" + fraction), nil
}

// store is a value as exact reads it. A number keeps the digits of like where it is the same.
func (*mysql) store(c *Column, value, like any) (any, error) {
	typ := mysqlTypeOf(c)
	was, _ := like.(string)
	bits := 64
	if typ.base == "float" {
		bits = 32
	}
	switch value := value.(type) {
	case bool:
		if value {
			return int64(1), nil
		}
		return int64(0), nil
	case string:
		switch {
		case c.Kind == KindReal && equalFloats(value, was, bits), c.Kind == KindDecimal && mysqlNumber.MatchString(was) && newDecimal(value) == newDecimal(was):
			return was, nil
		case typ.base == "char": // blanks at its end are not kept
			return strings.TrimRight(value, " "), nil
		case typ.base == "bit":
			value = strings.TrimLeft(value, "0")
			return strings.Repeat("0", max(0, typ.bits-len(value))) + value, nil
		}
	}
	return plainText(value), nil
}
