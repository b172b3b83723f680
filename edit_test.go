// Writing: making, changing and deleting records through the forms.

package crudadmin

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

var rowToken = regexp.MustCompile(`name="row.token" value="([^"]*)"`)

// tokenOf loads a form and returns the version of the record it was made for.
func (b *browser) tokenOf(path string) string {
	b.t.Helper()
	found := rowToken.FindStringSubmatch(b.get(path).Body.String())
	if found == nil {
		b.t.Fatalf("%s has no row token", path)
	}
	return html.UnescapeString(found[1])
}

var onceToken = regexp.MustCompile(`name="row.once" value="([^"]+)"`)

// onceOf loads the form of a new record and returns what makes one record of it, however often it
// is sent.
func (b *browser) onceOf(path string) string {
	b.t.Helper()
	found := onceToken.FindStringSubmatch(b.get(path).Body.String())
	if found == nil {
		b.t.Fatalf("%s has no token", path)
	}
	return found[1]
}

// scalar reads one value from the application's database.
func (b *bench) scalar(t *testing.T, query string) string {
	t.Helper()
	var value any
	if err := b.db.QueryRowContext(t.Context(), query).Scan(&value); err != nil {
		t.Fatal(err)
	}
	switch v := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	case string:
		return v
	}
	return fmt.Sprint(value)
}

func TestCreate(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	w := page.post("/m/customers/new", "/m/customers/", url.Values{
		"id": {""}, "name": {"Zoë <b>"}, "email": {"zoe@example.com"}, "born": {"1999-12-31"}, "vip": {"true"},
	})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/m/customers/3" {
		t.Fatalf("create: %d to %q", w.Code, w.Header().Get("Location"))
	}
	if got := b.scalar(t, "SELECT name || '|' || email || '|' || born || '|' || vip FROM customers WHERE id = 3"); got != "Zoë <b>|zoe@example.com|1999-12-31|1" {
		t.Errorf("stored is %q", got)
	}
	if body := page.get("/m/customers/3").Body.String(); !strings.Contains(body, "The record was created.") {
		t.Error("no notice says so")
	}
}

// Flaw: constraint violations were shown as authentication errors, or not at all.
func TestWrongEntriesAreToldBesideTheirFields(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"not null":     {url.Values{"null.name": {"1"}, "email": {"x@example.com"}}, "name"},
		"unique":       {url.Values{"name": {"kept input"}, "email": {"ann@example.com"}}, "email"},
		"a wrong date": {url.Values{"name": {"kept input"}, "born": {"yesterday"}}, "born"},
		"undeclared":   {url.Values{"name": {"kept input"}, "admin": {"1"}}, "admin"},
		"masked":       {url.Values{"name": {"kept input"}, "password_hash": {"x"}}, "password_hash"},
		"a wrong type": {url.Values{"name": {"kept input"}, "id": {"one"}}, "id"},
	} {
		w := page.post("/m/customers/new", "/m/customers/", c.form)
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "error") || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d, want 422 and %s named", name, w.Code, c.want)
		}
		if c.form.Get("name") != "" && !strings.Contains(body, "kept input") {
			t.Errorf("%s: the input is lost", name)
		}
		if strings.Contains(body, "constraint failed") || strings.Contains(body, "INSERT") {
			t.Errorf("%s: SQL is on the page", name)
		}
	}
	if got := b.scalar(t, "SELECT count(*) FROM customers"); got != "2" {
		t.Errorf("%s customers, want 2: something was written", got)
	}
}

