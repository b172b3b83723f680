// What real databases hold, as a browser meets it: forms that are opened and sent as they are.

package crudadmin

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// storedForms are values of each storage class, as SQL.
var storedForms = []string{
	"NULL", "0", "1", "-1", "2", "1.5", "-0.0", "1e300", "9e999", "9223372036854775807", "-9223372036854775808", "0.1", "1234567.5", "12.345", "1000000000000.25",
	"''", "' '", "'x'", "'maybe'", "'true'", "'TRUE'", "'t'", "'f'", "'no'", "'y'", "' yes '", "'0'", "'01'", "'1.0'", "'1e3'", "'+5'", "'0x10'", "'nan'", "'49,90'",
	"'a'||char(13)||'b'", "'tail'||char(13)", "char(13)", "char(10)", "char(10)||'lead'", "'a'||char(13,10)||'b'||char(10)||'c'", "'a'||char(10)||'b'", "'end '", "'a'||char(0)||'b'", "'tab'||char(9)||'x'", "char(12)||'f'", "'ä€😀'", "CAST(x'61ff62' AS TEXT)", "CAST(x'efbbbf61' AS TEXT)", "'\u2028'", "'<b>\"&amp;'", "'&#13;'",
	"957139200000", "13046400000", "-13046400000", "1711839600", "1711839600.123456", "1711839600123456", "2460400.5", "20240331", "20240331123000", "1999", "202403",
	"'2024-03-31'", "'2024-03-31 00:00:00+02:00'", "'2024-03-31 23:30:00-05:00'", "'2024-03-31T12:30Z'", "'2024-03-31 12:30'", "'2024-03-31 12:30:00.5'", "'2024-03-31 12:30:00.123456'", "'2024-03-31 12:30:00.123456789 +0200 CEST'", "'2024-03-31 03:30:00+02:00'", "'0000-00-00'", "'0000-00-00 00:00:00'", "'31.03.2024'", "'2024-02-30'", "'12:30'", "'12:30:00.5'", "'12:30:00+02:00'", "'24:00'", "'20240331'", "'0999-01-01'", "'-0044-03-15'",
	"'00112233-4455-6677-8899-aabbccddeeff'", "'00112233445566778899AABBCCDDEEFF'", "'{00112233-4455-6677-8899-aabbccddeeff}'", "x'00112233445566778899aabbccddeeff'",
	"'{\"a\" : 1}'", "'{\"a\":1e400, \"a\":2}'", "'[1,'||char(13,10)||'2]'", "'{broken'", "'null'",
	"x''", "x'00'", "x'4d61696e'", "zeroblob(20)",
}

// declaredTypes are types as people declare them, for a column c.
var declaredTypes = []string{
	"", "ANY", "INTEGER", "INT", "BIGINT", "TINYINT(1)", "SMALLINT CHECK (c IN (0, 1))", "REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL(10,2)", "DECIMAL(10,2) CHECK (c >= 0)", "DECIMAL(5,0)", "MONEY", "NUMBER",
	"BOOLEAN", "BOOL", "DATE", "TIME", "DATETIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TEXT", "VARCHAR(3)", "VARCHAR(600)", "CHAR(1)", "NVARCHAR(20)", "CLOB", "LONGTEXT", "STRING", "JSON", "JSONB", "UUID", "CHAR(36)", "GUID",
	"BLOB", "BINARY(16)", "VARBINARY(20)", "BYTEA", "TEXT COLLATE NOCASE", "TEXT CHECK (c IN ('x', 'y', ''))", "VARCHAR(5) CHECK (c IN ('x', 'y'))", "NUMERIC CHECK (c IN (1, 2))", "ENUM", "POINT",
}

