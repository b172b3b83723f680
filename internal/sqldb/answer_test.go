// This file tests what is read of PostgreSQL's errors, of pgx and of drivers like it.

package sqldb_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// pqError has the fields of lib/pq's error.
type pqError struct{ Code, Message, Schema, Table, Column, DataTypeName, Constraint string }

func (e *pqError) Error() string    { return "pq: " + e.Message }
func (e *pqError) SQLState() string { return e.Code }

func TestAnswersOfPostgres(t *testing.T) {
	if _, ok := sqldb.AnswerOf(errors.New("no answer")); ok {
		t.Error("an error of nobody is an answer")
	}
	got, ok := sqldb.AnswerOf(fmt.Errorf("insert: %w", &pqError{"23505", "duplicate", "public", "x", "", "", "x_pkey"}))
	if want := (sqldb.Answer{State: "23505", Message: "duplicate", Schema: "public", Table: "x", Constraint: "x_pkey"}); !ok || got != want {
		t.Errorf("of lib/pq: %+v", got)
	}
	db, err := sql.Open("pgx", testserver.SharedPostgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE x (id integer NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "INSERT INTO x VALUES (NULL)")
	got, ok = sqldb.AnswerOf(err)
	got.Message = ""
	if want := (sqldb.Answer{State: "23502", Schema: "public", Table: "x", Column: "id", Routine: "ExecConstraints"}); !ok || got != want {
		t.Errorf("of pgx: %+v", got)
	}
}
