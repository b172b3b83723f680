// People confirm what they were shown: if another record matches by then, or goes with one that
// does, they are asked again.

package crudadmin

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

var askedParam = regexp.MustCompile(`name="asked" value="([^"]+)"`)

// asked is the form of the page that asks about an action; sending it confirms the action.
func (b *browser) asked(path string, form url.Values) url.Values {
	b.t.Helper()
	form = maps.Clone(form)
	form.Del("confirm")
	found := askedParam.FindStringSubmatch(b.post("/account", path, form).Body.String())
	if found == nil {
		b.t.Fatalf("%s asks about nothing", path)
	}
	form.Set("asked", found[1])
	form.Set("confirm", "1")
	return form
}

// answer says in a request what it was shown, as the form does that the page makes.
func (w *world) answer(p *proposal, r *http.Request) {
	source, ctx := w.policy.DataFor(account.Superuser), context.WithoutCancel(r.Context())
	t, ok := source.Schema().Table(p.table)
	if !ok {
		return
	}
	switch {
	case strings.HasSuffix(p.rt.Path, "/{key}/delete"):
		path := strings.TrimSuffix(r.URL.EscapedPath(), "/delete")
		key, err := data.ParseKey(t, path[strings.LastIndexByte(path, '/')+1:])
		if err != nil {
			return
		}
		if preview, err := source.DeletePreview(ctx, t.Name, key); err == nil {
			p.form.Set("row.token", preview.Token)
		}
	case strings.Contains(p.rt.Path, "/actions/") && p.form.Get("all") == "1":
		state := url.Values{}
		for name, values := range p.form {
			if name == "q" || strings.HasPrefix(name, "f.") {
				state[name] = values
			}
		}
		q, err := data.ParseQuery(t, state)
		if err != nil {
			return
		}
		if asked, err := source.Ask(ctx, data.ByQuery(q)); err == nil {
			p.form.Set("asked", asked.Token)
		}
	}
}

// household is a schema of which one deletion does everything that a deletion can.
const household = `CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
	CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id) ON DELETE CASCADE, name TEXT);
	CREATE TABLE toys (id INTEGER PRIMARY KEY, child INTEGER REFERENCES children(id) ON DELETE CASCADE);
	CREATE TABLE letters (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id) ON DELETE SET NULL);
	CREATE TABLE debts (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id));`

const householdRows = `DELETE FROM debts; DELETE FROM letters; DELETE FROM toys; DELETE FROM children; DELETE FROM parents;
	INSERT INTO parents VALUES (1, 'x'), (2, 'x'), (3, 'y'), (4, 'y');
	INSERT INTO children VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 3, 'c'); INSERT INTO toys VALUES (1, 1), (2, 3); INSERT INTO letters VALUES (1, 1), (2, 3);`

func newHousehold(t *testing.T) *bench {
	t.Helper()
	return newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), household+householdRows); err != nil {
			t.Fatal(err)
		}
	})
}

func (b *bench) exec(t *testing.T, query string) {
	t.Helper()
	if _, err := b.db.ExecContext(context.WithoutCancel(t.Context()), query); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) household(t *testing.T) (all string) {
	t.Helper()
	for _, table := range []string{"parents", "children", "toys", "letters", "debts"} {
		all += b.scalar(t, "SELECT '"+table+" ' || coalesce((SELECT group_concat(id || ':' || coalesce(x, 'NULL')) FROM (SELECT id, "+
			map[string]string{"parents": "name", "children": "parent", "toys": "child", "letters": "parent", "debts": "parent"}[table]+
			" AS x FROM "+table+" ORDER BY id)), '')") + "; "
	}
	return all
}

// What another person does between the question and its answer.
var meanwhile = map[string]struct {
	sql  string
	same bool // of what is asked about a parent
}{
	"nothing":                         {"", true},
	"another record, which is not in": {"INSERT INTO children VALUES (9, 2, 'z'); UPDATE children SET name = 'zz' WHERE id = 3", true},
	"the record":                      {"UPDATE parents SET name = 'w' WHERE id = 1", false},
	"a child more":                    {"INSERT INTO children VALUES (9, 1, 'new')", false},
	"a child less":                    {"UPDATE children SET parent = 4 WHERE id = 2", false},
	"a child for another":             {"UPDATE children SET parent = 4 WHERE id = 2; UPDATE children SET parent = 1 WHERE id = 3", false},
	"a toy of a child for another":    {"UPDATE toys SET child = 3 WHERE id = 1; UPDATE toys SET child = 1 WHERE id = 2", false},
	"a letter for another":            {"UPDATE letters SET parent = 3 WHERE id = 1; UPDATE letters SET parent = 1 WHERE id = 2", false},
	"a debt, which forbids it":        {"INSERT INTO debts VALUES (1, 1)", false},
}

