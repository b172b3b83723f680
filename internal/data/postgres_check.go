// This file reads simple CHECK constraints of PostgreSQL, as the server writes them: the values and
// bounds they set for a column.

package data

import (
	"slices"
	"strings"
)

// readCheck sets what a constraint says of one column. It leaves out what it does not understand.
func (c *postgresCatalogue) readCheck(t *Table, expression string) {
	tokens := withoutCasts(ddlTokens(plainBrackets(expression)))
	if column, values, ok := anyOfValues(tokens); ok {
		for _, one := range t.columns([]string{column}) {
			numeric := one.Kind == KindInteger || one.Kind == KindDecimal || one.Kind == KindReal
			if one.Enum != nil || !numeric && one.Kind != KindText && one.Kind != KindLongText {
				continue
			}
			one.Enum, one.numbers = values, numeric
			if !numeric {
				one.Kind = KindEnum
				if typ := postgresTypeOf(one); typ != nil {
					typ.kind = KindEnum
				}
			}
		}
		return
	}
	for _, b := range checkBounds(tokens) {
		for _, one := range t.columns([]string{b.column}) {
			one.bound(b)
		}
	}
}

// withoutCasts leaves out the casts (x::type), the brackets around single tokens, and the quotes of
// numbers that were cast.
func withoutCasts(tokens []ddlToken) []ddlToken {
	var out []ddlToken
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind != ':' || i+2 >= len(tokens) || tokens[i+1].kind != ':' {
			out = append(out, tokens[i])
			continue
		}
		i += 2
		first := strings.ToLower(tokens[i].text)
		for i+2 < len(tokens) && tokens[i+1].kind == '.' { // a schema
			i += 2
			first = strings.ToLower(tokens[i].text)
		}
		for i+1 < len(tokens) && slices.Contains([]string{"varying", "precision", "without", "with", "time", "zone"}, tokens[i+1].text) {
			i++
		}
		if i+1 < len(tokens) && tokens[i+1].kind == '(' { // a modifier, or the brackets of an array
			if end := closes(tokens[i+1:]); end > 0 {
				i += 1 + end
			}
		}
		number := slices.Contains([]string{"smallint", "integer", "bigint", "numeric", "real", "double"}, first)
		if last := len(out) - 1; number && last >= 0 && out[last].kind == 's' && parseNumber(out[last].text) != nil {
			given := out[last]
			out = out[:last]
			if digits, negative := strings.CutPrefix(given.text, "-"); negative {
				out = append(out, ddlToken{kind: '-', text: "-"})
				given.text = digits
			}
			given.kind = '0'
			out = append(out, given)
		}
	}
	for i := 0; i+2 < len(out); i++ {
		call := i > 0 && (out[i-1].is("length") || out[i-1].is("char_length"))
		if out[i].kind == '(' && out[i+2].kind == ')' && (out[i+1].name() || out[i+1].kind == '0' || out[i+1].kind == 's') && !call {
			out = slices.Concat(out[:i], out[i+1:i+2], out[i+3:])
			i = max(-1, i-2)
		} else if i+3 < len(out) && out[i].kind == '(' && out[i+1].kind == '-' && out[i+2].kind == '0' && out[i+3].kind == ')' {
			out = slices.Concat(out[:i], out[i+1:i+3], out[i+4:])
			i = max(-1, i-2)
		}
	}
	for i := range out {
		if out[i].is("char_length") {
			out[i].text = "length"
		}
	}
	return out
}

// anyOfValues reads "column = ANY (ARRAY[literal, …])".
func anyOfValues(tokens []ddlToken) (column string, values []string, ok bool) {
	flat := slices.DeleteFunc(slices.Clone(tokens), func(t ddlToken) bool { return t.kind == '(' || t.kind == ')' })
	if len(flat) < 5 || !flat[0].name() || flat[1].kind != '=' || !flat[2].is("ANY") || !flat[3].is("ARRAY") {
		return "", nil, false
	}
	for part := range slices.Values(splitDDL(flat[4:], ',')) {
		sign := ""
		if len(part) == 2 && part[0].kind == '-' {
			sign, part = "-", part[1:]
		}
		if len(part) != 1 || part[0].kind != 's' && part[0].kind != '0' {
			return "", nil, false
		}
		values = append(values, sign+part[0].text)
	}
	return flat[0].text, values, true
}
