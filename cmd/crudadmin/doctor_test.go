package main

// This file tests the command doctor on files with something wrong of each kind.

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// consult runs the doctor on a database of the statements and returns its report.
func consult(t *testing.T, env map[string]string, statements ...string) (int, report, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "app.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"doctor", "--database", "sqlite:" + path, "--data-dir", filepath.Join(dir, "data"), "--json"}, nil, &out, &errs,
		func(name string) string { return env[name] })
	if after, _ := os.ReadFile(path); sha256.Sum256(after) != sha256.Sum256(before) {
		t.Error("the doctor changed the database")
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("the doctor made the data directory")
	}
	var r report
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, out.Bytes())
		}
	}
	return code, r, errs.String()
}

func TestDoctor(t *testing.T) {
	code, r, _ := consult(t, nil,
		`CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT, api_token TEXT)`,
		`CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parents(id), aunt_id INTEGER REFERENCES nobody(id), odd WHATEVER, anything)`,
		`CREATE INDEX children_aunt ON children (aunt_id)`,
		`CREATE TABLE loose (rowid TEXT, oid TEXT, _rowid_ TEXT)`,
		`CREATE VIEW fine AS SELECT name FROM parents`,
		`INSERT INTO children (parent_id) VALUES (7)`)
	if code != exitDone || !r.OK || r.Tables != 4 {
		t.Errorf("exit code %d, ok %v, %d tables", code, r.OK, r.Tables)
	}
	for _, want := range []finding{
		{Level: "warning", Part: "database", Table: "children", Columns: []string{"parent_id"}, Message: "has no index"},
		{Level: "warning", Part: "database", Table: "children", Columns: []string{"aunt_id"}, Message: "nobody, which does not exist"},
		{Level: "note", Part: "database", Table: "children", Columns: []string{"odd", "anything"}, Message: "type that says nothing"},
		{Level: "warning", Part: "database", Table: "loose", Message: "has no key"},
		{Level: "note", Part: "database", Table: "parents", Columns: []string{"api_token"}, Message: "masked"},
		{Level: "warning", Part: "database", Message: "rollback journal"},
		{Level: "warning", Part: "database", Message: "rows refer to others that do not exist"},
		{Level: "note", Part: "administrators", Message: "is not there yet"},
		{Level: "note", Part: "sessions", Message: "only this process has them"},
	} {
		if !slices.ContainsFunc(r.Findings, func(f finding) bool {
			return f.Level == want.Level && f.Part == want.Part && f.Table == want.Table && (want.Columns == nil || slices.Equal(f.Columns, want.Columns)) && strings.Contains(f.Message, want.Message)
		}) {
			t.Errorf("not found: %+v in %+v", want, r.Findings)
		}
	}
	if slices.ContainsFunc(r.Findings, func(f finding) bool {
		return strings.Contains(f.Message, "has no index") && slices.Contains(f.Columns, "aunt_id")
	}) {
		t.Error("an indexed foreign key is said to have no index")
	}
}

func TestDoctorFails(t *testing.T) {
	code, r, _ := consult(t, nil, `CREATE VIEW broken AS SELECT missing FROM nowhere`)
	if code != exitFailed || r.OK || !slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Level == "failure" && f.Table == "broken" }) {
		t.Errorf("a broken view: exit code %d, %+v", code, r)
	}
	code, r, _ = consult(t, map[string]string{"SESSION_BACKEND": "redis", "REDIS_URL": "redis://127.0.0.1:1/0", "STORE_TIMEOUT_MS": "200"}, `CREATE TABLE t (id INTEGER PRIMARY KEY)`)
	if code != exitFailed || !slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Level == "failure" && f.Part == "sessions" }) {
		t.Errorf("a store that is down: exit code %d, %+v", code, r)
	}
	for name, value := range map[string]string{"MOUNT_PATH": "no slash", "MAX_SESSIONS_PER_USER": "many"} {
		code, _, errs := consult(t, map[string]string{name: value}, `CREATE TABLE t (id INTEGER PRIMARY KEY)`)
		if code != exitWrongUse || !strings.Contains(errs, name) {
			t.Errorf("%s=%s: exit code %d, %s", name, value, code, errs)
		}
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"doctor", "--database", "sqlite:" + filepath.Join(t.TempDir(), "none.db")}, nil, &out, &errs, from()); code != exitFailed || !strings.Contains(out.String(), "there is no file") {
		t.Errorf("no file: exit code %d, %s", code, out.String())
	}
}

// examined is the doctor's report on a database of a server, made of the statements, with two
// tables. Each of the texts is in one of its findings.
func examined(t *testing.T, address string, statements, wants []string) report {
	t.Helper()
	shown, err := connect.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := shown.Shown(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"doctor", "--database", address, "--data-dir", t.TempDir() + "/data", "--json"}, nil, &out, &errs, from())
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != exitDone || r.Tables != 2 {
		t.Fatalf("%d, %v: %s %s", code, err, out.String(), errs.String())
	}
	for _, want := range wants {
		if !slices.ContainsFunc(r.Findings, func(f finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("%q is not in %+v", want, r.Findings)
		}
	}
	return r
}

func TestDoctorOfPostgres(t *testing.T) {
	r := examined(t, testserver.SharedPostgres(t).URL(),
		[]string{"CREATE TABLE parents (id integer PRIMARY KEY, api_token text); CREATE TABLE children (id integer, parent_id integer REFERENCES parents, at interval)"},
		[]string{"PostgreSQL 1", "has no index", "has no key", "masked"})
	if slices.ContainsFunc(r.Findings, func(f finding) bool { return strings.Contains(f.Message, "type that says nothing") }) {
		t.Error("a type of PostgreSQL is said to say nothing")
	}
}

func TestDoctorOfMariaDB(t *testing.T) {
	examined(t, testserver.SharedMariaDB(t).URL(),
		[]string{"CREATE TABLE parents (id integer PRIMARY KEY, api_token text)", "CREATE TABLE children (id integer, parent_id integer REFERENCES parents (id), at year) ENGINE=MyISAM"},
		[]string{"MariaDB 1", "has no key", "masked", "cannot be changed: its engine MyISAM has no transactions"})
}
