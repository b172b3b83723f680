// This file finds sentences that stand outside of internal/text, and sentences there that nobody
// says.

package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
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
	"internal/records/delete.go: NO ACTION":               "SQL",
	"internal/records/export.go: an export":               "logged",
	"internal/records/export.go: text/csv; charset=utf-8": "a header",
	"internal/records/list.go: JSON Lines":                "a format's name",
	"internal/ui/delete.go: set null":                     "SQL",
	"internal/ui/delete.go: set default":                  "SQL",
	"internal/ui/icons.go":                                "drawings",
	"internal/ui/probe.go: Error":                         "a field's name",
	"internal/ui/static.go":                               "headers, and an answer to programs",
}

// notYetMoved are templates whose words still stand in them, and come to internal/text next. The
// list only gets shorter: a template that has none left is to be taken out of it.
var notYetMoved = []string{
	"internal/ui/templates/account.html",
	"internal/ui/templates/bulk.html",
	"internal/ui/templates/choices.html",
	"internal/ui/templates/conflict.html",
	"internal/ui/templates/dashboard.html",
	"internal/ui/templates/delete.html",
	"internal/ui/templates/error.html",
	"internal/ui/templates/form.html",
	"internal/ui/templates/health.html",
	"internal/ui/templates/layout.html",
	"internal/ui/templates/list.html",
	"internal/ui/templates/login.html",
	"internal/ui/templates/partials/form.html",
	"internal/ui/templates/partials/sessions.html",
	"internal/ui/templates/partials/shell.html",
	"internal/ui/templates/partials/table.html",
	"internal/ui/templates/partials/user.html",
	"internal/ui/templates/partials/value.html",
	"internal/ui/templates/record.html",
	"internal/ui/templates/sessions.html",
	"internal/ui/templates/user_edit.html",
	"internal/ui/templates/user_new.html",
	"internal/ui/templates/users.html",
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
					for _, arg := range n.Args {
						ast.Inspect(arg, func(n ast.Node) bool {
							if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
								if s, _ := strconv.Unquote(lit.Value); strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && strings.Contains(s, " ") {
									found = append(found, s)
								}
							}
							return true
						})
					}
					return false
				}
				for _, arg := range n.Args {
					look(arg, quiet || silent.MatchString(name) && name != "text.Verbatim")
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

// templates are the panel's own, by their paths.
func templates(t *testing.T) map[string]string {
	all := map[string]string{}
	folder := filepath.Join(root, "internal/ui/templates")
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		all[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil || len(all) < 10 {
		t.Fatal(len(all), err)
	}
	return all
}

var (
	comment   = regexp.MustCompile(`(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}`)
	action    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	element   = regexp.MustCompile(`(?s)<[^>]*>`)
	attribute = regexp.MustCompile(`\b(title|aria-label|placeholder|alt|label|data-label|data-confirm|data-confirm-label)="([^"]*)"`)
	literal   = regexp.MustCompile(`"([^"]*)"`)
	letters   = regexp.MustCompile(`\pL\pL`)
	readable  = regexp.MustCompile(`^[A-Z(][a-z]|[a-z] [a-z]`)
	sentence  = regexp.MustCompile(`\btext "([^"]+)"`)
	// named are functions of templates whose texts are names.
	named = regexp.MustCompile(`(?:\b(?:define|template|block|icon|url|asset|eq|text|link)\b)(?:\s+(?:"[^"]*"|[.$][\w.]*))+`)
)

// written are the words that a template has itself: between tags, in attributes that are read aloud
// or shown, in its actions.
func written(template string) (found []string) {
	template = comment.ReplaceAllString(template, "")
	for _, one := range action.FindAllString(template, -1) {
		for _, lit := range literal.FindAllStringSubmatch(named.ReplaceAllStringFunc(one, func(call string) string {
			if strings.HasPrefix(call, "link") {
				return call
			}
			return ""
		}), -1) {
			if readable.MatchString(lit[1]) {
				found = append(found, lit[1])
			}
		}
	}
	template = action.ReplaceAllString(template, "\x00")
	for _, tag := range element.FindAllString(template, -1) {
		for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
			if letters.MatchString(a[2]) {
				found = append(found, a[2])
			}
		}
	}
	for _, words := range element.Split(template, -1) {
		if words = strings.TrimSpace(strings.ReplaceAll(words, "\x00", "")); letters.MatchString(words) {
			found = append(found, words)
		}
	}
	return found
}

// names are words of templates that are the same in every language.
var names = []string{"NULL"}

func TestTemplatesHaveNoWordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	all := templates(t)
	n := 0
	for _, at := range slices.Sorted(maps.Keys(all)) {
		found := slices.DeleteFunc(written(all[at]), func(s string) bool { return slices.Contains(names, s) })
		switch {
		case len(found) == 0 && slices.Contains(notYetMoved, at):
			t.Errorf("%s has no words left: take it out of notYetMoved", at)
		case len(found) > 0 && !slices.Contains(notYetMoved, at):
			t.Errorf("%s has words of its own: %q", at, found)
		default:
			n += len(found)
		}
	}
	for _, at := range notYetMoved {
		if all[at] == "" {
			t.Errorf("%s is in notYetMoved and not there", at)
		}
	}
	t.Logf("%d texts in %d files are not yet moved", n, len(notYetMoved))
}

// declared are the sentences of internal/text: by the name of each that has one, its code.
func declared(t *testing.T) (byName map[string]string, codes map[string]int) {
	byName, codes = map[string]string{}, map[string]int{}
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
			arguments, declares := map[string]int{"plain": 0, "with": 1, "with2": 2, "with3": 3}[fmt.Sprint(fun)]
			lit, isLit := call.Args[0].(*ast.BasicLit)
			if !declares || !isLit {
				return true
			}
			code, _ := strconv.Unquote(lit.Value)
			codes[code] = arguments
			if name := spec.Names[0].Name; name != "_" {
				byName[name] = code
			}
			return true
		})
	}
	return byName, codes
}

// Every sentence is said by somebody, and every code that a template says is there.
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
	for template, want := range map[string]int{
		`<h1>Page not found</h1>`:                                           1,
		`<h1>{{or .Title "Health"}}</h1>`:                                   1,
		`<p>{{.N}} more with the same value</p>`:                            1,
		`<a title="Sign out" href="{{url "logout"}}">{{icon "logout"}}</a>`: 1,
		`<button aria-label="End {{.Name}}"></button>`:                      1,
		`{{template "crumb" link "Users" "" (url "users" "")}}`:             1,
		`{{/* A table of rows. */}}<b class="two words">{{say .Label}}</b>`: 0,
		`{{if eq .Kind "view"}}<i id="x">{{text "list.view"}}</i>{{end}}`:   0,
		`<input placeholder="{{text "list.find"}}" name="filter_column">`:   0,
	} {
		if got := written(template); len(got) != want {
			t.Errorf("%s: found %q, want %d", template, got, want)
		}
	}
}
