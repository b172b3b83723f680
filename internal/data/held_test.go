// This file tests what the values of a column say of it: that each is found by its own text, and in
// which unit numbers are times.

package data

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// heldValues are values of each storage class, as SQL.
var heldValues = []string{
	"0", "1", "-1", "2", "1.5", "-0.0", "1e300", "9e999", "-9e999", "9223372036854775807", "-9223372036854775808", "0.1", "1234567.5", "12.345", "1000000000000.25",
	"''", "' '", "'x'", "'X'", "'maybe'", "'true'", "'TRUE'", "'t'", "'f'", "'no'", "'y'", "'Y'", "'yEs'", "' yes '", "'0'", "'01'", "'1.0'", "'1e3'", "'+5'", "'0x10'", "'nan'", "'inf'", "'49,90'", "'12'", "'00ff'",
	"'a,b'", "'-lead'", "'%'", "'ä€😀'", "'it''s'", "'a''b'",
	"957139200000", "13046400000", "-13046400000", "1711839600", "1711839600.123456", "1711839600123456", "1711839600123456789", "638000000000000000", "2460400.5", "2460400", "45000.25", "45000", "20240331", "20240331123000", "202403311230", "1999", "202403",
	"'2024-03-31'", "'2024-03-31 00:00:00+02:00'", "'2024-03-31 23:30:00-05:00'", "'2024-03-31T12:30Z'", "'2024-03-31 12:30'", "'2024-03-31 12:30:00.5'", "'2024-03-31 12:30:00.123456'", "'2024-03-31 12:30:00.123456789 +0200 CEST'", "'2024-03-31 03:30:00+02:00'",
	"'2024-03-31T03:30:00.5-0700'", "'0000-00-00'", "'0000-00-00 00:00:00'", "'31.03.2024'", "'2024-02-30'", "'12:30'", "'12:30:00.5'", "'12:30:00+02:00'", "'24:00'", "'20240331'", "'0999-01-01'", "'-0044-03-15'", "'9999-12-31 23:59:59'",
	"'00112233-4455-6677-8899-aabbccddeeff'", "'00112233-4455-6677-8899-AABBccddeeff'", "'00112233445566778899AABBCCDDEEFF'", "'{00112233-4455-6677-8899-aabbccddeeff}'", "'00112233445566778899001122334455'",
	`'{"a" : 1}'`, "'[1, 2]'", "'{broken'", "'null'",
}

// heldBlobs have no text; their hexadecimal digits stand for them.
var heldBlobs = []string{"x'00'", "x'4d61696e'", "x'00112233445566778899aabbccddeeff'", "zeroblob(20)"}

// heldTypes are types as people declare them.
var heldTypes = []string{
	"", "ANY", "INTEGER", "BIGINT", "REAL", "NUMERIC", "DECIMAL(10,2)", "DECIMAL(5,0)", "BOOLEAN", "DATE", "TIME", "DATETIME", "DATETIME TEXT", "TIMESTAMP REAL", "TEXT", "VARCHAR(3)", "CLOB", "STRING", "JSON", "JSON TEXT", "UUID", "CHAR(36)", "BLOB", "VARBINARY(20)", "POINT",
	"TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM", "TEXT CHECK (c IN ('x', 'y', ''))", "NUMERIC CHECK (c IN (1, 2))",
}

// Every value is found by a filter for its own text, and is neither less nor greater: alone in its
// column, and among all the others.
func TestEveryValueMeetsItsOwnText(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	everyHeldValueMeetsItsOwnText(t, 4)
}

func TestEveryValueMeetsItsOwnTextLong(t *testing.T) {
	testserver.LongForm(t)
	everyHeldValueMeetsItsOwnText(t, 1)
}

