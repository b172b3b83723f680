// Where the database writes: every action of a foreign key, asked of every way to write, with the
// database itself as the oracle of what would change.

package crudadmin

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// family is tables that refer to one another: p, to it c, and to that g.
type family struct {
	name   string
	one    string // what happens to c
	two    string // what happens to g; empty if there is none
	shape  string // of the keys
	target string // the table at the end
}

// families are all pairs of actions, each with a shape of keys.
func families() []family {
	actions := []string{"CASCADE", "SET NULL", "SET DEFAULT"}
	shapes := []string{"unique", "composite", "without rowid", "self", "generated"}
	var all []family
	for _, one := range actions {
		for _, shape := range shapes {
			name := fmt.Sprintf("f%d", len(all))
			all = append(all, family{name, one, "", shape, name + "c"})
		}
		for i, two := range actions {
			name := fmt.Sprintf("f%d", len(all))
			all = append(all, family{name, one, two, shapes[i%3], name + "g"})
		}
	}
	return all
}

// ddl makes the tables. The key is code, with part where it has two columns; n is not part of it.
func (f family) ddl() string {
	p, c, g := f.name+"p", f.name+"c", f.name+"g"
	key, columns, end := "code TEXT UNIQUE, part TEXT DEFAULT 'x'", "code", ""
	switch f.shape {
	case "composite":
		key, columns = "code TEXT, part TEXT, UNIQUE (code, part)", "code, part"
	case "generated": // what is entered is base, what is referred to is code
		key = "base TEXT, part TEXT DEFAULT 'x', code TEXT AS (base || '') STORED UNIQUE"
	}
	own := "id INTEGER PRIMARY KEY, n INTEGER, "
	if f.shape == "without rowid" {
		own, end = "id TEXT PRIMARY KEY, n INTEGER, ", " WITHOUT ROWID"
	}
	refers := func(parent, action string) string {
		return fmt.Sprintf("FOREIGN KEY (%[1]s) REFERENCES %[2]s (%[1]s) ON UPDATE %[3]s ON DELETE %[3]s", columns, parent, action)
	}
	childKey := "code TEXT DEFAULT 'd', part TEXT DEFAULT 'x'"
	unique := ", UNIQUE (" + columns + ")"
	ddl := fmt.Sprintf("CREATE TABLE %s (%s%s)%s;\n", p, own, strings.Replace(key, ", UNIQUE", ", UNIQUE", 1), end)
	if f.shape == "self" { // the table is its own child too
		ddl = fmt.Sprintf("CREATE TABLE %s (%s%s, up TEXT REFERENCES %s (code) ON UPDATE CASCADE ON DELETE SET NULL)%s;\n", p, own, key, p, end)
	}
	ddl += fmt.Sprintf("CREATE TABLE %s (%s%s%s, %s)%s;\n", c, own, childKey, unique, refers(p, f.one), end)
	if f.two != "" {
		ddl += fmt.Sprintf("CREATE TABLE %s (%s%s, %s)%s;\n", g, own, childKey, refers(c, f.two), end)
	}
	return ddl
}

func (f family) entered() string {
	if f.shape == "generated" {
		return "base"
	}
	return "code"
}

// fill makes the rows anew.
func (f family) fill() string {
	sql := fmt.Sprintf("DELETE FROM %[1]sp; INSERT INTO %[1]sp (id, n, %[2]s, part) VALUES (1, 1, 'k', 'x'), (2, 1, 'd', 'x'), (3, 1, 'other', 'x');", f.name, f.entered())
	sql += fmt.Sprintf("DELETE FROM %[1]sc; INSERT INTO %[1]sc (id, n, code, part) VALUES (1, 1, 'k', 'x');", f.name)
	if f.shape == "self" {
		sql += fmt.Sprintf("UPDATE %sp SET up = 'k' WHERE id = 3;", f.name)
	}
	if f.two != "" {
		if f.one != "SET DEFAULT" { // what g takes by default
			sql += fmt.Sprintf("INSERT INTO %sc (id, n, code, part) VALUES (2, 1, 'd', 'x');", f.name)
		}
		sql += fmt.Sprintf("DELETE FROM %[1]sg; INSERT INTO %[1]sg (id, n, code, part) VALUES (1, 1, 'k', 'x');", f.name)
	}
	return sql
}

