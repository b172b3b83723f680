// Tests that a visit asks once.

package frame

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// What the guard has found out is the visit's until the guard asks again: the person, the source,
// the table, its view, and each right to it. Behind the visit's back another policy is planted.
func TestAVisitAsksOnce(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	source, err := data.Open(t.Context(), db, data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := NewPolicy(source, data.Config{}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	f := &Frame{Policy: policy}
	r := httptest.NewRequest(http.MethodGet, "/m/a/", nil)
	r.SetPathValue("table", "a")
	v := f.visit(httptest.NewRecorder(), r)
	v.knows(account.User{ID: "1", Role: account.Editor})
	route := Route{Access: Needs(RightView, RightUpdate)}
	if err := f.admit(v, route); err != nil {
		t.Fatal(err)
	}
	if v.Table == nil || v.Table.Name != "a" || v.View == nil || v.Data != f.DataFor(account.Editor) {
		t.Errorf("the visit has table %v, view %v", v.Table, v.View)
	}
	if !v.May(v.Table, RightView, RightUpdate, RightDelete) {
		t.Error("an editor may not delete")
	}
	f.readOnly = true // every right to write would be refused from here on
	if !v.May(v.Table, RightView, RightUpdate, RightDelete) {
		t.Error("a right to the visit's table was decided twice")
	}
	if v.May(v.Table, RightCreate) {
		t.Error("a right that was not asked for is remembered: this test finds nothing")
	}
	other, _ := v.Data.Schema().Table("b")
	if v.May(other, RightDelete) {
		t.Error("a right to another table is taken for that of the visit's")
	}
	v.knows(account.User{ID: "1", Role: account.Editor}) // as the guard does once more before something is changed
	if err := f.admit(v, route); err == nil {
		t.Error("the guard asked again and was answered from before")
	}
}

func TestAccessOfTooManyRightsIsNobodys(t *testing.T) {
	t.Parallel()
	if got := Needs(RightView, RightBulk, RightUpdate, RightDelete); got != (Access{}) {
		t.Errorf("four rights: %v, want the access that is nobody's", got)
	}
	if got := Needs(RightView, RightBulk).Rights(); len(got) != 2 || got[0] != RightView || got[1] != RightBulk {
		t.Errorf("two rights: %q", got)
	}
}