// A form that is opened and sent as it is runs no statement, whatever the columns and the values.
func TestAnUntouchedFormWritesNothing(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	statements := []string{"PRAGMA ignore_check_constraints = ON", "CREATE TABLE fired (what TEXT)"}
	tables := []string{"nullable", "required"}
	for _, name := range tables {
		var columns, places []string
		for i, declared := range declaredTypes {
			column := fmt.Sprint("c", i)
			declared = strings.ReplaceAll(declared, "(c ", "("+column+" ")
			if name == "required" {
				declared += " NOT NULL"
			}
			columns, places = append(columns, column+" "+declared), append(places, column)
		}
		statements = append(statements, "CREATE TABLE "+name+" (id INTEGER PRIMARY KEY, "+strings.Join(columns, ", ")+")")
		for _, value := range storedForms {
			if name == "nullable" || value != "NULL" {
				values := strings.TrimSuffix(strings.Repeat(value+", ", len(places)), ", ")
				statements = append(statements, "INSERT INTO "+name+" ("+strings.Join(places, ", ")+") VALUES ("+values+")")
			}
		}
		statements = append(statements, fmt.Sprintf("CREATE TRIGGER %[1]s_u AFTER UPDATE ON %[1]s BEGIN INSERT INTO fired VALUES ('%[1]s ' || new.id); END", name))
	}
	b := faultBench(t, strings.Join(statements, ";\n")+"; PRAGMA ignore_check_constraints = OFF")
	page := b.browser(t).signIn(adminName)
	for _, name := range tables {
		before := b.rowsOf(t, name)
		for id := 1; id <= len(before); id++ {
			if (id+len(name))%3 > 0 && !testserver.Long() {
				continue
			}
			if w := page.saveUntouched(fmt.Sprintf("/m/%s/%d/edit", name, id)); w.Code != http.StatusSeeOther {
				t.Errorf("%s of %s: %d %s", name, before[id-1], w.Code, inner(w.Body.String()))
			}
		}
		for i, row := range b.rowsOf(t, name) {
			if row != before[i] {
				t.Errorf("%s: %s became %s", name, before[i], row)
			}
		}
	}
	for _, row := range b.rowsOf(t, "fired") {
		t.Errorf("an update was run: %s", row)
	}
}

func TestAnUntouchedFormWritesNothingLong(t *testing.T) {
	testserver.LongForm(t)
	TestAnUntouchedFormWritesNothing(t)
}

// defaultsOf are default clauses of every form.
var defaultsOf = []string{
	"", "DEFAULT NULL", "DEFAULT (NULL)", "DEFAULT 't'", "DEFAULT 'f'", "DEFAULT '1'", "DEFAULT '0'", "DEFAULT 1", "DEFAULT 0", "DEFAULT (1)", "DEFAULT (0)", "DEFAULT TRUE", "DEFAULT false", "DEFAULT 'yes'", "DEFAULT no", "DEFAULT \"on\"", "DEFAULT -1", "DEFAULT 2", "DEFAULT 'maybe'", "DEFAULT ''",
	"DEFAULT (1 = 1)", "DEFAULT (abs(-1))", "DEFAULT (1+1)", "DEFAULT 1.5", "DEFAULT CURRENT_TIMESTAMP", "DEFAULT CURRENT_DATE", "DEFAULT (datetime('now', 'start of year'))", "DEFAULT x'4142'", "DEFAULT 'a'", "DEFAULT '2024-03-31'", "DEFAULT (hex('x'))", "DEFAULT ('x' || 'y')",
}

// A new record that nobody touched is the database's own.
func TestAnUntouchedNewRecordIsTheDatabasesOwn(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	var tables, statements []string
	for i, clause := range defaultsOf {
		for _, null := range []string{"", " NOT NULL"} {
			if null != "" && (clause == "" || strings.Contains(clause, "NULL")) {
				continue // what is required has no default
			}
			name := fmt.Sprint("n", 2*i+min(1, len(null)))
			var columns []string
			for j, declared := range []string{"", "INTEGER", "REAL", "DECIMAL(10,2)", "BOOLEAN", "BOOL", "DATE", "TIME", "DATETIME", "TEXT", "VARCHAR(3)", "CLOB", "JSON", "UUID", "BLOB", "TEXT CHECK (%[1]s <> 'z')", "TEXT CHECK (%[1]s IN ('x', 'y', 'a', 't', 'yes', ''))"} {
				if strings.Contains(declared, "IN (") && !slices.Contains([]string{"", "DEFAULT 't'", "DEFAULT 'yes'", "DEFAULT ''", "DEFAULT 'a'", "DEFAULT NULL"}, clause) {
					continue // the default breaks the check
				}
				column := fmt.Sprint("c", j)
				columns = append(columns, column+" "+fmt.Sprintf(declared+"%.0[1]s", column)+null+" "+clause)
			}
			tables = append(tables, name)
			statements = append(statements, "CREATE TABLE "+name+" (id INTEGER PRIMARY KEY, "+strings.Join(columns, ", ")+")")
		}
	}
	b := faultBench(t, strings.Join(statements, ";\n"))
	page := b.browser(t).signIn(adminName)
	for _, name := range tables {
		if _, err := b.db.ExecContext(t.Context(), "INSERT INTO "+name+" DEFAULT VALUES"); err != nil {
			t.Fatal(name, err)
		}
		want := b.rowsOf(t, name)[0]
		if _, err := b.db.ExecContext(t.Context(), "DELETE FROM "+name); err != nil {
			t.Fatal(err)
		}
		w := page.saveUntouched("/m/" + name + "/new")
		got := b.rowsOf(t, name)
		if w.Code != http.StatusSeeOther || len(got) != 1 || got[0] != want && !strings.Contains(b.scalar(t, "SELECT sql FROM sqlite_master WHERE name = '"+name+"'"), "CURRENT_TIMESTAMP") {
			t.Errorf("%s: %d %q, want %q %s", b.scalar(t, "SELECT sql FROM sqlite_master WHERE name = '"+name+"'"), w.Code, got, want, inner(w.Body.String()))
		}
	}
}

