// This file finds sentences that stand in Go outside internal/text, and sentences there that nobody
// says.

package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// speaking are the packages whose words reach pages.
var speaking = []string{"internal/frame", "internal/records", "internal/people", "internal/home", "internal/typed", "internal/ui"}

// unsaid are words in those packages that no person reads on a page, each with the reason.
var unsaid = map[string]string{
	"internal/typed/bind.go":                                            "errors of Register, for developers",
	"internal/typed/drift.go":                                           "what Drift tells developers",
	"internal/typed/fields.go: not null":                                "a tag",
	"internal/frame/gates.go: the connection":                           "logged",
	"internal/frame/gates.go: the forwarding header of a trusted proxy": "logged",
	"internal/frame/gates.go: want at most %d":                          "an error of a Config",
	"internal/frame/gates.go: not an address range":                     "an error of a Config",
	"internal/frame/securitylog.go: security event":                     "logged",
	"internal/frame/securitylog.go: (no such account)":                  "logged",
	"internal/frame/frame.go: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; ": "a header",
	"internal/frame/frame.go: connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'": "a header",
	"internal/records/export.go: an export":               "logged",
	"internal/records/export.go: text/csv; charset=utf-8": "a header",
	"internal/records/list.go: JSON Lines":                "a format's name",
	"internal/ui/delete.go: set null":                     "SQL",
	"internal/ui/delete.go: set default":                  "SQL",
	"internal/ui/icons.go":                                "drawings",
	"internal/ui/probe.go: Error":                         "a field's name",
	"internal/ui/static.go":                               "headers, and an answer to programs",
}

// words are two words, or one that begins as a sentence or a label does.
var words = regexp.MustCompile(`\pL\pL+[^\pL]*\s\W*\pL\pL+|^[A-Z][a-z]+[.…!?]?$`)

// silent are calls whose texts no page shows: logs, errors for developers, what a request or a file
// is asked for. Errors of these packages reach a page by their types alone (frame.Classify).
var silent = regexp.MustCompile(`(^|\.)(\w*Context|Debug|Info|Warn|String|Int|Int64|Bool|Any|Duration|New|Errorf|panic|Fprintf|Sprintf|MustCompile|ParseGlob|Parse|Format|Get|Set|Add|Del|Has|Values|Cut\w*|Trim\w*|HasPrefix|HasSuffix|Contains\w*|Replace\w*|Split\w*|Fields|Index\w*|Glob|Handle|complain|note)$`)

// said are the literals of a Go file that read as words of a page.
func said(file *ast.File) (found []string) {
	var look func(n ast.Node, quiet bool)
	look = func(n ast.Node, quiet bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field:
				if n.Type != nil {
					look(n.Type, quiet)
				}
				return false // without its tag
			case *ast.CallExpr:
				name := callee(n)
				if name == "text.Verbatim" && !quiet {
					found = append(found, lent(n)...)
					return false
				}
				for _, arg := range n.Args {
					look(arg, quiet || silent.MatchString(name))
				}
				look(n.Fun, quiet)
				return false
			case *ast.BasicLit:
				if n.Kind == token.STRING && !quiet {
					if s, err := strconv.Unquote(n.Value); err == nil && words.MatchString(s) {
						found = append(found, s)
					}
				}
			}
			return true
		})
	}
	for _, d := range file.Decls {
		look(d, false)
	}
	return found
}

// lent are the literals in the arguments of a call of text.Verbatim that are words of ours.
func lent(call *ast.CallExpr) (found []string) {
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, _ := strconv.Unquote(lit.Value); strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && strings.Contains(s, " ") {
					found = append(found, s)
				}
			}
			return true
		})
	}
	return found
}

// callee is the name that a call is written by.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if on, ok := f.X.(*ast.Ident); ok {
			return on.Name + "." + f.Sel.Name
		}
		return "." + f.Sel.Name
	}
	return ""
}

func TestSentencesStandInOnePlace(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	used, files := map[string]bool{}, map[string]int{}
	for _, s := range sources(t) {
		folder := path.Dir(s.path)
		if forTests(s.path) || !slices.Contains(speaking, folder) {
			continue
		}
		files[folder]++
		for _, words := range said(s.file) {
			key := s.path + ": " + words
			switch {
			case unsaid[s.path] != "":
				used[s.path] = true
			case unsaid[key] != "":
				used[key] = true
			default:
				t.Errorf("%s says %q: sentences that people read are declared in internal/text", s.path, words)
			}
		}
	}
	for _, folder := range speaking {
		if files[folder] == 0 {
			t.Errorf("%s has no files", folder)
		}
	}
	for key := range unsaid {
		if !used[key] {
			t.Errorf("%q is excepted and not there", key)
		}
	}
}

