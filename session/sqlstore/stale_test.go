// What a server says of statements and schemas that are out of date, each said once at each
// statement.

package sqlstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-crudadmin/crudadmin/session"
)

// outOfDate are the errors of each engine that say so.
var outOfDate = map[string]map[string]error{
	"mariadb": {
		"1615, the statement needs to be prepared again": &mysqldriver.MySQLError{Number: 1615, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}, Message: "Prepared statement needs to be re-prepared"},
		"1243, the server does not know the statement":   &mysqldriver.MySQLError{Number: 1243, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}, Message: "Unknown prepared statement handler"},
	},
	"postgresql": {
		"0A000, the plan has another result": &pgconn.PgError{Code: "0A000", Message: "cached plan must not change result type"},
		"26000, the statement is gone":       &pgconn.PgError{Code: "26000", Message: "prepared statement does not exist"},
		"42P05, the statement is there":      &pgconn.PgError{Code: "42P05", Message: "prepared statement already exists"},
	},
}

// lifeOf is what is done with a session, all of which must succeed.
func lifeOf(t *testing.T, s *Store, n byte) {
	t.Helper()
	one := sample("ada", time.Now(), n)
	_, err := s.Create(t.Context(), one, session.Admission{})
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	if _, err = s.Get(t.Context(), one.ID); err == nil {
		_, err = s.List(t.Context(), session.Query{Limit: 5})
	}
	if err == nil {
		_, err = s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonLogout})
	}
	if err != nil {
		t.Errorf("Get, List or Delete: %v", err)
	}
}

// TestStaleStatementsHeal answers each statement once with each error: nobody notices, and nothing
// is done twice.
func TestStaleStatementsHeal(t *testing.T) {
	for name, all := range outOfDate {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engines[name](t)
			for what, cfg := range map[string]Config{"prepared": {}, "not prepared": {NoPrepare: true}} {
				var h spy
				s, err := Open(t.Context(), h.connect(t, e), cfg)
				if err != nil {
					t.Fatal(err)
				}
				lifeOf(t, s, 1)
				n := byte(2)
				for said, err := range all {
					for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
						left, answered := 1, 0
						h.on(verb, func() error {
							if left == 0 {
								return nil
							}
							left--
							answered++
							return err
						})
						lifeOf(t, s, n)
						n++
						h.on("nothing", func() error { return nil })
						if answered == 0 && verb == "SELECT" {
							t.Errorf("%s, %s: %s was not said: the test shows nothing", what, verb, said)
						}
					}
				}
				_ = s.Close()
			}
		})
	}
}

// TestSearchPath: a search_path without our schema is told when the store is opened; one that is
// changed under it is an outage, and nobody's session is taken to have ended. With the path back it
// goes on.
func TestSearchPath(t *testing.T) {
	t.Parallel()
	e := engines["postgresql"](t)
	root := e.connect(t)
	at := func(path string) engine { return engine{e.driver, e.dsn + "&search_path=" + path} }
	refusedAtOpen(t, "a path to a schema that is not there", at("nowhere").connect(t), Config{}, "schema")
	if _, err := root.ExecContext(t.Context(), "CREATE SCHEMA apart"); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{{}, {NoPrepare: true}} {
		db := at("apart").connect(t)
		db.SetMaxOpenConns(1)
		s, err := Open(t.Context(), db, cfg)
		if err != nil {
			t.Fatal(err)
		}
		one := sample("ada", time.Now(), 9)
		if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"nowhere", "pg_catalog"} {
			if _, err := db.ExecContext(t.Context(), "SET search_path = "+path); err != nil {
				t.Fatal(err)
			}
			_, err = s.Get(t.Context(), one.ID)
			_, made := s.Create(t.Context(), sample("ada", time.Now(), 10), session.Admission{})
			_, ended := s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonLogout})
			for call, err := range map[string]error{"Get": err, "Create": made, "Delete": ended} {
				if cfg.NoPrepare && !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrIndeterminate) {
					t.Errorf("%s with the search_path %s: %v, want ErrUnavailable", call, path, err)
				}
				if err != nil && !strings.Contains(err.Error(), "crudadmin_") {
					t.Errorf("%s with the search_path %s: %v does not name what is missing", call, path, err)
				}
			}
			if _, err := db.ExecContext(t.Context(), "SET search_path = apart"); err != nil {
				t.Fatal(err)
			}
		}
		if cfg.NoPrepare {
			if found, err := s.Get(t.Context(), one.ID); err != nil || found.ID != one.ID {
				t.Errorf("with the path back: %v", err)
			}
		}
		_ = s.Close()
	}
}

// TestUntypedArguments: 42P18, a parameter whose type nobody knows, is the statement's fault and
// never a session's.
func TestUntypedArguments(t *testing.T) {
	t.Parallel()
	e := engines["postgresql"](t)
	var h spy
	s, err := Open(t.Context(), h.connect(t, e), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	one := sample("ada", time.Now(), 1)
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"42P18", "42804", "42883"} {
		h.on("SELECT", func() error {
			return &pgconn.PgError{Code: code, Message: "could not determine data type of parameter $1"}
		})
		if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: %v, want ErrUnavailable", code, err)
		}
		h.on("nothing", func() error { return nil })
		if _, err := s.Get(t.Context(), one.ID); err != nil {
			t.Errorf("after %s: %v", code, err)
		}
	}
}
