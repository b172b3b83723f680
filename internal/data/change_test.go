// This file tests what an observer is told of writes.

package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	modernc "modernc.org/sqlite"
)

// told is an observer that keeps what it is told, in the form of a line for each change.
type told struct {
	lines   []string
	unseen  []string
	program bool
	ended   int // writes whose last changes were told
	done    []error
	fail    error
	sees    string // a query, asked in the transaction each time
	saw     []string
}

func (w *told) changed(ctx context.Context, tx Tx, changes Changes) error {
	for _, one := range changes.Changes {
		w.lines = append(w.lines, lineOf(one))
	}
	if w.sees != "" {
		var text string
		if err := tx.QueryRowContext(ctx, w.sees).Scan(&text); err != nil {
			return err
		}
		w.saw = append(w.saw, text)
	}
	if !changes.More {
		w.ended++
		w.unseen, w.program = changes.Unseen, changes.Program
	}
	return w.fail
}

// take is what was told since.
func (w *told) take() string {
	lines := w.lines
	w.lines = nil
	return strings.Join(lines, "\n")
}

// expect fails if a write failed, or if something else was told of it.
func (w *told) expect(t *testing.T, what, want string, err error) {
	t.Helper()
	if got := w.take(); err != nil || got != want {
		t.Errorf("%s: %v, told\n%s\nwant\n%s", what, err, got, want)
	}
}

func lineOf(c Change) string {
	line := fmt.Sprintf("%s %s %s", c.Kind, c.Table, c.Key)
	if c.NewKey.String() != c.Key.String() && c.After != nil {
		line += "→" + c.NewKey.String()
	}
	values := func(mark string, values map[string]Datum) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			line += " " + mark + name + "=" + datumText(values[name])
		}
	}
	values("-", c.Before)
	values("+", c.After)
	return line
}

func datumText(d Datum) string {
	switch {
	case d.Masked != nil:
		return "masked:" + hex.EncodeToString(d.Masked[:4])
	case d.Sum != nil:
		return fmt.Sprintf("%d bytes %x", d.Size, d.Sum[:4])
	case d.Value == nil:
		return string(d.Storage)
	}
	if b, ok := d.Value.([]byte); ok {
		return "x" + hex.EncodeToString(b)
	}
	return plainPart(d.Value)
}

