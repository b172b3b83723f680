package main

// This file tests how the address of a database is read, and what is said where it cannot be
// opened.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// What people type in --database, and what may not be repeated of it.
func TestDatabaseAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"sqlite:shop.db":                                              "",
		"postgres://ann:canary@db/shop":                               "",
		"postgresql://ann:canary@db:5433/shop":                        "",
		"postgres://ann:can%2Fary@[::1]:5432/shop":                    "",
		"postgres:///shop?host=/run/postgresql":                       "",
		"postgres://a@h1:1,h2:2/shop?target_session_attrs=read-write": "",
		"shop.db":                                                   "want sqlite:PATH",
		"sqlite:":                                                   "needs a path",
		"mysql://ann:canary@db/shop":                                `begins with "mysql:"`,
		"postgres:ann:canary@db":                                    "it is not an address",
		"postgres://ann:can/ary@db/shop":                            "it is not an address",
		"postgres://ann:canary@db:port/shop":                        "it is not an address",
		"postgres://ann:canary@db:99999/shop":                       "port",
		"postgres://ann:canary@db/shop?sslmode=maybe":               "sslmode",
		"postgres://ann:canary@db/shop?sslrootcert=/nowhere/canary": "postgres://…",
	} {
		shown, err := readDatabase(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
		for _, said := range []string{fmt.Sprint(err), fmt.Sprintf("%v %+v", shown, panelOptions{shownDatabase: shown})} {
			if strings.Contains(said, "canary") || strings.Contains(said, "ary@") {
				t.Errorf("%s: the password is in %q", address, said)
			}
		}
	}
}

// A server that lets nobody in says why, in one sentence without the password.
func TestDatabaseServersThatCannotBeUsed(t *testing.T) {
	server := testserver.SharedPostgres(t)
	base, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	base.User = url.UserPassword("postgres", "canary")
	refused, missing := *base, *base
	refused.Host, missing.Path = "127.0.0.1:1", "/nowhere"
	for address, want := range map[string]string{
		refused.String(): "--database: the PostgreSQL server at 127.0.0.1:1 cannot be used: connect: connection refused",
		missing.String(): `does not let the user "postgres" into the database "nowhere": database "nowhere" does not exist`,
	} {
		shown, err := readDatabase(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = shown.open(t.Context(), true)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestDoctorOfPostgres(t *testing.T) {
	server := testserver.SharedPostgres(t)
	shown, err := readDatabase(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	db, err := shown.open(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE parents (id integer PRIMARY KEY, api_token text); CREATE TABLE children (id integer, parent_id integer REFERENCES parents, at interval)"); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"doctor", "--database", server.URL(), "--data-dir", t.TempDir() + "/data", "--json"}, nil, &out, &errs, func(string) string { return "" })
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != exitDone || r.Tables != 2 {
		t.Fatalf("%d, %v: %s %s", code, err, out.String(), errs.String())
	}
	for _, want := range []string{"PostgreSQL 1", "has no index", "has no key", "masked"} {
		if !slices.ContainsFunc(r.Findings, func(f finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("%q is not in %+v", want, r.Findings)
		}
	}
	if slices.ContainsFunc(r.Findings, func(f finding) bool { return strings.Contains(f.Message, "type that says nothing") }) {
		t.Error("a type of PostgreSQL is said to say nothing")
	}
}
