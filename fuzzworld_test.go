// A small world for requests that nobody would send: tables of every kind with
// rows that Go knows too, secrets that must never be seen, and a watch on both
// databases that sees every write.

package crudadmin

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
)

// What nobody may see: the hidden table's name and content, and masked values.
const (
	hiddenTable = "cellarx9"
	hiddenValue = "HIDDENCANARY"
	maskedValue = "MASKEDCANARY"

	// Editors and superusers see these, viewers do not.
	sealedTable = "ledgerx7"
	sealedValue = "SEALEDCANARY"
)

const worldSchema = `
CREATE TABLE cellarx9 (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE ledgerx7 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, maker INTEGER REFERENCES makers (id));
CREATE TABLE makers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, since DATE, password_hash TEXT);
CREATE TABLE tags (code TEXT PRIMARY KEY, label TEXT);
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INTEGER CHECK (n < 1000000), r REAL, price DECIMAL(10,2), note TEXT, kind TEXT CHECK (kind IN ('tea', 'oil', 'salt')),
	ok BOOLEAN, day DATE, at DATETIME, u UUID, bytes BLOB, doc JSON, anything, maker INTEGER REFERENCES makers (id), stored_in INTEGER REFERENCES cellarx9 (id),
	booked INTEGER REFERENCES ledgerx7 (id), secret_token TEXT, twice REAL AS (r * 2) VIRTUAL);
CREATE INDEX items_n ON items (n);
CREATE INDEX items_name ON items (name);
CREATE TABLE item_tags (item INTEGER REFERENCES items (id) ON DELETE CASCADE, tag TEXT REFERENCES tags (code) ON UPDATE CASCADE, PRIMARY KEY (item, tag));
CREATE TABLE pairs (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE loose (x, y);
CREATE TABLE strict (id INTEGER PRIMARY KEY, t TEXT NOT NULL, i INT, b BLOB) STRICT;
CREATE TABLE "odd ""t/%" ("a b" TEXT, "<b>" TEXT, "f.n.eq" TEXT, "a,b%c" TEXT, "-x" TEXT);
CREATE TABLE unkeyed (rowid TEXT, oid TEXT, _rowid_ TEXT);
CREATE VIEW per_maker AS SELECT maker, count(*) AS many, sum(price) AS price FROM items GROUP BY maker;
CREATE VIEW ruined AS SELECT missing FROM items;
CREATE VIEW failing AS SELECT abs(-9223372036854775807 - 1) AS boom, name FROM makers;
CREATE TRIGGER no_666 BEFORE INSERT ON items WHEN NEW.n = 666 BEGIN SELECT RAISE(ABORT, 'six hundred is closed'); END;
INSERT INTO cellarx9 VALUES (1, 'HIDDENCANARY one'), (2, 'HIDDENCANARY two');
INSERT INTO makers VALUES (1, 'maker-1', '1999-01-01', 'MASKEDCANARY'), (2, 'maker-2', NULL, 'MASKEDCANARY'), (3, '<img src=x onerror=alert(1)>', '2001-02-03', NULL);
INSERT INTO ledgerx7 VALUES (1, 'SEALEDCANARY one', 1), (2, 'SEALEDCANARY two', NULL);
INSERT INTO tags VALUES ('a', 'first'), ('new', 'second'), ('b/c,d%', 'third'), ('', 'empty');
INSERT INTO pairs VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('b/c,d', 3, ''), ('', 4, NULL), ('~', 5, 'z');
INSERT INTO loose VALUES (1, 'x'), ('1', x'00ff'), (NULL, 2.5), (9e999, -9e999);
INSERT INTO strict VALUES (1, 'one', 1, x'01'), (2, 'two', NULL, NULL);
INSERT INTO "odd ""t/%" VALUES ('x', 'y', 'z', 'c', '-'), (NULL, '', '', '', '');
INSERT INTO unkeyed VALUES ('a', 'b', 'c'), ('a', 'b', 'c');
`

// item is a row of items as Go knows it: nil, int64, float64, string or []byte
// by column.
type item map[string]any

var itemColumns = []string{"id", "name", "n", "r", "price", "note", "kind", "ok", "day", "at", "u", "bytes", "doc", "anything", "maker", "stored_in", "booked", "secret_token"}

