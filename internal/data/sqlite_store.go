// This file turns parsed fields into the values that SQLite stores.

package data

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

func (d *sqlite) store(c *Column, value, like any) (any, error) {
	switch value := value.(type) {
	case decimalNumber:
		return sqliteNumber(string(value))
	case bool:
		return sqliteBool(value, like), nil
	case instantValue:
		return sqliteInstant(c, value, like)
	case uuidValue:
		return sqliteUUID(c, value, like), nil
	case document:
		given := string(value)
		if n := sqliteConverted(c, given); n != nil && newDecimal(plainPart(n)) != newDecimal(strings.TrimSpace(given)) {
			return nil, errTooPrecise
		}
		return given, nil
	case string:
		return sqliteText(c, value, like)
	case choice:
		return sqliteText(c, string(value), like)
	}
	return value, nil
}

var errTooPrecise = misfit{text.TooPrecise}

// sqliteNumber is the integer or real that is the number; it must not be rounded.
func sqliteNumber(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || newDecimal(strconv.FormatFloat(f, 'e', -1, 64)) != newDecimal(text) {
		return nil, errTooPrecise
	}
	return f, nil
}

// sqliteText is text, which a column of no known type may hold a number in.
func sqliteText(c *Column, given string, like any) (any, error) {
	_, wasText := like.(string)
	if c.Kind == KindEnum && c.numbers && c.affinity == affinityBlob {
		return sqliteNumber(given)
	}
	if c.Kind == KindAny && !wasText {
		switch n := parseNumber(given).(type) {
		case int64:
			if strconv.FormatInt(n, 10) == given {
				return n, nil
			}
		case float64:
			if realText(n) == given || strconv.FormatFloat(n, 'g', -1, 64) == given {
				return n, nil
			}
		}
	}
	if n := sqliteConverted(c, given); n != nil && plainPart(n) != given {
		return nil, misfit{text.StoredAsNumber(plainPart(n), c.Type)}
	}
	return given, nil
}

// sqliteConverted is the number that the column's affinity makes of text; nil if it stays text
// (https://www.sqlite.org/datatype3.html section 3).
func sqliteConverted(c *Column, text string) any {
	if c.affinity == affinityText || c.affinity == affinityBlob {
		return nil
	}
	text = strings.Trim(text, " \t\n\v\f\r")
	n := parseNumber(text)
	if n == nil && strings.Trim(text, "+-.0123456789eE") == "" {
		if f, err := strconv.ParseFloat(text, 64); errors.Is(err, strconv.ErrRange) {
			return f // infinite
		}
	}
	if f, ok := n.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return n
}

// boolPairs are the texts that stand for true and false, the usual spellings first.
var boolPairs = [][2]string{{"true", "false"}, {"TRUE", "FALSE"}, {"True", "False"}, {"t", "f"}, {"T", "F"}, {"yes", "no"}, {"on", "off"},
	{"YES", "NO"}, {"Yes", "No"}, {"y", "n"}, {"Y", "N"}, {"ON", "OFF"}, {"On", "Off"}, {"1", "0"}}

// boolWords are the texts of boolPairs for true, or false, or both.
func boolWords(truths ...bool) []string {
	var words []string
	for _, truth := range truths {
		for _, pair := range boolPairs {
			words = append(words, pair[map[bool]int{true: 0, false: 1}[truth]])
		}
	}
	return words
}

func sqliteBool(value bool, like any) any {
	if text, ok := like.(string); ok {
		for _, pair := range boolPairs {
			if slices.Contains(pair[:], text) {
				if value {
					return pair[0]
				}
				return pair[1]
			}
		}
	}
	if value {
		return int64(1)
	}
	return int64(0)
}

func sqliteUUID(c *Column, value uuidValue, like any) any {
	dashed := value.dashed()
	switch like := like.(type) {
	case []byte:
		if len(like) == 16 {
			return value[:]
		}
	case string:
		// Digits alone might be taken for a number.
		if !strings.Contains(like, "-") && (c.affinity == affinityText || c.affinity == affinityBlob) && len(like) == 32 {
			dashed = hex.EncodeToString(value[:])
		}
		if like == strings.ToUpper(like) && like != strings.ToLower(like) {
			dashed = strings.ToUpper(dashed)
		}
	}
	return dashed
}

