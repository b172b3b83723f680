package main

// This file tests that flags and variables belong together: each flag has its variable, beats it,
// and is documented.

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// otherNames are the flags whose variables have other names than theirs.
var otherNames = map[string]string{
	"database": "DATABASE_URL", "json": "JSON_OUTPUT", "show": "SHOW_TABLES", "hide": "HIDE_TABLES",
	"mask": "MASK_COLUMNS", "unmask": "UNMASK_COLUMNS", "rights": "RIGHTS_FILE",
	"from": "ADMIN_DATABASE_URL",
}

// eachFlag calls do with every flag of every command.
func eachFlag(t *testing.T, do func(command string, flag *kong.Flag)) {
	t.Helper()
	var g grammar
	parser, err := (&program{stdout: io.Discard, stderr: io.Discard, getenv: from()}).parser(&g, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		for _, flag := range leaf.Flags {
			do(leaf.Name, flag)
		}
	}
}

func TestEveryFlagHasItsVariable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	had := map[string]map[string]bool{}
	eachFlag(t, func(command string, flag *kong.Flag) {
		if flag.Name == "help" || flag.Name == "ready" || flag.Name == "to" { // what is asked once, and not a setting
			return
		}
		if had[flag.Name] == nil {
			had[flag.Name] = map[string]bool{}
		}
		had[flag.Name][command] = true
		want := otherNames[flag.Name]
		if want == "" {
			want = strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		}
		if got := flag.Tag.Get("variable"); got != want {
			t.Errorf("%s: --%s has the variable %q, want %q", command, flag.Name, got, want)
		}
		if !regexp.MustCompile("(?m)^\\| `" + want + "` \\|.*`--" + flag.Name + "`").Match(text) {
			t.Errorf("docs/operations.md: the row of %s does not name --%s", want, flag.Name)
		}
	})
	// The variables of the program that are built, and those of a panel that depend on how it is
	// served.
	for _, name := range []string{"addr", "data-dir", "json", "mount-path", "public-url", "tls-cert-file", "tls-key-file", "export-spool-mb"} {
		for _, command := range []string{"demo", "serve"} {
			if !had[name][command] {
				t.Errorf("%s has no --%s", command, name)
			}
		}
	}
}

// What ConfigFromEnv reads is told by the flag where both are there, and refused as the variable
// is.
func TestFlagsBeatTheirVariables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag, variable, value, other, wrong string
		got                                 func(settings) string
	}{
		{"mount-path", "MOUNT_PATH", "/panel", "/other", "panel", func(s settings) string { return s.MountPath }},
		{"public-url", "PUBLIC_URL", "https://a.example", "https://b.example", "a.example", func(s settings) string { return s.PublicURL }},
		{"tls-cert-file", "TLS_CERT_FILE", "a.pem", "b.pem", "", func(s settings) string { return s.TLSCertFile }},
		{"tls-key-file", "TLS_KEY_FILE", "a.pem", "b.pem", "", func(s settings) string { return s.TLSKeyFile }},
		{"export-spool-mb", "EXPORT_SPOOL_MB", "7", "8", "0", func(s settings) string { return string(rune('0' + s.ExportSpoolMB)) }},
	} {
		env := []string{c.variable, c.other, "TLS_CERT_FILE", "x.pem", "TLS_KEY_FILE", "x.pem"}
		read := func(args ...string) (settings, error) {
			p := &program{stdout: io.Discard, stderr: io.Discard, getenv: from(env...)}
			command, err := p.parse(append([]string{"serve", "--database", "sqlite:x.db"}, args...))
			if err != nil {
				t.Fatal(err)
			}
			flags := command.(*serveCommand).serverFlags
			return readSettings(p.getenv, flags.DataDir, flags.shownFlags, flags.servedFlags)
		}
		if s, err := read("--"+c.flag, c.value); err != nil || c.got(s) != c.value {
			t.Errorf("--%s %s beside %s=%s: %q, %v", c.flag, c.value, c.variable, c.other, c.got(s), err)
		}
		if s, err := read(); err != nil || c.got(s) != c.other {
			t.Errorf("%s=%s alone: %q, %v", c.variable, c.other, c.got(s), err)
		}
		if c.wrong == "" {
			continue
		}
		if _, err := read("--"+c.flag, c.wrong); err == nil || !strings.Contains(err.Error(), c.variable) {
			t.Errorf("--%s %s: %v, want an error that names it", c.flag, c.wrong, err)
		}
	}
}
