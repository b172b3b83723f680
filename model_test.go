// Models: tables shown and changed as a View says.

package crudadmin

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Customer has a tag of each kind.
type Customer struct {
	ID           int64          `db:"id"`
	Name         string         `gorm:"column:name" validate:"required,min=2,max=20"`
	Email        sql.NullString `json:"email"`
	PasswordHash string         `bun:"password_hash" validate:"omitempty,min=8"`
	Born         *time.Time     `json:"born"`
	VIP          *bool
	Orders       []struct{ ID int64 }
}

// registered is a bench with the customers registered.
func registered(t *testing.T, view View[Customer]) *bench {
	t.Helper()
	b := newBench(t, nil)
	if err := Register(b.Panel, view); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestViewSaysWhatIsShown(t *testing.T) {
	b := registered(t, View[Customer]{
		Label: "Client", Description: "The people who buy here.", Group: "Sales", List: []string{"Name", "vip"}, Detail: []string{"Email", "Name"},
		DisplayField: "email", SearchFields: []string{"Name"}, Sort: []string{"-Name"},
		Fields: map[string]Field{"VIP": {Label: "Important", Help: "Gets a card."}},
	})
	page := b.browser(t).signIn(adminName)
	list := page.get("/m/customers/").Body.String()
	for _, want := range []string{"Clients", "The people who buy here.", "Important", "Sales"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if strings.Contains(list, "ann@example.com") || strings.Contains(list, "1990") {
		t.Error("the list shows a field that is not on it")
	}
	if ann, script := strings.Index(list, ">Ann<"), strings.Index(list, "&lt;script&gt;alert"); ann < 0 || script < ann { // "A" is before "<" going down
		t.Errorf("the order is not the view's: Ann at %d, the other at %d", ann, script)
	}
	record := page.get("/m/customers/1").Body.String()
	if strings.Contains(record, "1990-01-02") || !strings.Contains(record, "ann@example.com") {
		t.Error("the record shows other fields than Detail")
	}
	if body := page.get("/m/orders/").Body.String(); !strings.Contains(body, "ann@example.com") {
		t.Error("orders do not name their customer by the display field")
	}
	b.user(t, "vi", account.Viewer)
	viewer := b.browser(t).signIn("vi")
	// Born is in neither list nor detail: people who cannot change it do not see it.
	for _, path := range []string{"/m/customers/?columns=born", "/m/customers/?sort=born", "/m/customers/?f.born.eq=1990-01-02", "/m/customers/export.csv?columns=born", "/m/customers/?f.password_hash.eq=x"} {
		if w := viewer.get(path); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", path, w.Code)
		}
	}
	if body := page.get("/m/customers/1/edit").Body.String(); !strings.Contains(body, "1990-01-02") {
		t.Error("who may change it does not see it on the form")
	}
	if body := viewer.get("/m/customers/export.csv").Body.String(); strings.Contains(body, "born") || !strings.Contains(body, "email") {
		t.Errorf("the export has other columns than list and detail: %s", body)
	}
	if body := page.read("/m/customers/?q=example.com"); strings.Contains(body, "Ann") {
		t.Error("the search looks into a field that is not in SearchFields")
	}
	if body := page.get("/m/customers/new").Body.String(); !strings.Contains(body, "Gets a card.") || strings.Contains(body, `name="id"`) {
		t.Error("the form lacks the help, or has the key")
	}
}

func TestUndeclaredFieldsAreRefused(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := registered(t, View[Customer]{Create: []string{"name"}, Update: []string{"name", "email"}, Fields: map[string]Field{"Email": {ReadOnly: true}}})
	page := b.browser(t).signIn(adminName)
	for name, value := range map[string]url.Values{
		"email":         {"email": {"x@example.com"}},
		"null.email":    {"null.email": {"1"}},
		"id":            {"id": {"77"}},
		"password_hash": {"password_hash": {"x"}},
		"nonsense":      {"nonsense": {"x"}},
	} {
		form := url.Values{"name": {"Zoe"}}
		for k, v := range value {
			form[k] = v
		}
		w := page.post("/account", "/m/customers/", form)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), name[strings.LastIndexByte(name, '.')+1:]) {
			t.Errorf("create with %s: %d, want 422 that names it", name, w.Code)
		}
	}
	const path = "/m/customers/1/edit"
	w := page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "email": {"new@example.com"}})
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a read-only field is taken: %d", w.Code)
	}
	for name, value := range map[string]string{"born": "2000-01-01", "email": "new@example.com", "id": "9", "password_hash": "a secret"} {
		for _, chosen := range []url.Values{{"key": {"1"}}, {"all": {"1"}}} {
			chosen["confirm"], chosen["set.to.name"], chosen["to.name"], chosen["set.to."+name], chosen["to."+name] = []string{"1"}, []string{"1"}, []string{"Zoe"}, []string{"1"}, []string{value}
			chosen = page.asked("/m/customers/actions/edit", chosen)
			if w := page.post("/account", "/m/customers/actions/edit", chosen); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "cannot be changed in many records") {
				t.Errorf("bulk edit of %s: %d, want 422 that says so", name, w.Code)
			}
		}
	}
	if got := b.scalar(t, "SELECT group_concat(id || name || coalesce(email, '') || coalesce(born, '')) FROM customers"); strings.Contains(got, "Zoe") || strings.Contains(got, "new@") || strings.Contains(got, "2000") {
		t.Errorf("something was written: %s", got)
	}
}