// wants compares the rows of a table, read with an expression, with those that are wanted.
func (b *bench) wants(t *testing.T, expression, table, want string) {
	t.Helper()
	if got := b.scalar(t, "SELECT group_concat(v, '; ') FROM (SELECT "+expression+" AS v FROM "+table+")"); got != want {
		t.Errorf("%s of %s: %s, want %s", expression, table, got, want)
	}
}

// Samples: what a form changed although nobody had, and what it refused although the database takes
// it.
func TestFormsKeepWhatTheyCannotShow(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := faultBench(t, `
CREATE TABLE bo(id INTEGER PRIMARY KEY, nn BOOLEAN NOT NULL, nu BOOLEAN, note TEXT);
INSERT INTO bo VALUES(2,-1,-1,'x'),(3,2,2,'x'),(6,'maybe','maybe','x'),(8,1.5,1.5,'x');
CREATE TABLE bd(id INTEGER PRIMARY KEY, n1 BOOLEAN DEFAULT NULL, n2 BOOLEAN DEFAULT 't', n3 BOOLEAN DEFAULT '1',
  r1 BOOLEAN NOT NULL DEFAULT 't', r2 BOOLEAN NOT NULL DEFAULT 'yes', r3 BOOLEAN NOT NULL DEFAULT '1', x TEXT);
CREATE TABLE gd(id INTEGER PRIMARY KEY, d DATE, note TEXT);
INSERT INTO gd VALUES(1,'2024-03-31 00:00:00+02:00','x'),(3,'2024-03-31 23:30:00-05:00','x'),(4,1711839600,'x');
CREATE TABLE cr(id INTEGER PRIMARY KEY, t TEXT, l CLOB);
INSERT INTO cr VALUES(1,'a'||char(13)||'b','x'),(4,'tail'||char(13),'x'),(5,'x','one'||char(13,10)||'two'||char(10)||'three');
CREATE TABLE ev(id INTEGER PRIMARY KEY, b BOOLEAN, st TEXT CHECK(st IN('x','y')), upd INTEGER DEFAULT 0); INSERT INTO ev(id) VALUES(1);
CREATE TRIGGER ev_u AFTER UPDATE ON ev WHEN new.upd=old.upd BEGIN UPDATE ev SET upd=upd+1 WHERE id=new.id; END;
CREATE TABLE d(id INTEGER PRIMARY KEY, p DECIMAL(10,2) CHECK(p>=0), q DECIMAL(10,2), n INTEGER, note TEXT); INSERT INTO d VALUES(1,12.345,12.345,1.5,'x');
CREATE TABLE x(id INTEGER PRIMARY KEY, "Amount
(USD)" REAL, "say ""hi""" TEXT, note CLOB); INSERT INTO x VALUES(1, 2.5, 'hi', 'x');
CREATE TABLE tx(id INTEGER PRIMARY KEY, v VARCHAR(600), c TEXT CHECK(length(c)<=20)); INSERT INTO tx VALUES(1, 'x', 'x');
`)
	page := b.browser(t).signIn(adminName)
	ok := func(w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusSeeOther {
			t.Errorf("%d %s", w.Code, inner(w.Body.String()))
		}
	}
	for id, kept := range map[string]string{"2": "-1", "3": "2", "6": "'maybe'", "8": "1.5"} { // C1
		ok(page.changeFields("/m/bo/"+id+"/edit", map[string]string{"note": "new"}))
		b.wants(t, "quote(nn)||quote(nu)||note", "bo WHERE id = "+id, kept+kept+"new")
		ok(page.changeFields("/m/bo/"+id+"/edit", map[string]string{"nn": "false", "nu": "true"}))
		if got := b.scalar(t, "SELECT nn || nu FROM bo WHERE id = "+id); got != "01" {
			t.Errorf("bo %s: %s", id, got)
		}
	}
	ok(page.saveUntouched("/m/bd/new")) // C2
	b.wants(t, "quote(n1)||quote(n2)||quote(n3)||quote(r1)||quote(r2)||quote(r3)", "bd", "NULL't'1't''yes'1")
	ok(page.changeFields("/m/bd/new", map[string]string{"n2": "false", "null.n3": "1"}))
	b.wants(t, "quote(n2)||quote(n3)", "bd WHERE id = 2", "'f'NULL")
	form := page.controls("/m/bd/new")
	form.values["r1"] = []string{"false"} // unticked by hand
	ok(page.sendForm(form))
	b.wants(t, "quote(r1)||quote(r2)", "bd WHERE id = 3", "'f''yes'")
	for id, day := range map[string]string{"1": "2024-03-31", "3": "2024-03-31", "4": "2024-03-30"} { // C5
		if got := page.controls("/m/gd/" + id + "/edit").values.Get("d"); got != day {
			t.Errorf("gd %s: the form shows %s, want %s", id, got, day)
		}
	}
	ok(page.changeFields("/m/gd/3/edit", map[string]string{"d": "2024-04-02"}))
	b.wants(t, "d", "gd WHERE id = 3", "2024-04-02 00:00:00-05:00")
	for id, kept := range map[string]string{"1": "610D62", "4": "7461696C0D"} { // C7
		ok(page.changeFields("/m/cr/"+id+"/edit", map[string]string{"l": "y"}))
		b.wants(t, "hex(t)||l", "cr WHERE id = "+id, kept+"y")
	}
	ok(page.changeFields("/m/cr/5/edit", map[string]string{"l": "one\r\ntwo!\r\nthree\r\nfour"}))
	b.wants(t, "replace(replace(l, char(13), 'R'), char(10), 'N')", "cr WHERE id = 5", "oneRNtwo!NthreeNfour")
	ok(page.saveUntouched("/m/ev/1/edit")) // C8
	b.wants(t, "upd", "ev", "0")
	for _, change := range []map[string]string{{"note": "y"}, {"q": "12.35"}, {"n": "2"}} { // C19
		for _, tag := range []string{` step=`, ` min=`} {
			if body := page.get("/m/d/1/edit").Body.String(); strings.Contains(body, tag) {
				t.Errorf("the browser decides by%s", tag)
			}
		}
		ok(page.changeFields("/m/d/1/edit", change))
	}
	b.wants(t, "p||' '||q||' '||n||note", "d", "12.345 12.35 2y")
	ok(page.saveUntouched("/m/x/1/edit")) // C20
	ok(page.changeFields("/m/x/1/edit", map[string]string{"Amount\r\n(USD)": "3.5", `say "hi"`: "ho"}))
	b.wants(t, `"Amount
(USD)"||"say ""hi"""`, "x", "3.5ho")
	ok(page.changeFields("/m/x/1/edit", map[string]string{"null.Amount\r\n(USD)": "1"}))
	ok(page.saveUntouched("/m/x/new"))
	b.wants(t, `quote("Amount
(USD)")`, "x", "NULL; NULL")
	long := strings.TrimSuffix(strings.Repeat("abcd\r\n", 120), "\r\n") + "e" // C23: 600 characters
	ok(page.changeFields("/m/tx/1/edit", map[string]string{"v": long, "c": "ab\r\ncd\r\nef\r\ngh\r\nijklmnop"}))
	b.wants(t, "length(v)||' '||length(c)", "tx", "600 20")
}

