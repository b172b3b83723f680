// Nothing that is masked or hidden is learned: every address, every role, with a canary in each
// such value, also while the stores are down.

package crudadmin

import (
	"context"
	"database/sql"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/records"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// secretsSchema has a canary in everything that editors and viewers may not see: CANARY in values,
// veiledx in names.
const secretsSchema = `
CREATE TABLE keyed (token TEXT PRIMARY KEY, note TEXT);
CREATE TABLE uses (id INTEGER PRIMARY KEY, via TEXT REFERENCES keyed (token) ON UPDATE CASCADE, note TEXT);
CREATE TABLE again (id INTEGER PRIMARY KEY, name TEXT UNIQUE, uses_via TEXT UNIQUE REFERENCES keyed (token), UNIQUE (name, uses_via));
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pin INTEGER UNIQUE, ssn TEXT, start TEXT AS (substr(ssn, 1, 12)), mine TEXT UNIQUE, vault INTEGER REFERENCES veiledx_vault (id),
	CHECK (length(name) < 100 OR ssn IS NULL));
CREATE TABLE veiledx_vault (id INTEGER PRIMARY KEY, veiledx_column TEXT, owner INTEGER REFERENCES people (id));
CREATE TABLE veiledx_config (id INTEGER PRIMARY KEY, veiledx_column TEXT, owner INTEGER REFERENCES people (id) ON DELETE CASCADE);
CREATE TABLE marks (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people (id), secret_of INTEGER REFERENCES people (pin));
CREATE VIEW open_people AS SELECT id, name, ssn AS number, pin + 0 AS sum FROM people;
CREATE VIEW open_uses AS SELECT u.id, k.token || '!' AS both FROM uses u JOIN keyed k ON k.token = u.via;
CREATE VIEW veiledx_view AS SELECT * FROM veiledx_vault;
INSERT INTO keyed VALUES ('CANARYTOKEN-1', 'one'), ('CANARYTOKEN-2', 'two');
INSERT INTO uses VALUES (1, 'CANARYTOKEN-1', 'first'), (2, 'CANARYTOKEN-2', 'second');
INSERT INTO again VALUES (1, 'a', 'CANARYTOKEN-1'), (2, 'b', 'CANARYTOKEN-2');
INSERT INTO veiledx_vault (id, veiledx_column) VALUES (11, 'CANARYVAULT'), (12, 'CANARYVAULT');
INSERT INTO people (id, name, pin, ssn, mine, vault) VALUES (1, 'Ann', 777123, 'CANARYSSN', 'CANARYMINE', 11), (2, 'Ben', 777124, 'CANARYSSN2', 'CANARYMINE2', NULL), (3, 'Cay', 777125, 'CANARYSSN3', NULL, NULL);
UPDATE veiledx_vault SET owner = 1 WHERE id = 11;
INSERT INTO veiledx_config VALUES (1, 'CANARYCONFIG', 1);
INSERT INTO marks VALUES (1, 1, 777123), (2, 2, 777124);
`

// told what nobody but the program may see.
var canary = regexp.MustCompile(`CANARY|77712[345]|veiledx`)

func secretsBench(t *testing.T) *bench {
	return newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), secretsSchema); err != nil {
			t.Fatal(err)
		}
		c.Tables.Hide = []string{"veiledx_config"}
		c.Tables.Mask = []string{"people.mine"}
		c.Rights = map[string]Rights{"veiledx_vault": {account.Superuser: {}}, "veiledx_view": {account.Superuser: {}}}
	})
}

// probes are requests about tables, columns and rows that are not to be learned of, beside what
// links lead to.
func probes() []string {
	tables := []string{"keyed", "uses", "again", "people", "marks", "open_people", "open_uses", "veiledx_vault", "veiledx_view", "veiledx_config"}
	columns := []string{"token", "via", "uses_via", "pin", "ssn", "start", "mine", "secret_of", "number", "sum", "both", "vault", "note", "name"}
	values := []string{"1", "2", "11", "CANARYTOKEN-1"}
	var all []string
	for _, table := range tables {
		base := "/m/" + table + "/"
		all = append(all, base, base+"new", base+"export.csv", base+"export.json", base+"export.json?lines=1", base+"?q=CANARY", base+"?q=777", strings.TrimSuffix(base, "/"))
		for _, key := range values {
			all = append(all, base+key, base+key+"/edit", base+key+"/delete")
		}
		for _, c := range columns {
			all = append(all, base+"?sort="+c, base+"?columns="+c, base+"?f."+c+".eq=CANARYTOKEN-1", base+"?f."+c+".isnull=false", base+"choices/"+c, base+"choices/"+c+"?q=CANARY", base+"1/file/"+c,
				base+"export.csv?columns="+c, base+"export.json?sort="+c)
		}
	}
	return append(all, "/", "/account", "/health")
}

