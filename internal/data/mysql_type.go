// This file holds the types of MySQL and MariaDB: how values of each are read, compared and
// filtered by.

package data

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// mysqlType is a column's type.
type mysqlType struct {
	base      string  // as the catalogue has it: varchar, bigint
	kind      Kind    // of a column
	class     Storage // how it is read: StoredInteger, StoredDecimal, StoredBlob, or else StoredText
	unsigned  bool
	bits      int           // of BIT(bits)
	tick      time.Duration // of a date or time: what it holds no parts of
	charset   string        // of texts
	collation string
	labels    []string // of ENUM and SET
	long      bool     // it is sorted by its beginning
	fixed     string   // why a value cannot be entered as its text; empty if it can
	counts    bool     // AUTO_INCREMENT
	made      string   // its default, as an expression; empty if it has none
}

var _ native = (*mysqlType)(nil)

// mysqlTypeOf is the type of a column that introspection found.
func mysqlTypeOf(c *Column) *mysqlType {
	typ, _ := c.native.(*mysqlType)
	return typ
}

// mysqlTypes are the types that are more than their text.
var mysqlTypes = map[string]form{
	"tinyint": {KindInteger, StoredInteger}, "smallint": {KindInteger, StoredInteger}, "mediumint": {KindInteger, StoredInteger}, "int": {KindInteger, StoredInteger}, "bigint": {KindInteger, StoredInteger},
	"float": {KindReal, StoredDecimal}, "double": {KindReal, StoredDecimal}, "decimal": {KindDecimal, StoredDecimal},
	"char": {KindText, StoredText}, "varchar": {KindText, StoredText}, "tinytext": {KindText, StoredText}, "text": {KindLongText, StoredText}, "mediumtext": {KindLongText, StoredText}, "longtext": {KindLongText, StoredText},
	"binary": {KindBlob, StoredBlob}, "varbinary": {KindBlob, StoredBlob}, "tinyblob": {KindBlob, StoredBlob}, "blob": {KindBlob, StoredBlob}, "mediumblob": {KindBlob, StoredBlob}, "longblob": {KindBlob, StoredBlob},
	"vector": {KindBlob, StoredBlob},
	"date":   {KindDate, StoredText}, "time": {KindTime, StoredText}, "datetime": {KindDateTime, StoredText}, "timestamp": {KindDateTime, StoredText},
	"year": {KindAny, StoredText}, "bit": {KindAny, StoredText}, "enum": {KindEnum, StoredText}, "set": {KindAny, StoredText},
	"json": {KindJSON, StoredText}, "uuid": {KindUUID, StoredText}, "inet4": {KindAny, StoredText}, "inet6": {KindAny, StoredText},
}

// spatial are the types whose values are shown as well-known text.
var spatial = []string{"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"}

const (
	// sortedRunes is how much of a long text or blob orders rows: the server sorts by the beginning
	// of a value, and a place in the order must be the same to it.
	sortedRunes = 255
	// wholeRunes is the longest declared length of a text that orders rows as a whole: the server
	// sorts by that much of it (sortLength), and no index has longer ones.
	wholeRunes = 1000
	// singlePrecision stands before the text of a FLOAT: see shortestSingle.
	singlePrecision = "f"
)

// words says whether values are texts with a collation.
func (m *mysqlType) words() bool { return m.charset != "" && m.class == StoredText }

// unicode says whether the type's character set is sent as it is stored.
func (m *mysqlType) unicode() bool {
	return slices.Contains([]string{"utf8mb4", "utf8mb3", "utf8", "ascii"}, m.charset)
}

func (m *mysqlType) stored() Storage { return m.class }

