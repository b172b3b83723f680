// This file tests inserts and updates: what is stored, and what is refused.

package data

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"

	"pgregory.net/rapid"
)

// openWritable makes a SQLite file of the statements. Foreign keys are not enforced by its
// connections, as is the default.
func openWritable(tb testing.TB, cfg Config, statements ...string) *Source {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "app.db")+"?_pragma=busy_timeout(60000)&_pragma=synchronous(off)&_pragma=journal_mode(wal)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	for _, statement := range statements {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	s, err := Open(tb.Context(), db, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// T is what both *testing.T and *rapid.T are.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

func keyOf(t T, s *Source, table, key string) Key {
	t.Helper()
	tb, ok := s.Schema().Table(table)
	if !ok {
		t.Fatalf("no table %q", table)
	}
	k, err := ParseKey(tb, key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func editOf(t T, s *Source, table string, key Key) *Record {
	t.Helper()
	record, err := s.Edit(ctxOf(t), table, key)
	if err != nil {
		t.Fatalf("edit %s %s: %v", table, key, err)
	}
	return record
}

// stored reads typeof and value of an expression of one row.
func storedAs(t T, s *Source, expression, from string) string {
	t.Helper()
	var class string
	var value any
	err := s.db.QueryRowContext(ctxOf(t), "SELECT typeof("+expression+"), CASE typeof("+expression+") WHEN 'blob' THEN hex("+expression+") ELSE "+expression+" END FROM "+from).Scan(&class, &value)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if f, ok := value.(float64); ok {
		return class + " " + plainPart(f)
	}
	return fmt.Sprintf("%s %v", class, value)
}

// wrongFields are the names of an error's wrong fields.
func wrongFields(t T, err error) string {
	t.Helper()
	var many FieldErrors
	var one *FieldError
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = FieldErrors{one}
	default:
		t.Fatalf("%v, want FieldErrors", err)
	}
	var names []string
	for _, one := range many {
		names = append(names, one.Field)
		if strings.Contains(strings.ToUpper(one.Message.String()), "CONSTRAINT") || strings.Contains(one.Message.String(), "SELECT") {
			t.Fatalf("%q speaks SQL", one.Message)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

const kindsTable = `CREATE TABLE kinds (id INTEGER PRIMARY KEY, i BIGINT, r REAL, dec DECIMAL(12,3), money MONEY, b BOOLEAN, d DATE, t TIME, dt DATETIME,
	js JSON, u UUID, en TEXT CHECK (en IN ('red', 'green', '')), s VARCHAR(20), lt LONGTEXT, bl BLOB, anything, n NUMERIC)`

func TestInsertThenGet(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openWritable(t, Config{}, kindsTable)
	table, _ := s.Schema().Table("kinds")
	text := rapid.StringMatching(`[^\x00\r]{0,20}`)
	generators := map[string]*rapid.Generator[string]{
		"i":   rapid.Custom(func(rt *rapid.T) string { return fmt.Sprint(rapid.Int64().Draw(rt, "i")) }),
		"r":   rapid.Custom(func(rt *rapid.T) string { return fmt.Sprint(rapid.Float64().Draw(rt, "r")) }),
		"dec": rapid.StringMatching(`-?[1-9][0-9]{0,8}\.[0-9]{1,3}`), "money": rapid.StringMatching(`-?[1-9][0-9]{0,9}\.[0-9]{2}`),
		"b": rapid.SampledFrom([]string{"true", "false"}), "d": rapid.StringMatching(`(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])`),
		"t": rapid.StringMatching(`([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?`), "dt": rapid.StringMatching(`(19|20)[0-9]{2}-0[1-9]-1[0-9][T ]1[0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?(Z|\+02:00)?`),
		"js": rapid.StringMatching(`(\{"a": ?[1-9][0-9]{0,3}(, "b": null)?\}|\[\]|"x"|true|null|[1-9][0-9]{0,5})`), "u": rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		"en": rapid.SampledFrom([]string{"red", "green", ""}), "s": text, "lt": rapid.StringMatching("[^\x00\r]{0,200}"), "bl": rapid.StringMatching(`([0-9a-f]{2}){1,20}`), "anything": text, "n": rapid.StringMatching(`-?[1-9][0-9]{0,12}`),
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range generators {
			if !yield(name) {
				return
			}
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		in := Input{Fields: map[string]Field{}}
		for _, name := range names {
			switch rapid.IntRange(0, 5).Draw(rt, name+" how") {
			case 0:
			case 1:
				in.Fields[name] = Field{Null: true}
			default:
				in.Fields[name] = Field{Text: generators[name].Draw(rt, name)}
			}
		}
		key, err := s.Insert(t.Context(), "kinds", in)
		if err != nil {
			rt.Fatalf("insert %+v: %v", in, err)
		}
		record := editOf(rt, s, "kinds", key)
		for _, name := range names {
			f, given := in.Fields[name]
			cell := record.Cells[slices.IndexFunc(record.Columns, func(c *Column) bool { return c.Name == name })]
			if !given || f.Null {
				if !cell.Null() {
					rt.Fatalf("%s is %q, want NULL", name, cell.Text)
				}
				continue
			}
			column, _ := table.Column(name)
			if column.Kind == KindBlob {
				var file bytes.Buffer
				_, err := s.Download(t.Context(), "kinds", key, name, &file)
				if err != nil || fmt.Sprintf("%x", file.Bytes()) != f.Text {
					rt.Fatalf("%s is %x, %v, want %s", name, file.Bytes(), err, f.Text)
				}
				continue
			}
			same := cell.Text == f.Text
			switch column.Kind {
			case KindInteger, KindReal, KindDecimal:
				same = newDecimal(cell.Text) == newDecimal(f.Text)
			case KindBool:
				b, ok := cell.Bool()
				same = ok && fmt.Sprint(b) == f.Text
			case KindDate, KindTime, KindDateTime:
				at, _, ok := cell.Time()
				want, _, _, _ := parseInstant(f.Text)
				same = ok && at.Equal(want)
			}
			if !same {
				rt.Fatalf("%s is %q, want %q", name, cell.Text, f.Text)
			}
		}
		// What a form shows, sent back as it is, changes nothing.
		if again := update(rt, s, record, asShown(record)); again.Token != record.Token {
			rt.Fatalf("sent back as it was, the row is another")
		}
	})
}

func TestInsertThenGetLong(t *testing.T) {
	testserver.LongForm(t)
	TestInsertThenGet(t)
}

// asShown is a form that shows the record and is sent back as it is.
func asShown(record *Record) Input {
	in := Input{Fields: map[string]Field{}}
	for i, c := range record.Columns {
		cell := record.Cells[i]
		if c.Generated || c.Masked || cell.Truncated || cell.Storage == StoredBlob {
			continue
		}
		in.Fields[c.Name] = Field{Null: cell.Null(), Text: strings.ReplaceAll(cell.Text, "\n", "\r\n")}
	}
	return in
}

func update(t T, s *Source, record *Record, in Input) *Record {
	t.Helper()
	key, err := s.Update(ctxOf(t), record.Table.Name, record.Key, record.Token, in)
	if err != nil {
		t.Fatalf("update %s %s: %v", record.Table.Name, record.Key, err)
	}
	return editOf(t, s, record.Table.Name, key)
}

// Every row of every odd table takes its own form back, and stays byte for byte what it was.
func TestUnchangedFormsChangeNothing(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "zoo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, statement := range zoo() {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, table := range s.Schema().Tables {
		page, err := s.List(t.Context(), Query{Table: table.Name})
		if err != nil || table.ReadOnly != "" || table.Name == "wide_2000" || table.Name == "long_text" {
			continue
		}
		for _, row := range page.Rows {
			if row.Key.IsZero() {
				continue
			}
			record := editOf(t, s, table.Name, row.Key)
			key, err := s.Update(t.Context(), table.Name, row.Key, record.Token, asShown(record))
			if err != nil {
				t.Errorf("%s %s: %v", table.Name, row.Key, err)
				continue
			}
			if after := editOf(t, s, table.Name, key); after.Token != record.Token || key.String() != row.Key.String() {
				t.Errorf("%s %s changed", table.Name, row.Key)
			}
		}
		tables++
	}
	var n int64
	if err := db.QueryRow("SELECT total_changes()").Scan(&n); err != nil || tables < 25 {
		t.Fatal(n, tables, err)
	}
}

func TestStoredForms(t *testing.T) {
	for _, test := range []struct{ ddl, present, given, want string }{
		// present is SQL of the row's value; "" inserts with nothing to go by.
		{"x DATETIME", "", "2024-01-31T10:00", "text 2024-01-31 10:00:00"},
		{"x DATETIME", "", "2024-01-31T10:00:00+02:00", "text 2024-01-31 08:00:00"},
		{"x DATETIME", "", "2024-01-31T10:00:00.125", "text 2024-01-31 10:00:00.125"},
		{"x DATETIME", "1706695200", "2024-01-31T10:00:01", "integer 1706695201"},
		{"x DATETIME", "1706695200000", "2024-01-31T10:00:01.5", "integer 1706695201500"},
		{"x DATETIME", "2460340.5", "2024-02-01T18:00", "real 2.46034225e+06"},
		{"x DATETIME", "'2024-01-31T12:00:00+02:00'", "2024-01-31T11:00:00Z", "text 2024-01-31T13:00:00+02:00"},
		{"x DATETIME", "'2024-01-31 10:00:00 +0000 UTC'", "2024-01-31T11:00", "text 2024-01-31 11:00:00 +0000 UTC"},
		{"x DATETIME", "'2024-01-31T10:00:00.123456Z'", "2024-01-31T11:00", "text 2024-01-31T11:00:00.000000Z"},
		{"x DATETIME", "'2024-01-31T10:00'", "2024-01-31T11:30", "text 2024-01-31T11:30"},
		{"x DATETIME", "'garbage'", "2024-01-31T11:30", "text 2024-01-31 11:30:00"},
		{"x DATE", "", "2024-01-31", "text 2024-01-31"},
		{"x DATE", "'2024-01-30T00:00:00+02:00'", "2024-01-31", "text 2024-01-31T00:00:00+02:00"},
		{"x DATE", "1706572800", "2024-01-31", "integer 1706659200"},
		{"x TIME", "'10:00'", "11:30", "text 11:30"},
		{"x TIME", "", "11:30", "text 11:30:00"},
		{"x BOOLEAN", "", "true", "integer 1"},
		{"x BOOLEAN", "'no'", "true", "text yes"},
		{"x UUID", "", "123E4567E89B12D3A456426614174000", "text 123e4567-e89b-12d3-a456-426614174000"},
		{"x UUID", "x'00112233445566778899aabbccddeeff'", "123e4567-e89b-12d3-a456-426614174000", "blob 123E4567E89B12D3A456426614174000"},
		{"x UUID", "'00000000-0000-0000-0000-00000000000A'", "123e4567-e89b-12d3-a456-426614174000", "text 123E4567-E89B-12D3-A456-426614174000"},
		{"x DECIMAL(10,2)", "", "192.90", "real 192.9"},
		{"x DECIMAL(10,2)", "", "5.00", "integer 5"},
		{"x DECIMAL(30,2)", "", "123456789012345678", "integer 123456789012345678"},
		{"x", "", "5", "integer 5"}, {"x", "", "05", "text 05"}, {"x", "'4'", "5", "text 5"},
		{"x TEXT", "", "a\r\nb", "text a\nb"}, {"x TEXT", "'q' || char(13, 10)", "a\r\nb", "text a\r\nb"},
		{"x TEXT", "NULL", "", "text "}, {"x INT", "1", "", "null <nil>"},
		{"x CHECK (x IN (1, 2))", "", "2", "integer 2"}, {"x CHECK (x IN ('1', '2'))", "", "2", "text 2"},
	} {
		s := openWritable(t, Config{}, "CREATE TABLE t (id INTEGER PRIMARY KEY, "+test.ddl+")")
		in := Input{Fields: map[string]Field{"x": {Text: test.given}}}
		if test.present == "" {
			if _, err := s.Insert(t.Context(), "t", in); err != nil {
				t.Errorf("%+v: %v", test, err)
				continue
			}
		} else {
			if _, err := s.db.Exec("INSERT INTO t (x) VALUES (" + test.present + ")"); err != nil {
				t.Fatal(err)
			}
			update(t, s, editOf(t, s, "t", keyOf(t, s, "t", "1")), in)
			if _, err := s.Insert(t.Context(), "t", in); err != nil { // a new row follows the others
				t.Errorf("%+v: insert: %v", test, err)
			} else if got := storedAs(t, s, "x", "t WHERE id = 2"); !strings.HasPrefix(test.ddl, "x TEXT") && test.ddl != "x" && got != test.want {
				t.Errorf("%+v: a new row has %s", test, got)
			}
		}
		if got := storedAs(t, s, "x", "t WHERE id = 1"); got != test.want {
			t.Errorf("%+v: stored %s", test, got)
		}
	}
}

func TestWrongFieldsAreAllNamed(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, dec DECIMAL(6,2), money NUMERIC, d DATE, tm TIME, js JSON, u UUID, en TEXT CHECK (en IN ('a', 'b')),
		s VARCHAR(3), must TEXT NOT NULL, age INT CHECK (age >= 0 AND age < 150), odd STRING, password TEXT, gen TEXT AS (s || '!'), bl BLOB)`)
	_, err := s.Insert(t.Context(), "t", Input{Fields: map[string]Field{
		"i": {Text: "1.5"}, "dec": {Text: "1.234"}, "money": {Text: "12345678901234567890.12"}, "d": {Text: "2024-13-01"}, "tm": {Text: "2024-01-01"}, "js": {Text: `{"a":`},
		"u": {Text: "xyz"}, "en": {Text: "c"}, "s": {Text: "four"}, "age": {Text: "150"}, "odd": {Text: "007"}, "password": {Text: "x"}, "gen": {Text: "x"}, "bl": {Text: "0"},
		"nonsense": {Text: "x"}, `x"; DROP TABLE t; --`: {Text: "x"}, "rowid": {Text: "5"},
	}, Links: map[string][]Key{"nothing": nil}})
	want := `age bl d dec en gen i js money must nonsense nothing odd password rowid s tm u x"; DROP TABLE t; --`
	if got := wrongFields(t, err); got != want {
		t.Errorf("wrong are %s\nwant      %s", got, want)
	}
	if strings.Contains(err.Error(), `"x" cannot be set`) {
		t.Errorf("%v repeats a secret", err)
	}
	if n, err := countMatching(t.Context(), s, Query{Table: "t"}); n != 0 || err != nil {
		t.Errorf("%d rows, %v: want none written", n, err)
	}
	if _, err := s.Insert(t.Context(), "t", Input{Fields: map[string]Field{"must": {}, "password": {Text: "x"}, "age": {Text: "149"}}, Masked: []string{"password"}}); err != nil {
		t.Errorf("a masked column that is allowed: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b TEXT DEFAULT 'y', c TEXT)`, `CREATE TABLE w (k TEXT PRIMARY KEY, n INT DEFAULT 7) WITHOUT ROWID`, `CREATE TABLE nokey (a)`)
	key, err := s.Insert(t.Context(), "t", Input{Fields: map[string]Field{"id": {}, "b": {Null: true}, "c": {Text: ""}}})
	if err != nil || key.String() != "1" {
		t.Fatal(key, err)
	}
	for column, want := range map[string]string{"a": "text x", "b": "null <nil>", "c": "text "} {
		if got := storedAs(t, s, column, "t"); got != want {
			t.Errorf("%s is %s, want %s", column, got, want)
		}
	}
	if key, err := s.Insert(t.Context(), "t", Input{}); err != nil || key.String() != "2" {
		t.Error(key, err)
	}
	if key, err := s.Insert(t.Context(), "w", Input{Fields: map[string]Field{"k": {Text: "a/b"}}}); err != nil || key.String() != "a%2Fb" {
		t.Error(key, err)
	}
	if key, err := s.Insert(t.Context(), "nokey", Input{Fields: map[string]Field{"a": {Text: "v"}}}); err != nil || key.String() != "1" {
		t.Error(key, err)
	}
}

func TestKeysCanChange(t *testing.T) {
	s := openWritable(t, Config{}, `CREATE TABLE p (a TEXT, b INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID`, `INSERT INTO p VALUES ('x', 1, 'v')`,
		`CREATE TABLE c (id INTEGER PRIMARY KEY, a, b, FOREIGN KEY (a, b) REFERENCES p ON UPDATE CASCADE)`, `INSERT INTO c VALUES (1, 'x', 1)`,
		`CREATE TABLE n (id INTEGER PRIMARY KEY)`, `INSERT INTO n VALUES (1)`, `CREATE TABLE nc (id INTEGER PRIMARY KEY, n REFERENCES n)`, `INSERT INTO nc VALUES (1, 1)`)
	record := update(t, s, editOf(t, s, "p", keyOf(t, s, "p", "x,1")), Input{Fields: map[string]Field{"a": {Text: "y"}, "b": {Text: "2"}}})
	if record.Key.String() != "y,2" || storedAs(t, s, "a", "c") != "text y" {
		t.Errorf("key %s, child %s", record.Key, storedAs(t, s, "a", "c"))
	}
	n := editOf(t, s, "n", keyOf(t, s, "n", "1"))
	if _, err := s.Update(t.Context(), "n", n.Key, n.Token, Input{Fields: map[string]Field{"id": {Text: "2"}}}); wrongFields(t, err) != "id" {
		t.Error(err)
	}
}

// Whatever a form is sent with, the answer is a record or FieldErrors.
func TestHostileInputs(t *testing.T) {
	s := openWritable(t, Config{}, kindsTable, `CREATE TABLE "odd ""name" ("a.b" TEXT UNIQUE, "c, d" INT NOT NULL, "'" TEXT CHECK ("'" <> 'no'), UNIQUE ("a.b", "c, d"))`)
	rapid.Check(t, func(rt *rapid.T) {
		table := rapid.SampledFrom(s.Schema().Tables).Draw(rt, "table")
		var names []string
		for _, c := range table.Columns {
			names = append(names, c.Name)
		}
		name := rapid.OneOf(rapid.SampledFrom(names), rapid.SampledFrom(names), rapid.SampledFrom([]string{"", "rowid", `a" = 1; --`, "\x00", "\xff", "csrf_token"}), rapid.String())
		field := rapid.Custom(func(rt *rapid.T) Field {
			f := Field{Null: rapid.IntRange(0, 9).Draw(rt, "null") == 0}
			f.Text = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "1e999999999", "-1e-999999999", "0x10", "1_000", "NaN", "Infinity", "'; DROP TABLE kinds; --", "\xff", "\x00",
				"9223372036854775808", "2024-02-30", "24:00", "[1,2", strings.Repeat("9", 500), strings.Repeat("[", 20000), "no", "0000-00-00", "+", ".", "1e", "99999999999999999999.5"})).Draw(rt, "text")
			if rapid.IntRange(0, 9).Draw(rt, "file") == 0 {
				f.File = []byte(f.Text)
			}
			return f
		})
		in := Input{Fields: rapid.MapOfN(name, field, 0, 6).Draw(rt, "fields")}
		key, err := s.Insert(t.Context(), table.Name, in)
		var wrong FieldErrors
		if err != nil && !errors.As(err, &wrong) {
			rt.Fatalf("insert %+v: %v", in, err)
		}
		if err != nil {
			wrongFields(rt, err)
			return
		}
		record := editOf(rt, s, table.Name, key)
		in.Fields = rapid.MapOfN(name, field, 0, 3).Draw(rt, "changes")
		if _, err := s.Update(t.Context(), table.Name, key, record.Token, in); err != nil {
			wrongFields(rt, err)
		}
	})
}

// A value is written unless the very same is stored, in its storage class, bit by bit.
func TestIdentical(t *testing.T) {
	for _, test := range []struct {
		a, b any
		want bool
	}{
		{int64(1), int64(1), true},
		{int64(1), 1.0, false},
		{int64(1), "1", false},
		{1.5, 1.5, true},
		{0.0, math.Copysign(0, -1), false},
		{"a", "a", true},
		{"a", []byte("a"), false},
		{[]byte("a"), "a", false},
		{[]byte("a"), []byte("a"), true},
		{[]byte{}, nil, false},
		{"", nil, false},
		{"a", tooLong{}, false},
	} {
		if got := identical(test.a, test.b); got != test.want {
			t.Errorf("%T %v and %T %v: %v", test.a, test.a, test.b, test.b, got)
		}
	}
}
