// This file finds interfaces that have one implementation or none: each has a reason, or goes.

package arch

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// lonely are interfaces with fewer than two implementations in the tree, each with the reason.
var lonely = map[string]string{
	"data Tx":                  "*sql.Tx is the other: hooks take what sqlc and ORMs take",
	"internal/data cellReader": "asks a connection of any driver what package sqlite's can do",
	"internal/data dialect":    "PostgreSQL's and MySQL's are to come",
	"sqlite wrapped":           "the driver's connection, whose type it does not export",
}

// An interface is one by its methods' names: those of the interfaces that stand in it are its own,
// and a type has what is embedded in it.
type implementations struct {
	interfaces map[string][]string        // by package and name
	embedded   map[string][]string        // types and interfaces in it, by their last names
	methods    map[string]map[string]bool // of each type
}

// gather reads what is declared in files that are not tests.
func gather(files []source) implementations {
	all := implementations{map[string][]string{}, map[string][]string{}, map[string]map[string]bool{}}
	for _, s := range files {
		at := path.Dir(s.path)
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					name := at + " " + receiver(d)
					if all.methods[name] == nil {
						all.methods[name] = map[string]bool{}
					}
					all.methods[name][d.Name.Name] = true
				}
			case *ast.GenDecl:
				if d.Tok != token.TYPE {
					continue
				}
				for _, spec := range d.Specs {
					all.declare(at, spec.(*ast.TypeSpec))
				}
			}
		}
	}
	return all
}

func (all implementations) declare(at string, spec *ast.TypeSpec) {
	name := at + " " + spec.Name.Name
	switch of := spec.Type.(type) {
	case *ast.InterfaceType:
		for _, m := range of.Methods.List {
			switch {
			case len(m.Names) > 0:
				all.interfaces[name] = append(all.interfaces[name], m.Names[0].Name)
			default:
				all.embedded[name] = append(all.embedded[name], lastName(m.Type))
			}
		}
		if all.interfaces[name] == nil {
			delete(all.interfaces, name) // a constraint, or others put together
		}
	case *ast.StructType:
		for _, f := range of.Fields.List {
			if f.Names == nil {
				all.embedded[name] = append(all.embedded[name], lastName(f.Type))
			}
		}
		if all.methods[name] == nil {
			all.methods[name] = map[string]bool{}
		}
	}
}

// lastName is Store of *session.Store.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return lastName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return lastName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// count is how many types have all methods of an interface.
func (all implementations) count(wanted []string) (n int) {
	for name, has := range all.methods {
		for _, other := range all.embedded[name] {
			for declared, methods := range all.methods {
				if lastWord(declared) == other {
					for m := range methods {
						has[m] = true
					}
				}
			}
			for declared, methods := range all.interfaces {
				if lastWord(declared) == other {
					for _, m := range methods {
						has[m] = true
					}
				}
			}
		}
		if !slices.ContainsFunc(wanted, func(m string) bool { return !has[m] }) {
			n++
		}
	}
	return n
}

// lastWord is Store of "session Store".
func lastWord(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }

func TestInterfacesHaveImplementations(t *testing.T) {
	t.Parallel()
	files := slices.DeleteFunc(sources(t), func(s source) bool { return strings.HasSuffix(s.path, "_test.go") })
	all := gather(files)
	found := map[string]bool{}
	for name, methods := range all.interfaces {
		if n := all.count(methods); n < 2 {
			found[name] = true
			if lonely[name] == "" {
				t.Errorf("interface %s %v has %d implementations: use the type itself, or say why", name, methods, n)
			}
		}
	}
	for name := range lonely {
		if !found[name] {
			t.Errorf("%s is excused from nothing", name)
		}
	}
	if len(all.interfaces) < 10 {
		t.Errorf("only %d interfaces were found", len(all.interfaces))
	}
}