// withoutEcho is an answer without what the request itself said.
func withoutEcho(body, path string, form url.Values) string {
	said := []string{path, url.QueryEscape(path)}
	if decoded, err := url.QueryUnescape(path); err == nil {
		said = append(said, decoded)
		if u, err := url.Parse(path); err == nil {
			for _, values := range u.Query() {
				said = append(said, values...)
			}
			said = append(said, strings.Split(u.Path, "/")...)
		}
	}
	for name, values := range form {
		said = append(append(said, name, strings.TrimPrefix(strings.TrimPrefix(name, "set."), records.EditPrefix)), values...)
	}
	body = html.UnescapeString(body)
	slices.SortFunc(said, func(a, b string) int { return len(b) - len(a) })
	for _, text := range said {
		if text != "" && canary.MatchString(text) {
			body = strings.ReplaceAll(body, text, "")
		}
	}
	return body
}

// TestNothingMaskedOrHiddenIsLearned asks what there is to ask, and follows what that leads to; the
// short form not as far.
func TestNothingMaskedOrHiddenIsLearned(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	nothingMaskedOrHiddenIsLearned(t, 300)
}

func TestNothingMaskedOrHiddenIsLearnedLong(t *testing.T) {
	testserver.LongForm(t)
	nothingMaskedOrHiddenIsLearned(t, 3000)
}

