// Rights: what each role may do with each table, asked of every kind of address.

package crudadmin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// asking is one request of each kind, what it needs, and a text that only an
// answer that was given holds.
var asking = []struct {
	name, method, path string
	form               url.Values
	needs              []Right
	given              string
}{
	{"list", "GET", "/m/orders/", nil, []Right{RightView}, "first"},
	{"search", "GET", "/m/orders/?q=first", nil, []Right{RightView}, "first"},
	{"filter", "GET", "/m/orders/?f.total.gt=5", nil, []Right{RightView}, "first"},
	{"record", "GET", "/m/orders/1", nil, []Right{RightView}, "first"},
	{"choices", "GET", "/m/orders/choices/customer_id", nil, []Right{RightView}, "Ann"},
	{"CSV", "GET", "/m/orders/export.csv", nil, []Right{RightView, RightExport}, "first"},
	{"JSON", "GET", "/m/orders/export.json", nil, []Right{RightView, RightExport}, "first"},
	{"new form", "GET", "/m/orders/new", nil, []Right{RightView, RightCreate}, "Create"},
	{"create", "POST", "/m/orders/", url.Values{"note": {"made"}}, []Right{RightView, RightCreate}, ""},
	{"edit form", "GET", "/m/orders/1/edit", nil, []Right{RightView, RightUpdate}, "first"},
	{"update", "POST", "/m/orders/1/edit", url.Values{"note": {"changed"}}, []Right{RightView, RightUpdate}, ""},
	{"delete form", "GET", "/m/orders/1/delete", nil, []Right{RightView, RightDelete}, "Delete"},
	{"delete", "POST", "/m/orders/3/delete", url.Values{}, []Right{RightView, RightDelete}, ""},
	{"bulk edit", "POST", "/m/orders/actions/edit", url.Values{"key": {"2"}}, []Right{RightView, RightBulk, RightUpdate}, "Change"},
	{"bulk delete", "POST", "/m/orders/actions/delete", url.Values{"key": {"2"}, "confirm": {"1"}}, []Right{RightView, RightBulk, RightDelete}, ""},
}

// Every kind of address is asked with no right, with each right alone, with all but one, and with
// all. Requests that need another right are refused, the others are not, and a table that may not
// be viewed is not there.
func TestRightsMatrix(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	sets := [][]Right{nil, {RightView}, AllRights()}
	for _, right := range AllRights()[1:] {
		sets = append(sets, []Right{RightView, right}, slices.DeleteFunc(AllRights(), func(r Right) bool { return r == right }))
	}
	for _, has := range sets {
		b := newBench(t, func(c *Config) { c.Rights = map[string]Rights{"orders": {account.Editor: has}} })
		b.user(t, "ed", account.Editor)
		page := b.browser(t).signIn("ed")
		if _, err := b.db.ExecContext(t.Context(), `DELETE FROM orders; INSERT INTO orders VALUES (1, 1, 'first', 9.5, NULL), (2, 1, NULL, 1, NULL), (3, 2, '', 2, NULL)`); err != nil {
			t.Fatal(err)
		}
		before := b.scalar(t, "SELECT group_concat(id || coalesce(note, '')) FROM orders")
		for _, ask := range asking {
			want := http.StatusForbidden
			if len(has) == 0 {
				want = http.StatusNotFound
			}
			form := url.Values{}
			for name, values := range ask.form {
				form[name] = values
			}
			may := !slices.ContainsFunc(ask.needs, func(right Right) bool { return !slices.Contains(has, right) })
			if may && ask.method == "POST" && (ask.name == "update" || ask.name == "delete") {
				form.Set("row.token", page.tokenOf(ask.path))
			}
			var w *httptest.ResponseRecorder
			if ask.method == "POST" {
				w = page.post("/account", ask.path, form)
				if may && ask.given == "" {
					want = http.StatusSeeOther
				} else if may {
					want = http.StatusOK
				}
			} else {
				w = page.get(ask.path)
				if may {
					want = http.StatusOK
				}
			}
			if w.Code != want {
				t.Errorf("with %v: %s is %d, want %d: %s", has, ask.name, w.Code, want, w.Body)
			}
			if ask.given != "" && strings.Contains(w.Body.String(), ask.given) != may {
				t.Errorf("with %v: %s shows %q: %v", has, ask.name, ask.given, !may)
			}
		}
		if may := slices.ContainsFunc(has, func(r Right) bool { return r == RightCreate || r == RightUpdate || r == RightDelete }); !may {
			if after := b.scalar(t, "SELECT group_concat(id || coalesce(note, '')) FROM orders"); after != before {
				t.Errorf("with %v: the rows were %s and are %s", has, before, after)
			}
		}
	}
}