// Samples: what cannot be promised, or done, is said before.
func TestWhatTriggersAndBrokenKeysDoIsSaid(t *testing.T) {
	b := faultBench(t, `
CREATE TABLE doc(id INTEGER PRIMARY KEY, note TEXT); CREATE TABLE child(id INTEGER PRIMARY KEY, doc_id INT); INSERT INTO doc VALUES (1, 'x'), (2, 'y');
CREATE TRIGGER "on doc" AFTER DELETE ON doc BEGIN DELETE FROM child WHERE doc_id=old.id; END;
CREATE TABLE up(id INTEGER PRIMARY KEY); CREATE TABLE low(id INTEGER PRIMARY KEY, up INTEGER REFERENCES up(id) ON DELETE CASCADE); INSERT INTO up VALUES (1);
CREATE TRIGGER t_low AFTER DELETE ON low BEGIN DELETE FROM doc; END; CREATE TRIGGER t_ins AFTER INSERT ON up BEGIN DELETE FROM doc WHERE 0; END;
CREATE TABLE sv(name TEXT); CREATE TABLE sh(id INTEGER PRIMARY KEY, s INTEGER REFERENCES sv(rowid), note TEXT); CREATE TABLE fx(id INTEGER PRIMARY KEY, x TEXT REFERENCES gone(a));
PRAGMA foreign_keys = OFF; INSERT INTO sv VALUES ('a'); INSERT INTO sh VALUES (1, NULL, 'x'); INSERT INTO fx VALUES (1, NULL); PRAGMA foreign_keys = ON;
CREATE TABLE book(id INTEGER PRIMARY KEY, title TEXT, sort TEXT); INSERT INTO book VALUES (1, 'The one', 'one, The');
CREATE TRIGGER book_u AFTER UPDATE ON book BEGIN UPDATE book SET sort = title_sort(new.title) WHERE id = new.id; END;
`)
	page := b.browser(t).signIn(adminName)
	said := func(path, want string) {
		t.Helper()
		body := html.UnescapeString(page.get(path).Body.String())
		if !strings.Contains(body, want) || strings.Contains(body, "Only this record is deleted") {
			t.Errorf("%s does not say %q:\n%s", path, want, inner(body))
		}
	}
	said("/m/doc/1/delete", "The table doc has triggers (on doc). The panel cannot tell what they will do.")
	said("/m/up/1/delete", "The table low has triggers (t_low). The panel cannot tell what they will do.")
	if body := page.get("/m/child/").Body.String(); strings.Contains(body, "triggers") {
		t.Error("a table without triggers is said to have some")
	}
	w := page.post("/m/doc/", "/m/doc/actions/delete", url.Values{"key": {"1", "2"}})
	if !strings.Contains(w.Body.String(), "The panel cannot tell what they will do") {
		t.Errorf("deleting many: %s", inner(w.Body.String()))
	}
	const (
		rowid = "The foreign key s of sh refers to columns of sv that are not unique together"
		gone  = "The foreign key x of fx refers to gone, which is not a table of the database"
		calls = "A trigger of the table calls title_sort, which only the application has: make the change there."
	)
	for path, want := range map[string]string{"/m/sv/1/delete": rowid, "/m/sh/new": rowid, "/m/sh/1/delete": rowid, "/m/fx/new": gone, "/m/fx/1/edit": gone, "/m/book/1/edit": calls} {
		said(path, want)
	}
	refused := func(w *httptest.ResponseRecorder, want string) {
		t.Helper()
		body := html.UnescapeString(w.Body.String())
		if w.Code != http.StatusForbidden || !strings.Contains(body, want) || strings.Contains(body, "restart") {
			t.Errorf("%d, want 403 and %q:\n%s", w.Code, want, inner(body))
		}
	}
	refused(page.changeFields("/m/book/1/edit", map[string]string{"title": "Two"}), calls)
	refused(page.changeFields("/m/sh/new", map[string]string{"note": "y"}), rowid)
	refused(page.changeFields("/m/fx/new", map[string]string{"x": "1"}), gone)
	refused(page.post("/account", "/m/sv/1/delete", url.Values{"confirm": {"1"}, "row.token": {page.tokenOf("/m/sv/1/delete")}}), rowid)
	if w := page.saveUntouched("/m/book/1/edit"); w.Code != http.StatusSeeOther {
		t.Errorf("saving nothing calls no trigger: %d", w.Code)
	}
	if body := page.get("/m/book/new").Body.String(); strings.Contains(body, "title_sort") {
		t.Error("a trigger of updates is said to keep from inserting")
	}
}

