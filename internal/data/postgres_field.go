// This file reads what is entered for PostgreSQL's types, and writes it as the server does.

package data

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// wholeRanges are the least and the largest numbers of types.
var wholeRanges = map[string][2]int64{"int2": {math.MinInt16, math.MaxInt16}, "int4": {math.MinInt32, math.MaxInt32}, "int8": {math.MinInt64, math.MaxInt64}, "oid": {0, math.MaxUint32}}

func (p *postgresType) enter(c *Column, given string) (value any, ok bool, err error) {
	trimmed := strings.TrimSpace(given)
	switch c.Kind {
	case KindInteger:
		value, err = p.enterWhole(trimmed)
	case KindReal, KindDecimal:
		value, err = trimmed, p.enterNumber(c, trimmed)
	case KindDate, KindTime, KindDateTime:
		value, err = p.enterInstant(trimmed)
	default:
		return nil, false, nil
	}
	return value, true, err
}

func (p *postgresType) enterWhole(given string) (any, error) {
	within := wholeRanges[p.base]
	n, err := strconv.ParseInt(given, 10, 64)
	if err == nil && n >= within[0] && n <= within[1] {
		return n, nil
	}
	if parseNumber(given) == nil || strings.ContainsAny(given, ".eE") {
		return nil, errWhole
	}
	return nil, misfit{text.WholeNumberRange(strconv.FormatInt(within[0], 10), strconv.FormatInt(within[1], 10))}
}

// enterNumber checks a number, which the server must not have to round.
func (p *postgresType) enterNumber(c *Column, given string) error {
	if err := p.number(given); err != nil {
		return err
	}
	if notANumber.MatchString(given) {
		return nil
	}
	return fitsDigits(c, newDecimal(given))
}

// tooFine is a fraction of less than a microsecond.
var tooFine = regexp.MustCompile(`\.\d{6}\d*[1-9]`)

// enterInstant writes a date, a time or both as the server does.
func (p *postgresType) enterInstant(given string) (any, error) {
	o, err := p.instant(given)
	if err != nil {
		return nil, err
	}
	if o.far {
		if tooFine.MatchString(given) {
			return nil, errTooPrecise
		}
		return given, nil
	}
	at := o.from.UTC()
	if exact, _, _, err := parseISO(withZone(given)); err == nil && !exact.Equal(p.held(exact)) {
		return nil, errTooPrecise
	}
	switch p.base {
	case "date":
		return dayText(at)
	case "time":
		return at.Format("15:04:05.999999"), nil
	case "timestamptz":
		return at.Format("2006-01-02 15:04:05.999999") + "+00", nil
	}
	return at.Format("2006-01-02 15:04:05.999999"), nil
}

// store is a value as exact reads it. A number keeps the digits of like where it is the same.
func (*postgres) store(c *Column, value, like any) (any, error) {
	was, _ := like.(string)
	switch value := value.(type) {
	case bool:
		return strconv.FormatBool(value), nil
	case string:
		if c.Kind == KindReal && equalFloats(value, was, 64) || c.Kind == KindDecimal && c.Precision > 0 && equalDecimals(value, was) {
			return was, nil
		}
	}
	return plainText(value), nil
}

func equalDecimals(a, b string) bool {
	return !slices.ContainsFunc([]string{a, b}, func(one string) bool { return !postgresNumber.MatchString(one) }) && newDecimal(a) == newDecimal(b)
}

func (p *postgresType) held(at time.Time) time.Time { return at.Truncate(p.tick) }
