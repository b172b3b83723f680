// This file reads the errors of MySQL and MariaDB about broken rules. Their messages name the
// constraint, the table or the column; in a transaction that writes they are in English.

package data

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// The numbers of broken rules (MySQL Error Message Reference, MariaDB Error Codes).
const (
	mysqlDuplicate    = 1062      // ER_DUP_ENTRY
	mysqlNotNull      = 1048      // ER_BAD_NULL_ERROR
	mysqlNoDefault    = 1364      // ER_NO_DEFAULT_FOR_FIELD
	mysqlNoParent     = 1452      // ER_NO_REFERENCED_ROW_2
	mysqlHasChildren  = 1451      // ER_ROW_IS_REFERENCED_2
	mysqlChildTaken   = 1761      // ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO
	mysqlTooLong      = 1406      // ER_DATA_TOO_LONG
	mysqlOutOfRange   = 1264      // ER_WARN_DATA_OUT_OF_RANGE
	mysqlCut          = 1265      // WARN_DATA_TRUNCATED: of ENUM and SET
	mysqlWrong        = 1292      // ER_TRUNCATED_WRONG_VALUE
	mysqlUnfit        = 1366      // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
	mysqlCheck        = 3819      // ER_CHECK_CONSTRAINT_VIOLATED: MySQL
	mariaCheck        = 4025      // ER_CONSTRAINT_FAILED: MariaDB
	mysqlComputed     = 3105      // ER_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN: MySQL
	mariaComputed     = 1906      // ER_WARNING_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN: MariaDB
	mysqlNoPartition  = 1526      // ER_NO_PARTITION_FOR_GIVEN_VALUE
	mysqlSyntax       = 1064      // ER_PARSE_ERROR
	mysqlNoSavepoint  = 1305      // ER_SP_DOES_NOT_EXIST: of savepoints too
	mysqlRaisedState  = "(45000)" // unhandled user-defined exception: of SIGNAL
	mysqlNoSuchPlace  = "SAVEPOINT " + mysqlSavepoint
	mysqlEndedMessage = "the transaction was undone, or ended, before it was complete"
	mysqlRightMessage = "the panel's user of the database lacks a right"
)

// mysqlNames are errors about names that are not there. Where the table has triggers it may be one
// of theirs, else the schema is another one by now.
var mysqlNames = []int{
	1054, // ER_BAD_FIELD_ERROR
	1146, // ER_NO_SUCH_TABLE
	1305, // ER_SP_DOES_NOT_EXIST
}

// mysqlError is what an error says.
type mysqlError struct {
	number        int
	message       string
	schema, table string // whose constraint it is
	key           string // the constraint, or the unique key
	column        string
}

// said reads an error's message.
func (d *mysql) said(err error) mysqlError {
	e := mysqlError{number: sqldb.MySQLNumber(err), message: d.problem(err)}
	switch e.number {
	case mysqlNoParent, mysqlHasChildren, mariaCheck:
		names := backquoted(e.message)
		if e.number == mariaCheck && len(names) == 3 {
			names = []string{names[1], names[2], names[0]}
		}
		if len(names) >= 3 {
			e.schema, e.table, e.key = names[0], names[1], names[2]
		}
	case mysqlCheck:
		e.key = between(e.message, "'", "' is violated")
	case mysqlDuplicate, mysqlChildTaken:
		_, key, _ := cutLast(e.message, "for key '")
		e.key = strings.TrimSuffix(key, "'")
	case mysqlNotNull:
		e.column = between(e.message, "'", "' cannot be null")
	case mysqlNoDefault:
		e.column = between(e.message, "'", "' doesn't have")
	case mysqlComputed, mariaComputed:
		e.column = between(e.message, "generated column '", "' in table")
	default:
		_, place, _ := cutLast(e.message, " for column ")
		if names := backquoted(place); strings.HasPrefix(place, "`") && len(names) == 3 {
			e.schema, e.table, e.column = names[0], names[1], names[2]
		} else if strings.HasPrefix(place, "'") {
			e.column = between(place, "'", "' at row")
		}
	}
	return e
}

// between is what stands between the first left and the last right.
func between(text, left, right string) string {
	_, text, _ = strings.Cut(text, left)
	text, _, _ = cutLast(text, right)
	return text
}

// cutLast is strings.Cut at the last separator. Without one, nothing is after it.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// backquoted are the names in backquotes.
func backquoted(text string) (names []string) {
	for {
		_, rest, found := strings.Cut(text, "`")
		if !found {
			return names
		}
		var name strings.Builder
		for {
			part, after, closed := strings.Cut(rest, "`")
			if !closed {
				return names
			}
			name.WriteString(part)
			if rest = after; !strings.HasPrefix(rest, "`") {
				break
			}
			name.WriteByte('`')
			rest = rest[1:]
		}
		names, text = append(names, name.String()), rest
	}
}

