// This file holds the conditions of filters and search in MySQL and MariaDB. What they mean is in
// the package comment: texts compare by the column's collation.

package data

import (
	"strings"
)

func (d *mysql) match(_ *Table, c *Column, op Op, operands []operand) fragment {
	typ, x := mysqlTypeOf(c), d.column(c)
	o := operands[0]
	switch op {
	case OpIsNull:
		if o.truth {
			return fragment{text: x + " IS NULL"}
		}
		return fragment{text: x + " IS NOT NULL"}
	case OpContains:
		return d.like(c, "%"+mysqlEscaper.Replace(o.text)+"%")
	case OpStartsWith:
		return d.startsWith(c, o.text)
	case OpIn, OpEq:
		return d.equals(typ, x, operands)
	}
	value := typ.comparand(o.text)
	if isInstant(c.Kind) {
		from, _, _ := typ.bounds(o)
		value = fragment{"?", []any{from}}
	}
	return fragment{"(" + typ.compared(x) + strings.TrimSuffix(comparisons[op], "?") + value.text + ")", value.args}
}

// compared is what filters compare: the whole value.
func (m *mysqlType) compared(x string) string {
	switch {
	case m.class == StoredBlob, m.words() && m.base != "enum" && m.base != "set":
		return x
	case m.long:
		return m.binaryText(x)
	}
	return m.place(x)
}

// equals holds where the value is one of the operands.
func (d *mysql) equals(typ *mysqlType, x string, operands []operand) fragment {
	compared := typ.compared(x)
	if typ.base == "enum" || typ.base == "set" {
		compared = x // with a text they compare as texts
	}
	var parts []fragment
	for _, o := range operands {
		value := typ.comparand(o.text)
		if isInstant(typ.kind) {
			from, to, last := typ.bounds(o)
			if o.far {
				parts = append(parts, fragment{x + " = ?", []any{from}})
				continue
			}
			end := " < ?"
			if last {
				end = " <= ?"
			}
			parts = append(parts, fragment{"(" + x + " >= ? AND " + x + end + ")", []any{from, to}})
			continue
		}
		parts = append(parts, fragment{compared + " = " + value.text, value.args})
	}
	return anyOf(parts)
}

func (d *mysql) search(c *Column, text string) fragment {
	return d.like(c, "%"+mysqlEscaper.Replace(text)+"%")
}

// mysqlEscaper escapes what LIKE understands. A backslash would be another thing in other modes.
var mysqlEscaper = strings.NewReplacer("|", "||", "%", "|%", "_", "|_")

// like holds where the text of a value is like a pattern in any case. Accents matter, whatever the
// collation says of them.
func (d *mysql) like(c *Column, pattern string) fragment {
	typ := mysqlTypeOf(c)
	text := typ.read(d.column(c))
	if typ.base == "float" {
		text = "CAST(" + d.column(c) + " AS CHAR)"
	}
	return fragment{"(LOWER(CONVERT(" + text + " USING utf8mb4)) COLLATE utf8mb4_bin LIKE LOWER(CONVERT(? USING utf8mb4)) ESCAPE '|')", []any{pattern}}
}

// startsWith is like, but where the collation ignores the case it is asked, so that an index can
// serve. Then it is the collation that says whether accents matter.
func (d *mysql) startsWith(c *Column, given string) fragment {
	typ := mysqlTypeOf(c)
	pattern := mysqlEscaper.Replace(given) + "%"
	if typ.words() && strings.HasSuffix(typ.collation, "_ci") && typ.fits(given) && typ.base != "json" {
		return fragment{"(" + d.column(c) + " LIKE ? ESCAPE '|')", []any{pattern}}
	}
	return d.like(c, pattern)
}