// tablesOf are the database's tables.
func tablesOf(t *testing.T, db queryerContext) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

type queryerContext interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// dump is every row of every table.
func dump(t *testing.T, db queryerContext, tables []string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range tables {
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			values, at := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				at[i] = &values[i]
			}
			if err := rows.Scan(at...); err != nil {
				t.Fatal(err)
			}
			all[name] = append(all[name], fmt.Sprintf("%q", values))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		_ = rows.Close()
		slices.Sort(all[name])
	}
	return all
}

// needed are the rights, by table, that the difference of two dumps needs.
func needed(before, after map[string][]string) map[string]Right {
	all := map[string]Right{}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch {
		case len(before[name]) > len(after[name]):
			all[name] = RightDelete
		case !slices.Equal(before[name], after[name]):
			all[name] = RightUpdate
		}
	}
	return all
}

// foretold runs a statement, and undoes it. It returns the tables as they are, and which rights the
// change needs.
func (b *bench) foretold(t *testing.T, tables []string, statement string) (before map[string][]string, need map[string]Right) {
	t.Helper()
	conn, err := b.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("PRAGMA foreign_keys = on")
	exec("BEGIN IMMEDIATE")
	before = dump(t, conn, tables)
	exec(statement)
	after := dump(t, conn, tables)
	exec("ROLLBACK")
	return before, needed(before, after)
}

// state is what a role lacks in a table.
type state struct {
	name   string
	rights []Right // of editors
	hide   bool    // from everybody
	mask   bool
}

var states = []state{
	{name: "view only", rights: []Right{RightView, RightExport, RightCreate, RightBulk}},
	{name: "hidden from the role", rights: []Right{}},
	{name: "hidden from everybody", hide: true},
	{name: "update only", rights: []Right{RightView, RightUpdate}},
	{name: "delete only", rights: []Right{RightView, RightDelete}},
	{name: "masked", mask: true},
}

// TestRightsWhereTheDatabaseWrites goes through {CASCADE, SET NULL, SET DEFAULT} × {UPDATE, DELETE}
// × what is lacked, one and two steps away, by the form, by chosen rows and by all that match. What
// the statement itself does to the tables says which rights are needed: with them it is done, else
// it is refused and every table is as it was. The short form tries one of eight.
func TestRightsWhereTheDatabaseWrites(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	rightsWhereTheDatabaseWrites(t, 16)
}

func TestRightsWhereTheDatabaseWritesLong(t *testing.T) {
	testserver.LongForm(t)
	rightsWhereTheDatabaseWrites(t, 1)
}