// items are rows with many equal values, NULLs, and text that means something to
// SQL, to patterns and to spreadsheets.
func items() []item {
	notes := []any{nil, "", "plain", "PLAIN", "100% sure", "a_b", "a*b?[c]", "École", "' OR 1=1 --", "<script>alert(1)</script>", "=1+1", "a\nb"}
	some := func(i int, of ...any) any { return of[i%len(of)] }
	var all []item
	for i := range 36 {
		at := time.Date(2026, 1, 1+i%9, i%24, i%60, 0, 0, time.UTC)
		all = append(all, item{
			"id": int64(i + 1), "name": fmt.Sprintf("row-%d", i+1), "n": some(i, nil, int64(-1), int64(0), int64(1), int64(42), int64(7)),
			"r": some(i, 0.5, nil, -2.25, 1e9, 3.0), "price": some(i, 9.5, int64(1), nil, 12.34), "note": notes[i%len(notes)],
			"kind": some(i, "tea", "oil", "salt", nil), "ok": some(i, int64(1), int64(0), nil), "day": some(i, at.Format(time.DateOnly), nil),
			"at": some(i, at.Format("2006-01-02 15:04:05"), at.Format(time.RFC3339), nil), "u": some(i, fmt.Sprintf("123e4567-e89b-12d3-a456-4266141740%02d", i%12), nil),
			"bytes": some(i, nil, []byte{0, 255, byte(i)}, []byte{}), "doc": some(i, `{"a":1}`, nil, `[]`, `"tea"`), "anything": some(i, "x", int64(5), "5", nil, "Tea"),
			"maker": some(i, int64(1), int64(2), nil, int64(1)), "stored_in": some(i, int64(1), nil, int64(2)), "booked": some(i, nil, int64(2), int64(1)), "secret_token": some(i, maskedValue, nil),
		})
	}
	return all
}

// world is a panel over worldSchema with one browser for each role.
type world struct {
	*bench
	t        testing.TB
	items    []item
	app      *watch
	accounts *watch
	browsers map[string]*browser
	tokens   map[string]string // CSRF tokens by role
	ids      []string          // of administrators
	cursors  []string
	textual  bool // anything is a text, whose numbers do not compare as such
	log      bytes.Buffer
}

var worldRoles = []string{"root", "ed", "vi", ""}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, items: items()}
	var path string
	w.open(func(c *Config) {
		c.Tables.Hide = []string{"customers", "orders", "totals", "broken", `odd "table/%`, hiddenTable}
		w.fill(c.DB)
		path = fileOf(t, c.DB)
	})
	w.db.SetMaxIdleConns(4)
	w.app = newWatch(t, path)
	w.settle()
	return w
}

// open makes the panel, over the database that change fills.
func (w *world) open(change func(*Config)) {
	w.t.Helper()
	w.bench = newBench(w.t, func(c *Config) {
		c.Rights = map[string]Rights{sealedTable: {account.Editor: AllRights()}}
		c.Logger = slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelError}))
		change(c)
	})
}

