// This file holds PostgreSQL's types: how values of each are read, compared and filtered by.

package data

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// postgresType is a column's type; of a domain, the type below it.
type postgresType struct {
	name   string  // with its schema and without a modifier: pg_catalog.numeric
	base   string  // the name alone, of a type of pg_catalog: numeric; empty for other types
	kind   Kind    // of a column
	class  Storage // how it is read: StoredInteger, StoredDecimal, StoredBlob, or else StoredText
	typed  bool    // values are compared as the type does, else by their text
	labels []string
	// collated says that the column's collation takes different texts for equal: LIKE does not take
	// it.
	collated bool
	tick     time.Duration // between two values, of a time
	mod      int           // the type's modifier, such as a length; -1 without one
	// fixed says why a value cannot be entered as its text; empty if it can.
	fixed string
}

var _ native = (*postgresType)(nil)

// postgresTypeOf is the type of a column that introspection found.
func postgresTypeOf(c *Column) *postgresType {
	typ, _ := c.native.(*postgresType)
	return typ
}

// postgresTypes are the types of pg_catalog that are more than their text.
var postgresTypes = map[string]form{
	"bool": {KindBool, StoredText}, "int2": {KindInteger, StoredInteger}, "int4": {KindInteger, StoredInteger}, "int8": {KindInteger, StoredInteger}, "oid": {KindInteger, StoredInteger},
	"float4": {KindReal, StoredDecimal}, "float8": {KindReal, StoredDecimal}, "numeric": {KindDecimal, StoredDecimal},
	"text": {KindText, StoredText}, "varchar": {KindText, StoredText}, "bpchar": {KindText, StoredText}, "char": {KindText, StoredText}, "name": {KindText, StoredText},
	"date": {KindDate, StoredText}, "time": {KindTime, StoredText}, "timetz": {KindTime, StoredText}, "timestamp": {KindDateTime, StoredText}, "timestamptz": {KindDateTime, StoredText},
	"json": {KindJSON, StoredText}, "jsonb": {KindJSON, StoredText}, "uuid": {KindUUID, StoredText}, "bytea": {KindBlob, StoredBlob},
}

func (p *postgresType) stored() Storage { return p.class }

// place is the value, or its text where its type has no order.
func (p *postgresType) place(x string) string {
	switch {
	case p.base == "oid":
		return "CAST(" + x + " AS bigint)"
	case !p.typed:
		return p.text(x)
	}
	return x
}

// bind takes values that have another type than the column's too, where PostgreSQL compares them.
func (p *postgresType) bind(value any) fragment {
	if f, ok := p.bytea(value); ok {
		return f
	}
	if n, ok := value.(int64); ok && (p.class == StoredInteger || p.class == StoredDecimal) {
		return fragment{"CAST(? AS bigint)", []any{n}}
	}
	return p.cast(textOf(value))
}

// bytea is bytes, or a text, as a value of a type that is read as a blob; false for others.
func (p *postgresType) bytea(value any) (fragment, bool) {
	switch value.(type) {
	case []byte, string:
		return fragment{"CAST(? AS bytea)", []any{[]byte(textOf(value))}}, p.class == StoredBlob
	}
	return fragment{}, false
}

// cast is a text as a value of the type. It is sent as text: drivers need not know the type.
func (p *postgresType) cast(given string) fragment {
	if !p.typed {
		return fragment{"CAST(? AS text)", []any{given}}
	}
	return p.as(p.name, given)
}

func (p *postgresType) as(name, given string) fragment {
	return fragment{"CAST(CAST(? AS text) AS " + name + ")", []any{given}}
}

// text is the text of a value, as psql shows it.
func (p *postgresType) text(x string) string {
	switch p.base {
	case "text", "varchar":
		return x
	case "inet": // the cast adds a mask that is not there
		return "CASE WHEN " + x + " IS NOT NULL THEN format('%s', " + x + ") END"
	}
	return "CAST(" + x + " AS text)"
}

