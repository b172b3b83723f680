// Tests of reading a file of rights.

package rightsfile

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var rules = Rules{
	Roles:  []string{"superuser", "editor", "viewer"},
	Rights: []string{"view", "export", "create", "update", "delete", "bulk"},
	Check: func(rights []string) error {
		if len(rights) > 0 && !slices.Contains(rights, "view") {
			return errors.New("without view")
		}
		return nil
	},
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte("# who may what\ntables:\n  invoices: {viewer: [view, export], editor: [view, update, view]}\n  'a, b.c':\n    editor: []\n  \"*\": {viewer: [view]}\n"), rules)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Tables: map[string]map[string][]string{
			"invoices": {"viewer": {"view", "export"}, "editor": {"view", "update"}}, "a, b.c": {"editor": {}}, "*": {"viewer": {"view"}},
		},
		Lines: map[string]int{"invoices": 3, "a, b.c": 4, "*": 6},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEverythingWrongIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte(`tables:
  invoices: {viewer: [see], boss: [view]}
  orders: [view]
  lines:
    viewer: view
    editor:
  customers: {viewer: [[view]]}
  invoices: {}
  blind: {viewer: [update], editor: [view]}
roles: {}
`), rules)
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	if got == nil || got.Lines["customers"] != 7 || !slices.Equal(got.Tables["blind"]["editor"], []string{"view"}) {
		t.Errorf("what is right of it is %+v", got)
	}
	for _, want := range []string{`line 2: "see"`, `line 2: "boss"`, "line 3: the table \"orders\" is not a mapping", "line 5: the rights of viewer", "line 6: the rights of editor",
		"line 7: \"\" is not a right", `line 8: "invoices" is in tables twice`, "line 9: the rights of viewer in the table \"blind\": without view", `line 10: "roles"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %s", err, want)
		}
	}
}

func TestWhatIsNoFileOfRights(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "only a comment": "# nothing", "a list": "- a", "a text": "tables", "tables without any": "tables:", "no YAML": "a: [b", "two documents": "tables: {}\n---\ntables: {}\n",
		"an alias": "tables: {a: &x {viewer: [view]}, b: *x}", "a merge": "tables: {a: {<<: {viewer: [view]}}}", "tabs": "tables:\n\ta: {}", "not text": "\xff\xfe", "a bomb": bomb(),
		"too long": "tables: {}\n" + strings.Repeat("#", MaxSize), "a deep nest": "tables: " + strings.Repeat("[", 20_000),
	} {
		if got, err := Parse([]byte(text), rules); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// bomb is a small text that aliases make a large one.
func bomb() string {
	text := "a0: &a0 [x]\n"
	for i := range 20 {
		text += strings.NewReplacer("N", string(rune('a'+i+1)), "P", string(rune('a'+i))).Replace("N0: &N0 [*P0, *P0, *P0, *P0]\n")
	}
	return text + "tables: *u0\n"
}

func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rights.yaml")
	if err := os.WriteFile(path, []byte("tables: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, rules); err != nil || len(got.Tables) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, wrong := range []string{filepath.Dir(path), path + "x"} {
		if _, err := Read(wrong, rules); err == nil {
			t.Errorf("%s is read", wrong)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("tables: {a: {viewer: [view]}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text, rules)
		if err != nil {
			return
		}
		for table, of := range file.Tables {
			for role, has := range of {
				for _, right := range has {
					if !strings.Contains(strings.Join(rules.Roles, " "), role) || !strings.Contains(strings.Join(rules.Rights, " "), right) || file.Lines[table] == 0 {
						t.Errorf("%q: %q %q %q", text, table, role, right)
					}
				}
			}
		}
	})
}
