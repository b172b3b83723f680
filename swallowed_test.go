// What a person changes in a form is stored, however small the change.

package crudadmin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestASmallChangeIsStored(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	changes := []struct{ declared, stored, entered, want string }{
		{"TIME", "'12:30:00+02:00'", "10:30:00", "10:30:00+02:00"},
		{"TIME", "'12:30:00+02:00'", "13:30:00", "13:30:00+02:00"},
		{"TIME", "'23:30:00-05:00'", "23:31", "23:31:00-05:00"},
		{"TIME", "'12:30:00.123456'", "12:30:00.123999", "12:30:00.123999"},
		{"TIME", "'12:30'", "12:31", "12:31"},
		{"DATETIME", "'2024-05-06 07:08:09.123400'", "2024-05-06 07:08:09.123999", "2024-05-06 07:08:09.123999"},
		{"DATETIME", "'2024-05-06 07:08:09.123400'", "2024-05-06 07:08:09.123", "2024-05-06 07:08:09.123000"},
		{"DATETIME", "'2024-05-06 07:08:09'", "2024-05-06T07:08:09.5", "2024-05-06 07:08:09.5"},
		{"DATETIME", "'2024-05-06 07:08:09+02:00'", "2024-05-06T07:08:09", "2024-05-06 09:08:09+02:00"},
		{"DATE", "'2024-05-06 07:08:09.5'", "2024-05-06", "2024-05-06 00:00:00.0"},
		{"DATE", "'2024-03-31 23:30:00-05:00'", "2024-04-01", "2024-04-01 00:00:00-05:00"},
		{"TEXT", "NULL", "typed beside NULL", "typed beside NULL"},
		{"INTEGER", "NULL", "5", "5"},
		{"DATE", "NULL", "2024-01-01", "2024-01-01"},
		{"TEXT CHECK (v IN ('', 'x'))", "NULL", "x", "x"},
		{"JSON", `'{"a":1}'`, `{"a": 1}`, `{"a": 1}`},
		{"JSON", `'{"a":1,"b":2}'`, `{"b":2,"a":1}`, `{"b":2,"a":1}`},
		{"TEXT", "'1'", "01", "01"},
		{"TEXT", "'1.0'", "1.00", "1.00"},
		{"TEXT", "'a'", "a ", "a "},
		{"TEXT", "'a'", "A", "A"},
		{"TEXT COLLATE NOCASE", "'a'", "A", "A"},
		{"VARCHAR(9)", "'true'", "TRUE", "TRUE"},
		{"", "1", "01", "01"},
		{"", "'1'", "1 ", "1 "},
		{"BLOB", "'4d61'", "4D61", "4D61"},
		{"BLOB", "'a'", "61", "61"},
		{"BOOLEAN", "'maybe'", "true", "1"},
		{"BOOLEAN", "-1", "true", "1"},
		{"BOOLEAN", "2", "false", "0"},
		{"BOOLEAN", "'t'", "false", "f"},
		{"BOOLEAN", "NULL", "false", "0"},
		{"DECIMAL(10,2)", "'49,90'", "49.90", "49.9"},
		{"DECIMAL(10,2)", "12.345", "12.35", "12.35"},
		{"REAL", "1e300", "1e299", "1.0e+299"},
		{"UUID", "'00112233-4455-6677-8899-aabbccddeeff'", "00112233-4455-6677-8899-aabbccddeefe", "00112233-4455-6677-8899-aabbccddeefe"},
	}
	var statements []string
	for i, change := range changes {
		statements = append(statements, fmt.Sprintf("CREATE TABLE s%d(id INTEGER PRIMARY KEY, v %s, note TEXT); INSERT INTO s%[1]d VALUES (1, %[3]s, 'x')", i, change.declared, change.stored))
	}
	b := faultBench(t, strings.Join(statements, ";\n"))
	page := b.browser(t).signIn(adminName)
	for i, change := range changes {
		table := fmt.Sprint("s", i)
		if w := page.changeFields("/m/"+table+"/1/edit", map[string]string{"v": change.entered}); w.Code != http.StatusSeeOther {
			t.Errorf("%+v: %d %s", change, w.Code, inner(w.Body.String()))
		}
		if got := b.scalar(t, "SELECT v || '' FROM "+table); got != change.want {
			t.Errorf("%+v: %s is stored", change, got)
		}
	}
}

func TestAFileKeepsItsLineBreaks(t *testing.T) {
	b := faultBench(t, `CREATE TABLE tb(id INTEGER PRIMARY KEY, t TEXT, v BLOB); INSERT INTO tb VALUES (1, x'00ff', 'a'||char(10)||'b')`)
	page := b.browser(t).signIn(adminName)
	for _, name := range []string{"t", "v"} {
		form := page.controls("/m/tb/1/edit")
		if w := page.sendFile(form, name, "a\r\nb\rc\n"); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", name, w.Code, inner(w.Body.String()))
		}
	}
	b.wants(t, "typeof(t)||hex(t)||' '||typeof(v)||hex(v)", "tb", "text610D0A620D630A blob610D0A620D630A")
}

// A long text of several bytes a character is three times as long in an address.
func TestALongTextIsSaved(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := faultBench(t, `CREATE TABLE big(id INTEGER PRIMARY KEY, t TEXT, s TEXT); INSERT INTO big VALUES (1, replace(hex(zeroblob(90000)), '00', 'ä€'), 'x')`)
	page := b.browser(t).signIn(adminName)
	if w := page.changeFields("/m/big/1/edit", map[string]string{"s": "y"}); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, inner(w.Body.String()))
	}
	b.wants(t, "length(t)||s", "big", "180000y")
}

func TestLinksOfATableWithALineBreakInItsName(t *testing.T) {
	b := faultBench(t, `CREATE TABLE tag(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO tag VALUES (1, 'a'), (2, 'b');
CREATE TABLE art(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO art VALUES (1, 'x');
CREATE TABLE "art
tag"(art INTEGER REFERENCES art(id), tag INTEGER REFERENCES tag(id), PRIMARY KEY(art, tag)); INSERT INTO "art
tag" VALUES (1, 1), (1, 2)`)
	page := b.browser(t).signIn(adminName)
	form := page.controls("/m/art/1/edit")
	form.values["art\r\ntag"] = []string{"2"}
	if w := page.sendForm(form); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, inner(w.Body.String()))
	}
	b.wants(t, "tag", "\"art\ntag\"", "2")
	if w := page.saveUntouched("/m/art/new"); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, inner(w.Body.String()))
	}
}