// declared are the sentences of internal/text: by the name of each that has one, its code; by code,
// the names of its arguments.
func declared(t *testing.T) (byName map[string]string, codes map[string][]string) {
	byName, codes = map[string]string{}, map[string][]string{}
	for _, s := range sources(t) {
		if path.Dir(s.path) != "internal/text" || forTests(s.path) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			call, ok := spec.Values[0].(*ast.CallExpr)
			if ok && len(call.Args) == 1 { // a declaration in a function, such as ifKnown
				call, ok = call.Args[0].(*ast.CallExpr)
			}
			if !ok || len(call.Args) < 2 {
				return true
			}
			fun := call.Fun
			switch generic := fun.(type) {
			case *ast.IndexExpr:
				fun = generic.X
			case *ast.IndexListExpr:
				fun = generic.X
			}
			lit, isLit := call.Args[0].(*ast.BasicLit)
			english, isToo := call.Args[len(call.Args)-1].(*ast.BasicLit)
			if !slices.Contains([]string{"plain", "with", "with2", "with3"}, fmt.Sprint(fun)) || !isLit || !isToo {
				return true
			}
			code, _ := strconv.Unquote(lit.Value)
			codes[code] = []string{}
			for _, m := range placeholder.FindAllStringSubmatch(english.Value, -1) {
				codes[code] = append(codes[code], m[1])
			}
			if name := spec.Names[0].Name; name != "_" {
				byName[name] = code
			}
			return true
		})
	}
	return byName, codes
}

// placeholder is an argument in the English of a sentence.
var placeholder = regexp.MustCompile(`\{#?(\w+)\}`)

// Every sentence is said by somebody, and every code that a template or a script says is there.
func TestEverySentenceIsSaid(t *testing.T) {
	t.Parallel()
	byName, codes := declared(t)
	if len(codes) < 100 {
		t.Fatalf("%d sentences: this test does not understand them", len(codes))
	}
	used := map[string]bool{}
	for at, template := range templates(t) {
		for _, m := range sentence.FindAllStringSubmatch(template, -1) {
			if _, ok := codes[m[1]]; !ok {
				t.Errorf("%s says %q, which is not a sentence of internal/text", at, m[1])
			}
			used[m[1]] = true
		}
	}
	for at, script := range scripts(t) {
		said, wrong := saidBy(script, codes)
		for _, code := range said {
			used[code] = true
		}
		for _, what := range wrong {
			t.Errorf("%s: %s", at, what)
		}
	}
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.path, "internal/") || forTests(s.path) {
			continue
		}
		inside := path.Dir(s.path) == "internal/text"
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if inside {
					return len(n.Names) != 1 || byName[n.Names[0].Name] == ""
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "text" {
					used[byName[n.Sel.Name]] = true
				}
			case *ast.Ident:
				if inside {
					used[byName[n.Name]] = true
				}
			}
			return true
		})
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if !used[code] {
			t.Errorf("nobody says %q", code)
		}
	}
	t.Logf("%d sentences", len(codes))
}

// Sentences that somebody plants are found, and other texts are not.
func TestPlantedWordsAreFound(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		`v.Notify(kind, text.Verbatim("The record is gone."))`:                  1,
		`v.Notify(kind, text.Verbatim(strconv.Itoa(n) + " records are gone."))`: 1,
		`page.Error = "Nothing was changed: " + err.Error()`:                    1,
		`_ = ui.Option{Value: "x", Label: "Superuser"}`:                         1,
		`return "is required, as is " + other`:                                  1,
		`v.Log().WarnContext(ctx, "related records failed", "table", t.Name)`:   0,
		`return fmt.Errorf("read the file of %s: %w", name, err)`:               0,
		`v.Notify(kind, text.RecordSaved)`:                                      0,
		`page.Error = text.Verbatim(err.Error())`:                               0,
		`v.W.Header().Set("Content-Type", "text/plain; charset=utf-8")`:         0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() error {\n"+code+"\nreturn nil }", 0)
		if err != nil {
			t.Fatal(code, err)
		}
		if got := said(file); len(got) != want {
			t.Errorf("%s: found %q, want %d", code, got, want)
		}
	}
}