func rightsWhereTheDatabaseWrites(t *testing.T, oneOf int) {
	t.Helper()
	asked, refused, turn := 0, 0, 0
	for _, state := range states {
		b := newBench(t, func(c *Config) {
			c.Rights, c.Tables.Tables = map[string]Rights{}, map[string]data.TableConfig{}
			for _, f := range families() {
				if _, err := c.DB.ExecContext(t.Context(), f.ddl()+f.fill()); err != nil {
					t.Fatalf("%v: %v\n%s", f, err, f.ddl())
				}
				switch {
				case state.hide:
					c.Tables.Hide = append(c.Tables.Hide, f.target)
				case state.mask:
					c.Tables.Tables[f.target] = data.TableConfig{Columns: map[string]data.ColumnConfig{"code": {Mask: true}}}
				default:
					c.Rights[f.target] = Rights{account.Editor: state.rights}
				}
			}
		})
		b.user(t, "ed", account.Editor)
		tables := tablesOf(t, b.db)
		for _, who := range []string{"ed", adminName} {
			if who != "ed" && state.name != "view only" && !state.hide && !state.mask {
				continue // what superusers may is the same in the others
			}
			page := b.browser(t).signIn(who)
			token := page.token("/account")
			lacks := func(need map[string]Right) bool {
				for table, right := range need {
					i := slices.IndexFunc(families(), func(f family) bool { return f.target == table })
					if i < 0 || who != "ed" {
						continue
					}
					switch { // of a masked column a deletion takes the row, and all else writes the value
					case state.hide, state.mask && right == RightUpdate, !state.mask && !slices.Contains(state.rights, right):
						return true
					}
				}
				return false
			}
			for _, f := range families() {
				for _, way := range f.ways() {
					if turn++; turn%oneOf != 0 {
						continue
					}
					if _, err := b.db.ExecContext(t.Context(), "PRAGMA foreign_keys = off; BEGIN; "+f.fill()+" COMMIT"); err != nil {
						t.Fatal(err)
					}
					before, need := b.foretold(t, tables, way.statement)
					want := http.StatusSeeOther
					if lacks(need) {
						want = http.StatusForbidden
						refused++
					}
					asked++
					form := maps.Clone(way.form)
					if strings.HasSuffix(way.path, "/edit") && !strings.Contains(way.path, "actions") {
						form.Set("row.token", page.tokenOf(way.path))
					}
					if strings.HasSuffix(way.path, "/delete") && !strings.Contains(way.path, "actions") {
						got := page.get(way.path)
						if refusedPage := got.Code == http.StatusForbidden; refusedPage != (want == http.StatusForbidden) {
							t.Errorf("%s, %s, %v: the page of %s is %d", state.name, who, f, way.name, got.Code)
						}
						if want == http.StatusSeeOther {
							form.Set("row.token", page.tokenOf(way.path))
						}
					}
					form.Set(sessionhttp.CSRFField, token)
					page.ask(way.path, form)
					got := page.do(http.MethodPost, way.path, form)
					if got.Code != want {
						t.Errorf("%s, %s, %v, by %s: %d, want %d (it needs %v)\n%s", state.name, who, f, way.name, got.Code, want, need, inner(got.Body.String()))
					}
					after := needed(before, dump(t, b.db, tables))
					if want == http.StatusForbidden && len(after) > 0 || want != http.StatusForbidden && !maps.Equal(after, need) {
						t.Errorf("%s, %s, %v, by %s: changed %v, the statement changes %v", state.name, who, f, way.name, after, need)
					}
				}
			}
		}
	}
	t.Logf("%d writes were tried, %d of them without a right that they need", asked, refused)
	if least := 400 / oneOf; refused < least || asked-refused < least { // of 1,323 writes 552
		t.Errorf("%d of %d writes are refused: nothing is shown by that", refused, asked)
	}
}

// ask adds what a question about many carries, if one is asked.
func (b *browser) ask(path string, form url.Values) {
	if form.Get("all") != "1" {
		return
	}
	question := maps.Clone(form)
	question.Del("confirm")
	body := b.do(http.MethodPost, path, question).Body.String()
	for _, m := range hiddenInput.FindAllStringSubmatch(body, -1) {
		if m[1] == "asked" {
			form.Set("asked", m[2])
		}
	}
}

// inner is what a page says, without its frame.
func inner(body string) string {
	if _, main, ok := strings.Cut(body, "<main"); ok {
		return main
	}
	return body
}

// way is one request, and the statement that does the same.
type way struct {
	name, path string
	form       url.Values
	statement  string
}

func (f family) ways() []way {
	p := f.name + "p"
	base := "/m/" + p + "/"
	del, set := "DELETE FROM "+p+" WHERE id = 1", fmt.Sprintf("UPDATE %s SET %s = 'new' WHERE id = 1", p, f.entered())
	all := []way{
		{"the form of a deletion", base + "1/delete", url.Values{}, del},
		{"chosen rows to delete", base + "actions/delete", url.Values{"key": {"1"}, "confirm": {"1"}}, del},
		{"all that match, to delete", base + "actions/delete", url.Values{"all": {"1"}, "f.id.eq": {"1"}, "confirm": {"1"}}, del},
		{"the form of a change", base + "1/edit", url.Values{f.entered(): {"new"}}, set},
		{"a form whose key stays", base + "1/edit", url.Values{f.entered(): {"k"}, "n": {"2"}}, "UPDATE " + p + " SET n = 2 WHERE id = 1"},
	}
	if f.shape == "composite" || f.shape == "generated" { // what is unique alone is changed in no two rows at once
		change := url.Values{"confirm": {"1"}, "set.to." + f.entered(): {"1"}, "to." + f.entered(): {"new"}}
		same := url.Values{"confirm": {"1"}, "set.to." + f.entered(): {"1"}, "to." + f.entered(): {"k"}, "set.to.n": {"1"}, "to.n": {"2"}}
		all = append(all,
			way{"chosen rows to change", base + "actions/edit", with(change, "key", "1"), set},
			way{"all that match, to change", base + "actions/edit", with(with(change, "all", "1"), "f.id.eq", "1"), set},
			way{"chosen rows whose key stays", base + "actions/edit", with(same, "key", "1"), "UPDATE " + p + " SET n = 2 WHERE id = 1"})
	}
	return all
}

