// This file holds one cell of a row, ready to be shown.

package data

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Storage is how a value is stored, which in SQLite may differ from the column's kind. Elsewhere it
// is text wherever the engine's own text says more than a number of Go's could.
type Storage string

// The storage classes.
const (
	StoredNull    Storage = "null"
	StoredInteger Storage = "integer"
	StoredReal    Storage = "real"
	StoredText    Storage = "text"
	StoredBlob    Storage = "blob"
	// StoredDecimal is a number that the database gives as text, to its last digit.
	StoredDecimal Storage = "decimal"
)

// Value is one cell. Its text is whatever the database holds: escape it where it is shown.
type Value struct {
	Kind      Kind
	Storage   Storage
	Masked    bool   // a secret: only whether it is NULL was read
	Text      string // valid UTF-8; empty for NULL, blobs and secrets
	Truncated bool   // Text is only the beginning
	Invalid   bool   // the stored text is not UTF-8; the wrong bytes are shown as U+FFFD
	Size      int64  // bytes of the whole text or blob
	Ref       *Ref   // the record the value refers to

	reading reading // of its column's numbers, if they are times

	raw    any    // int64, float64, string, []byte or nil: what was read
	native native // the column's
	pieces func(yield func([]byte) error) error
}

// Long says whether Export left the value out because it is long. Pieces gives it.
func (v Value) Long() bool { return v.pieces != nil }

// Pieces reads a long text or blob, some of its bytes at a time, while Export is at its row. A
// piece may end within a character, and is good until yield returns. An error of yield is returned.
func (v Value) Pieces(yield func([]byte) error) error { return v.pieces(yield) }

// Ref is a link to another record.
type Ref struct {
	Table string
	Key   Key
	Label string // its display value, or its key
}

// Null says whether the value is NULL.
func (v Value) Null() bool { return v.Storage == StoredNull }

// Number returns the value if it is stored as a number: an int64 or a float64.
func (v Value) Number() (any, bool) {
	switch v.raw.(type) {
	case int64, float64:
		return v.raw, true
	}
	return nil, false
}

// Numeric says whether the value is stored as a number, of any length.
func (v Value) Numeric() bool {
	return v.Storage == StoredInteger || v.Storage == StoredReal || v.Storage == StoredDecimal
}

// Bytes returns a blob's bytes where the whole of it was read, as Export does.
func (v Value) Bytes() ([]byte, bool) {
	b, ok := v.raw.([]byte)
	return b, ok
}

// Bool reads the value as true or false, as filters do.
func (v Value) Bool() (value, ok bool) {
	switch raw := v.raw.(type) {
	case int64:
		return raw == 1, raw == 0 || raw == 1
	case string:
		value, err := parseBool(raw)
		return value, err == nil
	}
	return false, false
}

// Time reads the value as filters do: ISO 8601 text, or a number in the unit of its column's
// values, which are seconds, milliseconds, microseconds or nanoseconds since 1970, or Julian days.
// zoned says whether the text named its zone (numbers are UTC).
func (v Value) Time() (at time.Time, zoned, ok bool) {
	switch raw := v.raw.(type) {
	case int64:
		at, ok = v.reading.time(raw)
	case float64:
		at, ok = v.reading.realTime(raw)
	case string:
		if v.native != nil {
			return v.native.time(raw)
		}
		parsed, zoned, _, err := parseInstant(raw)
		if err != nil {
			return time.Time{}, false, false
		}
		return parsed, zoned, true
	}
	if !ok || at.Year() < 0 || at.Year() > 9999 {
		return time.Time{}, false, false
	}
	return at, true, true
}

// Instants stored as numbers: an integer this large counts milliseconds (as seconds it would be the
// year 5138), a real up to the last Julian day SQLite knows (9999-12-31) is one.
const (
	unixMillisFrom     = 100_000_000_000
	lastJulianDay      = 5373484.5
	unixEpochJulianDay = 2440587.5
)

// newValue makes a cell of the storage class, the (shortened) value and the whole size in bytes
// that a dialect read.
func newValue(c *Column, storage Storage, raw any, size int64, maxRunes, maxBytes int) Value {
	v := Value{Kind: c.Kind, Storage: storage, Size: size, raw: raw, native: c.native}
	if isInstant(c.Kind) && c.native == nil {
		v.reading = c.reading()
	}
	switch raw := raw.(type) {
	case int64:
		v.Text = c.padScale(strconv.FormatInt(raw, 10))
	case float64:
		v.Text = realText(raw)
		if c.Scale > 0 && math.Abs(raw) < 1e15 {
			v.Text = c.padScale(strconv.FormatFloat(raw, 'f', -1, 64))
		}
	case string:
		v.Truncated = int64(len(raw)) < size
		text := strings.ToValidUTF8(raw, "\uFFFD")
		v.Invalid = text != raw
		text, cut := cutRunes(text, maxRunes)
		if len(text) > maxBytes {
			text, cut = text[:maxBytes], true
			for !utf8.ValidString(text) {
				text = text[:len(text)-1]
			}
		}
		v.Text, v.Truncated = text, v.Truncated || cut
	}
	return v
}

// realText writes a real number in digits alone from 0.0001 up to 1e15, as SQLite does.
func realText(f float64) string {
	if abs := math.Abs(f); abs >= 1e-4 && abs < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// padScale adds the zeros that a decimal's scale asks for: 192.9 of a DECIMAL(10,2) is 192.90. It
// takes no digit away.
func (c *Column) padScale(number string) string {
	if c.Kind != KindDecimal || c.Scale == 0 {
		return number
	}
	_, fraction, point := strings.Cut(number, ".")
	if !point {
		number += "."
	}
	return number + strings.Repeat("0", max(0, c.Scale-len(fraction)))
}

// cutRunes shortens s to n runes.
func cutRunes(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i], true
		}
		count++
	}
	return s, false
}

// Held is the instant that the column holds of one: PostgreSQL keeps microseconds, or fewer digits.
func (c *Column) Held(at time.Time) time.Time {
	if c.native == nil {
		return at
	}
	return c.native.held(at)
}

// Time reads a stored value of the column as Value.Time does.
func (c *Column) Time(raw any) (at time.Time, ok bool) {
	at, _, ok = Value{Kind: c.Kind, raw: raw, native: c.native, reading: c.reading()}.Time()
	return at, ok
}