// A hidden table is nowhere: not in the menu, on the dashboard, as a choice, a
// related record, a label or an effect of a deletion.
func TestHiddenTablesAreNowhere(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Rights = map[string]Rights{"customers": {account.Editor: {}}, "totals": {account.Editor: {}}}
	})
	b.user(t, "ed", account.Editor)
	b.user(t, "vi", account.Viewer)
	for _, name := range []string{"ed", "vi"} {
		page := b.browser(t).signIn(name)
		for _, path := range []string{
			"/m/customers/", "/m/customers", "/m/customers/1", "/m/customers/1/edit", "/m/customers/new", "/m/customers/export.csv",
			"/m/customers/choices/name", "/m/customers/1/file/name", "/m/customers/?q=Ann",
		} {
			if w := page.get(path); w.Code != http.StatusNotFound {
				t.Errorf("%s: %s is %d, want 404", name, path, w.Code)
			}
		}
		for _, path := range []string{"/", "/m/orders/", "/m/orders/1", "/m/orders/export.json", "/m/orders/1/edit", "/m/orders/1/delete", "/m/orders/choices/customer_id"} {
			body := page.read(path)
			for _, never := range []string{"customers", "Ann", "totals"} {
				if strings.Contains(body, never) {
					t.Errorf("%s: %s shows %q", name, path, never)
				}
			}
		}
	}
	page := b.browser(t).signIn(adminName)
	if body := page.read("/m/orders/1"); !strings.Contains(body, "Ann") {
		t.Error("a superuser who is not named lost the table")
	}
}

// A record's page does not lead to related records that are hidden.
func TestHiddenRelatedRecords(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Rights = map[string]Rights{"orders": {account.Editor: {}}} })
	b.user(t, "ed", account.Editor)
	page := b.browser(t).signIn("ed")
	if body := page.read("/m/customers/1"); strings.Contains(body, "orders") || strings.Contains(body, "first") {
		t.Error("the hidden orders are on their customer's page")
	}
	body := page.get("/m/customers/1/delete").Body.String()
	if strings.Contains(body, "orders") || !strings.Contains(body, "a table that is not shown") {
		t.Error("the page of a deletion names the hidden table, or does not say that something forbids it")
	}
}

// A role that may not delete lines deletes no order that takes its lines along, neither one nor
// many at once.
func TestCascadesNeedTheirRight(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	const lines = `CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders(id) ON DELETE CASCADE);
		CREATE TABLE marks (id INTEGER PRIMARY KEY, line_id INTEGER NOT NULL REFERENCES lines(id) ON DELETE CASCADE);
		INSERT INTO lines VALUES (1, 1); INSERT INTO marks VALUES (1, 1)`
	for _, rights := range []Rights{{account.Editor: {RightView}}, {account.Editor: {}}, nil} {
		b := newBench(t, func(c *Config) {
			if _, err := c.DB.ExecContext(t.Context(), lines); err != nil {
				t.Fatal(err)
			}
			c.Rights = map[string]Rights{"marks": rights}
		})
		b.user(t, "ed", account.Editor)
		page := b.browser(t).signIn("ed")
		one, bulk, want := http.StatusForbidden, http.StatusForbidden, "3"
		if rights == nil {
			one, bulk, want = http.StatusOK, http.StatusSeeOther, "2"
		}
		if w := page.get("/m/orders/1/delete"); w.Code != one {
			t.Errorf("with %v: the page of a deletion is %d, want %d", rights, w.Code, one)
		}
		if w := page.post("/account", "/m/orders/actions/delete", url.Values{"key": {"1"}, "confirm": {"1"}}); w.Code != bulk {
			t.Errorf("with %v: bulk deletion is %d, want %d", rights, w.Code, bulk)
		}
		if got := b.scalar(t, "SELECT count(*) FROM orders"); got != want {
			t.Errorf("with %v: %s orders are left, want %s", rights, got, want)
		}
	}
}

// A role that may change products but not the join table changes no links.
func TestLinksNeedRightsInTheJoinTable(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL); INSERT INTO tags VALUES (1, 'red');
		CREATE TABLE order_tags (order_id INTEGER NOT NULL REFERENCES orders(id), tag_id INTEGER NOT NULL REFERENCES tags(id), PRIMARY KEY (order_id, tag_id))`); err != nil {
			t.Fatal(err)
		}
		c.Rights = map[string]Rights{"order_tags": {account.Editor: {RightView}}}
	})
	b.user(t, "ed", account.Editor)
	for name, want := range map[string]int{"ed": http.StatusUnprocessableEntity, adminName: http.StatusSeeOther} {
		page := b.browser(t).signIn(name)
		const path = "/m/orders/1/edit"
		w := page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "order_tags": {"", "1"}})
		if w.Code != want {
			t.Errorf("%s links: %d, want %d", name, w.Code, want)
		}
	}
}

func TestWrongRightsAreNamed(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	for name, c := range map[string]struct {
		rights map[string]Rights
		want   string
	}{
		"a table": {map[string]Rights{"order": {}}, `"order"`},
		"a role":  {map[string]Rights{"orders": {"boss": {}}}, `"boss"`},
		"a right": {map[string]Rights{"orders": {account.Editor: {RightView, "destroy"}}}, `"destroy"`},
		"no view": {map[string]Rights{"orders": {account.Editor: {RightUpdate}}}, "without view"},
	} {
		cfg := b.cfg
		cfg.SecretKey, cfg.Rights = config.Secret(strings.Repeat("s", 32)), c.rights
		if _, err := New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s named", name, err, c.want)
		}
	}
}
