// This file finds interfaces that have one implementation or none: each has a reason, or goes.

package arch

import (
	"cmp"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// lonely are interfaces with fewer than two implementations in the tree, each with the reason.
var lonely = map[string]string{
	"data Tx":                      "*sql.Tx is the other: hooks take what sqlc and ORMs take",
	"internal/data cellReader":     "asks a connection of any driver what package sqlite's can do",
	"session/hybridstore Database": "no store knows another: sqlstore's is given to it",
	"sqlite wrapped":               "the driver's connection, whose type it does not export",
}

// implementations are the methods of types and interfaces, each by its package and name, with those
// of what is embedded in it. What is embedded from elsewhere than this tree adds none.
type implementations struct {
	methods    map[string]map[string]bool
	interfaces map[string]bool
}

// gather reads what is declared in files that are not tests.
func gather(files []source) implementations {
	all, embedded := implementations{map[string]map[string]bool{}, map[string]bool{}}, map[string][]string{}
	for _, s := range files {
		at := path.Dir(s.path)
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					all.add(at+" "+lastName(d.Recv.List[0].Type), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						name := at + " " + spec.Name.Name
						embedded[name] = all.declare(name, spec.Type, at, imported(s.file))
					}
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for name, others := range embedded {
			for _, other := range others {
				for m := range all.methods[other] {
					changed = all.add(name, m) || changed
				}
			}
		}
	}
	return all
}

// add reports whether a method is new.
func (all implementations) add(name, method string) bool {
	if all.methods[name] == nil {
		all.methods[name] = map[string]bool{}
	}
	known := all.methods[name][method]
	all.methods[name][method] = true
	return !known
}

// declare keeps a type's own methods, and returns what is embedded in it.
func (all implementations) declare(name string, typ ast.Expr, at string, imports map[string]string) (embedded []string) {
	var fields *ast.FieldList
	switch of := typ.(type) {
	case *ast.InterfaceType:
		fields, all.interfaces[name] = of.Methods, true
	case *ast.StructType:
		fields = of.Fields
	default:
		return nil
	}
	for _, f := range fields.List {
		switch {
		case f.Names == nil:
			embedded = append(embedded, declaredAs(f.Type, at, imports))
		case all.interfaces[name]:
			all.add(name, f.Names[0].Name)
		}
	}
	return embedded
}

// declaredAs is the package and name of a type that a file names, such as "session Store" of
// *session.Store.
func declaredAs(e ast.Expr, at string, imports map[string]string) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return declaredAs(t.X, at, imports)
	case *ast.IndexExpr:
		return declaredAs(t.X, at, imports)
	case *ast.IndexListExpr:
		return declaredAs(t.X, at, imports)
	case *ast.SelectorExpr:
		from := imports[lastName(t.X)]
		if in, ours := strings.CutPrefix(from, module); ours {
			from = cmp.Or(strings.TrimPrefix(in, "/"), ".")
		}
		return from + " " + t.Sel.Name
	}
	return at + " " + lastName(e)
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
	case *ast.IndexListExpr:
		return lastName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// count is how many types have all methods of an interface.
func (all implementations) count(name string) (n int) {
	for other, has := range all.methods {
		lacks := false
		for m := range all.methods[name] {
			lacks = lacks || !has[m]
		}
		if !lacks && !all.interfaces[other] {
			n++
		}
	}
	return n
}

// alone are the interfaces with fewer than two implementations, each with their number. Constraints
// of type parameters, which have no methods, are left out.
func (all implementations) alone() map[string]int {
	found := map[string]int{}
	for name := range all.interfaces {
		if n := all.count(name); n < 2 && len(all.methods[name]) > 0 {
			found[name] = n
		}
	}
	return found
}

func TestInterfacesHaveImplementations(t *testing.T) {
	t.Parallel()
	all := gather(slices.DeleteFunc(sources(t), func(s source) bool { return strings.HasSuffix(s.path, "_test.go") }))
	found := all.alone()
	for name, n := range found {
		if lonely[name] == "" {
			t.Errorf("interface %s has %d implementations: use the type itself, or say why", name, n)
		}
	}
	for name := range lonely {
		if _, is := found[name]; !is {
			t.Errorf("%s is excused from nothing", name)
		}
	}
	if len(all.interfaces) < 10 {
		t.Errorf("only %d interfaces were found", len(all.interfaces))
	}
}

// An interface that somebody plants is counted with what is embedded, whatever the order of files,
// and never by the name of a type of another package.
func TestLonelyInterfacesAreFound(t *testing.T) {
	t.Parallel()
	planted := []source{
		parse(t, "a/a.go", "package a\nimport (\"io\"; \""+module+"/b\")\n"+
			"type Pair interface { Both; Shut() }\ntype Both interface { Get(); Set() }\n"+
			"type whole struct { *deep }\nfunc (whole) Shut() {}\ntype deep struct { half }\ntype half struct{}\nfunc (half) Get() {}\nfunc (*half) Set() {}\n"+
			"type other[K any] struct { b.Part[K] }\nfunc (*other[K]) Shut() {}\n"+
			"type Named interface { Name() }\ntype one struct{}\nfunc (one) Name() {}\ntype mistaken struct { io.Part }\n"+
			"type Number interface { ~int | ~int64 }\ntype Nobody interface { Never() }\n"),
		parse(t, "b/b.go", "package b\ntype Part[K any] struct{}\nfunc (Part[K]) Get() {}\nfunc (Part[K]) Set() {}\n"),
		parse(t, "c/c.go", "package c\ntype Part struct{}\nfunc (Part) Name() {}\ntype half struct{}\n"),
	}
	for range 10 { // maps are walked in another order each time
		all := gather(planted)
		if got, want := all.alone(), map[string]int{"a Nobody": 0}; !maps.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		if got := [3]int{all.count("a Pair"), all.count("a Both"), all.count("a Named")}; got != [3]int{2, 5, 2} {
			t.Errorf("counted %v", got)
		}
	}
}
