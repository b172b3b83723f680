// This file reads a Field by the kind of its column.

package data

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// maxNumber is the longest number that is read, in characters.
const maxNumber = 400

// Values that a dialect stores in its own way; the other values are nil, int64, float64, string and
// []byte.
type (
	// decimalNumber is a number as it was written: digits, a point and an exponent.
	decimalNumber string
	// instantValue is a date, time or both.
	instantValue struct {
		at    time.Time
		step  time.Duration // what was written, from a second up
		zoned bool          // it was written with a zone
	}
	uuidValue [16]byte
	// document is JSON.
	document string
	// choice is one of Column.Enum, as it stands there.
	choice string
)

var (
	errRequired = misfit{text.Required}
	errWhole    = misfit{text.WholeNumber}
)

// notWhole says why strconv.ParseInt refused a text.
func notWhole(err error) error {
	if errors.Is(err, strconv.ErrRange) {
		return misfit{text.WholeNumberRange(strconv.FormatInt(math.MinInt64, 10), strconv.FormatInt(math.MaxInt64, 10))}
	}
	return errWhole
}

// parse reads a field as a value of the column, or says what is wrong with it.
func (c *Column) parse(f Field) (any, error) {
	if f.Null {
		return nil, nil
	}
	if f.File != nil {
		return c.parseFile(f)
	}
	folded := withLF(f.Text)
	switch {
	case len(folded) > MaxText && (c.Kind != KindBlob || len(f.Text) > 2*MaxFile):
		return nil, misfit{text.TooLongBytes(MaxText)}
	case !utf8.ValidString(f.Text):
		return nil, misfit{text.NotUTF8}
	case strings.ContainsRune(f.Text, 0):
		return nil, misfit{text.HasNUL}
	}
	trimmed := strings.TrimSpace(f.Text)
	switch c.Kind {
	case KindInteger, KindReal, KindDecimal, KindDate, KindTime, KindDateTime:
		if trimmed == "" {
			return nil, nil
		}
	}
	if c.native != nil {
		if value, ok, err := c.native.enter(c, f.Text); ok {
			return value, err
		}
	}
	switch c.Kind {
	case KindText, KindLongText, KindAny:
		return f.Text, nil
	case KindEnum:
		if f.Text == "" && !slices.Contains(c.Enum, "") {
			return nil, nil
		}
		i := slices.Index(c.Enum, f.Text)
		if i < 0 {
			i = slices.IndexFunc(c.Enum, func(one string) bool { return foldBreaks(one) == foldBreaks(f.Text) })
		}
		if i < 0 {
			return nil, misfit{text.OneOf(c.Enum)}
		}
		return choice(c.Enum[i]), nil
	}
	if trimmed == "" {
		return nil, nil
	}
	switch c.Kind {
	case KindInteger, KindReal, KindDecimal:
		return parseNumberField(c, trimmed)
	case KindBool:
		return parseBool(trimmed)
	case KindDate, KindTime, KindDateTime:
		if n, err := strconv.ParseInt(trimmed, 10, 64); err == nil && c.HoldsDigits() {
			return n, nil
		}
		at, zoned, step, err := parseISO(trimmed)
		isTime := err == nil && trimmed[4] != '-' // the shortest is 15:04
		if err != nil || (c.Kind == KindTime) != isTime {
			return nil, instantError(c.Kind)
		}
		return instantValue{at, step, zoned}, nil
	case KindJSON:
		if err := validJSON(f.Text); err != nil {
			return nil, err
		}
		return document(f.Text), nil
	case KindUUID:
		return parseUUID(trimmed)
	case KindBlob:
		return parseHex(trimmed)
	}
	return nil, misfit{text.KindUnwritable(string(c.Kind))}
}

// parseUUID reads a UUID with hyphens or without.
func parseUUID(given string) (uuidValue, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(given, "-", ""))
	if err != nil || len(b) != 16 {
		return uuidValue{}, misfit{text.UUIDWanted}
	}
	return uuidValue(b), nil
}

// dashed is the usual text of a UUID.
func (u uuidValue) dashed() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// parseHex reads the bytes of a blob.
func parseHex(given string) ([]byte, error) {
	b, err := hex.DecodeString(given)
	if err != nil {
		return nil, misfit{text.HexWanted}
	}
	return b, nil
}