// settle makes the people, signs them in and gathers cursors.
func (w *world) settle() {
	t := w.t
	t.Helper()
	w.browsers, w.tokens = map[string]*browser{}, map[string]string{}
	w.user(t, "ed", account.Editor)
	w.user(t, "vi", account.Viewer)
	for _, name := range []string{adminName, "ed", "vi"} {
		u, err := w.Accounts().ByUsername(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		w.ids = append(w.ids, u.ID)
	}
	w.accounts = newWatch(t, fileOf(t, w.admin))
	for _, role := range worldRoles {
		w.browsers[role] = w.browser(t)
		w.signIn(role)
	}
	for _, path := range []string{"/m/items/?limit=3", "/m/items/?limit=3&sort=-note", "/m/items/?limit=3&sort=r,n&after=" + w.cursorAt("/m/items/?limit=3&sort=r,n"), "/m/unkeyed/?limit=1", "/m/pairs/?limit=1", "/m/per_maker/?limit=1", "/m/items/choices/maker", "/m/items/?limit=2&sort=anything"} {
		w.cursorAt(path)
	}
}

func (w *world) fill(db *sql.DB) {
	w.t.Helper()
	if _, err := db.ExecContext(w.t.Context(), worldSchema); err != nil {
		w.t.Fatal(err)
	}
	for _, one := range w.items {
		var values []any
		for _, c := range itemColumns {
			values = append(values, one[c])
		}
		query := "INSERT INTO items (" + strings.Join(itemColumns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(values)-1) + ")"
		if _, err := db.ExecContext(w.t.Context(), query, values...); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(w.t.Context(), `INSERT INTO item_tags VALUES (1, 'a'), (1, 'new'), (2, 'a')`); err != nil {
		w.t.Fatal(err)
	}
}

var pageCursor = regexp.MustCompile(`(?:after|before)=([A-Za-z0-9_-]{12,})`)

// cursorAt gathers the cursors on a page, and returns one.
func (w *world) cursorAt(path string) string {
	last := ""
	for _, found := range pageCursor.FindAllStringSubmatch(html.UnescapeString(w.browsers["root"].get(path).Body.String()), -1) {
		last = found[1]
		if !slices.Contains(w.cursors, last) {
			w.cursors = append(w.cursors, last)
		}
	}
	return last
}

// signIn signs the role's browser in, later if too many attempts were made.
func (w *world) signIn(role string) {
	w.t.Helper()
	page := w.browsers[role]
	clear(page.cookies)
	clear(page.headers)
	if role == "" {
		w.tokens[role] = page.token("/login")
		return
	}
	for {
		code := page.login(role, adminPassword).Code
		if code == http.StatusSeeOther {
			break
		}
		if code != http.StatusTooManyRequests {
			w.t.Fatalf("sign-in of %s: %d", role, code)
		}
		w.advance(24 * time.Hour)
	}
	w.tokens[role] = page.token("/account")
	w.accounts.keep(w.t) // the time of the sign-in
}

// send answers one request of a role, signing in again where the session ended.
func (w *world) send(role string, r *http.Request) *httptest.ResponseRecorder {
	page := w.browsers[role]
	for name, value := range page.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.RemoteAddr = "192.0.2.7:1234"
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// fileOf is the file behind a database.
func fileOf(t testing.TB, db *sql.DB) string {
	t.Helper()
	var seq int
	var name, path string
	if err := db.QueryRowContext(t.Context(), "PRAGMA database_list").Scan(&seq, &name, &path); err != nil {
		t.Fatal(err)
	}
	return path
}

// watch is a connection of its own to a database, which sees whether others
// wrote, and can undo it.
type watch struct {
	watchedEngine
	conn    *sql.Conn
	tables  []string
	columns map[string]string
	seen    int64
	content map[string]string
}

// watchedEngine is how a watch speaks to its database.
type watchedEngine struct {
	own, kept string // the schemas of the tables, and of what is kept of them
	row       string // what is read of a row, for its columns
	begin     string // a transaction in which no rule or trigger is asked
	version   string // a number that changes when another connection commits a change
}

func newWatch(t testing.TB, path string) *watch {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &watch{watchedEngine: watchedEngine{"main.", "kept.", "%s", "BEGIN IMMEDIATE", "PRAGMA main.data_version"}, columns: map[string]string{}}
	if w.conn, err = db.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.exec(t, "ATTACH ':memory:' AS kept")
	rows, err := w.conn.QueryContext(t.Context(), `SELECT l.name, (SELECT group_concat('"' || replace(c.name, '"', '""') || '"') FROM pragma_table_xinfo(l.name) AS c WHERE c.hidden = 0)
		FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, columns string
		if err := rows.Scan(&name, &columns); err != nil {
			t.Fatal(err)
		}
		w.tables = append(w.tables, name)
		w.columns[name] = columns
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	w.keep(t)
	return w
}

func (w *watch) exec(t testing.TB, query string) {
	t.Helper()
	if _, err := w.conn.ExecContext(context.Background(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// keep takes the present content as the expected one.
func (w *watch) keep(t testing.TB) {
	t.Helper()
	for _, name := range w.tables {
		w.exec(t, "DROP TABLE IF EXISTS "+w.kept+quoted(name))
		w.exec(t, "CREATE TABLE "+w.kept+quoted(name)+" AS SELECT "+w.columns[name]+" FROM "+w.own+quoted(name))
	}
	w.content = w.read(t)
	w.seen = w.now(t)
}

// now is a number that changes when another connection commits a change.
func (w *watch) now(t testing.TB) int64 {
	t.Helper()
	var n int64
	if err := w.conn.QueryRowContext(context.Background(), w.version).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// written reports whether anything was committed since keep or undo.
func (w *watch) written(t testing.TB) bool { return w.now(t) != w.seen }

// read is the content of every table.
func (w *watch) read(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range w.tables {
		var lines []string
		rows, err := w.conn.QueryContext(context.Background(), "SELECT "+fmt.Sprintf(w.row, w.columns[name])+" FROM "+w.own+quoted(name))
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			values, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				targets[i] = &values[i]
			}
			if err := rows.Scan(targets...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%#v", values))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines) // an undone change may leave its rows in another place
		all[name] = strings.Join(lines, "\n")
	}
	return all
}

// changed names the tables whose content is not what was kept.
func (w *watch) changed(t testing.TB) []string {
	t.Helper()
	var names []string
	for name, text := range w.read(t) {
		if text != w.content[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// undo brings back what was kept.
func (w *watch) undo(t testing.TB, names []string) {
	t.Helper()
	w.exec(t, w.begin)
	for _, name := range names {
		w.exec(t, "DELETE FROM "+w.own+quoted(name))
	}
	for _, name := range names {
		w.exec(t, "INSERT INTO "+w.own+quoted(name)+" ("+w.columns[name]+") SELECT "+w.columns[name]+" FROM "+w.kept+quoted(name))
	}
	w.exec(t, "COMMIT")
	w.seen = w.now(t)
}

// names are the marks of the rows that items has now.
func (w *world) names() []string {
	w.t.Helper()
	var all []string
	rows, err := w.app.conn.QueryContext(context.Background(), "SELECT name FROM items ORDER BY id")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// expected are the marks of the items that match the parameters, as Go sees it;
// ok is false where Go cannot tell or the parameters are wrong.
func (w *world) expected(values url.Values) (marks []string, ok bool) {
	t, found := w.source.Schema().Table("items")
	if !found {
		w.t.Fatal("no table items")
	}
	q, err := data.ParseQuery(t, values)
	if err != nil || w.textual && slices.ContainsFunc(q.Filters, func(f data.Filter) bool { return f.Column == "anything" }) {
		return nil, false
	}
	for _, one := range w.items {
		match, known := one.matches(q)
		if !known {
			return nil, false
		}
		if match {
			marks = append(marks, one["name"].(string))
		}
	}
	return marks, true
}