// Two people who edit one record never lose a change silently.
func TestStaleEditIs409(t *testing.T) {
	b := newBench(t, nil)
	b.user(t, "ed", account.Editor)
	first, second := b.browser(t).signIn(adminName), b.browser(t).signIn("ed")
	const path = "/m/customers/1/edit"
	early, late := first.tokenOf(path), second.tokenOf(path)
	if w := first.post(path, path, url.Values{"row.token": {early}, "name": {"First"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("the first edit: %d", w.Code)
	}
	w := second.post(path, path, url.Values{"row.token": {late}, "name": {"Second"}})
	body := w.Body.String()
	if w.Code != http.StatusConflict || !strings.Contains(body, "First") || !strings.Contains(body, "Second") {
		t.Fatalf("the second edit: %d, want 409 and both versions", w.Code)
	}
	if got := b.scalar(t, "SELECT name FROM customers WHERE id = 1"); got != "First" {
		t.Errorf("the name is %q, want First", got)
	}
	// "Save mine over it" carries the present version's token.
	token := html.UnescapeString(rowToken.FindStringSubmatch(body)[1])
	if w := second.post(path, path, url.Values{"row.token": {token}, "name": {"Second"}}); w.Code != http.StatusSeeOther {
		t.Errorf("saving over it: %d", w.Code)
	}
	if w := second.post(path, path, url.Values{"name": {"Third"}}); w.Code != http.StatusBadRequest {
		t.Errorf("an edit without a token: %d, want 400", w.Code)
	}
	if got := b.scalar(t, "SELECT name || '|' || email FROM customers WHERE id = 1"); got != "Second|ann@example.com" {
		t.Errorf("stored is %q: a field that was not sent must stay", got)
	}
}

// Flaw: a field could not be cleared.
func TestNullAndEmptyDiffer(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	const path = "/m/orders/1/edit"
	for _, c := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"note": {""}}, "''"},
		{url.Values{"note": {""}, "null.note": {"1"}}, "NULL"},
		{url.Values{"note": {"x"}}, "'x'"},
	} {
		c.form.Set("row.token", page.tokenOf(path))
		if w := page.post(path, path, c.form); w.Code != http.StatusSeeOther {
			t.Fatalf("%v: %d", c.form, w.Code)
		}
		if got := b.scalar(t, "SELECT quote(note) FROM orders WHERE id = 1"); got != c.want {
			t.Errorf("%v: stored is %s, want %s", c.form, got, c.want)
		}
	}
}

func TestDeleteSaysWhatForbidsIt(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	for name, form := range map[string]url.Values{"chosen": {"key": {"1", "2"}}, "all that match": {"all": {"1"}}} {
		w := page.post("/account", "/m/customers/actions/delete", form)
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "What prevents it") || !strings.Contains(body, "refer to these records and prevent") || strings.Contains(body, `name="confirm"`) {
			t.Errorf("%s: %d, and does not say that orders refer to the customers", name, w.Code)
		}
	}
	if body := page.get("/m/customers/1/delete").Body.String(); !strings.Contains(body, "orders") {
		t.Error("the page does not say that orders refer to the customer")
	}
	if body := page.get("/m/customers/1/delete").Body.String(); !strings.Contains(body, `href="/admin/m/orders/?f.customer_id.eq=1"`) {
		t.Error("the page does not lead to the orders that refer to the customer")
	}
	w := page.post("/account", "/m/customers/1/delete", url.Values{"confirm": {"1"}})
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "row.token") {
		t.Errorf("a deletion that does not say what it was shown: %d, want 400", w.Code)
	}
	w = page.post("/account", "/m/customers/1/delete", url.Values{"confirm": {"1"}, "row.token": {"of another page"}})
	if w.Code != http.StatusConflict || b.scalar(t, "SELECT count(*) FROM customers") != "2" {
		t.Errorf("a customer with orders: %d, want 409", w.Code)
	}
	if w := page.post("/account", "/m/orders/1/delete", url.Values{"confirm": {"1"}, "row.token": {page.tokenOf("/m/orders/1/delete")}}); w.Code != http.StatusSeeOther {
		t.Errorf("an order: %d, want 303", w.Code)
	}
	if got := b.scalar(t, "SELECT count(*) FROM orders"); got != "2" {
		t.Errorf("%s orders are left, want 2", got)
	}
}

