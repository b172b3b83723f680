// This file holds the conditions of filters and search in PostgreSQL. What they mean is in the
// package comment.

package data

import (
	"strings"
	"unicode/utf8"
)

func (d *postgres) match(_ *Table, c *Column, op Op, operands []operand) fragment {
	typ := postgresTypeOf(c)
	x := typ.place(d.column(c))
	o := operands[0]
	switch op {
	case OpIsNull:
		if o.truth {
			return fragment{text: d.column(c) + " IS NULL"}
		}
		return fragment{text: d.column(c) + " IS NOT NULL"}
	case OpContains:
		return d.like(c, "%"+likeEscaper.Replace(o.text)+"%", o.text)
	case OpStartsWith:
		return d.like(c, likeEscaper.Replace(o.text)+"%", o.text)
	case OpIn, OpEq:
		return d.equals(typ, x, operands)
	}
	comparison := strings.TrimSuffix(comparisons[op], "?")
	value := typ.cast(o.text)
	switch {
	case isInstant(c.Kind):
		value, _ = typ.bounds(o)
	case c.Kind == KindInteger:
		value = fragment{"CAST(? AS bigint)", []any{o.number}}
	}
	return fragment{"(" + x + comparison + value.text + ")", value.args}
}

// equals holds where the value is one of the operands.
func (d *postgres) equals(typ *postgresType, x string, operands []operand) fragment {
	var parts []fragment
	for _, o := range operands {
		value := typ.cast(o.text)
		switch {
		case isInstant(typ.kind):
			from, to := typ.bounds(o)
			if o.far {
				value = from
				break
			}
			parts = append(parts, fragment{"(" + x + " >= " + from.text + " AND " + x + " < " + to.text + ")", append(from.args, to.args...)})
			continue
		case typ.kind == KindInteger:
			value = fragment{"CAST(? AS bigint)", []any{o.number}}
		case typ.kind == KindBool:
			value = typ.cast("false")
			if o.truth {
				value = typ.cast("true")
			}
		case typ.kind == KindBlob:
			value = fragment{"CAST(? AS bytea)", []any{o.blob}}
		case typ.kind == KindUUID:
			value = typ.cast(strings.TrimSpace(o.text))
		}
		parts = append(parts, fragment{x + " = " + value.text, value.args})
	}
	return anyOf(parts)
}

func (d *postgres) search(c *Column, text string) fragment {
	return d.like(c, "%"+likeEscaper.Replace(text)+"%", text)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// like holds where the text of a value is like a pattern in any case. ILIKE, which an index of
// pg_trgm serves, ignores the case of A to Z in every database, and that of other letters where the
// collation knows them: for texts with others they are folded.
func (d *postgres) like(c *Column, pattern, given string) fragment {
	typ := postgresTypeOf(c)
	x := typ.text(d.column(c))
	if typ.collated {
		x = "(" + x + ` COLLATE pg_catalog."default")`
	}
	if isASCII(given) {
		return fragment{"(" + x + " ILIKE ?)", []any{pattern}}
	}
	folded, wanted := fold(x, given)
	return fragment{"(" + folded.text + " LIKE ?)", append(folded.args, strings.Replace(pattern, likeEscaper.Replace(given), likeEscaper.Replace(wanted), 1))}
}

func isASCII(given string) bool {
	return !strings.ContainsFunc(given, func(r rune) bool { return r >= utf8.RuneSelf })
}