// A deletion covers what its page showed: the record, and the rows that go with it.
func TestADeletionIsOfWhatWasShown(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newHousehold(t)
	page := b.browser(t).signIn(adminName)
	const path = "/m/parents/1/delete"
	for name, c := range meanwhile {
		b.exec(t, householdRows)
		form := url.Values{"confirm": {"1"}, "row.token": {page.tokenOf(path)}}
		b.exec(t, c.sql)
		before := b.household(t)
		got := page.post("/account", path, form)
		switch {
		case c.same && (got.Code != http.StatusSeeOther || b.scalar(t, "SELECT count(*) FROM parents WHERE id = 1") != "0"):
			t.Errorf("%s: %d, want the deletion", name, got.Code)
		case !c.same && (got.Code != http.StatusConflict || b.household(t) != before):
			t.Errorf("%s: %d, want 409 and nothing written", name, got.Code)
		case !c.same && !strings.Contains(name, "forbids"): // the new page asks about what is there now
			found := rowToken.FindStringSubmatch(got.Body.String())
			if found == nil || found[1] == form.Get("row.token") {
				t.Fatalf("%s: the new page has no token of its own", name)
			}
			form.Set("row.token", found[1])
			if got := page.post("/account", path, form); got.Code != http.StatusSeeOther {
				t.Errorf("%s, asked again: %d", name, got.Code)
			}
		}
	}
	b.exec(t, householdRows)
	for name, token := range map[string]string{"none": "", "the edit form's": page.tokenOf("/m/parents/1/edit"), "another record's": page.tokenOf("/m/parents/2/delete")} {
		want := http.StatusConflict
		if token == "" {
			want = http.StatusBadRequest
		}
		if got := page.post("/account", path, url.Values{"confirm": {"1"}, "row.token": {token}}); got.Code != want || b.scalar(t, "SELECT count(*) FROM parents") != "4" {
			t.Errorf("with the token %s: %d, want %d", name, got.Code, want)
		}
	}
}

// The same of many: chosen ones, and all that match.
func TestABulkDeletionIsOfWhatWasShown(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newHousehold(t)
	page := b.browser(t).signIn(adminName)
	const path = "/m/parents/actions/delete"
	for _, chosen := range []url.Values{{"key": {"1", "2"}}, {"all": {"1"}, "f.name.eq": {"x"}}} {
		for name, c := range meanwhile {
			b.exec(t, householdRows)
			form := page.asked(path, chosen)
			b.exec(t, c.sql)
			before := b.household(t)
			got := page.post("/account", path, form)
			want := c.same
			switch name {
			case "another record, which is not in": // parent 2 is in
				want = false
			case "the record": // its key is what counts, and whether it matches
				want = chosen.Has("key")
			}
			if want && (got.Code != http.StatusSeeOther || b.scalar(t, "SELECT count(*) FROM parents") != "2") || !want && (got.Code != http.StatusConflict || b.household(t) != before) {
				t.Errorf("%v, %s: %d", chosen, name, got.Code)
			}
		}
	}
}

// One row leaves the filter and another one enters: as many rows, and other ones.
func TestAllThatMatchAreTheRowsThatWereAsked(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	type Parent struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
	}
	b := newHousehold(t)
	err := Register(b.Panel, View[Parent]{Table: "parents", Actions: []Action[Parent]{{Name: "mark", Label: "Mark", Run: func(ctx context.Context, tx Tx, rows iter.Seq2[*Parent, error]) error {
		for p, err := range rows {
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE parents SET name = 'marked' WHERE id = ?", p.ID); err != nil {
				return err
			}
		}
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	page := b.browser(t).signIn(adminName)
	for action, more := range map[string]url.Values{"delete": nil, "edit": {"set.to.name": {"1"}, "to.name": {"changed"}}, "mark": nil} {
		path := "/m/parents/actions/" + action
		all := url.Values{"all": {"1"}, "f.name.eq": {"x"}}
		maps.Copy(all, more)
		for name, c := range map[string]struct {
			sql  string
			code int
		}{
			"nothing":                      {"", http.StatusSeeOther},
			"one for another":              {"UPDATE parents SET name = 'left' WHERE id = 2; UPDATE parents SET name = 'x' WHERE id = 4", http.StatusConflict},
			"one more":                     {"UPDATE parents SET name = 'x' WHERE id = 4", http.StatusConflict},
			"one less":                     {"UPDATE parents SET name = 'left' WHERE id = 2", http.StatusConflict},
			"a new one of the same number": {"DELETE FROM parents WHERE id = 2; INSERT INTO parents VALUES (9, 'x')", http.StatusConflict},
		} {
			b.exec(t, householdRows)
			form := page.asked(path, all)
			b.exec(t, c.sql)
			before := b.household(t)
			got := page.post("/account", path, form)
			if got.Code != c.code || (b.household(t) == before) != (c.code == http.StatusConflict) {
				t.Errorf("%s, %s: %d, want %d", action, name, got.Code, c.code)
			}
			if c.code != http.StatusConflict {
				continue
			}
			again := askedParam.FindStringSubmatch(got.Body.String())
			if again == nil || again[1] == form.Get("asked") {
				t.Fatalf("%s, %s: the new question is not another one", action, name)
			}
			form.Set("asked", again[1])
			if got := page.post("/account", path, form); got.Code != http.StatusSeeOther {
				t.Errorf("%s, %s, asked again: %d", action, name, got.Code)
			}
		}
		all.Set("confirm", "1")
		before := b.household(t)
		if got := page.post("/account", path, all); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "asked") || b.household(t) != before {
			t.Errorf("%s without saying what was asked: %d, want 400", action, got.Code)
		}
		b.exec(t, householdRows)
		chosen := maps.Clone(more)
		if chosen == nil {
			chosen = url.Values{}
		}
		chosen["key"] = []string{"2", "4"}
		form := page.asked(path, chosen)
		b.exec(t, "DELETE FROM parents WHERE id = 4")
		if got := page.post("/account", path, form); got.Code != http.StatusConflict || !strings.Contains(fmt.Sprint(b.household(t)), "2:x") {
			t.Errorf("%s of chosen rows of which one is gone: %d, want 409", action, got.Code)
		}
	}
}
