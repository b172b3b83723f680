// This file reads simple CHECK constraints: the values and bounds they set for a column.

package data

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// readChecks sets what the table's checks say of its columns.
func (t *Table) readChecks() {
	for i := range t.checks {
		one := &t.checks[i]
		tokens := ddlTokens(one.expression)
		for _, c := range t.Columns {
			if slices.ContainsFunc(tokens, func(token ddlToken) bool { return token.name() && strings.EqualFold(token.text, c.Name) }) {
				one.columns = append(one.columns, c.Name)
			}
		}
		if column, values, numbers, ok := checkValues(one.expression); ok && !t.comparesColumns(tokens) {
			t.named(column, func(c *Column) {
				if c.Enum != nil {
					return
				}
				c.Enum, c.numbers = values, numbers
				if c.Kind == KindText || c.Kind == KindLongText || c.Kind == KindAny {
					c.Kind = KindEnum
				}
			})
			continue
		}
		for _, b := range checkBounds(tokens) {
			t.named(b.column, func(c *Column) { c.bound(b) })
		}
	}
}

// comparesColumns says whether a name in quotation marks within a list of values is a column of the
// table. SQLite takes such a name for a text only where there is no column.
func (t *Table) comparesColumns(tokens []ddlToken) bool {
	for i, token := range tokens {
		if i == 0 || token.kind != 'n' || tokens[i-1].kind != '(' && tokens[i-1].kind != ',' || i+1 < len(tokens) && tokens[i+1].name() {
			continue // what is compared stands before IN or IS
		}
		if slices.ContainsFunc(t.Columns, func(c *Column) bool { return strings.EqualFold(c.Name, token.text) }) {
			return true
		}
	}
	return false
}

// named calls found with the column of that name in any case.
func (t *Table) named(name string, found func(*Column)) {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			found(c)
		}
	}
}

// checkBound is "column op number", "length(column) op number" or "json_valid(column)".
type checkBound struct {
	column string
	length bool
	json   bool
	op     string // < <= > >=
	number string
}

// bound tightens the column's bounds.
func (c *Column) bound(b checkBound) {
	if b.json {
		if c.Kind == KindText || c.Kind == KindLongText {
			c.Kind = KindJSON
		}
		return
	}
	n, ok := new(big.Rat).SetString(b.number)
	if !ok {
		return
	}
	if b.length {
		limit, err := strconv.Atoi(b.number)
		if err != nil || b.op[0] != '<' {
			return
		}
		if b.op == "<" {
			limit--
		}
		if limit > 0 && (c.MaxLength == 0 || limit < c.MaxLength) {
			c.MaxLength = limit
		}
		return
	}
	if c.Kind != KindInteger && c.Kind != KindReal && c.Kind != KindDecimal {
		return
	}
	text := b.number
	if c.Kind == KindInteger && n.IsInt() && len(b.op) == 1 {
		step := int64(1)
		if b.op == "<" {
			step = -1
		}
		n.Add(n, big.NewRat(step, 1))
		text = n.Num().String()
	}
	tighter := func(old string, sign int) bool {
		was, ok := new(big.Rat).SetString(old)
		return !ok || n.Cmp(was) == sign
	}
	if b.op[0] == '>' && tighter(c.Min, 1) {
		c.Min = text
	}
	if b.op[0] == '<' && tighter(c.Max, -1) {
		c.Max = text
	}
}

// checkBounds reads the bounds in a conjunction. It leaves out what it does not understand.
func checkBounds(tokens []ddlToken) []checkBound {
	for len(tokens) > 2 && tokens[0].kind == '(' && closes(tokens) == len(tokens)-1 {
		tokens = tokens[1 : len(tokens)-1]
	}
	nullTest := func(t []ddlToken) bool { return len(t) == 3 && t[0].name() && t[1].is("IS") && t[2].is("NULL") }
	if n := len(tokens); n > 4 && nullTest(tokens[:3]) && tokens[3].is("OR") {
		return boundsOf(tokens[0].text, tokens[4:])
	} else if n > 4 && nullTest(tokens[n-3:]) && tokens[n-4].is("OR") {
		return boundsOf(tokens[n-3].text, tokens[:n-4])
	}
	var parts [][]ddlToken
	start, level, between := 0, 0, false
	for i, token := range tokens {
		switch {
		case token.kind == '(':
			level++
		case token.kind == ')':
			level--
		case level == 0 && (token.is("OR") || token.is("NOT") || token.is("CASE")):
			return nil
		case level == 0 && token.is("BETWEEN"):
			between = true
		case level == 0 && token.is("AND") && between:
			between = false
		case level == 0 && token.is("AND"):
			parts = append(parts, tokens[start:i])
			start = i + 1
		}
	}
	if len(parts) > 0 {
		var all []checkBound
		for _, part := range append(parts, tokens[start:]) {
			all = append(all, checkBounds(part)...)
		}
		return all
	}
	return comparison(tokens)
}

