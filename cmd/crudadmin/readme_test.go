package main

// This file runs the commands of the README as they stand there.

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// readmeCommands are the commands of the README's way to PostgreSQL with sessions in Redis, with
// the addresses of servers in the place of those that people put in.
func readmeCommands(t *testing.T, database, redis string) []string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)### PostgreSQL, with the sessions in Redis\n.*?```sh\n(.*?)\n```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no commands for PostgreSQL with sessions in Redis")
	}
	commands := strings.Split(string(block[1]), "\n")
	if len(commands) > 4 {
		t.Errorf("%d commands, want at most 4", len(commands))
	}
	for i, command := range commands {
		if strings.Contains(command, "&&") || strings.Contains(command, ";") {
			t.Errorf("two commands in one: %s", command)
		}
		commands[i] = strings.NewReplacer("postgres://USER:PASSWORD@localhost:5432/NAME", "'"+database+"'", "redis://localhost:6379/0", "'"+redis+"'").Replace(command)
	}
	return commands
}

// theReadmeLeadsToThePanel runs the commands with these variables, signs in with what is printed,
// and changes a record.
func theReadmeLeadsToThePanel(t *testing.T, variables ...string) {
	t.Helper()
	server := testserver.SharedPostgres(t)
	redis := testserver.Redis(t, testserver.RedisOptions{})
	db := adminDB(t, server.URL())
	change(t, db, "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL); INSERT INTO customers VALUES (7, 'Ann Existing')")
	program := programtest.ServeScript(t, readmeCommands(t, server.URL(), redis.URL()), variables...)
	visitor := program.SignIn(t)
	if p := visitor.Get(""); !strings.Contains(p.Body, "hybrid, redis and sqlite") {
		t.Error("the panel does not say that its sessions are hybrid")
	}
	if p := visitor.Get("m/customers"); p.Status != http.StatusOK || !strings.Contains(p.Body, "Ann Existing") {
		t.Errorf("the list: %d", p.Status)
	}
	if p := edit(visitor, "m/customers/7/edit", "m/customers/7/edit", "name", "Ann Changed"); p.Status != http.StatusOK {
		t.Errorf("the save: %d", p.Status)
	}
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT name FROM customers WHERE id = 7").Scan(&name); err != nil || name != "Ann Changed" {
		t.Errorf("the record is %q, %v", name, err)
	}
	if n, err := redis.Do("DBSIZE"); err != nil || n == int64(0) {
		t.Errorf("%v keys in Redis, %v", n, err)
	}
}

// edit changes one field of the form of a page, leaves the others as they are, and sends it.
func edit(visitor *programtest.Visitor, page, to, field, value string) programtest.Page {
	fields := visitor.Get(page).Fields("hidden", "number", "text")
	fields.Set(field, value)
	return visitor.Post(to, fields)
}

// In the short form git and go are stand-ins: the program has been built already.
func TestTheReadmeLeadsToThePanel(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	built, err := programtest.Build()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, script := range map[string]string{
		"git": `[ "$*" = "clone https://github.com/go-crudadmin/crudadmin" ] && mkdir crudadmin`,
		"go":  `[ "$*" = "build -C crudadmin ./cmd/crudadmin" ] && ln -s ` + built + ` crudadmin/crudadmin`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	theReadmeLeadsToThePanel(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// The long form clones what is committed here, and builds it.
func TestTheReadmeLeadsToThePanelLong(t *testing.T) {
	testserver.LongForm(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	theReadmeLeadsToThePanel(t, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url.file://"+root+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/go-crudadmin/crudadmin")
}