// What is too much at once is said before anybody confirms it.
func TestTheQuestionNamesTheBoundOfABulk(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	if _, err := b.db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (VALUES (10) UNION ALL SELECT i + 1 FROM n WHERE i < 100007) INSERT INTO orders (id, note) SELECT i, 'x' FROM n`); err != nil {
		t.Fatal(err)
	}
	page := b.browser(t).signIn(adminName)
	for _, action := range []string{"delete", "edit"} {
		path := "/m/orders/actions/" + action
		const bound = "100,001 records match. At most 100,000 can be changed together"
		if body := page.post("/account", path, url.Values{"all": {"1"}}).Body.String(); !strings.Contains(body, bound) || strings.Contains(body, `name="confirm"`) {
			t.Errorf("%s of too many: %s", action, inner(body))
		}
		if body := page.post("/account", path, url.Values{"all": {"1"}, "f.id.gt": {"3"}}).Body.String(); strings.Contains(body, "can be changed together") || !strings.Contains(body, `name="confirm"`) {
			t.Errorf("%s of as many as may be: %s", action, inner(body))
		}
	}
}

func TestBulkDelete(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	const path = "/m/orders/actions/delete"
	chosen := url.Values{"key": {"1", "2"}}
	if w := page.post("/account", path, chosen); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "2 records") || b.scalar(t, "SELECT count(*) FROM orders") != "3" {
		t.Errorf("the question: %d", w.Code)
	}
	if w := page.post("/account", path, page.asked(path, url.Values{"all": {"1"}, "f.total.lt": {"5"}})); w.Code != http.StatusSeeOther {
		t.Errorf("all that match: %d", w.Code)
	}
	if got := b.scalar(t, "SELECT group_concat(id) FROM orders"); got != "1" {
		t.Errorf("left are %s, want order 1, which the filter excludes", got)
	}
	for name, form := range map[string]url.Values{
		"nothing chosen": {"confirm": {"1"}},
		"a wrong key":    {"key": {"one"}, "confirm": {"1"}},
		"a wrong filter": {"all": {"1"}, "f.nope.eq": {"1"}, "confirm": {"1"}},
	} {
		if w := page.post("/account", path, form); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, w.Code)
		}
	}
	if got := b.scalar(t, "SELECT count(*) FROM orders"); got != "1" {
		t.Errorf("%s orders are left: a wrong request deleted", got)
	}
}

// What is changed in many rows is what was ticked, in the rows that were chosen.
func TestBulkEdit(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	const path = "/m/orders/actions/edit"
	ask := page.post("/account", path, url.Values{"all": {"1"}, "f.total.lt": {"5"}})
	if body := ask.Body.String(); ask.Code != http.StatusOK || !strings.Contains(body, "Change 2 records") || !strings.Contains(body, `name="to.note"`) || strings.Contains(body, `name="to.id"`) {
		t.Errorf("the question: %d\n%s", ask.Code, body)
	}
	if strings.Contains(ask.Body.String(), " checked") {
		t.Error("something is ticked before anybody ticked it")
	}
	if body := page.post("/account", "/m/customers/actions/edit", url.Values{"key": {"1"}}).Body.String(); !strings.Contains(body, ">Ann</a>") {
		t.Error("the chosen customer is not called by name")
	}
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"chosen rows":      {url.Values{"key": {"1", "3"}, "confirm": {"1"}, "set.to.note": {"1"}, "to.note": {"new"}, "to.total": {"7"}}, "1:1:new:9.5 2:1:NULL:1.0 3:2:new:2.0"},
		"all that match":   {url.Values{"all": {"1"}, "f.total.lt": {"5"}, "confirm": {"1"}, "set.to.total": {"1"}, "to.total": {"8"}}, "1:1:first:9.5 2:1:NULL:8.0 3:2::8.0"},
		"NULL":             {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.note": {"1"}, "null.to.note": {"1"}, "to.note": {""}}, "1:1:NULL:9.5 2:1:NULL:1.0 3:2::2.0"},
		"empty, not NULL":  {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.note": {"1"}, "to.note": {""}}, "1:1::9.5 2:1:NULL:1.0 3:2::2.0"},
		"typed over NULL":  {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.note": {"1"}, "null.to.note": {"1"}, "to.note": {"x"}}, "1:1:x:9.5 2:1:NULL:1.0 3:2::2.0"},
		"another customer": {url.Values{"key": {"1", "2"}, "confirm": {"1"}, "set.to.customer_id": {"1"}, "to.customer_id": {"2"}}, "1:2:first:9.5 2:2:NULL:1.0 3:2::2.0"},
	} {
		if _, err := b.db.ExecContext(t.Context(), `DELETE FROM orders; INSERT INTO orders VALUES (1, 1, 'first', 9.5, NULL), (2, 1, NULL, 1, NULL), (3, 2, '', 2, NULL)`); err != nil {
			t.Fatal(err)
		}
		if c.form.Has("all") {
			c.form = page.asked(path, c.form)
		}
		if w := page.post("/account", path, c.form); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d\n%s", name, w.Code, w.Body)
		}
		if got := b.scalar(t, "SELECT group_concat(id || ':' || customer_id || ':' || coalesce(note, 'NULL') || ':' || total, ' ') FROM (SELECT * FROM orders ORDER BY id)"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"nothing ticked": {url.Values{"key": {"1"}, "confirm": {"1"}, "to.note": {"no"}}, http.StatusUnprocessableEntity, "tick"},
		"a wrong value":  {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.note": {"1"}, "to.note": {"no"}, "set.to.total": {"1"}, "to.total": {"cheap"}}, http.StatusUnprocessableEntity, `value="cheap"`},
		"no such record": {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.customer_id": {"1"}, "to.customer_id": {"99"}, "set.to.note": {"1"}, "to.note": {"no"}}, http.StatusUnprocessableEntity, "does not exist"},
		"the key":        {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.id": {"1"}, "to.id": {"9"}, "set.to.note": {"1"}, "to.note": {"no"}}, http.StatusUnprocessableEntity, "cannot be changed in many records"},
		"no column":      {url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.admin": {"1"}, "to.admin": {"1"}, "set.to.note": {"1"}, "to.note": {"no"}}, http.StatusUnprocessableEntity, "cannot be changed in many records"},
		"nothing chosen": {url.Values{"confirm": {"1"}, "set.to.note": {"1"}, "to.note": {"no"}}, http.StatusBadRequest, "Select at least one row."},
		"a wrong filter": {url.Values{"all": {"1"}, "f.nope.eq": {"1"}, "confirm": {"1"}, "set.to.note": {"1"}, "to.note": {"no"}}, http.StatusBadRequest, "nope"},
	} {
		w := page.post("/account", path, c.form)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d, want %d and %q\n%s", name, w.Code, c.status, c.says, w.Body)
		}
		if got := b.scalar(t, "SELECT count(*) FROM orders WHERE note = 'no'"); got != "0" {
			t.Fatalf("%s: a part was written", name)
		}
	}
	secret := url.Values{"key": {"1"}, "confirm": {"1"}, "set.to.password_hash": {"1"}, "to.password_hash": {"x"}}
	if w := page.post("/account", "/m/customers/actions/edit", secret); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a secret in bulk: %d", w.Code)
	}
}

func TestExport(t *testing.T) {
	b := newBench(t, nil)
	if _, err := b.db.ExecContext(t.Context(), `UPDATE customers SET name = '=cmd()' WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	page := b.browser(t).signIn(adminName)
	w := page.get("/m/customers/export.csv?sort=-id")
	body := w.Body.String()
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Fatalf("CSV: %d %q", w.Code, w.Header().Get("Content-Disposition"))
	}
	if strings.Contains(body, "topsecrethash") || strings.Contains(body, "password_hash") {
		t.Error("a secret is exported")
	}
	if !strings.Contains(body, "'=cmd()") || strings.Index(body, "cmd") > strings.Index(body, "Ann") {
		t.Errorf("the formula is not neutralised, or the order is lost:\n%s", body)
	}
	if w := page.get("/m/customers/export.json?f.name.eq=Ann&columns=name"); strings.TrimSpace(strings.ReplaceAll(w.Body.String(), "\n", "")) != `[{"name":"Ann"}]` {
		t.Errorf("JSON: %s", w.Body)
	}
	if w := page.get("/m/customers/export.json?lines=1"); strings.Count(w.Body.String(), "\n") != 2 {
		t.Errorf("JSON lines: %s", w.Body)
	}
	if w := page.get("/m/customers/export.csv?f.nope.eq=1"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong filter: %d, want 422", w.Code)
	}
}