// watched is a source whose writes are told to w.
func watched(t *testing.T, w *told, cfg Config, statements ...string) *Source {
	t.Helper()
	s, err := openWritable(t, Config{}, statements...).With(cfg, Guard{Observer: &Observer{Key: []byte("key"), Changed: w.changed,
		Ended: func(_ context.Context, err error) { w.done = append(w.done, err) }}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ledger() []string {
	return []string{
		`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, note TEXT DEFAULT 'none', loud TEXT AS (upper(name)))`,
		`INSERT INTO customers (id, name, password) VALUES (1, 'ann', 's1'), (2, 'bob', 's2'), (3, 'cid', 's3')`,
		`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT NOT NULL REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE, total NUMERIC)`,
		`INSERT INTO orders VALUES (10, 1, 5), (11, 1, 7), (12, 2, 9)`,
		`CREATE TABLE lines (id INTEGER PRIMARY KEY, "order" INT REFERENCES orders ON DELETE CASCADE)`, `INSERT INTO lines VALUES (100, 10), (101, 12)`,
		`CREATE TABLE visits (id INTEGER PRIMARY KEY, customer INT REFERENCES customers ON DELETE SET NULL)`, `INSERT INTO visits VALUES (7, 1), (8, 2)`,
	}
}

func edited(fields ...string) Input {
	in := Input{Fields: map[string]Field{}}
	for i := 0; i < len(fields); i += 2 {
		in.Fields[fields[i]] = Field{Text: fields[i+1]}
	}
	return in
}

func TestWritesTellTheirChanges(t *testing.T) {
	w := &told{}
	s := watched(t, w, Config{}, ledger()...)
	_, err := s.Insert(t.Context(), "customers", edited("name", "dora"))
	w.expect(t, "a new record, with its default and what is computed", `create customers 4 +id=4 +loud=DORA +name=dora +note=none +password=null`, err)

	record := editOf(t, s, "customers", keyOf(t, s, "customers", "1"))
	_, err = s.Update(t.Context(), "customers", record.Key, record.Token, edited("name", "anna", "note", "none"))
	w.expect(t, "an edit: the columns that changed", `update customers 1 -loud=ANN -name=ann +loud=ANNA +name=anna`, err)

	record = editOf(t, s, "customers", record.Key)
	_, err = s.Update(t.Context(), "customers", record.Key, record.Token, edited("name", "anna"))
	w.expect(t, "an edit of nothing", "", err)
	if w.ended != 3 {
		t.Errorf("%d writes ended, want 3", w.ended)
	}

	_, err = s.UpdateMany(t.Context(), ByQuery(Query{Table: "orders"}), edited("total", "7"), "")
	w.expect(t, "an edit of many: the one that had the value did not change", "update orders 10 -total=5 +total=7\nupdate orders 12 -total=9 +total=7", err)

	record = editOf(t, s, "customers", keyOf(t, s, "customers", "3"))
	_, err = s.Update(t.Context(), "customers", record.Key, record.Token, edited("id", "30"))
	w.expect(t, "another key", "update customers 3→30 -id=3 +id=30", err)
	if got := strings.Join(w.unseen, " "); got != "orders" {
		t.Errorf("a changed key may change %s", got)
	}

	err = s.Delete(t.Context(), "customers", keyOf(t, s, "customers", "1"), "")
	w.expect(t, "a deletion, and what goes with it", `delete customers 1 -id=1 -loud=ANNA -name=anna -note=none -password=`+secretText("s1")+`
delete lines 100 -id=100 -order=10
delete orders 10 -customer=1 -id=10 -total=7
delete orders 11 -customer=1 -id=11 -total=7
update visits 7 -customer=1 +customer=null`, err)
	if len(w.unseen) > 0 || w.program {
		t.Errorf("unseen %q, program %v", w.unseen, w.program)
	}

	_, err = s.DeleteMany(t.Context(), ByQuery(Query{Table: "customers", Filters: []Filter{{Column: "id", Op: OpGe, Values: []string{"4"}}}}), "")
	w.expect(t, "a deletion of many", `delete customers 4 -id=4 -loud=DORA -name=dora -note=none -password=null
delete customers 30 -id=30 -loud=CID -name=cid -note=none -password=`+secretText("s3"), err)
}

// secretText is how a line writes the value of the masked column password.
func secretText(value string) string {
	r := &recorder{s: &Source{dialect: &sqlite{}, config: settings{Guard: Guard{Observer: &Observer{Key: []byte("key")}}}}}
	d, _ := r.datum(&scan{values: []any{"text", value}}, &Column{Name: "password", Masked: true})
	return datumText(d)
}

func TestLinksAreChanges(t *testing.T) {
	w := &told{}
	s := watched(t, w, Config{}, shopOfTags()...)
	chair := editOf(t, s, "products", keyOf(t, s, "products", "1"))
	if _, err := s.db.Exec(`UPDATE product_tags SET added = 'then'`); err != nil {
		t.Fatal(err)
	}
	chair = editOf(t, s, "products", chair.Key)
	in := Input{Links: map[string][]Key{"product_tags": {keyOf(t, s, "tags", "w"), keyOf(t, s, "tags", "m")}}}
	if _, err := s.Update(t.Context(), "products", chair.Key, chair.Token, in); err != nil {
		t.Fatal(err)
	}
	want := "unlink product_tags 1,a%2Fb -added=then -product_id=1 -tag=a/b\nlink product_tags 1,m +added="
	if got := w.take(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " +product_id=1 +tag=m") || strings.Count(got, "\n") != 1 {
		t.Errorf("told\n%s", got)
	}
}

// Values that are not kept: a secret, of which is told that it changed, and one that is too long.
func TestSecretsAndLongValuesAreNotInChanges(t *testing.T) {
	w := &told{}
	s := watched(t, w, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, password TEXT, file BLOB)`, `INSERT INTO t VALUES (1, 'old', zeroblob(1048577)), (2, NULL, x'')`)
	change := func(id, column, text string) string {
		t.Helper()
		record := editOf(t, s, "t", keyOf(t, s, "t", id))
		in := edited(column, text)
		in.Masked = []string{"password"}
		if _, err := s.Update(t.Context(), "t", record.Key, record.Token, in); err != nil {
			t.Fatal(err)
		}
		return w.take()
	}
	if got, want := change("1", "password", "new"), "update t 1 -password="+secretText("old")+" +password="+secretText("new"); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if got := change("1", "password", "new"); got != "" {
		t.Errorf("the same secret again: told %s", got)
	}
	if got, want := change("2", "password", "new"), "update t 2 -password=null +password="+secretText("new"); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if got := change("1", "file", "00ff"); got != "update t 1 -file=1048577 bytes f9d3f4a9 +file=x00ff" && !strings.HasPrefix(got, "update t 1 -file=1048577 bytes ") {
		t.Errorf("told %s", got)
	}
}

// What fails tells nobody, wherever it fails; what the observer refuses is undone.
func TestFailedWritesTellNobody(t *testing.T) {
	w := &told{}
	refuses := errors.New("no")
	var hook func(context.Context, Tx, Values) error
	hooks := Hooks{AfterUpdate: func(ctx context.Context, tx Tx, row Values) error {
		if hook == nil {
			return nil
		}
		return hook(ctx, tx, row)
	}}
	s := watched(t, w, Config{Tables: map[string]TableConfig{"orders": {Hooks: hooks}}}, append(ledger(),
		`CREATE TABLE strict (id INTEGER PRIMARY KEY, customer INT REFERENCES customers)`, `INSERT INTO strict VALUES (1, 3)`)...)
	update := func(table, key string, in Input) error {
		record := editOf(t, s, table, keyOf(t, s, table, key))
		_, err := s.Update(t.Context(), table, record.Key, record.Token, in)
		return err
	}
	hook = func(context.Context, Tx, Values) error { return refuses }
	for what, err := range map[string]error{
		"a unique key":       update("customers", "1", edited("name", "bob")),
		"a hook":             update("orders", "10", edited("total", "1")),
		"a hook, among many": second(s.UpdateMany(t.Context(), ByQuery(Query{Table: "orders"}), edited("total", "1"), "")),
		"a stale edit":       second(s.Update(t.Context(), "customers", keyOf(t, s, "customers", "1"), "stale", edited("name", "x"))),
	} {
		if err == nil {
			t.Errorf("%s did not fail", what)
		}
	}
	if got := w.take(); got != "" || w.ended+len(w.done) > 0 {
		t.Errorf("told %d times, %d commits:\n%s", w.ended, len(w.done), got)
	}
	for what, err := range map[string]error{ // at the COMMIT, where SQLite checks references
		"a reference": update("strict", "1", edited("customer", "77")),
		"a deletion":  s.Delete(t.Context(), "customers", keyOf(t, s, "customers", "3"), ""),
	} {
		if err == nil {
			t.Errorf("%s did not fail", what)
		}
	}
	if w.ended != 2 || len(w.done) != 2 || w.done[0] == nil || w.done[1] == nil {
		t.Errorf("told %d times, commits %v", w.ended, w.done)
	}
	hook, w.fail = nil, refuses
	if err := update("customers", "1", edited("name", "changed")); !errors.Is(err, refuses) {
		t.Errorf("the observer refuses: %v", err)
	}
	var name string
	if err := s.db.QueryRowContext(t.Context(), "SELECT name FROM customers WHERE id = 1").Scan(&name); err != nil || name != "ann" {
		t.Errorf("%q is there, %v", name, err)
	}
}

// The observer sees the write done, in its transaction, with what hooks and actions made of it.
func TestChangesAreAsTheTransactionLeavesThem(t *testing.T) {
	w := &told{sees: "SELECT note FROM customers WHERE id = 2"}
	hooks := Hooks{AfterUpdate: func(ctx context.Context, tx Tx, _ Values) error {
		_, err := tx.ExecContext(ctx, "UPDATE customers SET note = 'of the hook' WHERE id = 2")
		return err
	}}
	s := watched(t, w, Config{Tables: map[string]TableConfig{"customers": {Hooks: hooks}}}, ledger()...)
	record := editOf(t, s, "customers", keyOf(t, s, "customers", "2"))
	if _, err := s.Update(t.Context(), "customers", record.Key, record.Token, edited("name", "bert")); err != nil {
		t.Fatal(err)
	}
	if got := w.take(); got != "update customers 2 -loud=BOB -name=bob -note=none +loud=BERT +name=bert +note=of the hook" || !w.program || w.saw[0] != "of the hook" {
		t.Errorf("told %s, program %v, saw %q", got, w.program, w.saw)
	}
	n, err := s.ActMany(t.Context(), ByQuery(Query{Table: "orders"}), func(ctx context.Context, tx Tx, rows iter.Seq2[Values, error]) error {
		for row, err := range rows {
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE orders SET total = total + 1 WHERE id = ? AND id > 10", row["id"]); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM orders WHERE id = 12")
		return err
	}, "")
	if got := w.take(); err != nil || n != 3 || got != "update orders 11 -total=7 +total=8\ndelete orders 12 -customer=2 -id=12 -total=9" {
		t.Errorf("an action: %d, %v, told\n%s", n, err, got)
	}
}

// A row that a trigger keeps is not told as deleted.
func TestWhatATriggerKeepsIsNotDeleted(t *testing.T) {
	w := &told{}
	s := watched(t, w, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, kept INT, touched INT DEFAULT 0)`, `INSERT INTO t (id, kept) VALUES (1, 0), (2, 1), (3, 2)`,
		`CREATE TRIGGER keeps BEFORE DELETE ON t WHEN old.kept > 0 BEGIN UPDATE t SET touched = 1 WHERE id = old.id AND kept = 2; SELECT RAISE(IGNORE); END`)
	n, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "t"}), "")
	if got := w.take(); err != nil || n != 1 || got != "delete t 1 -id=1 -kept=0 -touched=0\nupdate t 3 -touched=0 +touched=1" {
		t.Errorf("%d, %v, told\n%s", n, err, got)
	}
}