// nothingMaskedOrHiddenIsLearned opens so many pages as each of four people.
func nothingMaskedOrHiddenIsLearned(t *testing.T, pages int) {
	t.Helper()
	b := secretsBench(t)
	b.user(t, "ed", account.Editor)
	b.user(t, "vi", account.Viewer)
	asked := 0
	for _, who := range []string{adminName, "ed", "vi", ""} {
		page := b.browser(t)
		token := page.token("/login")
		if who != "" {
			token = page.signIn(who).token("/account")
		}
		look := func(method, path string, form url.Values, w *httptest.ResponseRecorder) {
			t.Helper()
			asked++
			if found := canary.FindString(withoutEcho(w.Body.String(), path, form)); found != "" || canary.MatchString(withoutEcho(w.Header().Get("Location"), path, form)) {
				t.Errorf("%s: %s %s %v (%d) tells %q", who, method, path, form, w.Code, found)
			}
		}
		seen := map[string]bool{}
		queue := probes()
		for len(queue) > 0 && len(seen) < pages {
			path := queue[0]
			queue = queue[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			w := page.get(path)
			look("GET", path, nil, w)
			for _, m := range regexp.MustCompile(`href="/admin(/m/[^"#]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
				queue = append(queue, html.UnescapeString(m[1]))
			}
		}
		for _, ask := range secretWrites() {
			form := maps.Clone(ask.form)
			form.Set(sessionhttp.CSRFField, token)
			if strings.HasSuffix(ask.path, "/edit") && !strings.Contains(ask.path, "actions") && who != "" && who != "vi" {
				form.Set("row.token", first(csrfLike.FindStringSubmatch(page.get(ask.path).Body.String())))
			}
			look("POST", ask.path, form, page.do(http.MethodPost, ask.path, form))
		}
	}
	t.Logf("%d requests were looked through", asked)
	if asked < 4*min(pages, 500) {
		t.Error("too few to show anything")
	}
}

var csrfLike = regexp.MustCompile(`name="row\.token" value="([^"]+)"`)

func first(found []string) string {
	if len(found) < 2 {
		return "stale"
	}
	return found[1]
}

type secretWrite struct {
	path string
	form url.Values
}

// secretWrites try values out.
func secretWrites() []secretWrite {
	var all []secretWrite
	for _, form := range []url.Values{
		{"name": {"Ann"}, "pin": {"777123"}}, {"name": {"new"}, "mine": {"CANARYMINE"}}, {"name": {"new"}, "vault": {"11"}}, {"name": {"new"}, "vault": {"99"}}, {"name": {strings.Repeat("x", 120)}},
		{"name": {""}}, {"nosuch": {"1"}}, {"veiledx_column": {"1"}}, {"start": {"x"}},
	} {
		all = append(all, secretWrite{"/m/people/", form}, secretWrite{"/m/people/1/edit", form}, secretWrite{"/m/veiledx_vault/", form}, secretWrite{"/m/veiledx_vault/11/edit", form})
		bulk := url.Values{"key": {"1", "2"}, "confirm": {"1"}}
		for name, values := range form {
			bulk["to."+name], bulk["set.to."+name] = values, []string{"1"}
		}
		all = append(all, secretWrite{"/m/people/actions/edit", bulk})
	}
	for _, path := range []string{"/m/people/1/delete", "/m/people/actions/delete", "/m/keyed/actions/delete", "/m/veiledx_vault/actions/delete", "/m/uses/actions/edit", "/m/again/", "/m/uses/", "/m/keyed/", "/m/marks/"} {
		all = append(all, secretWrite{path, url.Values{"key": {"1"}}}, secretWrite{path, url.Values{"key": {"1"}, "confirm": {"1"}}}, secretWrite{path, url.Values{"all": {"1"}, "f.pin.eq": {"777123"}}},
			secretWrite{path, url.Values{"name": {"a"}, "via": {"CANARYTOKEN-1"}, "token": {"CANARYTOKEN-1"}, "uses_via": {"CANARYTOKEN-2"}, "secret_of": {"777123"}}})
	}
	return all
}

// While a server is down nobody learns whether a table or a column exists that they may not see:
// what exists and what does not is answered alike, except for words of the request itself.
func TestOutagesTellNoNames(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for i, down := range []string{"nothing", "the session store", "the administrators' database", "the application's database",
		"the application's database is locked", "the application's database is locked against reading too", "the administrators' database is locked"} {
		if i > 3 && !testserver.Long() {
			continue // where each answer waits for the lock
		}
		b := secretsBench(t)
		b.user(t, "vi", account.Viewer)
		b.user(t, "ed", account.Editor)
		browsers := map[string]*browser{"vi": b.browser(t).signIn("vi"), "ed": b.browser(t).signIn("ed"), "nobody": b.browser(t)}
		tokens := map[string]string{"nobody": browsers["nobody"].token("/login")}
		for _, who := range []string{"vi", "ed"} {
			tokens[who] = browsers[who].token("/account")
		}
		switch down {
		case "the session store":
			b.store.down.Store(true)
		case "the administrators' database":
			_ = b.admin.Close()
		case "the application's database":
			_ = b.db.Close()
		case "the application's database is locked":
			lockedByAnother(t, b.db, "BEGIN IMMEDIATE")
		case "the application's database is locked against reading too":
			b.db.SetMaxIdleConns(0) // or the journal could not be changed
			lockedByAnother(t, b.db, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
		case "the administrators' database is locked":
			lockedByAnother(t, b.admin, "BEGIN IMMEDIATE")
		}
		for who, page := range browsers {
			answer := func(method, path string, form url.Values, names ...string) string {
				t.Helper()
				form = maps.Clone(form)
				if form != nil {
					form.Set(sessionhttp.CSRFField, tokens[who])
				}
				w := page.do(method, path, form)
				body := html.UnescapeString(w.Body.String())
				for _, volatile := range []*regexp.Regexp{regexp.MustCompile(`Request [A-Z0-9]{8}`), regexp.MustCompile(`name="csrf_token" value="[^"]*"`), regexp.MustCompile(`<meta name="csrf-token"[^>]*>`)} {
					body = volatile.ReplaceAllString(body, "")
				}
				location := w.Header().Get("Location")
				for _, name := range names {
					body, location = strings.ReplaceAll(body, name, "?"), strings.ReplaceAll(location, name, "?")
				}
				return http.StatusText(w.Code) + " " + location + "\n" + body
			}
			for _, hidden := range []string{"veiledx_vault", "veiledx_view", "veiledx_config", "sqlite_master"} {
				for _, below := range []string{"", "new", "11", "11/edit", "11/delete", "export.csv", "choices/owner", "?sort=veiledx_column", "?f.veiledx_column.eq=1"} {
					is, isNot := answer("GET", "/m/"+hidden+"/"+below, nil, hidden), answer("GET", "/m/nosuchtable/"+below, nil, "nosuchtable")
					if is != isNot {
						t.Errorf("%s is down, %s: GET %s tells that it is there", down, who, hidden+"/"+below)
					}
				}
				for _, below := range []string{"", "11/edit", "11/delete", "actions/delete", "actions/edit"} {
					form := url.Values{"veiledx_column": {"entered"}, "owner": {"1"}, "key": {"11"}, "row.token": {"x"}}
					is, isNot := answer("POST", "/m/"+hidden+"/"+below, form, hidden), answer("POST", "/m/nosuchtable/"+below, form, "nosuchtable")
					if is != isNot {
						t.Errorf("%s is down, %s: POST %s tells that it is there:\n%s\n%s", down, who, hidden+"/"+below, is, isNot)
					}
					other := url.Values{"veiledy_column": {"entered"}, "owner": {"1"}, "key": {"11"}, "row.token": {"x"}}
					if none := answer("POST", "/m/"+hidden+"/"+below, other, hidden, "veiledy_column"); strings.ReplaceAll(is, "veiledx_column", "?") != none {
						t.Errorf("%s is down, %s: POST %s tells that the column is there", down, who, hidden+"/"+below)
					}
				}
			}
		}
	}
}

func TestOutagesTellNoNamesLong(t *testing.T) {
	testserver.LongForm(t)
	TestOutagesTellNoNames(t)
}

// lockedByAnother locks the file of a database by a connection of its own until the test ends.
func lockedByAnother(t *testing.T, db *sql.DB, how string) {
	t.Helper()
	var path string
	if err := db.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = other.Close() })
	if _, err := other.ExecContext(t.Context(), how); err != nil {
		t.Fatal(err)
	}
}

// A clash on a masked column is told without its name and without the value.
func TestClashesOnMaskedColumnsNameNothing(t *testing.T) {
	b := secretsBench(t)
	source, err := b.source.With(data.Config{Tables: map[string]data.TableConfig{"people": {Columns: map[string]data.ColumnConfig{"mine": {Mask: true}}}}}, data.Guard{})
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]data.Input{
		"unique":      {Fields: map[string]data.Field{"name": {Text: "x"}, "pin": {Text: "777123"}}, Masked: []string{"pin"}},
		"unique text": {Fields: map[string]data.Field{"name": {Text: "x"}, "mine": {Text: "CANARYMINE"}}, Masked: []string{"mine"}},
		"check":       {Fields: map[string]data.Field{"name": {Text: strings.Repeat("x", 120)}, "ssn": {Text: "CANARYNEW"}}, Masked: []string{"ssn"}},
	} {
		_, err := source.Insert(context.Background(), "people", in)
		if err == nil || canary.MatchString(err.Error()) || regexp.MustCompile(`\b(pin|mine|ssn)\b`).MatchString(err.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = source.Insert(context.Background(), "uses", data.Input{Fields: map[string]data.Field{"via": {Text: "CANARYNONE"}}, Masked: []string{"via"}})
	if err == nil || canary.MatchString(err.Error()) || strings.Contains(err.Error(), "via") || strings.Contains(err.Error(), "keyed") {
		t.Errorf("a reference: %v", err)
	}
}

// A reference into a hidden table takes what other rows have, and tells the same of everything
// else.
func TestReferencesIntoHiddenTablesTellNoKeys(t *testing.T) {
	b := secretsBench(t)
	b.user(t, "ed", account.Editor)
	page := b.browser(t).signIn("ed")
	answers := map[string]string{}
	for _, value := range []string{"11", "12", "99"} { // used, there, not there
		w := page.post("/account", "/m/people/", url.Values{"name": {"n" + value}, "vault": {value}})
		body := inner(html.UnescapeString(w.Body.String()))
		for _, volatile := range []string{`name="(csrf_token|row\.once)" value="[^"]*"`, value} {
			body = regexp.MustCompile(volatile).ReplaceAllString(body, "")
		}
		answers[value] = http.StatusText(w.Code) + body
	}
	if !strings.HasPrefix(answers["11"], "See Other") || answers["12"] != answers["99"] || !strings.Contains(answers["99"], "only values that other records already have") {
		t.Errorf("a key that others have: %.60s; one that is there: %s; one that is not: %s", answers["11"], answers["12"], answers["99"])
	}
}

// The page of a deletion is the same whether rows refer to the record or not, where they may not be
// seen.
func TestPreviewsTellNothingOfWhatIsNotShown(t *testing.T) {
	b := secretsBench(t)
	if _, err := b.db.ExecContext(t.Context(), `DELETE FROM marks; INSERT INTO marks (id, secret_of) VALUES (1, 777124)`); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{adminName} {
		page := b.browser(t).signIn(who)
		told := func(id string) string {
			_, effects, _ := strings.Cut(page.get("/m/people/"+id+"/delete").Body.String(), `id="effects"`)
			effects, _, _ = strings.Cut(effects, "</section>")
			return effects
		}
		// Ann has rows in both hidden tables, Ben one by a masked reference, Cay none.
		if one := told("1"); one != told("2") || one != told("3") || !strings.Contains(one, "a table that is not shown") || !strings.Contains(one, "marks") {
			t.Errorf("%s: the pages differ:\n%s\n%s\n%s", who, one, told("2"), told("3"))
		}
	}
}