// Samples: columns that are named as secrets are, and hold none.
func TestNumbersDatesAndTruthsAreNoSecrets(t *testing.T) {
	b := faultBench(t, `CREATE TABLE v(id INTEGER PRIMARY KEY, hide_passwords BOOLEAN NOT NULL, password_iterations INTEGER, timePasswordChanged INTEGER, url_hash INTEGER, hash BIGINT,
  password_changed_at DATETIME, token_count INTEGER, hash_rate REAL, user_pin INTEGER, session_key TEXT, key TEXT, code TEXT, data TEXT, iban TEXT)`)
	table, _ := b.source.Schema().Table("v")
	for _, c := range table.Columns {
		if want := slices.Contains([]string{"user_pin", "session_key", "iban"}, c.Name); c.Masked != want {
			t.Errorf("%s %s: masked is %t", c.Name, c.Type, c.Masked)
		}
	}
	if w := b.browser(t).signIn(adminName).saveUntouched("/m/v/new"); w.Code != http.StatusSeeOther {
		t.Errorf("a new record: %d %s", w.Code, inner(w.Body.String()))
	}
}

// Samples: text in a column of blobs is text.
func TestTextInColumnsOfBlobs(t *testing.T) {
	b := faultBench(t, `CREATE TABLE bl(id INTEGER PRIMARY KEY, title BLOB NOT NULL, more VARBINARY(20)); INSERT INTO bl VALUES(1,'Main_Page',x'00ff'),(2,'cafe',NULL),(3,x'4d61696e',123);`)
	page := b.browser(t).signIn(adminName)
	for id, title := range map[string]string{"1": "Other page", "2": "café\r\n2"} {
		if w := page.changeFields("/m/bl/"+id+"/edit", map[string]string{"title": title}); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", id, w.Code, inner(w.Body.String()))
		}
	}
	b.wants(t, "typeof(title)||' '||replace(title, char(10), '/')||' '||quote(more)", "bl", "text Other page X'00FF'; text café/2 NULL; blob Main 123")
}