func TestRelationsOfAForm(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	type Order struct {
		ID   int64
		Note *string
	}
	for name, c := range map[string]struct {
		update []string
		want   int
	}{
		"by default": {nil, http.StatusSeeOther},
		"named":      {[]string{"Note", "order_tags"}, http.StatusSeeOther},
		"left out":   {[]string{"Note"}, http.StatusUnprocessableEntity},
	} {
		b := newBench(t, nil)
		if _, err := b.db.ExecContext(t.Context(), `CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL); INSERT INTO tags VALUES (1, 'red');
			CREATE TABLE order_tags (order_id INTEGER NOT NULL REFERENCES orders(id), tag_id INTEGER NOT NULL REFERENCES tags(id), PRIMARY KEY (order_id, tag_id))`); err != nil {
			t.Fatal(err)
		}
		if err := b.source.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := Register(b.Panel, View[Order]{Update: c.update}); err != nil {
			t.Fatal(err)
		}
		page := b.browser(t).signIn(adminName)
		const path = "/m/orders/1/edit"
		if w := page.post("/account", path, url.Values{"row.token": {page.tokenOf(path)}, "note": {"n"}, "order_tags": {"", "1"}}); w.Code != c.want {
			t.Errorf("a relation %s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestValidateTagsSpeakBesideTheirFields(t *testing.T) {
	b := registered(t, View[Customer]{})
	page := b.browser(t).signIn(adminName)
	w := page.post("/m/customers/new", "/m/customers/", url.Values{"name": {"Z"}, "email": {"kept@example.com"}})
	body := w.Body.String()
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "must have at least 2 characters") || !strings.Contains(body, "kept@example.com") {
		t.Errorf("create: %d, without its rule or its input", w.Code)
	}
	// An old value that breaks the rule hinders nobody who does not touch it, unless it is on the
	// form.
	if w := page.post("/account", "/m/customers/actions/edit", url.Values{"key": {"1", "2"}, "confirm": {"1"}, "set.to.name": {"1"}, "to.name": {"Z"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("bulk edit breaks a rule: %d", w.Code)
	}
	if got := b.scalar(t, "SELECT count(*) FROM customers WHERE name = 'Z'"); got != "0" {
		t.Errorf("%s were written", got)
	}
}

func TestActions(t *testing.T) {
	seen := 0
	b := newBench(t, nil)
	err := Register(b.Panel, View[Customer]{Actions: []Action[Customer]{
		{Name: "promote", Label: "Promote", Confirm: "They will get a card.", Run: func(ctx context.Context, tx Tx, records iter.Seq2[*Customer, error]) error {
			for c, err := range records {
				if err != nil {
					return err
				}
				seen++
				if _, err := tx.ExecContext(ctx, "UPDATE customers SET vip = 1, name = name || '*' WHERE id = ?", c.ID); err != nil {
					return err
				}
				if c.Name == "Ann*" {
					return errors.New("Ann has her card")
				}
			}
			return nil
		}},
		{Name: "purge", Label: "Purge", Danger: true, Roles: []account.Role{account.Superuser}, Run: func(context.Context, Tx, iter.Seq2[*Customer, error]) error { return nil }},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.user(t, "ed", account.Editor)
	b.user(t, "vi", account.Viewer)
	page, editor, viewer := b.browser(t).signIn(adminName), b.browser(t).signIn("ed"), b.browser(t).signIn("vi")
	const path = "/m/customers/actions/promote"
	for name, want := range map[*browser][2]bool{page: {true, true}, editor: {true, false}, viewer: {false, false}} {
		body := name.get("/m/customers/").Body.String()
		if got := [2]bool{strings.Contains(body, "Promote"), strings.Contains(body, "Purge")}; got != want {
			t.Errorf("offered are %v, want %v", got, want)
		}
	}
	if w := editor.post("/account", "/m/customers/actions/purge", url.Values{"key": {"1"}}); w.Code != http.StatusForbidden {
		t.Errorf("an editor purges: %d", w.Code)
	}
	if w := viewer.post("/account", path, url.Values{"key": {"1"}, "confirm": {"1"}}); w.Code != http.StatusForbidden {
		t.Errorf("a viewer promotes: %d", w.Code)
	}
	if w := page.post("/account", "/m/customers/actions/nothing", url.Values{"key": {"1"}}); w.Code != http.StatusNotFound {
		t.Errorf("an unknown action: %d", w.Code)
	}
	if w := page.post("/account", path, url.Values{"all": {"1"}, "f.name.eq": {"Ann"}}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "1 record") || !strings.Contains(w.Body.String(), "They will get a card.") || seen != 0 {
		t.Errorf("the question: %d, %d seen", w.Code, seen)
	}
	if w := page.post("/account", path, url.Values{"all": {"1"}, "f.name.eq": {"Ann"}, "confirm": {"1"}, "asked": {"2"}}); w.Code != http.StatusConflict || seen != 0 {
		t.Errorf("another number than was asked about: %d, %d seen", w.Code, seen)
	}
	if w := page.post("/account", path, page.asked(path, url.Values{"all": {"1"}, "f.name.eq": {"Ann"}})); w.Code != http.StatusSeeOther || seen != 1 {
		t.Errorf("all that match: %d, %d seen", w.Code, seen)
	}
	if w := page.post("/account", path, url.Values{"key": {"2", "1"}, "confirm": {"1"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Ann has her card") {
		t.Errorf("an action that fails: %d", w.Code)
	}
	if got := b.scalar(t, "SELECT group_concat(name) FROM customers"); got != "Ann*,<script>alert(1)</script>" {
		t.Errorf("the names are %s: what failed was not undone", got)
	}
}

func TestWrongViewsAreNamed(t *testing.T) {
	type Other struct{ ID int64 }
	type twice struct {
		Name  string
		Name2 string `db:"name"`
	}
	type badRule struct {
		Name string `validate:"no_such_rule"`
	}
	type badTag struct {
		Name string `admin:"name;shiny"`
	}
	b := newBench(t, func(c *Config) { c.Rights = map[string]Rights{"orders": {account.Editor: {RightView}}} })
	run := func(context.Context, Tx, iter.Seq2[*Customer, error]) error { return nil }
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"no table":       {Register(b.Panel, View[Other]{}), []string{"Table", "others"}},
		"unknown table":  {Register(b.Panel, View[Other]{Table: "nope"}), []string{"Table", `"nope"`}},
		"no struct":      {Register(b.Panel, View[int]{Table: "customers"}), []string{"int"}},
		"a time":         {Register(b.Panel, View[time.Time]{Table: "customers"}), []string{"time.Time"}},
		"two of one":     {Register(b.Panel, View[twice]{Table: "customers"}), []string{"Name", "Name2", `"name"`}},
		"unknown rule":   {Register(b.Panel, View[badRule]{Table: "customers"}), []string{"no_such_rule"}},
		"unknown tag":    {Register(b.Panel, View[badTag]{Table: "customers"}), []string{"Name", "shiny"}},
		"unknown fields": {Register(b.Panel, View[Customer]{List: []string{"nope"}, Sort: []string{"-nix"}}), []string{"List", `"nope"`, "Sort", `"nix"`}},
		"twice":          {Register(b.Panel, View[Customer]{List: []string{"Name", "name"}}), []string{"List", "twice"}},
		"secret":         {Register(b.Panel, View[Customer]{List: []string{"PasswordHash"}}), []string{"List", "password_hash", "secret"}},
		"no column":      {Register(b.Panel, View[Customer]{Detail: []string{"Orders"}}), []string{"Detail", `"Orders"`}},
		"unseen search":  {Register(b.Panel, View[Customer]{List: []string{"Name"}, Detail: []string{"Name"}, SearchFields: []string{"Email"}}), []string{"SearchFields", "Email"}},
		"rights":         {Register(b.Panel, View[Customer]{Rights: Rights{"boss": nil}, Allowed: []Right{RightUpdate}}), []string{"Rights", "boss", "Allowed"}},
		"rights twice":   {Register(b.Panel, View[Other]{Table: "orders", Rights: Rights{}}), []string{"Rights", "Config.Rights"}},
		"widget":         {Register(b.Panel, View[Customer]{Fields: map[string]Field{"Name": {Widget: "slider"}}}), []string{"Fields", "slider"}},
		"action":         {Register(b.Panel, View[Customer]{Actions: []Action[Customer]{{Name: "delete", Run: run}, {Name: "A b", Run: run}, {Name: "x"}}}), []string{"delete", "A b", "Run"}},
	} {
		for _, want := range c.want {
			if c.err == nil || !strings.Contains(c.err.Error(), want) {
				t.Errorf("%s: %v, want %q named", name, c.err, want)
			}
		}
	}
	if b.declares("customers") || b.declares("orders") {
		t.Error("a wrong view is registered")
	}
	if err := Register(b.Panel, View[Customer]{}); err != nil {
		t.Fatal(err)
	}
	if err := Register(b.Panel, View[Customer]{}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second view of a table: %v", err)
	}
	b.browser(t).get("/login")
	if err := Register(b.Panel, View[Other]{Table: "orders"}); err == nil || !strings.Contains(err.Error(), "serves") {
		t.Errorf("after the first request: %v", err)
	}
}