// place is of a long text or blob its beginning alone, by which the server sorts.
func (m *mysqlType) place(x string) string {
	switch {
	case m.base == "bit":
		return "CAST(" + x + " AS UNSIGNED)"
	case m.base == "enum", m.base == "set": // as texts, not as numbers
		return "CONCAT(" + x + ")"
	case m.long && m.class == StoredBlob, m.long && m.words():
		return fmt.Sprintf("LEFT(%s, %d)", x, sortedRunes)
	case m.long:
		return fmt.Sprintf("LEFT(%s, %d)", m.binaryText(x), sortedRunes)
	}
	return x
}

// binaryText is a text that has no collation of its own.
func (m *mysqlType) binaryText(x string) string {
	return "(CONVERT(" + m.read(x) + " USING utf8mb4) COLLATE utf8mb4_bin)"
}

func (m *mysqlType) bind(value any) fragment {
	if b, ok := value.([]byte); ok && m.class == StoredBlob {
		if m.long {
			b = b[:min(len(b), sortedRunes)]
		}
		return fragment{text: bytesLiteral(b)}
	}
	f := m.comparand(textOf(value))
	if m.long && m.class == StoredText {
		f.text = fmt.Sprintf("LEFT(%s, %d)", f.text, sortedRunes)
	}
	return f
}

// bytesLiteral is a blob, which no character set of the connection changes.
func bytesLiteral(b []byte) string { return "X'" + hex.EncodeToString(b) + "'" }

var (
	mysqlNumber  = regexp.MustCompile(`^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$`)
	plainDecimal = regexp.MustCompile(`^[+-]?\d{1,35}(?:\.\d{0,30})?$`)
	wholeDecimal = regexp.MustCompile(`^[+-]?\d{1,65}$`)
	bitText      = regexp.MustCompile(`^[01]{1,64}$`)
	yearText     = regexp.MustCompile(`^\d{4}$`)
	// zeroInstant is what parseISO does not read: a month or a day that is zero or too late for its
	// month.
	zeroInstant = regexp.MustCompile(`^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])(?:[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$`)
	// duration is a time of day, or a time that is longer or negative.
	duration = regexp.MustCompile(`^-?(?:[0-7]?\d?\d|8[0-2]\d|83[0-8]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$`)
)

// comparand is a text as a value of the type.
func (m *mysqlType) comparand(given string) fragment {
	switch {
	case m.base == "bit" && bitText.MatchString(given):
		n, _ := strconv.ParseUint(given, 2, 64) // 64 digits at most
		return fragment{text: strconv.FormatUint(n, 10)}
	case m.base == "year" && yearText.MatchString(given), m.kind == KindInteger || m.kind == KindBool:
		return mysqlDecimal(given)
	case m.base == "decimal":
		return mysqlDecimal(given)
	case m.base == "float":
		f, _ := strconv.ParseFloat(given, 32) // the nearest one
		return fragment{"?", []any{f}}
	case m.base == "double":
		f, _ := strconv.ParseFloat(given, 64)
		return fragment{"?", []any{f}}
	case m.class == StoredBlob:
		return fragment{text: bytesLiteral([]byte(given))}
	case !m.words() || m.base == "json" || m.fits(given):
		return fragment{"?", []any{given}}
	}
	// What the column's character set does not have is equal to nothing; the server would refuse to
	// compare with it, or take it for a question mark.
	return fragment{"(IF(CONVERT(CONVERT(? USING " + m.charset + ") USING utf8mb4) = (? COLLATE utf8mb4_bin), CONVERT(? USING " + m.charset + "), NULL) COLLATE " + m.collation + ")",
		[]any{given, given, given}}
}

// fits says whether the column's character set surely has all of a text.
func (m *mysqlType) fits(given string) bool {
	switch m.charset {
	case "utf8mb4":
		return true
	case "utf8mb3", "utf8":
		return !strings.ContainsFunc(given, func(r rune) bool { return r > 0xffff })
	}
	return isASCII(given)
}

