// Package arch holds no code, only tests of the tree: who may import whom, what CONTRIBUTING.md
// says of it, the walls of the panel, the house rules, Examples, interfaces, and how comments and
// sentences are written.
package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

const module = "github.com/go-crudadmin/crudadmin"

// rule says what a package of ours may import.
type rule struct {
	// imports are our packages that it may import directly, without the
	// module's path; "…" ends a prefix.
	imports []string
	// stdlib forbids every module but the standard library's, also indirectly.
	stdlib bool
	// never lists packages that must not be linked, not even indirectly; "…"
	// ends a prefix.
	never []string
	// drivers allows SQL drivers to be linked.
	drivers bool
	// support marks what is there for tests alone: it may import testing, and
	// no shipped package may import it.
	support bool
}

var (
	// lowest are packages of words, with nothing of ours below them: everything may stand on them.
	lowest = []string{"internal/clip"}

	noHTTP     = []string{"net/http"}
	noSQL      = []string{"database/sql"}
	everything = []string{"…"}
)

// rules is the table. A package that is not in it fails the test, so that each
// new one is given its place; a row may wait for its package.
var rules = map[string]rule{
	// What all configurations have in common.
	"config":          {stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	"internal/fields": {imports: []string{"config", "internal/clip"}, stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	"internal/trust":  {stdlib: true, never: slices.Concat(noHTTP, noSQL)},

	// The panel, from the API down. No row has one above it.
	"": {imports: []string{
		"config", "internal/fields", "session", "session/sessionhttp", "session/memstore", "data", "internal/data", "account", "internal/environ", "internal/namelist", "internal/rightsfile", "internal/loglevel",
		"internal/spool", "internal/records", "internal/people", "internal/home", "internal/frame", "internal/typed", "internal/ui",
	}},
	"internal/records": {imports: []string{"internal/frame", "internal/typed", "internal/ui", "internal/text", "internal/spool", "internal/data", "session", "session/sessionhttp"}},
	"internal/people":  {imports: []string{"internal/frame", "internal/ui", "internal/text", "account", "session", "session/sessionhttp"}},
	"internal/home":    {imports: []string{"internal/frame", "internal/ui", "internal/text", "internal/data", "session"}},
	"internal/frame":   {imports: []string{"config", "internal/fields", "internal/typed", "internal/ui", "internal/text", "internal/spool", "account", "internal/data", "session", "session/sessionhttp"}},

	// The sessions.
	"session":                   {imports: []string{"config", "internal/fields"}, stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	"session/internal/wire":     {imports: []string{"session"}, stdlib: true, never: noHTTP},
	"session/internal/batch":    {stdlib: true, never: noHTTP},
	"session/internal/breaker":  {stdlib: true, never: noHTTP},
	"session/internal/fault":    {imports: []string{"session"}, stdlib: true, never: noHTTP},
	"session/internal/pace":     {stdlib: true, never: noHTTP},
	"session/internal/settings": {imports: []string{"config"}, stdlib: true, never: noSQL},
	"session/memstore":          {imports: []string{"config", "internal/fields", "session"}, stdlib: true, never: noHTTP},
	"session/redisstore":        {imports: []string{"config", "internal/fields", "internal/trust", "session", "session/internal/batch", "session/internal/fault", "session/internal/pace", "session/internal/wire", "session/internal/settings"}, never: noSQL},
	"session/memcachestore":     {imports: []string{"config", "internal/fields", "internal/trust", "session", "session/internal/batch", "session/internal/breaker", "session/internal/fault", "session/internal/wire", "session/internal/settings"}, never: noSQL},
	"session/sqlstore":          {imports: []string{"config", "internal/fields", "session", "session/internal/batch", "session/internal/pace", "internal/migrate", "internal/sqldb"}},
	"session/hybridstore":       {imports: []string{"config", "internal/fields", "session", "session/internal/breaker"}, never: noSQL},
	"session/sessionhttp":       {imports: []string{"config", "internal/fields", "session"}, never: noSQL},
	"session/sessionprom":       {imports: []string{"session"}},
	"session/sessiontest":       {imports: []string{"config", "session"}, support: true},
	"session/sessiontest/…":     {imports: []string{"config", "session", "session/sessiontest", "session/memstore"}, support: true},
	"session/sessionhttp/sessionhttptest": {
		imports: []string{"session", "session/sessionhttp", "session/memstore"}, support: true,
	},

	"session/sessionhttp/browsertest": {
		imports: []string{"session", "session/sessionhttp", "session/sessiontest"}, support: true,
	},

	// The panel's parts.
	"data":          {imports: []string{"config", "internal/fields"}, stdlib: true, never: noHTTP},
	"internal/data": {imports: []string{"data", "internal/text", "internal/clip", "internal/namelist", "internal/sqldb"}, never: []string{module + "/session…"}},
	"account":       {imports: []string{"config", "internal/fields", "internal/migrate", "internal/sqldb", "internal/admindb"}, never: []string{module + "/session…", module + "/data…", module + "/internal/data…", module + "/internal/ui…"}},
	"audit":         {imports: []string{"internal/migrate", "internal/sqldb"}, never: []string{module + "/data…", module + "/internal/ui…"}},
	"internal/ui":   {imports: []string{"internal/text"}, never: noSQL},
	// Every sentence; the one that links plural rules.
	"internal/text": {never: slices.Concat(noHTTP, noSQL)},

	// What puts them together.
	"sqlite": {drivers: true},
	"backend": {imports: []string{
		"internal/trust", "config", "internal/fields", "session", "session/memstore", "session/redisstore", "session/memcachestore", "session/sqlstore", "session/hybridstore",
		"internal/environ",
	}},
	"internal/clip": {stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	// The one that knows SQL engines and what their drivers say.
	"internal/sqldb": {stdlib: true, never: slices.Concat(noHTTP, []string{module + "/session…", module + "/data…", module + "/internal/data…", module + "/account…", module + "/internal/migrate…"})},
	// The one that knows every table of an administrators' database.
	"internal/admindb":  {imports: []string{"internal/sqldb"}, stdlib: true, never: slices.Concat(noHTTP, []string{module + "/session…", module + "/data…", module + "/account…", module + "/internal/ui…"})},
	"internal/migrate":  {imports: []string{"internal/sqldb"}, never: slices.Concat(noHTTP, []string{module + "/session…", module + "/data…", module + "/internal/ui…"})},
	"internal/loglevel": {imports: []string{"internal/environ"}, stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	// The one that links a library of validate tags.
	"internal/typed":   {imports: []string{"internal/data", "account", "internal/ui", "internal/text"}, never: []string{module + "/session…"}},
	"internal/spool":   {stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	"internal/environ": {imports: []string{"session"}, stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	"cmd/crudadmin":    {imports: everything, drivers: true},
	"cmd/…":            {imports: everything, drivers: true},
	"examples/…":       {imports: everything, drivers: true},

	// What people write down about tables.
	"internal/namelist": {stdlib: true, never: slices.Concat(noHTTP, noSQL)},
	// The one that links a YAML library.
	"internal/rightsfile": {never: slices.Concat(noHTTP, noSQL)},

	// What is there for tests.
	"internal/arch":        {stdlib: true, support: true},
	"internal/testserver":  {stdlib: true, support: true},
	"internal/ui/stories":  {imports: []string{"internal/ui", "internal/text"}, support: true},
	"internal/programtest": {imports: []string{"internal/testserver"}, stdlib: true, support: true},
}

// libraries are the modules that we link, each with the packages that may import it: one, as a
// rule, which is internal or a program, so that replacing a library changes one place. A package
// that is not in the table fails the test.
var libraries = map[string][]string{
	"github.com/KimMachineGun/automemlimit/…": {"cmd/crudadmin"},
	"github.com/alecthomas/kong":              {"cmd/crudadmin"},
	"github.com/bradfitz/gomemcache/…":        {"session/memcachestore"},
	"github.com/brianvoe/gofakeit/…":          {"cmd/crudadmin/internal/shop"},
	"github.com/go-playground/validator/…":    {"internal/typed"},
	"github.com/go-sql-driver/mysql":          {"cmd/crudadmin/internal/connect"},
	"github.com/jackc/pgx/v5…":                {"cmd/crudadmin/internal/connect"},
	"github.com/mileusna/useragent":           {"session/sessionhttp"},
	"github.com/pressly/goose/…":              {"internal/migrate"},
	"github.com/prometheus/client_golang/…":   {"session/sessionprom"}, // a module of its own
	"github.com/redis/rueidis":                {"session/redisstore"},
	"go.yaml.in/yaml/…":                       {"internal/rightsfile"},
	"golang.org/x/crypto/…":                   {"account"},
	"golang.org/x/text/feature/plural":        {"internal/text"},
	"golang.org/x/text/language":              {"internal/text"},
	"golang.org/x/text/cases":                 {"account"},
	"golang.org/x/text/unicode/…":             {"account"},
	"modernc.org/libc":                        {"sqlite"}, // the driver's memory
	"modernc.org/sqlite…":                     {"sqlite", "cmd/crudadmin/internal/shop"},
	"pgregory.net/rapid":                      {"session/sessiontest"},
}

// modules are the folders of the modules that we release: this one, and those whose libraries are
// not for everybody. The others (bench, e2e, faults, tools, examples) are for us.
var modules = []string{".", "session/sessionprom"}

// drivers are the SQL drivers: linked beside a fork of itself, one of them
// panics at start, so the choice belongs to the program, not to a library.
var drivers = []string{
	"modernc.org/sqlite", "github.com/glebarez/…", "github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3…",
	"github.com/jackc/pgx/v5/stdlib", "github.com/lib/pq", "github.com/go-sql-driver/mysql",
}

// pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	Error      *struct{ Err string }
}

func TestImports(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	all := list(t)
	seen := 0
	for _, p := range all {
		name, ours := ourName(p.ImportPath)
		if !ours {
			continue
		}
		seen++
		for _, complaint := range judge(name, p, all) {
			t.Error(complaint)
		}
	}
	if seen == 0 {
		t.Fatal("go list names no package of ours")
	}
}

// judge returns what is wrong with the imports of one package of ours.
func judge(name string, p pkg, all map[string]pkg) (complaints []string) {
	complain := func(format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%s: %s", p.ImportPath, fmt.Sprintf(format, args...)))
	}
	r, ok := ruleOf(name)
	if !ok {
		complain("nobody classified it: give it a row in internal/arch/arch_test.go")
		return complaints
	}
	for _, path := range p.Imports {
		imported, ours := ourName(path)
		if !ours {
			if why := misplaced(name, path, all); why != "" {
				complain("imports %s, %s", path, why)
			}
			continue
		}
		below := imported == name+"/internal" || strings.HasPrefix(imported, name+"/internal/") && name != ""
		if !below && !matchAny(lowest, imported) && !matchAny(r.imports, imported) {
			complain("imports %s, which its row does not allow", path)
		}
		if other, _ := ruleOf(imported); other.support && !r.support {
			complain("imports %s, which is there for tests alone", path)
		}
	}
	for _, path := range p.Deps {
		switch dep := all[path]; {
		case r.stdlib && !dep.Standard && !strings.HasPrefix(path, module):
			complain("links %s, and may link the standard library alone", path)
		case !r.support && matchAny([]string{"testing", "testing/…"}, path):
			complain("links %s, and is shipped", path)
		case !r.drivers && matchAny(drivers, path) && !r.support:
			complain("links the SQL driver %s", path)
		}
		if matchAny(r.never, path) {
			complain("links %s, which its row forbids", path)
		}
	}
	return complaints
}

// misplaced says why a package of ours may not import one of a library; empty if it may.
func misplaced(name, path string, all map[string]pkg) string {
	if strings.HasPrefix(name, "examples/") || all[path].Standard || !strings.Contains(path, ".") {
		return ""
	}
	for library, users := range libraries {
		if matchAny([]string{library}, path) {
			if !slices.Contains(users, name) {
				return "which is for " + strings.Join(users, " and ") + " alone"
			}
			return ""
		}
	}
	return "a library that nobody decided on: give it a row in internal/arch/arch_test.go, and a reason in docs/adr"
}

// TestJudge shows that each rule can fail.
func TestJudge(t *testing.T) {
	t.Parallel()
	all := map[string]pkg{"fmt": {Standard: true}, "net/http": {Standard: true}, "testing": {Standard: true}}
	for _, c := range []struct {
		name string
		pkg  pkg
		want string // empty: no complaint
	}{
		{"session", pkg{Imports: []string{"fmt"}, Deps: []string{"fmt"}}, ""},
		{"session", pkg{Deps: []string{"net/http"}}, "which its row forbids"},
		{"session", pkg{Deps: []string{"golang.org/x/crypto/argon2"}}, "the standard library alone"},
		{"session/redisstore", pkg{Imports: []string{module + "/session/memstore"}}, "its row does not allow"},
		{"session/redisstore", pkg{Imports: []string{module + "/session/internal/wire"}}, ""},
		{"internal/data", pkg{Deps: []string{module + "/session"}}, "which its row forbids"},
		{"internal/data", pkg{Deps: []string{"modernc.org/sqlite"}}, "links the SQL driver"},
		{"sqlite", pkg{Deps: []string{"modernc.org/sqlite"}}, ""},
		{"internal/ui", pkg{Deps: []string{"database/sql"}}, "which its row forbids"},
		{"internal/sqldb", pkg{Imports: []string{module + "/session"}}, "its row does not allow"},
		{"internal/sqldb", pkg{Deps: []string{module + "/account"}}, "which its row forbids"},
		{"internal/sqldb", pkg{Deps: []string{"github.com/jackc/pgx/v5/stdlib"}}, "the standard library alone"},
		{"internal/frame", pkg{Imports: []string{module + "/internal/sqldb"}}, "its row does not allow"},
		{"internal/ui", pkg{Deps: []string{"testing"}}, "and is shipped"},
		{"cmd/crudadmin", pkg{Imports: []string{module + "/session/sessiontest"}}, "there for tests alone"},
		{"", pkg{Imports: []string{module + "/session/redisstore"}}, "its row does not allow"},
		{"", pkg{Imports: []string{module + "/sqlite"}}, "its row does not allow"},
		{"misc", pkg{}, "nobody classified it"},
		{"internal/typed", pkg{Imports: []string{"github.com/go-playground/validator/v10"}}, ""},
		{"internal/data", pkg{Imports: []string{"github.com/go-playground/validator/v10"}}, "for internal/typed alone"},
		{"session/redisstore", pkg{Imports: []string{"github.com/prometheus/client_golang/prometheus"}}, "for session/sessionprom alone"},
		{"cmd/crudadmin", pkg{Imports: []string{"example.com/left/pad"}}, "a library that nobody decided on"},
		{"", pkg{Imports: []string{module + "/internal/ui/stories"}}, "its row does not allow"},
	} {
		c.pkg.ImportPath = strings.TrimSuffix(module+"/"+c.name, "/")
		got := strings.Join(judge(c.name, c.pkg, all), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q with %v %v: got %q, want %q", c.name, c.pkg.Imports, c.pkg.Deps, got, c.want)
		}
	}
}

// ruleOf finds the row of a package: its own, else that of the longest prefix.
func ruleOf(name string) (r rule, ok bool) {
	if r, ok = rules[name]; ok {
		return r, true
	}
	for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
		if r, ok = rules[name[:i]+"/…"]; ok {
			return r, true
		}
	}
	return rule{}, false
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "…")
		return pattern == path || open && strings.HasPrefix(path, prefix)
	})
}

// ourName cuts the module's path off: "" is the root package.
func ourName(path string) (name string, ours bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// list asks the go command for our packages and everything they link.
func list(t *testing.T) map[string]pkg {
	t.Helper()
	all := map[string]pkg{}
	for _, dir := range modules {
		listModule(t, dir, all)
	}
	return all
}

func listModule(t *testing.T, dir string, packages map[string]pkg) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps",
		"-json=ImportPath,Standard,Imports,Deps,Error", "./...")
	cmd.Dir = filepath.Join(root, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case err == io.EOF:
			return
		case err != nil:
			t.Fatalf("go list: %v", err)
		case p.Error != nil:
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
		packages[p.ImportPath] = p
	}
}
