package main

// This file tests the flags that say which tables and columns are shown to whom, and their
// variables.

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
)

// Whatever does not exist refuses the start, all of it at once, under the names of its flags.
func TestWrongNamesRefuseTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "app.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE keyed (token TEXT PRIMARY KEY); CREATE TABLE "a.b,c" (id INTEGER PRIMARY KEY, x TEXT)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	written := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	unknown := written("unknown.yaml", "tables:\n  keyed: {viewer: [view]}\n  nosuch: {viewer: [view]}\n")
	wrong := written("wrong.yaml", "tables:\n  keyed: {boss: [view], viewer: [see]}\n  other: {editor: [update]}\nroles: {}\n")
	ask := func(env map[string]string, args ...string) (int, string) {
		t.Helper()
		var out, errs bytes.Buffer
		args = slices.Concat(args, []string{"--database", "sqlite:" + path, "--data-dir", filepath.Join(dir, "data")})
		code := run(t.Context(), args, nil, &out, &errs, func(name string) string { return env[name] })
		return code, out.String() + errs.String()
	}
	serve := []string{"serve", "--addr", "127.0.0.1:0"}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		code int
		want []string
	}{
		"flags": {args: []string{"--show", "nope", "--hide", `"a.b,c",gone`, "--mask", `keyed.zz,"a.b,c".x`, "--unmask", "q.r.s", "--rights", unknown}, code: exitWrongUse,
			want: []string{`--show (SHOW_TABLES): "nope"`, `--hide (HIDE_TABLES): "gone"`, `--mask (MASK_COLUMNS): "keyed.zz"`, `--unmask (UNMASK_COLUMNS): "q.r.s" has more than one dot`, `--rights (RIGHTS_FILE), line 3: "nosuch"`}},
		"variables":                {env: map[string]string{"HIDE_TABLES": "gone", "RIGHTS_FILE": unknown}, code: exitWrongUse, want: []string{`"gone"`, `line 3: "nosuch"`}},
		"a file":                   {args: []string{"--rights", wrong}, code: exitWrongUse, want: []string{`line 2: "boss"`, `line 2: "see"`, `line 3: the rights of editor in the table "other"`, `line 4: "roles"`, `line 3: "other"`}},
		"a file and flags at once": {args: []string{"--rights", wrong, "--hide", "gone", "--mask", "keyed.zz"}, code: exitWrongUse, want: []string{`line 2: "see"`, `line 3: "other"`, `"gone"`, `"keyed.zz"`}},
		"a hidden table has no rights": {args: []string{"--hide", "keyed", "--rights", written("hidden.yaml", "tables: {keyed: {editor: [view]}}")}, code: exitWrongUse,
			want: []string{`line 1: "keyed" is not a table that is shown`}},
		"rights without view": {args: []string{"--rights", written("blind.yaml", "tables: {keyed: {editor: [update]}}")}, code: exitWrongUse, want: []string{"keyed", "without view"}},
	} {
		code, text := ask(c.env, slices.Concat(serve, c.args)...)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d: %s", name, code, c.code, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s\ndoes not say %s", name, text, want)
			}
		}
	}
	if code, text := ask(map[string]string{"HIDE_TABLES": "gone"}, "doctor", "--hide", "keyed", "--mask", `"a.b,c".x`); code != exitDone || !strings.Contains(text, "a.b,c (x): is masked") || strings.Contains(text, "keyed") {
		t.Errorf("the doctor with flags that beat their variables: %d %s", code, text)
	}
	if code, text := ask(nil, "doctor", "--rights", wrong); code != exitWrongUse || !strings.Contains(text, `line 2: "see"`) || !strings.Contains(text, `line 3: "other"`) {
		t.Errorf("the doctor with a wrong file: %d %s", code, text)
	}
	if code, text := ask(nil, "doctor", "--rights", unknown, "--hide", "gone"); code != exitFailed || !strings.Contains(text, `line 3: "nosuch"`) || !strings.Contains(text, `"gone"`) {
		t.Errorf("the doctor with wrong names: %d %s", code, text)
	}
}

// The variables become what a program would write into its Config.
func TestRightsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rights.yaml")
	if err := os.WriteFile(file, []byte("tables: {invoices: {viewer: [view, export], editor: []}, '*': {viewer: [view]}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := crudadmin.ConfigFromEnv(from("SHOW_TABLES", `a, "b,""c"`, "HIDE_TABLES", "*", "MASK_COLUMNS", `a.b,"x.y".*`, "UNMASK_COLUMNS", "*.token", "RIGHTS_FILE", file))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][][]string{
		"show": {c.Tables.Show, {"a", `b,"c`}}, "hide": {c.Tables.Hide, {"*"}}, "mask": {c.Tables.Mask, {"a.b", `"x.y".*`}}, "unmask": {c.Tables.Unmasked, {"*.token"}},
	} {
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%s: %q, want %q", name, got[0], got[1])
		}
	}
	invoices := c.Rights["invoices"]
	if !slices.Equal(invoices[account.Viewer], []crudadmin.Right{crudadmin.RightView, crudadmin.RightExport}) || invoices[account.Editor] == nil || len(invoices[account.Editor]) != 0 || len(c.Rights["*"]) != 1 {
		t.Errorf("%v", c.Rights)
	}
}