func (d *mysql) violation(_ context.Context, _ queryer, t *Table, err error) (violation, bool) {
	e := d.said(err)
	if _, other := errors.AsType[*elsewhere](err); other {
		return violation{rule: ruleCheck, table: untoldTable}, true
	}
	raised := violation{rule: ruleTrigger, message: e.message}
	if strings.Contains(err.Error(), mysqlRaisedState) {
		return raised, true
	}
	switch e.number {
	case mysqlDuplicate, mysqlChildTaken, mysqlNoParent, mysqlHasChildren, mysqlCheck, mariaCheck:
		if e.key == "" { // a trigger took the number for an error of its own
			return raised, true
		}
	case mysqlNotNull, mysqlNoDefault, mysqlComputed, mariaComputed:
		if e.column == "" {
			return raised, true
		}
	}
	switch e.number {
	case mysqlNoSavepoint:
		if strings.Contains(e.message, mysqlNoSuchPlace) {
			raised.message = mysqlEndedMessage
			return raised, true
		}
	case mysqlDuplicate:
		if !d.mariadb { // table.key
			key, own := strings.CutPrefix(e.key, t.bare+".")
			if other, _, found := cutLast(e.key, "."); found && !own {
				return violation{rule: ruleUnique, table: t.beside(t.schema, other)}, true
			}
			e.key = key
		}
		return violation{rule: ruleUnique, columns: t.rules[e.key]}, true
	case mysqlChildTaken:
		return violation{rule: ruleUnique, table: untoldTable}, true
	case mysqlNoParent, mysqlHasChildren:
		fk := t.keyNamed(e.schema, e.table, e.key)
		if fk == nil && !t.is(e.schema, e.table) {
			return violation{rule: ruleForeignKey, table: t.beside(e.schema, e.table)}, true
		}
		return violation{rule: ruleForeignKey, key: fk}, true
	case mysqlCheck, mariaCheck:
		return d.brokenCheck(t, e), true
	case mysqlNoPartition:
		return violation{rule: ruleCheck}, true
	case mysqlNotNull, mysqlNoDefault:
		return t.of(e, ruleNotNull), true
	case mysqlComputed, mariaComputed:
		return t.of(e, ruleCheck), true
	case mysqlTooLong, mysqlOutOfRange, mysqlCut, mysqlWrong, mysqlUnfit:
		c, own := t.Column(e.column)
		another := !own && e.column != "" || e.table != "" && !t.is(e.schema, e.table)
		if !another && (!own || c.Generated) {
			return raised, true
		}
		return t.of(e, ruleType), true
	}
	switch fault := sqldb.MySQL.Fault(err); {
	case e.number == 0, e.number == mysqlSyntax, fault == sqldb.Outdated, outage(d.classify(err)):
		return violation{}, false
	case fault == sqldb.Forbidden: // the server names the user
		raised.message = mysqlRightMessage
	case slices.Contains(mysqlNames, e.number):
		return raised, len(t.triggers) > 0
	}
	return raised, true
}

// untoldTable stands for a table whose name the server does not say.
const untoldTable = "?"

// of is a rule of the column that an error names, or of another table.
func (t *Table) of(e mysqlError, broken rule) violation {
	_, own := t.Column(e.column)
	switch {
	case e.table != "" && !t.is(e.schema, e.table):
		return violation{rule: broken, table: t.beside(e.schema, e.table)}
	case !own:
		return violation{rule: broken, table: untoldTable}
	}
	return violation{rule: broken, columns: []string{e.column}}
}

// brokenCheck is a CHECK constraint. That of a column, in MariaDB, has the column's name.
func (d *mysql) brokenCheck(t *Table, e mysqlError) violation {
	if e.table != "" && !t.is(e.schema, e.table) {
		return violation{rule: ruleCheck, table: t.beside(e.schema, e.table)}
	}
	e.key = strings.TrimPrefix(e.key, t.bare+".")
	broken := violation{rule: ruleCheck, name: e.key}
	i := slices.IndexFunc(t.checks, func(one check) bool { return one.name == e.key })
	switch {
	case i >= 0:
		broken.columns = t.checks[i].columns
	case e.table == "": // MySQL names no table: it is a trigger's
		return violation{rule: ruleCheck, table: untoldTable}
	}
	if _, ofColumn := t.Column(e.key); ofColumn && d.mariadb {
		broken.name = ""
	}
	return broken
}

// keyNamed is the foreign key of that name, from the table or to it.
func (t *Table) keyNamed(schema, table, name string) *ForeignKey {
	for _, fk := range slices.Concat(t.ForeignKeys, t.referenced) {
		if fk.name == name && strings.EqualFold(fk.from[0], schema) && strings.EqualFold(fk.from[1], table) {
			return fk
		}
	}
	return nil
}