// Samples: numbers are written in digits, as SQLite writes them.
func TestRealNumbersAreWrittenInDigits(t *testing.T) {
	b := faultBench(t, `CREATE TABLE r(id INTEGER PRIMARY KEY, v REAL, n NUMERIC, ts FLOAT, x); INSERT INTO r VALUES(1,1234567.5,2500000.25,1711846813.493456,-0.00025),(2,1e15,0.00001,-999999999999999.0,1e300);`)
	page := b.browser(t).signIn(adminName)
	for _, path := range []string{"/m/r/", "/m/r/1", "/m/r/1/edit", "/m/r/export.csv", "/m/r/export.json"} {
		body := page.get(path).Body.String()
		for _, number := range []string{"1234567.5", "2500000.25", "1711846813.493456", "-0.00025"} {
			if !strings.Contains(strings.ReplaceAll(body, "&#43;", "+"), number) {
				t.Errorf("%s does not say %s", path, number)
			}
		}
	}
	if w := page.changeFields("/m/r/1/edit", map[string]string{"x": "7654321.25"}); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, inner(w.Body.String()))
	}
	b.wants(t, "typeof(x)||' '||x", "r WHERE id = 1", "real 7654321.25")
}

// Samples: the values of a column say in which unit its numbers are times, and whether its blobs
// are texts.
func TestColumnsAreReadByWhatTheyHold(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := faultBench(t, `
CREATE TABLE birth(id INTEGER PRIMARY KEY, name TEXT, born DATETIME);
INSERT INTO birth VALUES(1,'A',957139200000),(2,'B',13046400000),(3,'C',-13046400000);
CREATE TABLE ymd(id INTEGER PRIMARY KEY, d DATE, y DATE, at DATETIME, note TEXT);
INSERT INTO ymd VALUES(1,'20240331','1999','20240331123000','x');
CREATE TABLE micro(id INTEGER PRIMARY KEY, at TIMESTAMP, f TIMESTAMP REAL); INSERT INTO micro VALUES(1,1711839600123456,1711839600.5),(2,86400000000,3600.5);
CREATE TABLE page(id INTEGER PRIMARY KEY, page_title VARBINARY(255) NOT NULL, touched BLOB, more TEXT); INSERT INTO page VALUES(1,'Main_Page','20240331123000',x'00ff'),(2,'Café',NULL,NULL);
CREATE TABLE yes(id INTEGER PRIMARY KEY, b BOOLEAN, at DATETIME); INSERT INTO yes VALUES(1,'Y','2024-01-01T00:00:00Z'),(2,'N','2024-01-02T00:00:00Z'),(3,1,'2024-01-03 00:00:00');
`)
	page := b.browser(t).signIn(adminName)
	ok := func(w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusSeeOther {
			t.Errorf("%d %s", w.Code, inner(w.Body.String()))
		}
	}
	lists := func(path string, want ...string) {
		t.Helper()
		body := html.UnescapeString(page.get(path).Body.String())
		for _, one := range want {
			if !strings.Contains(body, one) {
				t.Errorf("%s does not show %q:\n%s", path, one, inner(body))
			}
		}
	}
	lists("/m/birth/", "2000-05-01", "1970-06-01", "1969-08-03") // C3
	ok(page.changeFields("/m/birth/1/edit", map[string]string{"born": "1971-02-03T00:00:00"}))
	ok(page.changeFields("/m/birth/new", map[string]string{"name": "D", "born": "1971-02-04T00:00:00"}))
	b.wants(t, "born", "birth", "34387200000; 13046400000; -13046400000; 34473600000")
	lists("/m/birth/?f.born.eq=1970-06-01", ">B<")
	lists("/m/ymd/", "20240331", "1999", "20240331123000") // C4
	ok(page.changeFields("/m/ymd/1/edit", map[string]string{"d": "20240401", "note": "y"}))
	ok(page.changeFields("/m/ymd/new", map[string]string{"d": "20240402", "y": "2000", "at": "2024-04-02T01:02:03"}))
	b.wants(t, "d||' '||y||' '||at", "ymd", "20240401 1999 20240331123000; 20240402 2000 20240402010203")
	lists("/m/micro/", "1970-01-02", "1970-01-01")
	ok(page.changeFields("/m/micro/new", map[string]string{"at": "2001-02-03T04:05:06", "f": "1970-01-01T00:00:01"}))
	b.wants(t, "at||' '||f", "micro WHERE id = 3", "981173106000000 1.0")
	lists("/m/page/?q=main", "Main_Page") // C21
	lists("/m/page/?f.page_title.eq=Main_Page", "Main_Page")
	lists("/m/page/?f.page_title.startswith=main", "Main_Page")
	lists("/m/page/?f.more.eq=00ff", "Main_Page")
	if table, _ := b.source.Schema().Table("page"); table.Display != "page_title" {
		t.Errorf("a row of page is named by %q", table.Display)
	}
	ok(page.changeFields("/m/page/2/edit", map[string]string{"touched": "20240401000000"}))
	ok(page.changeFields("/m/page/new", map[string]string{"page_title": "New page", "touched": "20240402000000"}))
	b.wants(t, "typeof(page_title)||' '||page_title||' '||typeof(touched)||' '||touched", "page", "text Main_Page text 20240331123000; text Café text 20240401000000; text New page text 20240402000000")
	ok(page.changeFields("/m/yes/new", map[string]string{"b": "true", "at": "2024-01-04T00:00:00"}))
	b.wants(t, "b||' '||at", "yes WHERE id = 4", "Y 2024-01-04T00:00:00Z")
}

