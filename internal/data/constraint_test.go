// This file tests that every broken constraint names its fields, in words.

package data

import (
	"errors"
	"strings"
	"testing"
)

func TestConstraintsNameTheirFields(t *testing.T) {
	s := openWritable(t, Config{Hide: []string{"hidden"}},
		`CREATE TABLE parents (id INTEGER PRIMARY KEY, code TEXT UNIQUE COLLATE NOCASE, x INT, y INT, UNIQUE (x, y))`, `INSERT INTO parents VALUES (1, 'one', 1, 1), (2, 'two', 2, 2)`,
		`CREATE TABLE hidden (id INTEGER PRIMARY KEY)`,
		`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INT, m INT, price REAL, "odd, t.name" TEXT, parent INT REFERENCES parents, code TEXT REFERENCES parents (code) DEFERRABLE INITIALLY DEFERRED,
			x INT, y INT, h INT REFERENCES hidden, CHECK (n < m), CONSTRAINT price_is_even CHECK (price % 2 = 0), UNIQUE (a, b), UNIQUE ("odd, t.name", a),
			FOREIGN KEY (x, y) REFERENCES parents (x, y))`,
		`CREATE UNIQUE INDEX folded ON t (lower(b))`, `CREATE UNIQUE INDEX part ON t (m) WHERE m > 100`,
		`CREATE TABLE strict (id INTEGER PRIMARY KEY, any_number INT, label TEXT NOT NULL) STRICT`,
		`CREATE TRIGGER no_99 BEFORE INSERT ON t WHEN NEW.n = 99 BEGIN SELECT RAISE(ABORT, 'ninety-nine is closed'); END`,
		`CREATE TRIGGER skip_98 BEFORE INSERT ON t WHEN NEW.n = 98 BEGIN SELECT RAISE(IGNORE); END`,
		`CREATE TRIGGER other_97 AFTER INSERT ON t WHEN NEW.n = 97 BEGIN INSERT INTO parents (id) VALUES (1); END`,
		`INSERT INTO t (id, a, b, m, "odd, t.name") VALUES (1, 'a', 'B', 200, 'o')`,
		`CREATE TABLE replaced (id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT REPLACE)`, `INSERT INTO replaced VALUES (1, 'u')`,
		`CREATE TABLE unkeyed (x REFERENCES strict (missing))`)
	fields := func(pairs ...string) Input {
		in := Input{Fields: map[string]Field{}}
		for i := 0; i < len(pairs); i += 2 {
			in.Fields[pairs[i]] = Field{Text: pairs[i+1]}
		}
		return in
	}
	for _, test := range []struct {
		table string
		in    Input
		want  string // the fields
		words string
	}{
		{"t", fields("a", "a", "b", "B"), "b", "taken"}, // the index on lower(b) is asked first
		{"t", fields("a", "a", "odd, t.name", "o"), "a odd, t.name", "together with the same a"},
		{"t", fields("id", "1"), "id", "taken"},
		{"t", fields("b", "b"), "b", "taken"},
		{"t", fields("m", "200"), "m", "taken"},
		{"t", fields("n", "2", "m", "1"), "m n", "together with"},
		{"t", fields("price", "3"), "price", `the rule "price_is_even"`},
		{"t", fields("parent", "9"), "parent", "refers to a record of parents that does not exist"},
		{"t", fields("parent", "1", "code", "three"), "code", "does not exist"},
		{"t", fields("parent", "9", "code", "three", "x", "1", "y", "2"), "code parent x y", "does not exist"},
		{"t", fields("h", "1"), "h", "the table it refers to"},
		{"t", fields("n", "99"), "", "ninety-nine is closed"},
		{"t", fields("n", "98"), "", "a trigger"},
		{"t", fields("n", "97"), "", "what it would do to parents"},
		{"replaced", fields("u", "u"), "u", "taken"},
	} {
		_, err := s.Insert(t.Context(), test.table, test.in)
		if got := wrongFields(t, err); got != test.want || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("insert %+v\nnames %q: %v\nwant  %q: … %s …", test.in.Fields, got, err, test.want, test.words)
		}
	}
	if _, err := s.Insert(t.Context(), "t", fields("code", "ONE", "x", "1", "y", "1", "parent", "2")); err != nil { // as the parent's collation has it
		t.Error(err)
	}
	record := editOf(t, s, "t", keyOf(t, s, "t", "1"))
	if _, err := s.Update(t.Context(), "t", record.Key, record.Token, fields("parent", "7", "a", "new")); wrongFields(t, err) != "parent" {
		t.Error(err)
	}
	if after := editOf(t, s, "t", record.Key); after.Token != record.Token {
		t.Error("a refused update changed the record")
	}
	var broken *UnwritableError
	if _, err := s.Insert(t.Context(), "unkeyed", fields("x", "1")); !errors.As(err, &broken) || !strings.Contains(broken.Reason.String(), "foreign key x of unkeyed refers to columns of strict") {
		t.Errorf("%v, want an UnwritableError about the foreign key", err)
	}
}

