// This file tests the dialect of MySQL and MariaDB on a real MariaDB.

package data

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	_ "github.com/go-sql-driver/mysql"
)

// openMariaDB makes a MariaDB database of the statements.
func openMariaDB(tb testing.TB, statements ...string) *sql.DB {
	tb.Helper()
	return openMariaDBWith(tb, "", statements...)
}

// openMariaDBWith is openMariaDB with parameters of the driver: "?parseTime=true". The statements
// do not have them.
func openMariaDBWith(tb testing.TB, parameters string, statements ...string) *sql.DB {
	tb.Helper()
	dsn := testserver.SharedMariaDB(tb).DSN()
	make := connectMariaDB(tb, dsn)
	make.SetMaxOpenConns(1)
	for _, statement := range append([]string{"SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"}, statements...) {
		if _, err := make.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	if err := make.Close(); err != nil {
		tb.Fatal(err)
	}
	return connectMariaDB(tb, dsn+parameters)
}

func connectMariaDB(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func mariaSource(tb testing.TB, cfg Config, statements ...string) *Source {
	tb.Helper()
	s, err := Open(tb.Context(), openMariaDB(tb, statements...), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// A MariaDB database is read and written, but for tables whose engine has no transactions.
func TestMariaDBIsReadAndWritten(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, name text)`, `INSERT INTO x VALUES (1, 'a')`, `CREATE VIEW v AS SELECT * FROM x`,
		`CREATE TABLE old (id integer PRIMARY KEY) ENGINE=MyISAM`, `CREATE TABLE aria (id integer PRIMARY KEY) ENGINE=Aria`, `CREATE TABLE short (id integer PRIMARY KEY) ENGINE=MEMORY`,
		`INSERT INTO old VALUES (1)`)
	if engine, version := s.Schema().Engine, s.Schema().Version; engine != "MariaDB" || !strings.HasPrefix(version, "1") {
		t.Errorf("%q %q", engine, version)
	}
	for name, why := range map[string]string{"x": "", "v": "it is a view", "old": "its engine MyISAM has no transactions: what a write did before it failed would stay",
		"aria": "its engine Aria has no transactions: what a write did before it failed would stay", "short": "its engine MEMORY has no transactions: what a write did before it failed would stay"} {
		if table, ok := s.Schema().Table(name); !ok || table.ReadOnly != why {
			t.Errorf("%s: %q", name, table.ReadOnly)
		}
	}
	if _, err := s.Insert(t.Context(), "old", edited("id", "2")); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "old", keyOf(t, s, "old", "1"), ""); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	second, err := s.Insert(t.Context(), "x", edited("id", "2", "name", "b"))
	if err != nil {
		t.Fatal(err)
	}
	record := editOf(t, s, "x", second)
	key, err := s.Update(t.Context(), "x", second, record.Token, edited("id", "3"))
	if err != nil || key.String() != "3" {
		t.Fatal(key, err)
	}
	if err := s.Delete(t.Context(), "x", keyOf(t, s, "x", "1"), ""); err != nil {
		t.Error(err)
	}
	page, err := s.List(t.Context(), Query{Table: "x", Search: "B", Sort: []SortKey{{"name", true}}, Filters: []Filter{{"id", OpEq, []string{"3"}}}})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Cells[1].Text != "b" {
		t.Fatalf("%+v, %v", page, err)
	}
	if got := storedText(t, s, "count(*)", "x"); got != "1" {
		t.Error(got)
	}
}

// MySQL cannot be started here: what it says of itself is told apart all the same.
func TestMySQLAndMariaDBAreToldApart(t *testing.T) {
	db := openMariaDB(t)
	for _, version := range []string{"8.0.36", "11.4.2-MariaDB-ubu2404", "10.6.0-MariaDB"} {
		d, err := newMySQL(t.Context(), db, version)
		if err != nil {
			t.Errorf("%s: %v", version, err)
		}
		if opened, ok := d.(*mysql); ok && opened.mariadb != strings.Contains(version, "MariaDB") {
			t.Errorf("%s is taken for %s", version, opened.name())
		}
	}
}

// The messages of MySQL, as its manual has them, name what MariaDB's name.
func TestMySQLMessagesAreRead(t *testing.T) {
	kids := &Table{Name: "kids", schema: "shop", bare: "kids", Columns: []*Column{{Name: "code"}, {Name: "n"}, {Name: "twice", Generated: true}},
		rules: map[string][]string{"PRIMARY": {"n"}, "by.code": {"code", "n"}}, checks: []check{{name: "low", columns: []string{"n"}}}}
	parent := &ForeignKey{name: "it`s", from: [2]string{"shop", "kids"}, Table: "kids", RefTable: "parents", Columns: []string{"n"}}
	child := &ForeignKey{name: "of_kids", from: [2]string{"shop", "toys"}, Table: "toys", RefTable: "kids"}
	kids.ForeignKeys, kids.referenced = []*ForeignKey{parent}, []*ForeignKey{child}
	d := &mysql{server: server{quote: mysqlQuote}}
	for message, want := range map[string]violation{
		"1062 (23000): Duplicate entry '1' for key 'kids.PRIMARY'":                                       {rule: ruleUnique, columns: []string{"n"}},
		"1062 (23000): Duplicate entry 'a' for key 'b.c' for key 'kids.by.code'":                         {rule: ruleUnique, columns: []string{"code", "n"}},
		"1062 (23000): Duplicate entry '1' for key 'trail.PRIMARY'":                                      {rule: ruleUnique, table: "trail"},
		"1048 (23000): Column 'code' cannot be null":                                                     {rule: ruleNotNull, columns: []string{"code"}},
		"1048 (23000): Column 'other' cannot be null":                                                    {rule: ruleNotNull, table: untoldTable},
		"1364 (HY000): Field 'code' doesn't have a default value":                                        {rule: ruleNotNull, columns: []string{"code"}},
		"3819 (HY000): Check constraint 'low' is violated.":                                              {rule: ruleCheck, name: "low", columns: []string{"n"}},
		"3819 (HY000): Check constraint 'of_another' is violated.":                                       {rule: ruleCheck, table: untoldTable},
		"1366 (HY000): Incorrect integer value: 'it's for column 'x'' for column 'n' at row 1":           {rule: ruleType, columns: []string{"n"}},
		"1366 (HY000): Incorrect string value: '\\xF0' for column `shop`.`trail`.`n` at row 1":           {rule: ruleType, table: "trail"},
		"1292 (22007): Incorrect datetime value: 'x' for column 'code' at row 1":                         {rule: ruleType, columns: []string{"code"}},
		"1292 (22007): Truncated incorrect DOUBLE value: 'x'":                                            {rule: ruleTrigger, message: "Truncated incorrect DOUBLE value: 'x'"},
		"1406 (22001): Data too long for column 'code' at row 1":                                         {rule: ruleType, columns: []string{"code"}},
		"1264 (22003): Out of range value for column 'twice' at row 1":                                   {rule: ruleTrigger, message: "Out of range value for column 'twice' at row 1"},
		"3105 (HY000): The value specified for generated column 'twice' in table 'kids' is not allowed.": {rule: ruleCheck, columns: []string{"twice"}},
		"1526 (HY000): Table has no partition for value 5":                                               {rule: ruleCheck},
		"1644 (45000): not today":                                                                        {rule: ruleTrigger, message: "not today"},
		"1452 (23000): Cannot add or update a child row: a foreign key constraint fails (`shop`.`kids`, CONSTRAINT `it``s` FOREIGN KEY (`n`) REFERENCES `parents` (`id`))":     {rule: ruleForeignKey, key: parent},
		"1451 (23000): Cannot delete or update a parent row: a foreign key constraint fails (`shop`.`toys`, CONSTRAINT `of_kids` FOREIGN KEY (`kid`) REFERENCES `kids` (`n`))": {rule: ruleForeignKey, key: child},
		"1451 (23000): Cannot delete or update a parent row: a foreign key constraint fails (`other`.`far`, CONSTRAINT `x` FOREIGN KEY (`a`) REFERENCES `b` (`c`))":            {rule: ruleForeignKey, table: "other.far"},
		"1142 (42000): INSERT command denied to user 'panel'@'10.0.0.1' for table 'kids'":                                                                                      {rule: ruleTrigger, message: mysqlRightMessage},
	} {
		got, ok := d.violation(t.Context(), nil, kids, errors.New("Error "+message))
		if !ok || got.rule != want.rule || got.table != want.table || got.name != want.name || got.message != want.message || got.key != want.key || !slices.Equal(got.columns, want.columns) {
			t.Errorf("%s: %+v %v", message, got, ok)
		}
	}
	for _, message := range []string{"Error 1213 (40001): Deadlock found when trying to get lock; try restarting transaction", "Error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction",
		"Error 1317 (70100): Query execution was interrupted", "Error 1290 (HY000): The MySQL server is running with the --read-only option", "Error 1146 (42S02): Table 'shop.kids' doesn't exist", "Error 1064 (42000): You have an error in your SQL syntax", "invalid connection"} {
		if got, ok := d.violation(t.Context(), nil, kids, errors.New(message)); ok {
			t.Errorf("%s: %+v", message, got)
		}
	}
}