// mysqlDecimal is a number as it stands in a statement: exact, which a parameter is not. What has
// more digits than a DECIMAL is compared as a DOUBLE.
func mysqlDecimal(given string) fragment {
	plain := given
	if strings.ContainsAny(given, "eE") {
		plain = withoutExponent(given)
	}
	if plainDecimal.MatchString(plain) || wholeDecimal.MatchString(plain) {
		return fragment{text: "(" + strings.TrimSuffix(plain, ".") + ")"}
	}
	f, _ := strconv.ParseFloat(given, 64) // too large is infinite
	const largest = 1.7976931348623157e308
	return fragment{"?", []any{max(-largest, min(largest, f))}}
}

// withoutExponent writes 1.5e3 as 1500, where that has few digits.
func withoutExponent(given string) string {
	d := newDecimal(given)
	sign := ""
	if d.negative {
		sign = "-"
	}
	switch digits := d.digits; {
	case digits == "":
		return "0"
	case d.exponent >= 0 && d.exponent < 100:
		return sign + digits + strings.Repeat("0", d.exponent)
	case d.exponent < 0 && d.exponent > -100:
		digits = strings.Repeat("0", max(0, 1-d.exponent-len(digits))) + digits
		return sign + digits[:len(digits)+d.exponent] + "." + digits[len(digits)+d.exponent:]
	}
	return given
}

// read is the text of a value, as the engine's own client shows it.
func (m *mysqlType) read(x string) string {
	switch {
	case m.words() && m.base != "json" && m.unicode(), m.class == StoredBlob:
		return x
	case m.words() && m.base != "json":
		return "CONVERT(" + x + " USING utf8mb4)"
	case m.base == "bit":
		return fmt.Sprintf("LPAD(BIN(CAST(%s AS UNSIGNED)), %d, '0')", x, m.bits)
	case m.base == "float":
		return "CONCAT('" + singlePrecision + "', " + x + " * 1e0)"
	case slices.Contains(spatial, m.base):
		return "ST_AsText(" + x + ")"
	}
	return "CAST(" + x + " AS CHAR)"
}

func (m *mysqlType) beginning(x string, runes int) string {
	if m.words() && m.base != "json" && !m.unicode() {
		return fmt.Sprintf("CONVERT(LEFT(%s, %d) USING utf8mb4)", x, runes)
	}
	return fmt.Sprintf("LEFT(%s, %d)", m.read(x), runes)
}

// classOf: what Go's int64 does not hold is a decimal.
func (m *mysqlType) classOf(x string) string {
	if m.base == "bigint" && m.unsigned {
		return "CASE WHEN " + x + " IS NULL THEN 'null' WHEN " + x + " > 9223372036854775807 THEN 'decimal' ELSE 'integer' END"
	}
	return "CASE WHEN " + x + " IS NULL THEN 'null' ELSE '" + string(m.class) + "' END"
}

func (m *mysqlType) held(at time.Time) time.Time { return at.Truncate(m.tick) }

func (m *mysqlType) unwritable() string { return m.fixed }

// integer reads a whole number, up to those of an unsigned BIGINT.
func (m *mysqlType) integer(given string) (any, error) {
	n, err := strconv.ParseInt(given, 10, 64)
	if err == nil {
		return n, nil
	}
	if u, wrong := strconv.ParseUint(given, 10, 64); wrong == nil && m.unsigned && m.base == "bigint" {
		return strconv.FormatUint(u, 10), nil
	}
	return nil, notWhole(err)
}

