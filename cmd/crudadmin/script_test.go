package main

// This file runs the scripts of testdata/script: each is a chapter of the command line's
// documentation.

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"crudadmin": main})
}

// tidy removes the program that the tests have built.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	code := m.M.Run()
	programtest.Remove()
	return code
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCode},
	})
}

// exitCode runs a command and checks its exit code: exitcode 2 crudadmin demo --nope.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