func (p *postgresType) read(x string) string {
	switch p.class {
	case StoredInteger:
		return "CAST(" + x + " AS bigint)"
	case StoredBlob:
		return "CAST(" + x + " AS bytea)"
	}
	return p.text(x)
}

func (p *postgresType) beginning(x string, runes int) string {
	return fmt.Sprintf("left(%s, %d)", p.read(x), runes)
}

func (p *postgresType) classOf(x string) string {
	return "CASE WHEN " + x + " IS NULL THEN 'null' ELSE '" + string(p.class) + "' END"
}

func (p *postgresType) unwritable() string { return p.fixed }

var (
	postgresNumber = regexp.MustCompile(`^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?(\d{1,5}))?$`)
	notANumber     = regexp.MustCompile(`^(?i:nan|[+-]?inf(?:inity)?)$`)
	// farInstant is what parseISO does not read: no time, a year before 1 or after 9999.
	farInstant = regexp.MustCompile(`^(?:-?infinity|\d{4,6}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:[+-]\d\d(?::\d\d){0,2})?)?(?: BC)?)$`)
	lastTime   = regexp.MustCompile(`^24:00:00(?:[+-]\d\d(?::\d\d){0,2})?$`)
	shortZone  = regexp.MustCompile(`:\d\d(?:\.\d+)?[+-]\d\d$`)
)

// maxExponent is the largest exponent of a number that is compared with a numeric.
const maxExponent = 16_000

// number checks the text of a number, which is compared to its last digit.
func (p *postgresType) number(given string) error {
	if notANumber.MatchString(given) {
		return nil
	}
	m := postgresNumber.FindStringSubmatch(given)
	if m == nil {
		return notNumber(given, false)
	}
	if exponent, _ := strconv.Atoi(m[1]); exponent > maxExponent { // five digits at most
		return notNumber(given, false)
	}
	bits := map[string]int{"float4": 32, "float8": 64}[p.base]
	if bits > 0 {
		if f, err := strconv.ParseFloat(given, bits); err != nil || f == 0 && !zero(given) {
			return notNumber(given, false)
		}
	}
	return nil
}

// zero says whether a number is zero. Another one that is read as zero is refused by PostgreSQL.
func zero(given string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(given), "e")
	return strings.Trim(mantissa, "+-.0") == ""
}

// operand reads what a filter compares with.
func (p *postgresType) operand(c *Column, op Op, value string) (operand, error) {
	o := operand{text: value}
	trimmed := strings.TrimSpace(value)
	switch c.Kind {
	case KindDate, KindTime, KindDateTime:
		return p.instant(trimmed)
	case KindReal, KindDecimal:
		o.text = trimmed
		return o, p.number(trimmed)
	case KindEnum:
		if len(p.labels) > 0 && !slices.Contains(p.labels, value) {
			return o, misfit{text.NotOneOf(c.Enum)}
		}
	case KindAny:
		return o, nil
	}
	plain := Column{Kind: c.Kind, Enum: c.Enum}
	return plain.parseOperand(op, value)
}

// instant reads a date, a time or both as an interval, to the microsecond.
func (p *postgresType) instant(given string) (operand, error) {
	o := operand{text: given}
	if p.kind == KindTime && (lastTime.MatchString(given) || p.base == "timetz") {
		if !lastTime.MatchString(given) {
			if _, _, ok := p.time(given); !ok {
				return o, instantError(p.kind)
			}
		}
		o.far = true
		return o, nil
	}
	at, _, step, err := parseISO(withZone(given)) // without a zone it is UTC
	if err != nil || at.UTC().Year() < 1 {
		far := farInstant.MatchString(given) && p.kind != KindTime && !strings.HasPrefix(given, "0000")
		if far && err != nil && (strings.HasSuffix(given, "infinity") || strings.HasSuffix(given, " BC") || strings.IndexByte(given, '-') > 4) {
			o.far = true
			return o, nil
		}
		return o, instantError(p.kind)
	}
	return span(p.kind, given, at, step)
}