// Samples: what a search, a filter, an error and the list of related records find.
func TestWhatIsFoundAndNamed(t *testing.T) {
	b := faultBench(t, `
CREATE TABLE e(at DATETIME PRIMARY KEY, n TEXT); INSERT INTO e VALUES('2024-05-06 07:08:09.123600','a'),('2024-05-06 07:08:09.123400','b');
CREATE TABLE ec(id INTEGER PRIMARY KEY, at DATETIME REFERENCES e(at), what TEXT); INSERT INTO ec VALUES(1,'2024-05-06 07:08:09.123600','of a'),(2,'2024-05-06 07:08:09.123400','of b');
CREATE TABLE staff(id INTEGER PRIMARY KEY, first TEXT, last TEXT); INSERT INTO staff VALUES(1,'Nancy','Edwards'),(2,'Nancy','Drew');
CREATE TABLE cols(id INTEGER PRIMARY KEY, a TEXT CHECK(a IN ("b","c")), b TEXT, c TEXT); INSERT INTO cols VALUES(1,'x','x','m');
CREATE TABLE ref2(id INTEGER PRIMARY KEY, guid TEXT UNIQUE); CREATE TABLE by1(id INTEGER PRIMARY KEY, r INTEGER REFERENCES ref2(id)); CREATE TABLE by2(id INTEGER PRIMARY KEY, r TEXT REFERENCES ref2(guid));
INSERT INTO ref2 VALUES(1,'g'); INSERT INTO by1 VALUES(1,1); INSERT INTO by2 VALUES(1,'g');
CREATE TABLE zero(id INTEGER PRIMARY KEY, at DATETIME, v REAL); INSERT INTO zero VALUES(1,'0000-00-00 00:00:00',9e999),(2,'2024-01-01 00:00:00',-9e999);
`)
	page := b.browser(t).signIn(adminName)
	only := func(path, want, not string) {
		t.Helper()
		if body := html.UnescapeString(page.get(path).Body.String()); !strings.Contains(body, want) || strings.Contains(body, not) {
			t.Errorf("%s shows not only %q:\n%s", path, want, inner(body))
		}
	}
	key := url.PathEscape("2024-05-06 07:08:09.123600")
	only("/m/e/"+key, "of a", "of b") // C12
	if body := html.UnescapeString(page.get("/m/e/" + key).Body.String()); !strings.Contains(body, "/m/ec/?f.at.refers=2024-05-06") {
		t.Errorf("the address of the related records:\n%s", inner(body))
	}
	only("/m/ec/?f.at.refers="+url.QueryEscape(key), "of a", "of b")
	for _, q := range []string{"Nancy+Edwards", "edwards+nancy", "nan+edw"} { // C29
		only("/m/staff/?q="+q, "Edwards", "Drew")
	}
	if w := page.changeFields("/m/cols/1/edit", map[string]string{"a": "m"}); w.Code != http.StatusSeeOther { // C31
		t.Errorf("%d %s", w.Code, inner(w.Body.String()))
	}
	table, _ := b.source.Schema().Table("ref2") // C32
	k, err := data.ParseKey(table, "1")
	if err != nil {
		t.Fatal(err)
	}
	record, err := b.source.Edit(t.Context(), "ref2", k)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.source.Update(t.Context(), "ref2", k, record.Token, data.Input{Fields: map[string]data.Field{"id": {Text: "1"}, "guid": {Text: "other"}}})
	if wrong := data.Refusal(err); len(wrong) != 1 || wrong[0].Field != "guid" {
		t.Errorf("a changed guid: %v", err)
	}
	only("/m/zero/?f.at.eq=0000-00-00+00:00:00", "0000-00-00", "2024-01-01") // C36
	only("/m/zero/?f.v.eq=%2BInf", "0000-00-00", "2024-01-01")
}