// A write of very many tells them some at a time, each once.
func TestManyChangesAreToldSomeAtATime(t *testing.T) {
	var batches []int
	ended := false
	keys := map[string]bool{}
	s, err := openWritable(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)`,
		`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2500) INSERT INTO t SELECT n, 0 FROM i`).
		With(Config{}, Guard{Observer: &Observer{Changed: func(_ context.Context, _ Tx, changes Changes) error {
			batches = append(batches, len(changes.Changes))
			for _, one := range changes.Changes {
				keys[lineOf(one)] = true
			}
			ended = !changes.More
			return nil
		}}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "t"}), edited("n", "1"), "")
	if err != nil || n != 2500 || len(keys) != 2500 || !ended || len(batches) != 3 || slices.Max(batches) > keptChanges {
		t.Errorf("%d updated, %v; %d told, in %v, ended %v", n, err, len(keys), batches, ended)
	}
	batches, ended, keys = nil, false, map[string]bool{}
	n, err = s.DeleteMany(t.Context(), ByQuery(Query{Table: "t"}), "")
	if err != nil || n != 2500 || len(keys) != 2500 || !ended || len(batches) != 3 {
		t.Errorf("%d deleted, %v; %d told, in %v, ended %v", n, err, len(keys), batches, ended)
	}
}

// heard hears the statements of a pool.
type heard struct {
	driver.Connector
	statements []string
}

type heardConn struct {
	driver.Conn
	h *heard
}

func (h *heard) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := h.Connector.Connect(ctx)
	return &heardConn{conn, h}, err
}

func (c *heardConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.h.statements = append(c.h.statements, query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *heardConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.h.statements = append(c.h.statements, query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// An observer costs the reading of what is told, and nothing where there is none.
func TestWhatTellingCosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	base, err := modernc.NewConnector("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{Connector: base}
	db := sql.OpenDB(h)
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range ledger() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	silent, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	observed, err := silent.With(Config{}, Guard{Observer: &Observer{Changed: func(context.Context, Tx, Changes) error { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	name := 0
	count := func(s *Source, write func(s *Source, name string) error) int {
		t.Helper()
		name++
		h.statements = nil
		if err := write(s, fmt.Sprint("name", name)); err != nil {
			t.Fatal(err)
		}
		return len(h.statements)
	}
	record := func(s *Source) *Record { return editOf(t, s, "customers", keyOf(t, s, "customers", "1")) }
	for _, c := range []struct {
		what  string
		write func(s *Source, name string) error
		more  int // statements with an observer
	}{
		{"insert", func(s *Source, name string) error {
			return second(s.Insert(t.Context(), "customers", edited("name", name)))
		}, 1},
		{"update", func(s *Source, name string) error {
			r := record(s)
			h.statements = nil
			return second(s.Update(t.Context(), "customers", r.Key, r.Token, edited("name", name)))
		}, 2},
		{"update of many", func(s *Source, name string) error {
			return second(s.UpdateMany(t.Context(), ByQuery(Query{Table: "customers"}), edited("note", name), ""))
		}, 3}, // which, before, after
		{"delete", func(s *Source, name string) error {
			key, err := s.Insert(t.Context(), "visits", Input{})
			h.statements = nil
			return errors.Join(err, s.Delete(t.Context(), "visits", key, ""))
		}, 1},
	} {
		without, with := count(silent, c.write), count(observed, c.write)
		if with != without+c.more {
			t.Errorf("%s: %d statements, %d with an observer, want %d more:\n%s", c.what, without, with, c.more, strings.Join(h.statements, "\n"))
		}
	}
}
