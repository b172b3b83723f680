// This file holds the rule that what a program calls has an Example: each exported function and
// method of the packages that programs import is used in one that go doc shows.

package arch

import (
	"go/ast"
	"go/doc"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// exampled are the packages whose functions and methods have Examples.
var exampled = []string{
	"", "config", "data", "sqlite", "backend", "account", "session", "session/sessionhttp", "session/memstore", "session/redisstore",
	"session/memcachestore", "session/sqlstore", "session/hybridstore", "session/sessionprom",
}

// withoutExample are functions and methods that no Example calls, each with the reason.
var withoutExample = map[string]string{
	"session/sessionprom Collector.Collect":  "Prometheus calls it",
	"session/sessionprom Collector.Describe": "Prometheus calls it",
}

// calledByOthers are methods that fmt, errors, encoding, log/slog and net/http call, or
// constructors of ours, and no program.
var calledByOthers = []string{
	"Error", "Unwrap", "Is", "As", "String", "GoString", "Format", "LogValue", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON",
	"ServeHTTP", "Validate",
}

// contracts are the interfaces whose methods are called through them: a session.Manager calls a
// store's, and a hybrid store a cache's.
var contracts = map[string]string{"session": "Store", "session/hybridstore": "Cache"}

// contract are the methods of an interface that stands in one of the files.
func contract(files []source, name string) (methods []string) {
	for _, s := range files {
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				for _, method := range i.Methods.List {
					for _, name := range method.Names {
						methods = append(methods, name.Name)
					}
				}
			}
			return true
		})
	}
	return methods
}

// exported are the functions ("Open") and methods ("Manager.Get") of a package that programs can
// call.
func exported(files []source) (names []string) {
	for _, s := range files {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			if f.Recv == nil {
				names = append(names, f.Name.Name)
				continue
			}
			of := lastName(f.Recv.List[0].Type)
			if ast.IsExported(of) && !slices.Contains(calledByOthers, f.Name.Name) {
				names = append(names, of+"."+f.Name.Name)
			}
		}
	}
	return names
}

// imported are the import paths of a file, by the names that it uses for them.
func imported(f *ast.File) map[string]string {
	paths := map[string]string{}
	for _, spec := range f.Imports {
		at := strings.Trim(spec.Path.Value, `"`)
		local := path.Base(at)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		paths[local] = at
	}
	return paths
}

// mentions are the names that a file's Examples use: of packages by their import paths ("session
// New"), and of methods ("Get"), whatever they are of.
func mentions(s source) map[string]bool {
	said := map[string]bool{}
	imports := imported(s.file)
	for _, example := range doc.Examples(s.file) {
		ast.Inspect(example.Code, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
				said[imports[x.Name]+" "+selector.Sel.Name] = true
				return true
			}
			said[selector.Sel.Name] = true
			return true
		})
	}
	return said
}

// An exampleFile is what is read of a file with Examples.
type exampleFile struct {
	imports  map[string]string
	mentions map[string]bool
}

// exampleFiles are those of files that may have Examples.
func exampleFiles(files ...source) (all []exampleFile) {
	for _, s := range files {
		all = append(all, exampleFile{imported(s.file), mentions(s)})
	}
	return all
}

// unexampled are the names of a package at an import path that no Example uses. Methods are looked
// for in the Examples of files that import the package.
func unexampled(at string, names []string, examples []exampleFile) (missing []string) {
	functions, methods := map[string]bool{}, map[string]bool{}
	for _, file := range examples {
		for name := range file.mentions {
			if function, ok := strings.CutPrefix(name, at+" "); ok {
				functions[function] = true
			}
		}
		if slices.Contains(slices.Collect(maps.Values(file.imports)), at) {
			maps.Copy(methods, file.mentions)
		}
	}
	for _, name := range names {
		_, method, is := strings.Cut(name, ".")
		if is && !methods[method] || !is && !functions[name] {
			missing = append(missing, name)
		}
	}
	return missing
}

func TestWhatProgramsCallHasAnExample(t *testing.T) {
	t.Parallel()
	files, examples := map[string][]source{}, []exampleFile{}
	for _, s := range sources(t) {
		dir := strings.TrimPrefix(path.Dir(s.path), ".")
		switch {
		case strings.HasSuffix(s.path, "_test.go"):
			examples = append(examples, exampleFiles(s)...)
		case slices.Contains(exampled, dir):
			files[dir] = append(files[dir], s)
		}
	}
	called := map[string][]string{} // by the type that has them in a store
	for dir, name := range contracts {
		if called[name] = contract(files[dir], name); len(called[name]) == 0 {
			t.Errorf("%s has no interface %s", dir, name)
		}
	}
	known := map[string]bool{}
	for _, dir := range exampled {
		at := strings.TrimSuffix(module+"/"+dir, "/")
		names := exported(files[dir])
		for _, name := range names {
			known[strings.TrimPrefix(dir+" "+name, " ")] = true
		}
		for _, name := range unexampled(at, names, examples) {
			full := strings.TrimPrefix(dir+" "+name, " ")
			of, method, _ := strings.Cut(name, ".")
			switch {
			case withoutExample[full] != "", slices.Contains(called[of], method):
			default:
				t.Errorf("%s: no Example calls it: write one, or a reason into withoutExample", full)
			}
		}
	}
	for name := range withoutExample {
		if !known[name] {
			t.Errorf("%s is in withoutExample and does not exist", name)
		}
	}
}

// TestExamplesCanBeMissing feeds the search what it must find.
func TestExamplesCanBeMissing(t *testing.T) {
	t.Parallel()
	made := parse(t, "p.go", "package p\nfunc New() *T { return nil }\ntype T struct{}\nfunc (*T) Get() {}\nfunc (*T) Set() {}\nfunc (*T) Error() string { return \"\" }\nfunc inner() {}\n")
	shown := parse(t, "example_test.go", "package p_test\nimport \"x/p\"\nfunc Example() {\n\tt := p.New()\n\tt.Get()\n\t// Output:\n}\nfunc ExampleNew() { p.New() }\nfunc helper(t *p.T) { t.Set() }\n")
	other := parse(t, "other_test.go", "package q_test\nimport \"x/q\"\nfunc Example() {\n\tq.New().Set()\n}\n")
	names := exported([]source{made})
	if want := []string{"New", "T.Get", "T.Set"}; !slices.Equal(names, want) {
		t.Errorf("exported: %v, want %v", names, want)
	}
	if got, want := unexampled("x/p", names, exampleFiles(shown, other)), []string{"T.Set"}; !slices.Equal(got, want) {
		t.Errorf("without an Example: %v, want %v", got, want)
	}
	if len(unexampled("x/p", names, nil)) != len(names) {
		t.Error("without Examples nothing is missing")
	}
}
