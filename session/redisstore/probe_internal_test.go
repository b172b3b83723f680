// The probe against the code: what the store sends, the probe tries.

package redisstore

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dispensable are the commands that the store does without: only Health and a get
// from a server without its disk send them.
var dispensable = []string{"PING", "TIME", "INFO", "CONFIG"}

// TestProbeTriesAll reads the commands out of the code and out of the scripts.
func TestProbeTriesAll(t *testing.T) {
	t.Parallel()
	tried := slices.Clone(dispensable)
	for _, trial := range trials {
		tried = append(tried, trial.name)
	}
	scripts, code := files(t, "scripts/*.lua"), files(t, "*.go")
	commands := map[string]*regexp.Regexp{
		scripts: regexp.MustCompile(`redis\.p?call\(\s*'(\w+)'`),
		code:    regexp.MustCompile(`\.B\(\)\.(?:Arbitrary\("(\w+)"\)|(\w+)\()`),
	}
	found := 0
	for text, sends := range commands {
		for _, match := range sends.FindAllStringSubmatch(text, -1) {
			name := strings.ToUpper(strings.Join(match[1:], ""))
			name = strings.Replace(name, "CONFIGGET", "CONFIG", 1)
			if name == "ARBITRARY" { // the probe's own
				continue
			}
			found++
			if !slices.Contains(tried, name) {
				t.Errorf("the store sends %s, the probe does not try it", name)
			}
		}
	}
	if found < 40 {
		t.Errorf("%d commands were found in code and scripts, want more: does the test still read them?", found)
	}
	probe, err := os.ReadFile("probe.go")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("scripts/*.lua")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".lua")
		if name != "prelude" && !strings.Contains(string(probe), `{"`+name+`", `) {
			t.Errorf("the probe does not run the script %s", name)
		}
	}
}

// files is the text of the files of a pattern, without tests and the probe itself.
func files(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		one, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(one)
	}
	return text.String()
}

// TestToldShowsNoKey: whatever a server answers, no key, no ID and no name is shown.
func TestToldShowsNoKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ERR unknown command 'GETEX', with args beginning with: 'app:{7c}:s:|K\xbe\x01' ": "ERR unknown command 'GETEX'",
		"ERR unknown command `getex`, with args beginning with: `app:{7c}:u:ada`":         "ERR unknown command `getex`",
		"ERR script tried accessing undeclared key 'app:{7c}:u:12345678ada lovelace'":     "ERR script tried accessing undeclared key '(a key)",
		"ERR no such key app:{7c}:c:ada@example.com in slot 7":                            "ERR no such key (a key)",
		"ERR what is \x00\xff\n this":                                                     "ERR what is …",
		"NOPERM this user has no permissions to run the 'getex' command":                  "NOPERM this user has no permissions to run the 'getex' command",
	} {
		if got := told(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