// An edit form does not offer what its role may not change by it.
func TestFormsSayWhatReachesTooFar(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE teams (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT); INSERT INTO teams VALUES (1, 'red', 'x');
			CREATE TABLE players (id INTEGER PRIMARY KEY, team TEXT REFERENCES teams (code) ON UPDATE CASCADE); INSERT INTO players VALUES (1, 'red')`); err != nil {
			t.Fatal(err)
		}
		c.Rights = map[string]Rights{"players": {account.Editor: {RightView}}}
	})
	b.user(t, "ed", account.Editor)
	for name, want := range map[string]bool{"ed": true, adminName: false} {
		if got := strings.Contains(b.browser(t).signIn(name).get("/m/teams/1/edit").Body.String(), "Changing it would change records in other tables"); got != want {
			t.Errorf("%s: the form says so: %v, want %v", name, got, want)
		}
	}
}

// A masked column is written by way of another table for whoever may set it: superusers, and those
// whose View has it on a form. All others are refused, whatever rows there are, so that nothing is
// learned of them.
func TestMaskedColumnsAreNotWrittenByADetour(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	type badge struct {
		ID   int64
		Code string
	}
	for _, action := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
		for name, c := range map[string]struct {
			entered, refers bool
			want            int
		}{
			"masked":                       {refers: true, want: http.StatusForbidden},
			"masked, and nothing refers":   {want: http.StatusForbidden},
			"masked, but on a View's form": {entered: true, refers: true, want: http.StatusSeeOther},
		} {
			b := newBench(t, func(cfg *Config) {
				ddl := `CREATE TABLE teams (id INTEGER PRIMARY KEY, code TEXT UNIQUE); INSERT INTO teams VALUES (1, 'red'), (2, 'd');
					CREATE TABLE badges (id INTEGER PRIMARY KEY, code TEXT DEFAULT 'd' REFERENCES teams (code) ON UPDATE ` + action + ` ON DELETE ` + action + `);`
				if c.refers {
					ddl += "INSERT INTO badges VALUES (1, 'red');"
				}
				if _, err := cfg.DB.ExecContext(t.Context(), ddl); err != nil {
					t.Fatal(err)
				}
				cfg.Tables.Mask = []string{"badges.code"}
			})
			if c.entered {
				if err := Register(b.Panel, View[badge]{Table: "badges", List: []string{"ID"}, Detail: []string{"ID"}, Update: []string{"Code"},
					Fields: map[string]Field{"Code": {Hash: func(entered string) (string, error) { return entered, nil }}}}); err != nil {
					t.Fatal(err)
				}
			}
			b.user(t, "ed", account.Editor)
			for _, who := range []string{"ed", adminName} {
				want := c.want
				if who == adminName {
					want = http.StatusSeeOther
				}
				page := b.browser(t).signIn(who)
				code := "blue"
				if who == adminName { // what the editor has changed, or not, is changed once more
					code = "green"
				}
				got := page.post("/account", "/m/teams/1/edit", url.Values{"code": {code}, "row.token": {page.tokenOf("/m/teams/1/edit")}})
				if got.Code != want {
					t.Errorf("%s, %s, %s: %d, want %d\n%s", action, name, who, got.Code, want, inner(got.Body.String()))
				}
			}
			page := b.browser(t).signIn("ed")
			if want := c.want == http.StatusForbidden && action != "CASCADE"; (page.get("/m/teams/1/delete").Code == http.StatusForbidden) != want {
				t.Errorf("%s, %s: the page of a deletion is refused: %v, want %v", action, name, !want, want)
			}
		}
	}
}
