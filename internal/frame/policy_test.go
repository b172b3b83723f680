// Tests of what the policy keeps of a view that cannot be shown.

package frame

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// A view that cannot be shown, to those who may change records or to those who may not, alone or in
// the place of another one, leaves all of the policy as it was.
func TestAViewThatFailsLeavesThePolicyAsItWas(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE a (id INTEGER PRIMARY KEY, label TEXT)"); err != nil {
		t.Fatal(err)
	}
	source, err := data.Open(t.Context(), db, data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	wrong := data.TableConfig{Label: "planted", Display: "nosuch"}
	for _, registered := range []bool{false, true} {
		for what, failing := range map[string]typed.View{
			"to editors": {ForEditors: wrong}, "to readers": {ForEditors: data.TableConfig{Label: "planted"}, ForReaders: wrong}, "to both": {ForEditors: wrong, ForReaders: wrong},
		} {
			p, err := NewPolicy(source, data.Config{}, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			table, _ := source.Schema().Table("a")
			if registered {
				right := &typed.View{Table: table, ForEditors: data.TableConfig{Label: "right"}}
				if err := p.Register(right, Rights{account.Editor: {RightView}}, []Right{RightView}); err != nil {
					t.Fatal(err)
				}
			}
			before, shown := *p, *p.now.Load()
			before.views, before.said, before.offered = maps.Clone(p.views), maps.Clone(p.said), maps.Clone(p.offered)
			failing.Table = table
			if err := p.Register(&failing, Rights{account.Viewer: {RightView}}, []Right{RightView, RightExport}); err == nil {
				t.Fatalf("%s: a view of a column that is not there is shown: this test finds nothing", what)
			}
			if now := p.now.Load(); now.whole != shown.whole || !maps.Equal(now.sources, shown.sources) || !maps.Equal(p.views, before.views) ||
				len(p.said) != len(before.said) || len(p.said["a"]) != len(before.said["a"]) || len(p.offered["a"]) != len(before.offered["a"]) {
				t.Errorf("%s, after another view %t: the policy is another one after a view that failed", what, registered)
			}
			if _, has := p.said["a"][account.Viewer]; has {
				t.Errorf("%s: the rights of a view that failed stay", what)
			}
		}
	}
}