// Of the columns with all values and of those with one, each nth type and value is tried, so that
// each type meets some values and each value some types.
func everyHeldValueMeetsItsOwnText(t *testing.T, nth int) {
	t.Helper()
	statements := []string{"PRAGMA synchronous = OFF", "PRAGMA ignore_check_constraints = ON"}
	for i, declared := range heldTypes {
		statements = append(statements, fmt.Sprintf("CREATE TABLE all%d (id INTEGER PRIMARY KEY, c %s)", i, declared), fmt.Sprintf("CREATE TABLE one%d (id INTEGER PRIMARY KEY, c %s)", i, declared))
	}
	s, db := pooled(t, 1, Config{}, strings.Join(statements, ";\n"))
	noClock(s)
	exec := func(format string, values ...any) {
		t.Helper()
		if _, err := db.Exec(fmt.Sprintf(format, values...)); err != nil {
			t.Fatal(err)
		}
	}
	var kinds []Kind
	for i := range heldTypes {
		table, _ := s.Schema().Table(fmt.Sprint("one", i))
		kinds = append(kinds, table.Columns[1].Kind)
	}
	for i := range heldTypes {
		if i%nth == 0 {
			exec("INSERT INTO all%d (c) VALUES (%s)", i, strings.Join(append(append([]string{}, heldValues...), heldBlobs...), "), ("))
			meetsItself(t, s, db, fmt.Sprint("all", i))
		}
		for j, value := range heldValues {
			if (i+j)%(6*nth) > 0 && (!isInstant(kinds[i]) || (i+j)%(3*nth) > 0) {
				continue // elsewhere one value says nothing of another
			}
			exec("DELETE FROM one%d; INSERT INTO one%[1]d VALUES (1, %[2]s)", i, value)
			meetsItself(t, s, db, fmt.Sprint("one", i))
		}
	}
}

// forget has the values of all columns looked at again, however long the last look took on a busy
// machine.
func forget(s *Source) {
	for _, table := range s.Schema().Tables {
		for _, c := range table.Columns {
			c.held.since.lastFor(0)
		}
	}
}

// meetsItself filters the rows of a table by the text of their column c.
func meetsItself(t *testing.T, s *Source, db *sql.DB, name string) {
	t.Helper()
	forget(s)
	table, _ := s.Schema().Table(name)
	c, _ := table.Column("c")
	var rows []Row
	for q := (Query{Table: name, Limit: MaxLimit}); ; {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(name, err)
		}
		rows, q.After = append(rows, page.Rows...), page.Next
		if !page.HasNext {
			break
		}
	}
	for _, row := range rows {
		cell := row.Cells[1]
		texts := []string{cell.Text}
		if at, _, ok := cell.Time(); ok && isInstant(cell.Kind) && cell.Storage != StoredText && at.Nanosecond() == 0 {
			texts = append(texts, at.Format(map[Kind]string{KindDate: time.DateOnly, KindTime: time.TimeOnly, KindDateTime: "2006-01-02T15:04:05"}[cell.Kind]))
		}
		if cell.Storage == StoredBlob {
			if err := db.QueryRow("SELECT hex(c) FROM " + name + " WHERE id = " + row.Cells[0].Text).Scan(&texts[0]); err != nil {
				t.Fatal(err)
			}
		}
		for _, own := range texts {
			meetsItsText(t, s, inList, name, row.Cells[0].Text, c, cell, own, []Op{OpEq, OpLe, OpGe, OpIn}, []Op{OpNe}, []Op{OpLt}, []Op{OpGt})
		}
	}
}

// A number is a written date only where a calendar and a clock have such a day and such a time.
func TestWrittenDates(t *testing.T) {
	for n, want := range map[int64]bool{
		2024: true, 99: false, 202403: true, 202400: false, 202413: false, 20240331: true, 20240332: false, 20240300: false, 20241331: false,
		202403311230: true, 202403311260: false, 202403312430: false, 202413311230: false,
		20240331123059: true, 20240331123060: false, 20240331126000: false, 20240331243000: false, 20240332123000: false, -20240331: false,
	} {
		if got := writtenDate(n); got != want {
			t.Errorf("%d: %t", n, got)
		}
	}
}

// A text that does not fit its column is found as it is written, whatever the column's collation.
func TestOddTextsAreFoundAsWritten(t *testing.T) {
	for _, declared := range []string{"INTEGER COLLATE NOCASE", "REAL COLLATE NOCASE", "DATE COLLATE NOCASE", "BOOLEAN COLLATE NOCASE", "DATETIME COLLATE RTRIM", "NUMERIC COLLATE RTRIM"} {
		s := openSource(t, Config{}, "CREATE TABLE x (id INTEGER PRIMARY KEY, c "+declared+")", "INSERT INTO x (c) VALUES ('x'), ('X'), ('x '), (1)")
		for text, want := range map[string]string{"x": "1", "X": "2"} {
			page, err := s.List(t.Context(), Query{Table: "x", Filters: []Filter{{"c", OpEq, []string{text}}}})
			if err != nil {
				t.Fatal(declared, err)
			}
			var found []string
			for _, row := range page.Rows {
				found = append(found, row.Key.String())
			}
			if strings.Join(found, " ") != want {
				t.Errorf("%s: %q finds %v, want %s", declared, text, found, want)
			}
		}
	}
}
