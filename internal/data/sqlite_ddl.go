// This file finds the CHECK constraints in a CREATE TABLE statement, which SQLite keeps only as
// text.

package data

import "strings"

// ddlToken is a token of SQL: a word, a quoted name or string (unquoted in text), a number or one
// character.
type ddlToken struct {
	kind       byte // 'w' word, 'n' quoted name, 's' string, '0' number, else the character itself
	text       string
	start, end int
}

func (t ddlToken) is(word string) bool { return t.kind == 'w' && strings.EqualFold(t.text, word) }

func (t ddlToken) name() bool { return t.kind == 'w' || t.kind == 'n' }

// ddlTokens splits SQL that SQLite has already accepted; anything odd becomes single characters.
func ddlTokens(sql string) []ddlToken {
	var tokens []ddlToken
	wordByte := func(b byte) bool {
		return b == '_' || b == '$' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
	}
	for i := 0; i < len(sql); {
		start, b := i, sql[i]
		switch {
		case b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f':
			i++
		case strings.HasPrefix(sql[i:], "--"):
			if end := strings.IndexByte(sql[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(sql)
			}
		case strings.HasPrefix(sql[i:], "/*"):
			if end := strings.Index(sql[i+2:], "*/"); end >= 0 {
				i += end + 4
			} else {
				i = len(sql)
			}
		case b == '\'' || b == '"' || b == '`' || b == '[':
			closing := b
			if b == '[' {
				closing = ']'
			}
			var text strings.Builder
			for i++; i < len(sql); i++ {
				if sql[i] != closing {
					text.WriteByte(sql[i])
					continue
				}
				if closing != ']' && i+1 < len(sql) && sql[i+1] == closing {
					text.WriteByte(closing)
					i++
					continue
				}
				break
			}
			i = min(i+1, len(sql))
			kind := byte('n')
			if b == '\'' {
				kind = 's'
			}
			tokens = append(tokens, ddlToken{kind, text.String(), start, i})
		case wordByte(b):
			kind := byte('w')
			if b >= '0' && b <= '9' {
				kind = '0'
			}
			for i < len(sql) && (wordByte(sql[i]) || kind == '0' && sql[i] == '.') {
				i++
			}
			tokens = append(tokens, ddlToken{kind, sql[start:i], start, i})
		default:
			i++
			tokens = append(tokens, ddlToken{b, sql[start:i], start, i})
		}
	}
	return tokens
}

// collated are the columns to which a CREATE TABLE statement gives a collation, in lower case.
func collated(sql string) map[string]bool {
	depth, own, columns := 0, "", map[string]bool{}
	tokens := ddlTokens(sql)
	for i, token := range tokens {
		switch {
		case token.kind == '(':
			depth++
		case token.kind == ')':
			depth--
		case depth == 1 && i > 0 && (tokens[i-1].kind == ',' || tokens[i-1].kind == '('):
			own = ""
			if token.name() || token.kind == 's' {
				own = strings.ToLower(token.text)
			}
		case depth == 1 && own != "" && token.is("COLLATE"):
			columns[own] = true
		}
	}
	return columns
}

// parseChecks returns the CHECK constraints of a CREATE TABLE statement, their expressions as
// written.
func parseChecks(sql string) []check {
	var checks []check
	tokens := ddlTokens(sql)
	depth := 0
	for i := 0; i < len(tokens); i++ {
		switch tokens[i].kind {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth != 1 || !tokens[i].is("CHECK") || i+1 >= len(tokens) || tokens[i+1].kind != '(' {
			continue
		}
		var found check
		if i >= 2 && tokens[i-2].is("CONSTRAINT") {
			found.name = tokens[i-1].text
		}
		open := i + 1
		end := closes(tokens[open:])
		if end < 0 {
			break
		}
		i = open + end
		found.expression = strings.TrimSpace(sql[tokens[open].end:tokens[i].start])
		checks = append(checks, found)
	}
	return checks
}

// checkValues reads "column IN (literal, …)", with or without "column IS NULL OR" before it or "OR
// column IS NULL" after it, as the column, its values, and whether all are written as numbers.
func checkValues(check string) (column string, values []string, numbers, ok bool) {
	tokens := ddlTokens(check)
	for len(tokens) > 2 && tokens[0].kind == '(' && closes(tokens) == len(tokens)-1 {
		tokens = tokens[1 : len(tokens)-1]
	}
	nullTest := func(t []ddlToken) bool { return len(t) == 3 && t[0].name() && t[1].is("IS") && t[2].is("NULL") }
	nullable := ""
	if n := len(tokens); n > 4 && nullTest(tokens[:3]) && tokens[3].is("OR") {
		nullable, tokens = tokens[0].text, tokens[4:]
	} else if n > 4 && nullTest(tokens[n-3:]) && tokens[n-4].is("OR") {
		nullable, tokens = tokens[n-3].text, tokens[:n-4]
	}
	if len(tokens) < 5 || !tokens[0].name() || !tokens[1].is("IN") || tokens[2].kind != '(' || tokens[len(tokens)-1].kind != ')' {
		return "", nil, false, false
	}
	if nullable != "" && !strings.EqualFold(nullable, tokens[0].text) {
		return "", nil, false, false
	}
	sign := ""
	wantValue := true
	numbers = true
	for _, t := range tokens[3 : len(tokens)-1] {
		switch {
		case wantValue && sign == "" && (t.kind == '-' || t.kind == '+'):
			sign = strings.TrimPrefix(t.text, "+")
		case wantValue && (t.kind == '0' || sign == "" && (t.kind == 's' || t.kind == 'n')):
			values = append(values, sign+t.text)
			numbers = numbers && t.kind == '0'
			sign, wantValue = "", false
		case wantValue && t.is("NULL"):
			wantValue = false
		case !wantValue && t.kind == ',':
			wantValue = true
		default:
			return "", nil, false, false
		}
	}
	return tokens[0].text, values, numbers, !wantValue && len(values) > 0
}

// closes is the index of the token that closes the first.
func closes(tokens []ddlToken) int {
	level := 0
	for i, t := range tokens {
		if t.kind == '(' {
			level++
		} else if t.kind == ')' {
			level--
		}
		if level == 0 {
			return i
		}
	}
	return -1
}
