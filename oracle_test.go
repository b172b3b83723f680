// What filters and search mean, written a second time, in Go.

package crudadmin

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// matches reports whether a row is in the answer to a query. known is false where
// the query is one that this does not understand.
func (row item) matches(q data.Query) (match, known bool) {
	match = true
	for _, f := range q.Filters {
		one, known := row.filtered(f)
		if !known {
			return false, false
		}
		match = match && one
	}
	return match && (q.Search == "" || row.found(q.Search)), true
}

// caseless is a text in which letters that differ only in case are the same.
func caseless(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, text)
}

func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

func (row item) found(search string) bool {
	for _, column := range []string{"name", "note", "kind", "anything"} {
		if text, ok := textOf(row[column]); ok && strings.Contains(caseless(text), caseless(search)) {
			return true
		}
	}
	if id, err := strconv.ParseInt(strings.TrimSpace(search), 10, 64); err == nil && id == row["id"] {
		return true
	}
	u, _ := row["u"].(string)
	return u != "" && bare(search) == bare(u)
}

// bare are the digits of a UUID.
func bare(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "-", ""))
}

// filtered reports whether the row meets a filter.
func (row item) filtered(f data.Filter) (match, known bool) {
	value, is := row[f.Column]
	if f.Column == "twice" {
		if r, ok := row["r"].(float64); ok {
			value = r * 2
		}
		is = true
	}
	if !is {
		return false, false
	}
	switch f.Op {
	case data.OpIsNull:
		truth, err := truthOf(f.Values[0])
		return truth == (value == nil), err == nil
	case data.OpContains, data.OpStartsWith:
		text, ok := textOf(value)
		if f.Op == data.OpContains {
			return ok && strings.Contains(caseless(text), caseless(f.Values[0])), true
		}
		return ok && strings.HasPrefix(caseless(text), caseless(f.Values[0])), true
	case data.OpIn, data.OpEq, data.OpNe:
		some := false
		for _, given := range f.Values {
			one, known := equal(f.Column, value, given)
			if !known {
				return false, false
			}
			some = some || one
		}
		return some != (f.Op == data.OpNe), true
	}
	order, comparable, known := compare(f.Column, value, f.Values[0])
	if !known || !comparable {
		return false, known
	}
	return map[data.Op]bool{data.OpLt: order < 0, data.OpLe: order <= 0, data.OpGt: order > 0, data.OpGe: order >= 0}[f.Op], true
}

func truthOf(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true", "t", "yes", "y", "on":
		return true, nil
	case "0", "false", "f", "no", "n", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}

var numericColumns = []string{"id", "n", "r", "price", "maker", "stored_in", "booked", "twice"}

func equal(column string, value any, given string) (same, known bool) {
	switch column {
	case "ok":
		truth, err := truthOf(given)
		return value != nil && (value == int64(1)) == truth, err == nil
	case "u":
		u, _ := value.(string)
		return u != "" && bare(u) == bare(given), true
	case "bytes":
		b, err := hex.DecodeString(strings.TrimSpace(given))
		stored, isBlob := value.([]byte)
		return isBlob && bytes.Equal(stored, b), err == nil
	case "anything":
		if value == nil || value == given {
			return value != nil, true
		}
		n, isNumber := value.(int64)
		f, err := strconv.ParseFloat(strings.TrimSpace(given), 64)
		if err == nil && !regexp.MustCompile(`^[-+0-9.eE]+$`).MatchString(strings.TrimSpace(given)) {
			return false, false
		}
		return isNumber && err == nil && float64(n) == f, true
	case "day", "at":
		from, to, known := interval(given)
		at, ok := instantOf(value)
		return ok && !at.Before(from) && at.Before(to), known
	}
	order, comparable, known := compare(column, value, given)
	return comparable && order == 0, known
}

// compare orders a value and what was given; NULL and values of another class
// cannot be.
func compare(column string, value any, given string) (order int, comparable, known bool) {
	switch {
	case slices.Contains(numericColumns, column):
		var stored float64
		switch v := value.(type) {
		case int64:
			stored = float64(v)
		case float64:
			stored = v
		default:
			return 0, false, true
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(given), 64)
		return cmp.Compare(stored, f), true, err == nil
	case column == "day" || column == "at":
		from, _, known := interval(given)
		at, ok := instantOf(value)
		return at.Compare(from), ok, known
	case column == "anything":
		f, err := strconv.ParseFloat(strings.TrimSpace(given), 64)
		if err != nil {
			text, isText := value.(string)
			return strings.Compare(text, given), isText, !regexp.MustCompile(`^[-+0-9.eE]+$`).MatchString(strings.TrimSpace(given))
		}
		n, isNumber := value.(int64)
		return cmp.Compare(float64(n), f), isNumber, regexp.MustCompile(`^[-+]?[0-9.]+$`).MatchString(given)
	}
	text, isText := value.(string)
	return strings.Compare(text, given), isText, true
}

func instantOf(value any) (time.Time, bool) {
	text, _ := value.(string)
	from, _, ok := interval(text)
	return from, ok
}

// interval returns the first instant of a date, or of a date and time, and the first instant after
// it.
func interval(text string) (from, to time.Time, ok bool) {
	for layout, step := range map[string]time.Duration{
		time.DateOnly: 24 * time.Hour, "2006-01-02 15:04:05": time.Second, time.RFC3339: time.Second, "2006-01-02T15:04": time.Minute,
	} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil && at.Year() > 0 && !strings.Contains(text, ".") {
			return at.UTC(), at.UTC().Add(step), true
		}
	}
	return time.Time{}, time.Time{}, false
}
