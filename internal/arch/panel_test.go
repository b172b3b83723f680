// This file holds the walls of the panel: which of its packages stand above which, what the root
// may hold, and how a handler looks.

package arch

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors are the panel's packages from the API down. None imports one above it, or beside it.
var floors = [][]string{
	{""},
	{"internal/records", "internal/people", "internal/home"},
	{"internal/frame"},
	{"internal/typed"},
	{"internal/ui"},
	{"internal/text"},
	{"data", "account", "session/sessionhttp"},
}

// maxRootFiles is how many files the root has at most, beside tests.
const maxRootFiles = 12

// upward returns the arrows of the panel that a table allows and that do not run down.
func upward(table map[string]rule) (arrows []string) {
	for i, floor := range floors {
		for _, name := range floor {
			for _, above := range floors[:i+1] {
				for _, other := range above {
					if other != name && matchAny(table[name].imports, other) {
						arrows = append(arrows, name+" → "+other)
					}
				}
			}
		}
	}
	return arrows
}

func TestThePanelsArrowsRunDown(t *testing.T) {
	t.Parallel()
	for _, floor := range floors {
		for _, name := range floor {
			if _, ok := rules[name]; !ok {
				t.Errorf("%q has no row", name)
			}
		}
	}
	for _, arrow := range upward(rules) {
		t.Errorf("the table allows %s, which does not run down", arrow)
	}
}

// Every arrow that could be drawn from a package of the panel to one above or beside it is refused
// by the table, and the table is refused that allows it.
func TestPlantedArrowsAreFound(t *testing.T) {
	t.Parallel()
	planted := 0
	for i, floor := range floors {
		for _, name := range floor {
			for _, other := range slices.Concat(floors[:i+1]...) {
				if other == name {
					continue
				}
				planted++
				at := strings.TrimSuffix(module+"/"+other, "/")
				got := strings.Join(judge(name, pkg{ImportPath: module + "/" + name, Imports: []string{at}}, nil), "\n")
				if !strings.Contains(got, "its row does not allow") {
					t.Errorf("%q may import %q: %q", name, other, got)
				}
				table := map[string]rule{name: {imports: append(slices.Clone(rules[name].imports), other)}}
				if len(upward(table)) == 0 {
					t.Errorf("a row that lets %q import %q is not found", name, other)
				}
			}
		}
	}
	t.Logf("%d arrows planted", planted)
}

// The root has few files and no handler.
func TestTheRootIsTheAPI(t *testing.T) {
	t.Parallel()
	files := 0
	for _, s := range sources(t) {
		if path.Dir(s.path) != "." || forTests(s.path) {
			continue
		}
		files++
		for _, name := range handlers(s) {
			if name != "ServeHTTP" {
				t.Errorf("%s: %s is a handler: it belongs below", s.path, name)
			}
		}
	}
	if files == 0 || files > maxRootFiles {
		t.Errorf("the root has %d files, want 1 to %d", files, maxRootFiles)
	}
}

// In the pages' packages a handler takes the visit and nothing of net/http.
func TestHandlersTakeTheVisit(t *testing.T) {
	t.Parallel()
	visits := 0
	for _, s := range sources(t) {
		name := path.Dir(s.path)
		if forTests(s.path) || !slices.Contains(floors[1], name) {
			continue
		}
		for _, one := range functions(s) {
			switch takes := parameters(one); {
			case slices.Contains(takes, "*http.Request"), slices.Contains(takes, "http.ResponseWriter"):
				t.Errorf("%s: %s takes what the visit has", s.path, one.Name.Name)
			case slices.Contains(takes, "*frame.Visit"):
				visits++
			}
		}
	}
	if visits < 50 {
		t.Errorf("%d functions take a visit: this test finds nothing", visits)
	}
}

// handlers are the functions of a file that answer requests.
func handlers(s source) (names []string) {
	for _, one := range functions(s) {
		takes := parameters(one)
		if slices.Contains(takes, "http.ResponseWriter") || slices.Contains(takes, "*frame.Visit") {
			names = append(names, one.Name.Name)
		}
	}
	return names
}

func functions(s source) (all []*ast.FuncDecl) {
	for _, d := range s.file.Decls {
		if one, ok := d.(*ast.FuncDecl); ok {
			all = append(all, one)
		}
	}
	return all
}

// parameters are the types of a function's parameters as they are written.
func parameters(one *ast.FuncDecl) (types []string) {
	for _, field := range one.Type.Params.List {
		types = append(types, typeText(field.Type))
	}
	return types
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeText(e.X)
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestHandlersAreFound plants handlers, and functions that are not handlers.
func TestHandlersAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"func (p *Panel) list(w http.ResponseWriter, r *http.Request) {}":  "list",
		"func (p *Panel) list(v *frame.Visit) error { return nil }":        "list",
		"func (p *Panel) Run(ctx context.Context) error { return nil }":    "",
		"func at(r *http.Request) string { return r.URL.Path }":            "",
		"func answer(status int, w http.ResponseWriter) {}":                "answer",
		"func New(ctx context.Context, cfg Config) (*Panel, error)":        "",
		"func (p *Panel) table() []frame.Route { return nil }":             "",
		"func list(v *frame.Visit, page *ui.List, t *data.Table) ui.Value": "list",
	} {
		got := strings.Join(handlers(parse(t, "p.go", "package p\n"+text+"\n")), " ")
		if got != want {
			t.Errorf("%s: found %q, want %q", text, got, want)
		}
	}
}
