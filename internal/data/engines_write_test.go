// This file has what the tests of writes to PostgreSQL and to MariaDB assert, each once.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// fieldsOf are the wrong fields of an error, each with what is said of it.
func fieldsOf(err error) string {
	var all FieldErrors
	if !errors.As(err, &all) {
		return fmt.Sprintf("%T: %v", err, err)
	}
	var lines []string
	for _, one := range all {
		lines = append(lines, strings.TrimSpace(one.Field+" "+text.English.Say(one.Message)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// storedText is an expression's value as the engine writes it.
func storedText(t T, s *Source, expression, from string) string {
	t.Helper()
	kind := "text"
	if _, ok := s.dialect.(*mysql); ok {
		kind = "char"
	}
	var value sql.NullString
	if err := s.db.QueryRowContext(ctxOf(t), "SELECT CAST("+expression+" AS "+kind+") FROM "+from).Scan(&value); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if !value.Valid {
		return "NULL"
	}
	return value.String
}

// oneOfTwoSavesIsStale fails if two panels that save one record at the same time are not told that
// one of them did, where the query says that a connection's own isolation is this level.
func oneOfTwoSavesIsStale(t *testing.T, rounds int, query, level string, connect func() *sql.DB) {
	t.Helper()
	for _, statement := range []string{`CREATE TABLE x (id integer PRIMARY KEY, n integer, who varchar(9))`, `INSERT INTO x VALUES (1, 0, '')`} {
		if _, err := connect().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	sources := make([]*Source, 2) // two panels: one lets one writer in at a time
	for i := range sources {
		other := connect()
		var is string
		if err := other.QueryRowContext(t.Context(), query).Scan(&is); err != nil || is != level {
			t.Fatalf("%q, %v", is, err)
		}
		var err error
		if sources[i], err = Open(t.Context(), other, Config{}); err != nil {
			t.Fatal(err)
		}
	}
	key := keyOf(t, sources[0], "x", "1")
	for round := range rounds {
		token := editOf(t, sources[0], "x", key).Token
		var errs [2]error
		var ready, done sync.WaitGroup
		ready.Add(2)
		for i, s := range sources {
			done.Go(func() {
				ready.Done()
				ready.Wait()
				_, errs[i] = s.Update(t.Context(), "x", key, token, edited("n", fmt.Sprint(round+1), "who", fmt.Sprint(i)))
			})
		}
		done.Wait()
		var stale *StaleError
		loser := 0
		if errs[0] == nil {
			loser = 1
		}
		if errs[1-loser] != nil || !errors.As(errs[loser], &stale) || stale.Current == nil {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		if got := storedText(t, sources[0], "n", "x") + storedText(t, sources[0], "who", "x"); got != fmt.Sprintf("%d%d", round+1, 1-loser) {
			t.Fatalf("round %d: %s is there, %d won", round, got, 1-loser)
		}
	}
}

// brokenRule is what is entered, and what is said of it.
type brokenRule struct {
	table  string
	fields []string
	want   string
}

// rulesNameTheirFields fails if a new record, or record 1 changed, is told something else, or if
// one is written.
func rulesNameTheirFields(t *testing.T, s *Source, inserted, updated []brokenRule) {
	t.Helper()
	for _, c := range inserted {
		_, err := s.Insert(t.Context(), c.table, edited(c.fields...))
		if got := fieldsOf(err); got != c.want {
			t.Errorf("%s %q: %s\nwant %s", c.table, c.fields, got, c.want)
		}
	}
	for _, c := range updated {
		record := editOf(t, s, c.table, keyOf(t, s, c.table, "1"))
		_, err := s.Update(t.Context(), c.table, record.Key, record.Token, edited(c.fields...))
		if got := fieldsOf(err); got != c.want {
			t.Errorf("update %q: %s\nwant %s", c.fields, got, c.want)
		}
	}
	var refused *ReferencedError
	if err := s.Delete(t.Context(), "parents", keyOf(t, s, "parents", "1"), ""); !errors.As(err, &refused) || len(refused.Forbid) != 1 || refused.Forbid[0].Table != "kids" {
		t.Errorf("a deletion: %v, %+v", err, refused)
	}
	if _, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "parents"}), ""); !errors.As(err, &refused) || len(refused.Forbid) != 1 || refused.Forbid[0].Table != "kids" {
		t.Errorf("a deletion of many: %v", err)
	}
	if got := storedText(t, s, "count(*)", "kids") + " " + storedText(t, s, "count(*)", "parents") + " " + storedText(t, s, "count(*)", "audited"); got != "2 2 0" {
		t.Errorf("%s rows are there", got)
	}
}

// writtenAsShown is asShown of the columns that can be entered.
func writtenAsShown(record *Record) Input {
	in := asShown(record)
	for _, c := range record.Columns {
		if c.native.unwritable() != "" {
			delete(in.Fields, c.Name)
		}
	}
	return in
}

// alikeIsNotWritten fails if a save of a record of x as it is shown, or with other spellings of its
// values, changes what written says of it. It returns the record.
func alikeIsNotWritten(t *testing.T, s *Source, key Key, alike []map[string]string, written func() string) *Record {
	t.Helper()
	record := editOf(t, s, "x", key)
	in, was := writtenAsShown(record), written()
	for _, spelled := range alike {
		for name, text := range spelled {
			in.Fields[name] = Field{Text: text}
		}
		if _, err := s.Update(t.Context(), "x", key, record.Token, in); err != nil {
			t.Fatal(spelled, fieldsOf(err))
		}
		if is := written(); is != was {
			t.Errorf("%v was written", spelled)
		}
	}
	return record
}

// typeEntry is a type, what is entered in a column of it, and what the engine's client shows then;
// empty: the same.
type typeEntry struct{ typ, enter, want string }

// everyTypeIsWritten fails if a column does not hold what was entered, or if saving what is shown
// changes a row. hash is an expression that is another one for another row of zoo, and show one
// that is what the client shows of a column.
func everyTypeIsWritten(t *testing.T, db *sql.DB, types []typeEntry, hash string, show func(column, typ string) string, statements ...string) {
	t.Helper()
	columns, edits := []string{"id integer PRIMARY KEY"}, []string{"id", "1"}
	for i, one := range types {
		columns = append(columns, fmt.Sprintf("c%d %s", i, one.typ))
		edits = append(edits, fmt.Sprint("c", i), one.enter)
	}
	for _, statement := range append(statements, "CREATE TABLE zoo ("+strings.Join(columns, ", ")+")", `INSERT INTO zoo (id) VALUES (2)`) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.Insert(t.Context(), "zoo", edited(edits...))
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	empty := editOf(t, s, "zoo", keyOf(t, s, "zoo", "2"))
	if _, err := s.Update(t.Context(), "zoo", empty.Key, empty.Token, edited(edits[2:]...)); err != nil {
		t.Fatal(fieldsOf(err))
	}
	was := storedText(t, s, hash, "zoo WHERE id = 1")
	record := editOf(t, s, "zoo", key)
	for i, one := range types {
		want := one.want
		if want == "" {
			want = one.enter
		}
		column := fmt.Sprint("c", i)
		for _, id := range []string{"1", "2"} {
			if got := storedText(t, s, show(column, one.typ), "zoo WHERE id = "+id); got != want {
				t.Errorf("%s %q: %q is stored, want %q", one.typ, one.enter, got, want)
			}
		}
		// saved as it is shown, with a change elsewhere
		cell := record.Cells[slices.IndexFunc(record.Columns, func(c *Column) bool { return c.Name == column })]
		if _, err := s.UpdateMany(t.Context(), ByKeys("zoo", []Key{key}), edited(column, one.enter), ""); err != nil {
			t.Errorf("%s: %v", one.typ, fieldsOf(err))
		}
		if record.Columns[i+1].Kind == KindBlob {
			continue
		}
		now := editOf(t, s, "zoo", key)
		if _, err := s.Update(t.Context(), "zoo", key, now.Token, edited(column, cell.Text)); err != nil {
			t.Errorf("%s, saved as %q: %v", one.typ, cell.Text, fieldsOf(err))
		}
	}
	if storedText(t, s, hash, "zoo WHERE id = 1") != was {
		t.Error("saving what is shown changed the row")
	}
}

// holding begins a transaction that holds row 1 of the table x until the test commits it.
func holding(t *testing.T, s *Source) *sql.Conn {
	t.Helper()
	holder, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Close() })
	for _, statement := range []string{"BEGIN", "SELECT * FROM x WHERE id = 1 FOR UPDATE"} {
		if _, err := holder.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return holder
}

// waitsNoLongerThanItsDeadline fails if an update that waits for a lock past its deadline goes on
// waiting, or is done when the lock is free. free says that nothing waits for a lock.
func waitsNoLongerThanItsDeadline(t *testing.T, s *Source, free func() bool) {
	t.Helper()
	key := keyOf(t, s, "x", "1")
	token := editOf(t, s, "x", key).Token
	holder := holding(t, s)
	if _, err := s.Update(t.Context(), "x", key, token, edited("n", "1")); !errors.Is(err, ErrTimeout) {
		t.Errorf("an update: %v", err)
	}
	if _, err := s.db.ExecContext(t.Context(), "SELECT 1"); err != nil { // the pool is sound
		t.Error(err)
	}
	waitFor(t, "no statement waits for the lock", free)
	if _, err := holder.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if got := storedText(t, s, "n", "x"); got != "0" {
		t.Errorf("%s is there: it was done after its deadline", got)
	}
	if _, err := s.Update(t.Context(), "x", key, token, edited("n", "2")); err != nil {
		t.Error(err)
	}
}

// unansweredCommitsAreUndecided fails if a write whose connection is killed before its COMMIT is
// told as anything else, or if the next one fails.
func unansweredCommitsAreUndecided(t *testing.T, s *Source, kill func(ctx context.Context, tx Tx) error) {
	t.Helper()
	key := keyOf(t, s, "x", "1")
	_, err := s.Update(BeforeCommit(t.Context(), kill), "x", key, editOf(t, s, "x", key).Token, edited("n", "1"))
	if !errors.Is(err, ErrUndecided) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if _, err = s.Update(t.Context(), "x", key, editOf(t, s, "x", key).Token, edited("n", "2")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// writesDoNotWaitForOthers fails if a write that waits for somebody's lock keeps another one
// waiting. waits says that one waits.
func writesDoNotWaitForOthers(t *testing.T, s *Source, waits func() bool) {
	t.Helper()
	holder := holding(t, s)
	one, two := editOf(t, s, "x", keyOf(t, s, "x", "1")), editOf(t, s, "x", keyOf(t, s, "x", "2"))
	done := make(chan error)
	go func() { done <- second(s.Update(t.Context(), "x", one.Key, one.Token, edited("n", "1"))) }()
	waitFor(t, "the first waits for the lock", waits)
	if _, err := s.Update(t.Context(), "x", two.Key, two.Token, edited("n", "2")); err != nil {
		t.Error(err)
	}
	if _, err := holder.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// deletionsMeetSaves fails if a record of x that is deleted, saved, and referred to by one of kids,
// all at once, is neither deleted alone nor kept.
func deletionsMeetSaves(t *testing.T, s *Source, rounds int) {
	t.Helper()
	other, err := Open(t.Context(), s.db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for round := range rounds {
		for _, statement := range []string{"DELETE FROM x", "INSERT INTO x VALUES (1, 0)"} {
			if _, err := s.db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		key := keyOf(t, s, "x", "1")
		preview, err := s.DeletePreview(t.Context(), "x", key)
		if err != nil {
			t.Fatal(err)
		}
		token := editOf(t, s, "x", key).Token
		var deleted, saved, referred error
		var done sync.WaitGroup
		done.Go(func() { deleted = s.Delete(t.Context(), "x", key, preview.Token) })
		done.Go(func() { _, saved = other.Update(t.Context(), "x", key, token, edited("n", "1")) })
		done.Go(func() { _, referred = s.db.ExecContext(t.Context(), "INSERT INTO kids VALUES (1, 1)") })
		done.Wait()
		left := storedText(t, s, "count(*)", "x")
		var stale *StaleError
		switch {
		case deleted == nil && left == "0" && errors.As(saved, &stale) && referred != nil:
		case errors.As(deleted, &stale) && left == "1" && (saved == nil || referred == nil):
		default:
			t.Fatalf("round %d: %s left; deletion %v, save %v, reference %v", round, left, deleted, saved, referred)
		}
	}
}

// rightsAreMet fails if a user who may only delete from the table deletes, and only insert into
// inserts, cannot do that, or is not told what else they may not.
func rightsAreMet(t *testing.T, s *Source) {
	t.Helper()
	key := keyOf(t, s, "deletes", "1")
	preview, err := s.DeletePreview(t.Context(), "deletes", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "deletes", key, preview.Token); err != nil {
		t.Error(err)
	}
	if n, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "deletes"}), ""); n != 1 || err != nil {
		t.Error(n, err)
	}
	made, err := s.Insert(t.Context(), "inserts", edited("id", "1"))
	if err != nil {
		t.Error(err)
	}
	var unwritable *UnwritableError
	if _, err := s.Update(t.Context(), "inserts", made, editOf(t, s, "inserts", made).Token, edited("n", "1")); !errors.As(err, &unwritable) || !strings.Contains(unwritable.Error(), "UPDATE") {
		t.Errorf("%v", err)
	}
	if err := s.Delete(t.Context(), "inserts", made, ""); !errors.As(err, &unwritable) || !strings.Contains(unwritable.Error(), "DELETE") {
		t.Errorf("%v", err)
	}
	if _, err := s.Insert(t.Context(), "deletes", edited("id", "9")); !errors.As(err, &unwritable) || !strings.Contains(unwritable.Error(), "INSERT") {
		t.Errorf("%v", err)
	}
}
