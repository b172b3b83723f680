// What PostgreSQL says of a refused statement.

package sqldb

import (
	"errors"
	"reflect"
)

// Answer is an error of PostgreSQL in its parts (PostgreSQL manual, 55.8). Parts that the server
// did not give are empty.
type Answer struct {
	State      string // SQLSTATE
	Message    string // in the server's language
	Schema     string
	Table      string
	Column     string
	Type       string // of a domain, its name
	Constraint string
	Where      string // the functions that it comes from; empty outside of any
	Routine    string // of the server's source
}

// Raised says whether a program of the application's own said this, by RAISE. Its SQLSTATE is what
// the program chose, and says nothing of the server.
func (a Answer) Raised() bool { return a.Routine == "exec_stmt_raise" }

// AnswerOf reads the parts of an error of PostgreSQL; false for other errors. pgx and lib/pq have
// them as fields of their own types, under these names.
func AnswerOf(err error) (Answer, bool) {
	answer, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return Answer{}, false
	}
	v := reflect.Indirect(reflect.ValueOf(answer))
	part := func(names ...string) string {
		if v.Kind() != reflect.Struct {
			return ""
		}
		for _, name := range names {
			if field := v.FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
				return field.String()
			}
		}
		return ""
	}
	return Answer{
		State:      answer.SQLState(),
		Message:    part("Message"),
		Schema:     part("SchemaName", "Schema"),
		Table:      part("TableName", "Table"),
		Column:     part("ColumnName", "Column"),
		Type:       part("DataTypeName"),
		Constraint: part("ConstraintName", "Constraint"),
		Where:      part("Where"),
		Routine:    part("Routine"),
	}, true
}
