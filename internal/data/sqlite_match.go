// This file holds the conditions of filters and search in SQLite. What they mean is in the package
// comment.

package data

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var comparisons = map[Op]string{OpLt: " < ?", OpLe: " <= ?", OpGt: " > ?", OpGe: " >= ?"}

func (d *sqlite) match(t *Table, c *Column, op Op, operands []operand) fragment {
	x := d.place(t, term{column: c})
	switch op {
	case OpIsNull:
		if operands[0].truth {
			return fragment{text: x + " IS NULL"}
		}
		return fragment{text: x + " IS NOT NULL"}
	case OpContains:
		return d.contains(c, operands[0].text)
	case OpStartsWith:
		return d.begins(c, operands[0].text)
	case OpIn, OpEq:
		return d.equal(t, c, operands)
	}
	o := operands[0]
	if o.verbatim {
		return d.own(t, c, operands, comparisons[op])
	}
	f := d.compared(t, c, op, o)
	if !c.mixed() {
		return f
	}
	own := d.own(t, c, operands, " = ?")
	if op == OpLe || op == OpGe {
		return anyOf([]fragment{f, own})
	}
	own.text = "(" + own.text + " IS NOT TRUE)"
	return allOf([]fragment{f, own})
}

// equal holds where the value equals one of the operands.
func (d *sqlite) equal(t *Table, c *Column, operands []operand) fragment {
	var fit []operand
	for _, o := range operands {
		if !o.verbatim {
			fit = append(fit, o)
		}
	}
	var parts []fragment
	switch {
	case len(fit) == 0:
	case isInstant(c.Kind):
		parts = append(parts, d.within(d.place(t, term{column: c}), c, fit))
	default:
		parts = append(parts, d.short(t, c, oneOf(d.comparable(t, c), d.equals(c, fit))))
	}
	if len(fit) < len(operands) || c.holds().odd() {
		parts = append(parts, d.own(t, c, operands, " = ?"))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return anyOf(parts)
}

// own compares a value, as it is stored, with the operands as they are written: a text with the
// text, a number with the number that it says, a blob with the bytes whose hexadecimal digits it
// has.
func (d *sqlite) own(t *Table, c *Column, operands []operand, comparison string) fragment {
	x := d.column(c)
	if c.affinity == affinityBlob && !t.View && comparison == " = ?" { // an index may lead there
		var values []any
		for _, o := range operands {
			values = append(values, asWritten(o.text)...)
		}
		return d.short(t, c, oneOf(d.place(t, term{column: c}), values))
	}
	x = "+" + x // without the affinity, which would change what it is compared with
	var parts []fragment
	for _, o := range operands {
		for _, value := range asWritten(o.text) {
			stored, as := "= 'text'", x+" COLLATE BINARY"
			switch value.(type) {
			case int64, float64:
				stored, as = "IN ('integer', 'real')", x
			case []byte:
				stored, as = "= 'blob'", x
			}
			parts = append(parts, fragment{"(typeof(" + x + ") " + stored + " AND " + as + comparison + ")", []any{value}})
		}
	}
	return d.short(t, c, anyOf(parts))
}

// asWritten is a text, the number that it says and the bytes whose hexadecimal digits it has.
func asWritten(given string) []any {
	values := []any{given}
	if n := anyNumber(given); n != nil {
		values = append(values, n)
	}
	if b, err := hex.DecodeString(strings.TrimSpace(given)); err == nil && given != "" {
		values = append(values, b)
	}
	return values
}

// compared holds where the value is less, or greater, than an operand of the column's kind.
func (d *sqlite) compared(t *Table, c *Column, op Op, o operand) fragment {
	x := d.place(t, term{column: c})
	guard := "typeof(" + x + ") IN ('integer', 'real')"
	value := o.number
	switch {
	case isInstant(c.Kind):
		near, args := around(x, c.Kind, op, o)
		comparison, from := comparisons[op], o.from
		if c.Kind == KindDate && o.day && op == OpLe { // all of the day
			comparison, from = " < ?", o.to
		} else if c.Kind == KindDate && o.day && op == OpGt {
			comparison, from = " >= ?", o.to
		}
		return fragment{"(" + near + d.instant(c, x) + comparison + ")", append(args, from.UnixMilli())}
	case value == nil:
		guard, value = "typeof("+x+") <> 'blob'", o.text
		if c.Kind == KindAny || c.Kind == KindBlob {
			guard = "typeof(" + x + ") = 'text'"
		} else {
			x = d.comparable(t, c)
		}
	}
	return d.short(t, c, fragment{"(" + guard + " AND " + x + comparisons[op] + ")", []any{value}})
}

// short is a condition that does not hold for values beyond maxMatched, which it does not load.
// Columns without such values are spared the question: numbers of a strict table, and row ids.
func (d *sqlite) short(t *Table, c *Column, f fragment) fragment {
	if c.Name == t.rowid || t.Strict && c.Kind == KindInteger {
		return f
	}
	return fragment{"(" + d.size(d.column(c)) + " <= " + strconv.Itoa(maxMatched) + " AND " + f.text + ")", f.args}
}

// comparable is the column as its kind compares: a text column that SQLite may have stored numbers
// in, as text.
func (d *sqlite) comparable(t *Table, c *Column) string {
	x := d.place(t, term{column: c})
	switch c.Kind {
	case KindText, KindLongText, KindEnum, KindJSON:
		if c.affinity != affinityText || t.View {
			return "(CASE typeof(" + x + ") WHEN 'blob' THEN NULL ELSE CAST(" + x + " AS TEXT) END)"
		}
	}
	return x
}

// equals lists the stored values that equal the operands.
func (d *sqlite) equals(c *Column, operands []operand) []any {
	var values []any
	for _, o := range operands {
		switch c.Kind {
		case KindInteger, KindReal, KindDecimal:
			values = append(values, o.number)
		case KindBool:
			values = append(values, map[bool]int64{true: 1}[o.truth])
			for _, word := range boolWords(o.truth) {
				values = append(values, word)
			}
		case KindUUID:
			digits := fmt.Sprintf("%x", o.blob)
			dashed := digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
			values = append(values, dashed, strings.ToUpper(dashed), digits, strings.ToUpper(digits), o.blob)
			if !slices.Contains(values, any(o.text)) {
				values = append(values, o.text)
			}
		case KindBlob:
			values = append(values, o.blob)
		case KindAny:
			values = append(values, o.text)
			if o.number != nil {
				values = append(values, o.number)
			}
		default:
			values = append(values, o.text)
		}
	}
	return values
}

func oneOf(x string, values []any) fragment {
	if len(values) == 1 {
		return fragment{"(" + x + " = ?)", values}
	}
	return fragment{"(" + x + " IN (?" + strings.Repeat(", ?", len(values)-1) + "))", values}
}

// instant is a stored date, time or both in Unix milliseconds; NULL for any other value, such as a
// longer text. The second julianday reads, to the second, a zone that SQLite does not know: "+0200"
// directly, or as Go's time.Time.String has it. A day, or a time of day, is the one that the text
// says, whatever its zone.
func (d *sqlite) instant(c *Column, x string) string {
	zone := fmt.Sprintf("instr(substr(%[1]s, 20), ' ')", x)
	julian := fmt.Sprintf("coalesce(julianday(%[1]s), julianday(substr(%[1]s, 1, 19) || substr(%[1]s, 20 + %[2]s, 3) || ':' || substr(%[1]s, 23 + %[2]s, 2)))", x, zone)
	if c.Kind != KindDateTime {
		julian = fmt.Sprintf("coalesce(julianday(CASE WHEN %[1]s GLOB '*:[0-9]*[+-][0-9][0-9]:[0-9][0-9]' THEN substr(%[1]s, 1, length(%[1]s) - 6) ELSE rtrim(%[1]s, 'Zz') END), julianday(substr(%[1]s, 1, 19)))", x)
	}
	whole, real := sqliteInstantOf(c, x)
	return fmt.Sprintf("(CASE typeof(%[1]s) WHEN 'text' THEN CASE WHEN %[4]s <= 128 THEN CAST(round((%[2]s - %[3]v) * 86400000.0) AS INTEGER) END "+
		"WHEN 'integer' THEN %[5]s WHEN 'real' THEN %[6]s END)",
		x, julian, unixEpochJulianDay, d.size(x), whole, real)
}

// around is a condition, weaker than the exact one, that an index on the column can serve: ISO 8601
// text sorts by its date (within a day, for its zone), and every number sorts before the empty
// text.
func around(x string, kind Kind, op Op, o operand) (string, []any) {
	const day = 24 * time.Hour
	low, high := o.from.UTC().Add(-day), o.to.UTC().Add(2*day)
	if kind == KindTime || low.Year() < 1 || high.Year() > 9999 {
		return "", nil
	}
	from, to := low.Format(time.DateOnly), high.Format(time.DateOnly)
	switch op {
	case OpLt, OpLe:
		return x + " < ? AND ", []any{to}
	case OpGt, OpGe:
		return "(" + x + " >= ? OR " + x + " < '') AND ", []any{from}
	}
	return "((" + x + " >= ? AND " + x + " < ?) OR " + x + " < '') AND ", []any{from, to}
}

// within holds for instants in the operands' intervals.
func (d *sqlite) within(x string, c *Column, operands []operand) fragment {
	at := d.instant(c, x)
	var parts []string
	var f fragment
	for _, o := range operands {
		near, args := around(x, c.Kind, OpEq, o)
		parts = append(parts, "("+near+at+" >= ? AND "+at+" < ?)")
		f.args = append(append(f.args, args...), o.from.UnixMilli(), o.to.UnixMilli())
	}
	f.text = "(" + strings.Join(parts, " OR ") + ")"
	return f
}

func (*sqlite) searchesPartly() bool { return true }

func (d *sqlite) search(c *Column, text string) fragment { return d.contains(c, text) }

// One function call of a statement is not interrupted by anything (see sqlite3_interrupt), so each
// must be bounded: a text is looked into up to searched characters, the text that is looked for has
// at most MaxSearch, and every call is linear in them. GLOB and LIKE with such a text are not: they
// may begin anew at each character.
const (
	searched = 64 << 10
	// maxMatched is how many bytes a value has that is compared at all: one of 20 MB is loaded in
	// some 12 ms.
	maxMatched = 16 << 20
)

// contains holds where the beginning of the value, as text, contains the text in any case. A value
// beyond maxMatched is not looked into.
func (d *sqlite) contains(c *Column, text string) fragment {
	folded, wanted := fold(fmt.Sprintf("substr(%s, 1, %d)", d.column(c), searched), text)
	return d.looked(c, fragment{"instr(" + folded.text + ", ?) > 0", append(folded.args, wanted)})
}

// begins holds where it begins with the text in any case.
func (d *sqlite) begins(c *Column, text string) fragment {
	folded, wanted := fold(fmt.Sprintf("substr(%s, 1, %d)", d.column(c), utf8.RuneCountInString(text)), text)
	return d.looked(c, fragment{folded.text + " = ?", append(folded.args, wanted)})
}

func (d *sqlite) looked(c *Column, f fragment) fragment {
	x := d.column(c)
	return fragment{fmt.Sprintf("(typeof(%s) <> 'blob' AND %s <= %d AND %s)", x, d.size(x), maxMatched, f.text), f.args}
}

// fold is x, and the text, with one letter for all those that Unicode's simple folding takes for
// the same, as far as they are in the text. lower is SQLite's, which knows A to Z, or an
// extension's, which knows more.
func fold(x, text string) (fragment, string) {
	folded := fragment{text: x}
	letters := map[rune]rune{}
	for _, r := range text {
		if _, done := letters[r]; done {
			continue
		}
		orbit := []rune{r}
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			orbit = append(orbit, other)
		}
		one := slices.Min(orbit)
		if small := unicode.ToLower(one); slices.Contains(orbit, small) {
			one = small
		}
		for _, other := range orbit {
			letters[other] = one
			if other != one && other > unicode.MaxASCII {
				folded.text = "replace(" + folded.text + ", ?, ?)"
				folded.args = append(folded.args, string(other), string(one))
			}
		}
	}
	folded.text = "lower(" + folded.text + ")"
	return folded, strings.Map(func(r rune) rune { return letters[r] }, text)
}