// parseOver is parse for a field that replaces a value. What is stored decides before the column
// does: text in a column of blobs stays text, a file that is not text may replace a blob in a
// column of texts, and a number that is not a time stays a number in a column of times. Without a
// value the column's others decide.
func (c *Column) parseOver(f Field, was any) (any, error) {
	_, wasText := was.(string)
	_, wasBlob := was.([]byte)
	switch {
	case f.Null:
	case c.Kind == KindBlob && f.File == nil && (wasText || was == nil && c.HoldsTexts()):
		text := Column{Name: c.Name, Kind: KindLongText}
		return text.parse(f)
	case f.File != nil && len(f.File) <= MaxFile && (wasBlob || was == nil && c.HoldsBlobs()):
		if value, err := c.parse(f); err == nil {
			return value, nil // a file of text
		}
		return f.File, nil
	case isInstant(c.Kind):
		n, err := strconv.ParseInt(strings.TrimSpace(f.Text), 10, 64)
		if _, isTime := c.Time(was); err == nil && !isTime && isNumber(was) {
			return n, nil
		}
	}
	return c.parse(f)
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, float64:
		return true
	}
	return false
}

func (c *Column) parseFile(f Field) (any, error) {
	if len(f.File) > MaxFile {
		return nil, misfit{text.TooLarge(MaxFile)}
	}
	if c.Kind == KindBlob || c.Kind == KindAny {
		return f.File, nil
	}
	if !utf8.Valid(f.File) {
		return nil, misfit{text.TextWanted}
	}
	return c.parse(Field{Text: string(f.File)})
}

// fits says whether a value that is to be stored has a length the column takes.
func (c *Column) fits(value any) error {
	given, isText := value.(string)
	if isText && c.MaxLength > 0 && utf8.RuneCountInString(given) > c.MaxLength {
		return misfit{text.TooLongCharacters(c.MaxLength)}
	}
	return nil
}

func parseNumberField(c *Column, given string) (any, error) {
	if len(given) > maxNumber || parseNumber(given) == nil {
		return nil, notNumber(given, c.Kind == KindInteger)
	}
	number := newDecimal(given)
	if c.Min != "" && number.less(newDecimal(c.Min)) {
		return nil, misfit{text.NumberAtLeast(c.Min)}
	}
	if c.Max != "" && newDecimal(c.Max).less(number) {
		return nil, misfit{text.NumberAtMost(c.Max)}
	}
	if len(c.Enum) > 0 && c.numbers && !slices.ContainsFunc(c.Enum, func(one string) bool { return newDecimal(one) == number }) {
		return nil, misfit{text.OneOf(c.Enum)}
	}
	switch c.Kind {
	case KindInteger:
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil {
			return nil, notWhole(err)
		}
		return n, nil
	case KindReal:
		f, err := strconv.ParseFloat(given, 64)
		if err != nil {
			return nil, notNumber(given, false)
		}
		return f, nil
	}
	if err := fitsDigits(c, number); err != nil {
		return nil, err
	}
	return decimalNumber(given), nil
}

// fitsDigits says whether a number has no more digits than its column takes, where it bounds them.
func fitsDigits(c *Column, number decimal) error {
	if c.Precision == 0 {
		return nil
	}
	if -number.exponent > c.Scale {
		return misfit{text.DigitsAfterPoint(c.Scale)}
	}
	if len(number.digits)+number.exponent > c.Precision-c.Scale {
		return misfit{text.DigitsBeforePoint(c.Precision - c.Scale)}
	}
	return nil
}

// decimal is the number 0.digits times 10 to the power of len(digits) + exponent. digits has no
// zeros at its ends, so that equal numbers are ==.
type decimal struct {
	negative bool
	digits   string
	exponent int // of the last digit; 0 for zero
}

// newDecimal reads what parseNumber accepts; exponents that overflow an int are zero or infinity
// there.
func newDecimal(text string) decimal {
	text = strings.ToLower(text)
	var d decimal
	d.negative = strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	text, exponent, _ := strings.Cut(text, "e")
	d.exponent, _ = strconv.Atoi(exponent)
	whole, fraction, _ := strings.Cut(text, ".")
	d.exponent -= len(fraction)
	d.digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(d.digits, "0")
	d.exponent += len(d.digits) - len(short)
	d.digits = short
	if short == "" {
		return decimal{}
	}
	return d
}

// less says whether d is less than other.
func (d decimal) less(other decimal) bool {
	if d.negative != other.negative {
		return d.negative
	}
	if d.negative {
		d, other = other, d
	}
	if d.digits == "" || other.digits == "" {
		return d.digits == "" && other.digits != ""
	}
	if a, b := len(d.digits)+d.exponent, len(other.digits)+other.exponent; a != b {
		return a < b
	}
	return d.digits < other.digits
}

