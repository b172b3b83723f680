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
}

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
	}, true
}