// withZone writes a zone of hours alone, as PostgreSQL does, with its minutes.
func withZone(given string) string {
	if shortZone.MatchString(given) {
		return given + ":00"
	}
	return given
}

// bounds are the beginning and the end of an interval as values that compare with the column.
func (p *postgresType) bounds(o operand) (from, to fragment) {
	if o.far {
		one := p.cast(o.text)
		return one, one
	}
	start, end := o.from.UTC(), o.to.UTC()
	if p.kind == KindTime {
		last := end.Format("15:04:05.999999")
		if end.Day() != start.Day() && end.Equal(end.Truncate(24*time.Hour)) {
			last = "24:00:00"
		}
		return p.cast(start.Format("15:04:05.999999")), p.cast(last)
	}
	name := p.name
	if p.base == "date" {
		name = "pg_catalog.timestamp" // a time of day is not cut off
	}
	const layout = "2006-01-02 15:04:05.999999"
	if p.base == "timestamptz" {
		return p.cast(start.Format(layout) + "+00"), p.cast(end.Format(layout) + "+00")
	}
	return p.as(name, start.Format(layout)), p.as(name, end.Format(layout))
}

func (p *postgresType) key(part string) (any, text.Message) {
	if problem := textProblem(part, len(part)); problem != nil {
		return nil, problem
	}
	var err error
	switch p.kind {
	case KindInteger:
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, text.IntegerWanted
		}
		return n, nil
	case KindReal, KindDecimal:
		if p.number(part) != nil {
			return nil, text.AnyNumberWanted
		}
	case KindUUID:
		_, err = parseUUID(part)
	case KindBool:
		_, err = parseBool(part)
	case KindDate, KindTime, KindDateTime:
		_, err = p.instant(part)
	case KindEnum:
		if len(p.labels) > 0 && !slices.Contains(p.labels, part) {
			return nil, text.NotOneOf(p.labels)
		}
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

// errFar means that a date is one that time.Time is not shown for.
var errFar = errors.New("not between the years 1 and 9999")

func (p *postgresType) time(raw string) (at time.Time, zoned, ok bool) {
	at, zoned, _, err := parseISO(withZone(raw))
	if err == nil && at.UTC().Year() < 1 {
		err = errFar
	}
	return at, zoned, err == nil
}

// postgresTypeRow is a type in the catalogue.
type postgresTypeRow struct {
	OID               oid
	Schema, Bare      string
	Builtin           bool
	Extension         bool
	Kind              string // b base, c composite, d domain, e enum, r range, m multirange
	Elem, Base        oid
	Mod               int // of a domain's base
	Required, Ordered bool
	Labels            []string
	Default           *string // of a domain
	Beside            *string // the schema of its operators, if search_path does not lead there
}

func (c *postgresCatalogue) readTypes(ctx context.Context, db queryer) error {
	return objects(ctx, db, `WITH RECURSIVE used(oid) AS (
			SELECT a.atttypid FROM (`+shownRelations+`) AS r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped
			UNION SELECT b.oid FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem)) AS b(oid) WHERE b.oid <> 0)
		SELECT t.oid, n.nspname AS schema, t.typname AS bare, n.nspname = 'pg_catalog' AS builtin,
		t.typtype AS kind, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS elem, t.typbasetype AS base, t.typtypmod AS mod, t.typnotnull AS required,
		EXISTS (SELECT 1 FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
			JOIN pg_catalog.pg_amop s ON s.amopfamily = o.opcfamily AND s.amoplefttype = t.oid AND s.amoprighttype = t.oid AND s.amopstrategy = 1
			JOIN pg_catalog.pg_operator p ON p.oid = s.amopopr
			WHERE m.amname = 'btree' AND o.opcdefault AND o.opcintype = t.oid AND p.oprname = '<') AS ordered,
		pg_catalog.pg_get_expr(t.typdefaultbin, 0) AS "default",
		(SELECT min(h.nspname) FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
			JOIN pg_catalog.pg_amop s ON s.amopfamily = o.opcfamily AND s.amoplefttype = t.oid AND s.amoprighttype = t.oid
			JOIN pg_catalog.pg_operator p ON p.oid = s.amopopr JOIN pg_catalog.pg_namespace h ON h.oid = p.oprnamespace
			WHERE m.amname = 'btree' AND o.opcdefault AND o.opcintype = t.oid AND NOT pg_catalog.pg_operator_is_visible(p.oid)) AS beside,
		(SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels
		FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`,
		func(r postgresTypeRow) {
			c.types[r.OID] = &r
			if r.Beside != nil {
				c.d.lookBeside(*r.Beside)
			}
		})
}

// describe sets what a column's type says of it. A column of a domain is one of the domain's base.
func (c *postgresCatalogue) describe(column *Column, id oid, mod int) {
	row := c.types[id]
	if row != nil && row.Default != nil && !column.Generated && !column.HasDefault {
		column.HasDefault, column.Default = true, *row.Default
	}
	for row != nil && row.Kind == "d" {
		column.Nullable = column.Nullable && !row.Required
		mod = row.Mod
		row = c.types[row.Base]
	}
	if row == nil {
		row = &postgresTypeRow{Kind: "p"}
	}
	typ := &postgresType{name: c.d.quote(row.Schema) + "." + c.d.quote(row.Bare), kind: KindAny, class: StoredText, labels: row.Labels, tick: time.Microsecond, mod: mod}
	if row.Builtin {
		typ.base = row.Bare
	}
	typ.typed = c.ordered(row)
	known, ok := postgresTypes[typ.base]
	switch {
	case ok:
		typ.kind, typ.class = known.kind, known.class
		typ.typed = row.Bare != "json"
	case row.Kind == "e":
		typ.kind = KindEnum
		column.Enum = row.Labels
	case row.Bare == "citext":
		typ.kind = KindText
	case row.Kind == "b" && row.Elem == 0 && (row.Builtin || typ.typed):
		// its text is all there is to it, and can be entered
	default:
		typ.fixed = "is a " + column.Type + ", which is shown as its text and not edited"
	}
	column.Kind, column.native = typ.kind, typ
	c.measure(column, typ, mod)
}

// ordered says whether values of a type can be compared.
func (c *postgresCatalogue) ordered(row *postgresTypeRow) bool {
	switch {
	case row.Elem != 0:
		elem := c.types[row.Elem]
		for elem != nil && elem.Kind == "d" {
			elem = c.types[elem.Base]
		}
		if elem == nil {
			return false
		}
		_, known := postgresTypes[elem.Bare]
		return elem.Builtin && known && elem.Bare != "json" || c.ordered(elem)
	case row.Kind == "e", row.Kind == "r", row.Kind == "m":
		return true
	case row.Kind == "c", row.Kind == "p":
		return false
	}
	return row.Ordered || row.Builtin && row.Bare == "varchar"
}

// measure reads a type's modifier.
func (c *postgresCatalogue) measure(column *Column, typ *postgresType, mod int) {
	switch typ.base {
	case "time", "timetz", "timestamp", "timestamptz":
		for digits := 6; mod >= 0 && digits > mod; digits-- {
			typ.tick *= 10
		}
		return
	}
	const header = 4 // bytes, which the modifier counts too
	if mod < header {
		return
	}
	switch typ.base {
	case "varchar", "bpchar":
		if column.MaxLength = mod - header; column.MaxLength > longText {
			column.Kind, typ.kind = KindLongText, KindLongText
		}
	case "numeric":
		precision, scale := (mod-header)>>16&0xffff, (mod-header)&0x7ff
		if scale&0x400 == 0 && scale <= precision { // not negative, nor more than there are digits
			column.Precision, column.Scale = precision, scale
		}
	}
}