// sqliteInstant stores an instant as like is stored. What would read back as another instant is
// refused.
func sqliteInstant(c *Column, value instantValue, like any) (any, error) {
	at := value.at.UTC()
	if c.Kind == KindTime {
		if given, ok := like.(string); ok {
			return instantText(c, value, given)
		}
		return instantText(c, value, "15:04:05")
	}
	var stored any
	switch like := like.(type) {
	case int64:
		switch u := c.reading().of(like); u {
		case asStored:
			return writtenAs(c, value, like)
		case inDays:
			stored = float64(at.UnixMilli())/86400e3 + unixEpochJulianDay
		default:
			stored = map[unit]int64{inSeconds: at.Unix(), inMillis: at.UnixMilli(), inMicros: at.UnixMicro(), inNanos: at.UnixNano()}[u]
		}
	case float64:
		switch c.reading().ofReal(like) {
		case inSeconds:
			stored = float64(at.UnixMilli()) / 1e3
		case inMillis:
			stored = float64(at.UnixMilli())
		default:
			stored = float64(at.UnixMilli())/86400e3 + unixEpochJulianDay
		}
	case string:
		return instantText(c, value, like)
	default:
		return instantText(c, value, "")
	}
	if f, isReal := stored.(float64); isReal && f == math.Trunc(f) && (c.affinity == affinityNumeric || c.affinity == affinityInteger) {
		stored = int64(f) // as the affinity makes it
	}
	back, _, ok := (Value{raw: stored, reading: c.reading()}).Time()
	switch {
	case ok && back.Equal(at):
		return stored, nil
	case ok && back.Equal(at.Truncate(time.Second)):
		return nil, misfit{text.WholeSecond}
	}
	return nil, misfit{text.NumberColumn}
}

// writtenAs is a date in the digits of a number, as like has them.
func writtenAs(c *Column, value instantValue, like int64) (any, error) {
	layout, ok := digitForms[len(plainPart(like))]
	if !ok || !writtenDate(like) || c.Kind == KindTime {
		return nil, misfit{text.NumberColumn}
	}
	at := value.at
	if c.Kind == KindDateTime {
		at = at.UTC()
	}
	n, err := strconv.ParseInt(at.Format(layout), 10, 64)
	if back, backErr := time.Parse(layout, at.Format(layout)); err != nil || backErr != nil || !back.Equal(onClock(at, time.UTC)) {
		return nil, misfit{text.NumberColumn}
	}
	return n, nil
}

// instantText writes an instant with the separator, zone and fraction of like; if that is not an
// instant, as SQLite's own functions do, in UTC.
func instantText(c *Column, value instantValue, like string) (string, error) {
	layouts := map[Kind][]string{
		KindDate:     {"2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05"},
		KindTime:     {"15:04:05", "15:04"},
		KindDateTime: {"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"},
	}[c.Kind]
	layout, zone, location, digits := layouts[0], "", time.UTC, 0
search:
	for _, candidate := range layouts {
		for _, suffix := range []string{"", "-07:00", "Z07:00", " -07:00", " Z07:00", "-0700", " -0700 MST", " -0700"} {
			parsed, err := time.Parse(candidate+suffix, like)
			if err != nil {
				continue
			}
			layout, zone = candidate, suffix
			if suffix != "" {
				location = parsed.Location()
			}
			if _, fraction, ok := strings.Cut(like, "."); ok {
				digits = len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
			}
			break search
		}
	}
	at := value.at.In(location)
	if c.Kind == KindDate && value.step == 24*time.Hour || c.Kind == KindTime && !value.zoned { // the day, or the time, it is there
		at = onClock(value.at, location)
	}
	midnight := at.Equal(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, location))
	if layout == "2006-01-02" && !midnight {
		return "", misfit{text.DateWanted}
	}
	if strings.HasSuffix(layout, "15:04") && (at.Second() != 0 || at.Nanosecond() != 0) {
		layout += ":05"
	}
	if strings.HasSuffix(layout, ":05") {
		needed := len(strings.TrimRight(fmt.Sprintf("%09d", at.Nanosecond()), "0"))
		if digits = min(max(digits, needed), 9); digits > 0 {
			layout += "." + strings.Repeat("0", digits)
		}
	}
	return at.Format(layout + zone), nil
}