// operand reads what a filter compares with.
func (m *mysqlType) operand(c *Column, op Op, value string) (operand, error) {
	o := operand{text: value}
	trimmed := strings.TrimSpace(value)
	switch m.kind {
	case KindDate, KindTime, KindDateTime:
		return m.instant(trimmed)
	case KindBool:
		o.text = trimmed
		truth, err := parseBool(trimmed)
		if err != nil { // TINYINT(1) holds other numbers too
			if n, wrong := strconv.ParseInt(trimmed, 10, 8); wrong == nil {
				o.text = strconv.FormatInt(n, 10)
				return o, nil
			}
			return o, err
		}
		o.text = "0"
		if truth {
			o.text = "1"
		}
	case KindInteger:
		o.text = trimmed
		_, err := m.integer(trimmed)
		if err != nil && !mysqlNumber.MatchString(trimmed) {
			err = notNumber(trimmed, true)
		}
		return o, err
	case KindReal, KindDecimal:
		o.text = trimmed
		return o, m.number(trimmed)
	case KindEnum:
		if op == OpEq || op == OpNe || op == OpIn {
			if value != "" && !slices.Contains(m.labels, value) { // what no label was stored as
				return o, misfit{text.NotOneOf(c.Enum)}
			}
		}
	case KindUUID:
		u, err := parseUUID(trimmed)
		o.text = u.dashed()
		return o, err
	case KindBlob:
		b, err := parseHex(trimmed)
		o.text = string(b)
		return o, err
	case KindAny:
		if m.base == "bit" && !bitText.MatchString(trimmed) || m.base == "year" && !yearText.MatchString(trimmed) {
			return o, notNumber(trimmed, true)
		}
		if m.base == "bit" || m.base == "year" {
			o.text = trimmed
		}
	}
	return o, nil
}

// number checks the text of a number.
func (m *mysqlType) number(given string) error {
	if !mysqlNumber.MatchString(given) {
		return notNumber(given, false)
	}
	if bits := map[string]int{"float": 32, "double": 64}[m.base]; bits > 0 {
		if _, err := strconv.ParseFloat(given, bits); err != nil {
			return notNumber(given, false)
		}
	}
	return nil
}

// instant reads a date, a time or both as an interval, to the microsecond.
func (m *mysqlType) instant(given string) (operand, error) {
	o := operand{text: given}
	at, _, step, err := parseISO(given) // without a zone it is UTC
	if err != nil {
		o.far = m.kind == KindTime && duration.MatchString(given) || m.kind != KindTime && zeroInstant.MatchString(given)
		if !o.far {
			return o, instantError(m.kind)
		}
		return o, nil
	}
	return span(m.kind, given, at, step)
}

// bounds are the beginning and the end of an interval as texts; last says that the end belongs to
// it: it is the last moment that there is.
func (m *mysqlType) bounds(o operand) (from, to string, last bool) {
	if o.far {
		return o.text, o.text, true
	}
	const clock, day = "15:04:05.999999", "2006-01-02"
	start, end := o.from.UTC(), o.to.UTC()
	if m.kind == KindTime {
		if end.Day() != start.Day() {
			return start.Format(clock), "24:00:00", false
		}
		return start.Format(clock), end.Format(clock), false
	}
	if end.Year() > 9999 {
		return start.Format(day + " " + clock), "9999-12-31 23:59:59.999999", true
	}
	return start.Format(day + " " + clock), end.Format(day + " " + clock), false
}

func (m *mysqlType) key(part string) (any, text.Message) {
	var err error
	switch m.kind {
	case KindInteger, KindBool:
		n, err := m.integer(part)
		if err != nil {
			return nil, text.IntegerWanted
		}
		return n, nil
	case KindReal, KindDecimal:
		if m.number(part) != nil {
			return nil, text.AnyNumberWanted
		}
	case KindUUID:
		_, err = parseUUID(part)
	case KindDate, KindTime, KindDateTime:
		_, err = m.instant(part)
	case KindBlob:
		b, wrong := parseHex(part)
		if wrong != nil {
			return nil, messageOf(wrong)
		}
		return b, nil
	}
	if err != nil {
		return nil, messageOf(err)
	}
	return part, nil
}

// time reads a date or time that is one of the calendar. A TIMESTAMP is of a zone, which is UTC for
// this connection.
func (m *mysqlType) time(raw string) (at time.Time, zoned, ok bool) {
	at, _, _, err := parseISO(raw)
	return at, m.base == "timestamp", err == nil && at.Year() >= 1
}