// A migration while the panel runs is seen at once; what was entered in a form stays.
func TestTheSchemaIsFollowed(t *testing.T) {
	b := faultBench(t, `CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT, old TEXT); INSERT INTO a VALUES(1,'x','y'); CREATE TABLE gone(id INTEGER PRIMARY KEY)`)
	page := b.browser(t).signIn(adminName)
	form := page.controls("/m/a/1/edit")
	form.values["old"] = []string{"typed <it>"}
	if _, err := b.db.ExecContext(t.Context(), `ALTER TABLE a ADD COLUMN fresh TEXT DEFAULT 'z'; ALTER TABLE a RENAME COLUMN old TO renamed; CREATE TABLE made(id INTEGER PRIMARY KEY, word TEXT); INSERT INTO made VALUES(1,'hello'); DROP TABLE gone`); err != nil {
		t.Fatal(err)
	}
	if w := page.sendForm(form); w.Code/100 != 4 || !strings.Contains(w.Body.String(), "typed &lt;it&gt;") {
		t.Errorf("a form with a column that is gone: %d\n%s", w.Code, inner(w.Body.String()))
	}
	for path, want := range map[string]string{"/m/a/": "renamed", "/m/a/1": "fresh", "/m/made/": "hello", "/m/a/1/edit": "renamed", "/": "made"} {
		if w := page.get(path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, want %s:\n%s", path, w.Code, want, inner(w.Body.String()))
		}
	}
	if w := page.get("/m/gone/"); w.Code != http.StatusNotFound {
		t.Errorf("a dropped table: %d", w.Code)
	}
	if w := page.changeFields("/m/a/1/edit", map[string]string{"renamed": "typed"}); w.Code != http.StatusSeeOther {
		t.Errorf("%d\n%s", w.Code, inner(w.Body.String()))
	}
	b.wants(t, "name||renamed||fresh", "a", "xtypedz")
}

// NULL, the empty text and a default are told apart.
func TestTheEmptyTextIsAskedFor(t *testing.T) {
	b := faultBench(t, `CREATE TABLE em(id INTEGER PRIMARY KEY, must TEXT NOT NULL, may TEXT, def TEXT DEFAULT 'd', both TEXT NOT NULL DEFAULT 'b', n INTEGER)`)
	page := b.browser(t).signIn(adminName)
	send := func(path string, want int, changes map[string]string) {
		t.Helper()
		if w := page.changeFields(path, changes); w.Code != want {
			t.Errorf("%s %v: %d, want %d\n%s", path, changes, w.Code, want, inner(w.Body.String()))
		}
	}
	send("/m/em/new", http.StatusUnprocessableEntity, nil)
	send("/m/em/new", http.StatusSeeOther, map[string]string{"empty.must": "1"})
	b.wants(t, "quote(must)||quote(may)||quote(def)||quote(both)", "em WHERE id = 1", "''NULL'd''b'")
	send("/m/em/new", http.StatusSeeOther, map[string]string{"must": "x", "empty.may": "1", "empty.def": "1", "empty.both": "1"})
	b.wants(t, "quote(must)||quote(may)||quote(def)||quote(both)", "em WHERE id = 2", "'x'''''''")
	send("/m/em/2/edit", http.StatusSeeOther, map[string]string{"n": "1"}) // what is empty stays
	b.wants(t, "quote(must)||quote(may)||quote(def)||quote(both)", "em WHERE id = 2", "'x'''''''")
	send("/m/em/new", http.StatusSeeOther, map[string]string{"must": "x", "may": "y"})
	form := page.controls("/m/em/3/edit")
	form.values["may"], form.values["must"] = []string{""}, []string{""}
	if w := page.sendForm(form); w.Code != http.StatusSeeOther {
		t.Errorf("%d\n%s", w.Code, inner(w.Body.String()))
	}
	b.wants(t, "quote(must)||quote(may)", "em WHERE id = 3", "''''")
	send("/m/em/3/edit", http.StatusSeeOther, map[string]string{"empty.may": "1", "null.may": ""})
	b.wants(t, "quote(must)||quote(may)", "em WHERE id = 3", "''''")
	send("/m/em/new", http.StatusSeeOther, map[string]string{"must": "x", "null.def": "1"})
	b.wants(t, "quote(def)||quote(both)", "em WHERE id = 4", "NULL'b'")
}
