// This file tests the house rules that a look at the sources can hold: first
// comments, file names, hidden time.

package arch

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// root is the module's directory, from this test's.
const root = "../.."

// clockAllowed lists the shipped files that may call time.Now, each with the
// reason. Everything else is given a clock; naming time.Now as the default of a
// Config's field is not a call.
var clockAllowed = map[string]string{
	"internal/records/export.go":      "a connection's deadline is of this machine's clock",
	"internal/frame/watched.go":       "a connection's deadline is of this machine's clock",
	"internal/data/export.go":         "how long a look took is elapsed time",
	"internal/data/look.go":           "how long a look took is elapsed time",
	"internal/data/transaction.go":    "how long a write took is elapsed time",
	"internal/data/window.go":         "how long a look took is elapsed time",
	"session/memcachestore/cache.go":  "the server is told an instant of its own clock",
	"session/bounded.go":              "a deadline is of this machine's clock",
	"internal/frame/deadline.go":      "a connection's deadline is of this machine's clock",
	"session/clock.go":                "the clock that all others are made of",
	"session/debug.go":                "how long a call took is elapsed time",
	"session/memcachestore/health.go": "compares the server's clock with this machine's",
	"session/memcachestore/server.go": "a breaker waits in elapsed time, whatever the sessions' clock says",
	"session/memcachestore/swap.go":   "the server is told an instant of its own clock; how long a read is remembered is elapsed time",
	"session/internal/pace/pace.go":   "how long a step took is elapsed time",
	"session/sqlstore/execute.go":     "how long a call took is elapsed time",
	"session/sqlstore/reach.go":       "a breaker waits in elapsed time",
	"session/sessionprom/wrap.go":     "latency is elapsed time",
	"session/hybridstore/cache.go":    "a breaker and a cache's share of a deadline are elapsed time",
	"session/hybridstore/window.go":   "freshness is elapsed time since a poll began",
	"session/hybridstore/write.go":    "what is left of a caller's deadline is elapsed time",
}

// sleepAllowed lists the test files that may call time.Sleep, each with the
// reason. Everything else waits for what it waits for.
var sleepAllowed = map[string]string{
	"internal/frame/deadline_test.go":   "time of a synctest bubble, in which deadlines pass",
	"internal/frame/watch_test.go":      "time of a synctest bubble, in which a watch asks",
	"session/bounded_internal_test.go":  "time of a synctest bubble, in which a deadline passes",
	"session/clock_test.go":             "time of a synctest bubble, in which a clock is read",
	"session/hybridstore/world_test.go": "time of a synctest bubble, in which a late write arrives",
	"session/touching_test.go":          "time of a synctest bubble, in which an outage lasts",
}

// nameless are file names that say nothing.
var nameless = []string{"util", "utils", "common", "helper", "helpers", "type", "types", "misc"}

// source is one parsed .go file of ours.
type source struct {
	path string // below root
	file *ast.File
	fset *token.FileSet
}

func TestFirstCommentSaysWhatLivesThere(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if ast.IsGenerated(s.file) {
			continue
		}
		if !introduced(s.file) {
			t.Errorf("%s: a comment above or right below the package clause must say what the file holds", s.path)
		}
	}
}

// introduced reports whether prose, and no mere directive, precedes the first
// declaration and is not that declaration's own doc comment.
func introduced(f *ast.File) bool {
	for _, group := range f.Comments {
		if len(f.Decls) > 0 && group.Pos() > f.Decls[0].Pos() {
			return false
		}
		if len(f.Decls) > 0 && group == docOf(f.Decls[0]) {
			return false
		}
		if strings.Contains(strings.TrimSpace(group.Text()), " ") {
			return true
		}
	}
	return false
}

func docOf(d ast.Decl) *ast.CommentGroup {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc
	case *ast.GenDecl:
		return d.Doc
	}
	return nil
}

func TestFileNamesSaySomething(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(s.path), ".go"), "_test")
		if slices.Contains(nameless, name) || slices.Contains(nameless, filepath.Base(filepath.Dir(s.path))) {
			t.Errorf("%s: name it after what lives there", s.path)
		}
	}
}