// validJSON says where a text is not a JSON document.
func validJSON(given string) error {
	if json.Valid([]byte(given)) {
		return nil
	}
	var v any
	err := json.Unmarshal([]byte(given), &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := given[:min(int(syntax.Offset), len(given))]
		return misfit{text.NotJSONAt(strings.Count(before, "\n")+1, text.Verbatim(strings.TrimPrefix(syntax.Error(), "json: ")))}
	}
	return misfit{text.NotJSON}
}

// same says whether a field, as a form sends it, is what the stored value shows: then that value
// stays.
func (c *Column) same(f Field, stored any) bool {
	if f.Null || stored == nil {
		return f.Null && stored == nil
	}
	if b, ok := stored.([]byte); ok && f.File != nil {
		return bytes.Equal(b, f.File)
	}
	if f.File != nil {
		return false
	}
	var shown Value
	switch stored := stored.(type) {
	case tooLong:
		return false
	case []byte:
		return c.Kind == KindBlob && strings.EqualFold(f.Text, hex.EncodeToString(stored))
	case string:
		shown = newValue(c, StoredText, stored, int64(len(stored)), math.MaxInt, math.MaxInt)
	case int64:
		shown = newValue(c, StoredInteger, stored, 0, 0, 0)
	case float64:
		shown = newValue(c, StoredReal, stored, 0, 0, 0)
	}
	if f.Text == shown.Text || foldBreaks(f.Text) == foldBreaks(shown.Text) {
		return true
	}
	switch c.Kind {
	case KindBool:
		was, ok := shown.Bool()
		is, err := parseBool(strings.TrimSpace(f.Text))
		return ok && err == nil && was == is
	case KindDate, KindTime, KindDateTime:
		return c.sameInstant(strings.TrimSpace(f.Text), shown)
	}
	return false
}

// sameInstant says whether a text is the instant that is stored. A form shows it to the second
// where it has no more milliseconds, and of a date the day alone; a time of day without a zone is
// in the stored one's.
func (c *Column) sameInstant(given string, stored Value) bool {
	was, _, ok := stored.Time()
	is, zoned, step, err := parseISO(given)
	if !ok || err != nil {
		return false
	}
	whole := was.Nanosecond() == 0
	if c.Kind == KindDate && step == 24*time.Hour && whole {
		return was.Format(time.DateOnly) == is.Format(time.DateOnly)
	}
	if c.Kind == KindTime && !zoned {
		is = onClock(is, was.Location())
	}
	if text, isText := stored.raw.(string); isText && (!whole || is.Nanosecond() != 0) {
		was, _, _, _ = parseISO(text) // to the nanosecond
	}
	return was.Equal(is)
}

// onClock is the instant at which the clocks of a place show what an instant shows.
func onClock(at time.Time, place *time.Location) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), place)
}

// foldBreaks is a text with one kind of line breaks.
func foldBreaks(text string) string { return strings.ReplaceAll(withLF(text), "\r", "\n") }

// breaksOf writes a text with the line breaks of another, which it replaces: each line that stays
// keeps its own, and new lines get those of the line before. Browsers make CR LF of all of them.
func breaksOf(was, given string) string {
	given = withLF(given)
	if !strings.Contains(was, "\r") {
		return given
	}
	lines, breaks := splitLines(was)
	fresh, between := splitLines(given)
	end := 0 // how many lines at the end are as they were
	for end < min(len(lines), len(fresh)) && lines[len(lines)-1-end] == fresh[len(fresh)-1-end] {
		end++
	}
	if len(lines) == len(fresh) {
		end = len(lines) // line by line
	}
	for i := range between {
		switch fromEnd := len(between) - i; {
		case between[i] != "\n": // it came so
		case fromEnd <= end && fromEnd <= len(breaks):
			between[i] = breaks[len(breaks)-fromEnd]
		case i < len(breaks):
			between[i] = breaks[i]
		case i > 0:
			between[i] = between[i-1]
		}
		if i > 0 && fresh[i] == "" && between[i-1] == "\r" && between[i] == "\n" {
			between[i] = "\r" // the two would be one
		}
	}
	var out strings.Builder
	for i, line := range fresh {
		out.WriteString(line)
		if i < len(between) {
			out.WriteString(between[i])
		}
	}
	return out.String()
}

// splitLines splits a text into its lines and what is between them.
func splitLines(text string) (lines, breaks []string) {
	for {
		i := strings.IndexAny(text, "\r\n")
		if i < 0 {
			return append(lines, text), breaks
		}
		n := 1
		if strings.HasPrefix(text[i:], "\r\n") {
			n = 2
		}
		lines, breaks, text = append(lines, text[:i]), append(breaks, text[i:i+n]), text[i+n:]
	}
}

// withLF undoes the line breaks of browsers.
func withLF(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