func TestChoices(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	if w := page.get("/m/orders/choices/customer_id?q=an"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ann") {
		t.Errorf("choices as a page: %d", w.Code)
	}
	page.headers["Accept"] = "application/json"
	if w := page.get("/m/orders/choices/customer_id?q=an"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"value":"1"`) {
		t.Errorf("choices as JSON: %d %s", w.Code, w.Body)
	}
	if w := page.get("/m/orders/choices/note"); w.Code != http.StatusBadRequest {
		t.Errorf("choices of a column that is not a reference: %d, want 400", w.Code)
	}
}

func TestRolesAndReadOnlyPanels(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	b.user(t, "vi", account.Viewer)
	b.user(t, "ed", account.Editor)
	frozen := newBench(t, func(c *Config) { c.ReadOnly = true })
	for name, page := range map[string]*browser{"a viewer": b.browser(t).signIn("vi"), "a read-only panel": frozen.browser(t).signIn(adminName)} {
		for _, rt := range b.table() {
			if !writes(rt) {
				continue
			}
			form := url.Values{"csrf_token": {page.token("/account")}, "name": {"x"}, "key": {"1"}, "confirm": {"1"}}
			if w := page.do(rt.Method, addressOf(rt), form); w.Code != http.StatusForbidden {
				t.Errorf("%s: %s %s is %d, want 403", name, rt.Method, rt.Path, w.Code)
			}
		}
		for _, path := range []string{"/m/customers/", "/m/customers/1"} {
			body := page.get(path).Body.String()
			for _, never := range []string{"/new\"", "/edit\"", "/delete\""} {
				if strings.Contains(body, never) {
					t.Errorf("%s: %s offers %s", name, path, never)
				}
			}
		}
	}
	editor := b.browser(t).signIn("ed")
	if w := editor.get("/m/customers/1/edit"); w.Code != http.StatusOK {
		t.Errorf("an editor's form: %d", w.Code)
	}
}