func TestNoHiddenTime(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	used := map[string]bool{}
	for _, s := range sources(t) {
		allowed, function, advice := clockAllowed, "Now", "take a clock: Now func() time.Time"
		if forTests(s.path) {
			allowed, function, advice = sleepAllowed, "Sleep", "wait for the event, use the injected clock or testing/synctest"
		}
		for _, line := range calls(s, "time", function) {
			if allowed[s.path] == "" {
				t.Errorf("%s:%d: time.%s: %s", s.path, line, function, advice)
			}
			used[s.path] = true
		}
	}
	for _, allowed := range []map[string]string{clockAllowed, sleepAllowed} {
		for path := range allowed {
			if !used[path] {
				t.Errorf("%s is allowed something that it does not do: remove it from the list", path)
			}
		}
	}
}

// TestChecksCanFail feeds each check of this file what it must refuse.
func TestChecksCanFail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"// Package p counts sheep.\npackage p\n":                       true,
		"package p\n\n// This file counts sheep.\n\nimport \"fmt\"\n":   true,
		"//go:build linux\n\n// This file counts sheep.\n\npackage p\n": true,
		"package p\n":                                    false,
		"//go:build linux\n\npackage p\n":                false,
		"package p\n\n// F counts sheep.\nfunc F() {}\n": false,
		"package p\n\nimport \"fmt\"\n\n// late words\n": false,
	} {
		if got := introduced(parse(t, "p.go", text).file); got != want {
			t.Errorf("introduced = %t, want %t:\n%s", got, want, text)
		}
	}
	for text, want := range map[string]int{
		"package p\nimport \"time\"\nvar _ = time.Now()":   1,
		"package p\nimport \"time\"\nvar _ = time.Now":     0,
		"package p\nimport t \"time\"\nvar _ = t.Now()":    1,
		"package p\nimport \"time\"\nvar _ = time.Second":  0,
		"package p\nvar time clock\nvar _ = time.Now()":    0,
		"package p\nimport \"x/time\"\nvar _ = time.Now()": 0,
	} {
		if got := len(calls(parse(t, "p.go", text), "time", "Now")); got != want {
			t.Errorf("%d calls of time.Now, want %d:\n%s", got, want, text)
		}
	}
}

// forTests reports whether a file is a test or in a package that is there for
// tests alone.
func forTests(path string) bool {
	if strings.HasSuffix(path, "_test.go") {
		return true
	}
	name := filepath.ToSlash(filepath.Dir(path))
	if name == "." {
		name = ""
	}
	r, _ := ruleOf(name)
	return r.support
}

// calls returns the lines that call function of the package with that import path.
func calls(s source, importPath, function string) (lines []int) {
	local := ""
	for _, spec := range s.file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err != nil || path != importPath {
			continue
		}
		local = importPath
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	if local == "" {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != function {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == local {
			lines = append(lines, s.fset.Position(selector.Pos()).Line)
		}
		return true
	})
	return lines
}

// skipped are directories that hold no source of ours.
var skipped = regexp.MustCompile(`^(\..+|testdata|node_modules|bin|dist|tmp)$`)

// released reports whether a folder is the root of a module that we release.
func released(path string) bool {
	return slices.ContainsFunc(modules, func(dir string) bool { return filepath.Join(root, dir) == path })
}

// sources returns every .go file of the product, of the modules that we release, parsed once.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(all)
}

var parsed = sync.OnceValues(func() (all []source, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			other, globErr := filepath.Glob(filepath.Join(path, "go.mod"))
			if path != root && (skipped.MatchString(d.Name()) || len(other) > 0 && !released(path)) {
				return fs.SkipDir
			}
			return globErr
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		s, err := parseFile(path, nil)
		s.path = filepath.ToSlash(name)
		all = append(all, s)
		return err
	})
	if err == nil && len(all) == 0 {
		err = errors.New("there is no source")
	}
	return all, err
})

// parse reads a file, or text if it is not nil.
func parse(t *testing.T, path string, text any) source {
	t.Helper()
	s, err := parseFile(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parseFile(path string, text any) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path: path, file: file, fset: fset}, err
}