// boundsOf are the bounds of one column: those of others hold for some of its values only.
func boundsOf(column string, tokens []ddlToken) []checkBound {
	return slices.DeleteFunc(checkBounds(tokens), func(b checkBound) bool { return !strings.EqualFold(b.column, column) })
}

// comparison reads one comparison.
func comparison(tokens []ddlToken) []checkBound {
	if column, rest, ok := checkCall("json_valid", tokens); ok && len(rest) == 0 {
		return []checkBound{{column: column, json: true}}
	}
	subject, rest := checkSubject(tokens)
	if subject.column == "" {
		number, rest := checkNumber(tokens)
		op, rest := checkOp(rest)
		subject, rest = checkSubject(rest)
		flipped := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
		if number == "" || flipped == "" || subject.column == "" || len(rest) > 0 {
			return nil
		}
		subject.op, subject.number = flipped, number
		return []checkBound{subject}
	}
	if len(rest) > 0 && rest[0].is("BETWEEN") {
		low, rest := checkNumber(rest[1:])
		if low == "" || len(rest) == 0 || !rest[0].is("AND") {
			return nil
		}
		high, rest := checkNumber(rest[1:])
		if high == "" || len(rest) > 0 {
			return nil
		}
		from, to := subject, subject
		from.op, from.number = ">=", low
		to.op, to.number = "<=", high
		return []checkBound{from, to}
	}
	op, rest := checkOp(rest)
	number, rest := checkNumber(rest)
	if op == "" || number == "" || len(rest) > 0 {
		return nil
	}
	subject.op, subject.number = op, number
	return []checkBound{subject}
}

// checkSubject takes "column" or "length(column)" off the tokens.
func checkSubject(tokens []ddlToken) (checkBound, []ddlToken) {
	if column, rest, ok := checkCall("length", tokens); ok {
		return checkBound{column: column, length: true}, rest
	}
	if len(tokens) >= 1 && tokens[0].name() && (len(tokens) < 2 || tokens[1].kind != '(') {
		return checkBound{column: tokens[0].text}, tokens[1:]
	}
	return checkBound{}, tokens
}

// checkCall takes "function(column)" off the tokens.
func checkCall(function string, tokens []ddlToken) (column string, rest []ddlToken, ok bool) {
	if len(tokens) < 4 || !tokens[0].is(function) || tokens[1].kind != '(' || !tokens[2].name() || tokens[3].kind != ')' {
		return "", tokens, false
	}
	return tokens[2].text, tokens[4:], true
}

func checkOp(tokens []ddlToken) (string, []ddlToken) {
	if len(tokens) == 0 || tokens[0].kind != '<' && tokens[0].kind != '>' {
		return "", tokens
	}
	if len(tokens) > 1 && tokens[1].kind == '=' {
		return tokens[0].text + "=", tokens[2:]
	}
	return tokens[0].text, tokens[1:]
}

// checkNumber takes a number of digits and at most one point off the tokens.
func checkNumber(tokens []ddlToken) (string, []ddlToken) {
	sign := ""
	if len(tokens) > 1 && tokens[0].kind == '-' {
		sign, tokens = "-", tokens[1:]
	}
	if len(tokens) == 0 || tokens[0].kind != '0' || strings.Trim(tokens[0].text, "0123456789.") != "" || len(tokens[0].text) > 40 {
		return "", tokens
	}
	return sign + tokens[0].text, tokens[1:]
}