func TestBoundsOfChecks(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE t (a INT CHECK (a > 0 AND a <= 10), b REAL CHECK (b BETWEEN -1.5 AND 2), c INT CHECK (c IS NULL OR 5 <= c), d TEXT CHECK (length(d) <= 8), e INT CHECK (e > 0 OR e < -5),
		f DECIMAL(10,2), g TEXT CHECK (length(g) < 3 AND g <> ''), h INT CHECK (NOT h > 3), i DECIMAL(5), j INT CHECK (((j >= 1)) AND j < 100 AND j >= 3), k TEXT CHECK (k > 5),
		l INT CHECK (k IS NULL OR l > 7))`)
	table, _ := s.Schema().Table("t")
	for name, want := range map[string]string{"a": "1 10 0 1", "b": "-1.5 2 0 ", "c": "5  0 1", "d": "  8 ", "e": "  0 1", "f": "  0 0.01", "g": "  2 ", "h": "  0 1", "i": "  0 1", "j": "3 99 0 1", "k": "  0 ", "l": "  0 1"} {
		c, _ := table.Column(name)
		if got := strings.Join([]string{c.Min, c.Max, plainPart(int64(c.MaxLength)), c.Step()}, " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestTextsThatMustBeJSON(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE t (a TEXT CHECK (json_valid(a)), b TEXT CHECK (b IS NULL OR json_valid("b")), c CLOB CHECK (length(c) < 9 AND JSON_VALID(c)), d TEXT CHECK (NOT json_valid(d)),
		e TEXT CHECK (json_valid(e) OR e = ''), f INT CHECK (json_valid(f)), g TEXT CHECK (a IS NULL OR json_valid(g)), h TEXT CHECK (json_valid(h) = 0))`)
	table, _ := s.Schema().Table("t")
	for name, want := range map[string]Kind{"a": KindJSON, "b": KindJSON, "c": KindJSON, "d": KindText, "e": KindText, "f": KindInteger, "g": KindText, "h": KindText} {
		if c, _ := table.Column(name); c.Kind != want {
			t.Errorf("%s: %s, want %s", name, c.Kind, want)
		}
	}
}

func TestForm(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	form := func(name string) map[string]FormField {
		table, _ := s.Schema().Table(name)
		fields := map[string]FormField{}
		for _, f := range table.Form().Fields {
			fields[f.Column.Name] = f
		}
		return fields
	}
	if f := form("generated"); !f["id"].Assigned || f["id"].Required || f["virt"].ReadOnly == "" || f["stor"].ReadOnly == "" || f["price"].ReadOnly != "" {
		t.Errorf("%+v", f)
	}
	if f := form("without"); !f["k"].Required || f["v"].Required {
		t.Errorf("%+v", f)
	}
	if f := form("employees"); f["boss"].Reference == nil || f["boss"].Reference.RefTable != "employees" || f["name"].Reference != nil {
		t.Errorf("%+v", f)
	}
	for name, want := range map[string]string{"good_view": "it is a view", "docs": "it is a virtual table", "users": ""} {
		if table, _ := s.Schema().Table(name); table.ReadOnly != want {
			t.Errorf("%s: read-only %q, want %q", name, table.ReadOnly, want)
		}
	}
}

func TestDecimalsShowTheirScale(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE t (a DECIMAL(10,2), b NUMERIC(20,4), c DECIMAL, d DECIMAL(10,99))`,
		`INSERT INTO t VALUES (192.9, 5, 1.5, 1.5), (-3, 0.12345, 2, 2), (1e300, 1e-7, 1, 1), (0.1, 'free', 0, 0)`)
	page, err := s.List(t.Context(), Query{Table: "t"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"192.90 5.0000 1.5 1.5", "-3.00 0.12345 2 2", "1e+300 0.0000001 1 1", "0.10 free 0 0"}
	for i, row := range page.Rows {
		var texts []string
		for _, cell := range row.Cells {
			texts = append(texts, cell.Text)
		}
		if got := strings.Join(texts, " "); got != want[i] {
			t.Errorf("row %d: %s, want %s", i, got, want[i])
		}
	}
}
