// This file tests what Config.Tables says, hooks and actions.

package data

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

var staff = []string{
	`CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT NOT NULL, nick TEXT, pay INTEGER, pin TEXT)`,
	`CREATE TABLE notes (id INTEGER PRIMARY KEY, staff_id INTEGER REFERENCES staff(id), text TEXT)`,
	`INSERT INTO staff VALUES (1, 'Ann', 'annie', 10, '1234'), (2, 'Bob', 'ann', 20, NULL)`,
	`INSERT INTO notes VALUES (1, 1, 'first'), (2, 2, 'second')`,
}

func TestTableConfig(t *testing.T) {
	base := openWritable(t, Config{}, staff...)
	s, err := base.With(Config{Tables: map[string]TableConfig{"staff": {
		Label: "People", Display: "nick", List: []string{"nick", "name"}, Search: []string{"name"},
		Columns: map[string]ColumnConfig{"pay": {Hide: true}, "pin": {Mask: true}, "id": {Hide: true}, "name": {Label: "Full name", Help: "First name first."}},
	}}}, Guard{})
	if err != nil {
		t.Fatal(err)
	}
	table, _ := s.Schema().Table("staff")
	name, _ := table.Column("name")
	if table.Label != "People" || name.Label != "Full name" || name.Help == "" {
		t.Errorf("the labels are %q, %q, %q", table.Label, name.Label, name.Help)
	}
	page, err := s.List(t.Context(), Query{Table: "staff", Search: "ann"})
	if err != nil || len(page.Rows) != 1 || len(page.Columns) != 2 || page.Columns[0].Name != "nick" {
		t.Fatalf("the list: %v, %+v", err, page)
	}
	if _, err := s.List(t.Context(), Query{Table: "staff", Columns: []string{"pay"}}); err == nil {
		t.Error("a hidden column is read")
	}
	if _, err := s.List(t.Context(), Query{Table: "staff", Filters: []Filter{{Column: "pin", Op: OpEq, Values: []string{"1234"}}}}); err == nil {
		t.Error("a masked column is filtered by")
	}
	notes, err := s.List(t.Context(), Query{Table: "notes"})
	if err != nil || notes.Rows[0].Cells[1].Ref == nil || notes.Rows[0].Cells[1].Ref.Label != "annie" {
		t.Errorf("the label of a reference: %v, %+v", err, notes)
	}
	record, err := s.Edit(t.Context(), "staff", keyOf(t, s, "staff", "1"))
	if err != nil || slices.ContainsFunc(record.Columns, func(c *Column) bool { return c.Name == "pay" }) {
		t.Fatalf("the record: %v, %+v", err, record)
	}
	if _, err := s.Update(t.Context(), "staff", record.Key, record.Token, Input{Fields: map[string]Field{"pay": {Text: "99"}}}); err == nil {
		t.Error("a hidden column is written")
	}
	// The other source is as it was.
	if all, err := base.List(t.Context(), Query{Table: "staff", Columns: []string{"pay"}}); err != nil || len(all.Rows) != 2 {
		t.Errorf("the source that it was made of changed: %v", err)
	}
	for _, wrong := range []TableConfig{
		{Display: "nope"}, {List: []string{"nope"}}, {Search: []string{"pay"}}, {Columns: map[string]ColumnConfig{"nope": {}}},
		{List: []string{"pay"}, Columns: map[string]ColumnConfig{"pay": {Hide: true}}},
	} {
		if _, err := base.With(Config{Tables: map[string]TableConfig{"staff": wrong}}, Guard{}); err == nil || !strings.Contains(err.Error(), "nope") && !strings.Contains(err.Error(), "pay") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if _, err := base.With(Config{Tables: map[string]TableConfig{"nowhere": {}}}, Guard{}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown table: %v", err)
	}
}

// Hooks see and set columns that are hidden, and those that are masked they set.
func TestHooks(t *testing.T) {
	var saw []Values
	base := openWritable(t, Config{}, staff...)
	s, err := base.With(Config{Tables: map[string]TableConfig{"staff": {
		Columns: map[string]ColumnConfig{"pay": {Hide: true}, "pin": {Mask: true}},
		Hooks: Hooks{
			BeforeInsert: func(_ context.Context, _ Tx, row Values) (map[string]Field, error) {
				saw = append(saw, row)
				return map[string]Field{"pay": {Text: "30"}, "pin": {Text: "0000"}}, nil
			},
			BeforeUpdate: func(_ context.Context, _ Tx, old, row Values, given []string) (map[string]Field, error) {
				saw = append(saw, old, row)
				if fmt.Sprint(given) != "[nick]" {
					return nil, fmt.Errorf("given is %v", given)
				}
				return map[string]Field{"pay": {Text: fmt.Sprint(row["pay"].(int64) + 1)}}, nil
			},
		},
	}}}, Guard{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.Insert(t.Context(), "staff", Input{Fields: map[string]Field{"name": {Text: "Cid"}}})
	if err != nil || saw[0]["name"] != "Cid" {
		t.Fatalf("insert: %v, the hook saw %v", err, saw)
	}
	n, err := s.UpdateMany(t.Context(), ByKeys("staff", []Key{key, keyOf(t, s, "staff", "1")}), Input{Fields: map[string]Field{"nick": {Text: "same"}}}, "")
	if err != nil || n != 2 {
		t.Fatalf("update: %d, %v", n, err)
	}
	if old, row := saw[1], saw[2]; old["nick"] == row["nick"] || row["nick"] != "same" || old["pin"] != nil {
		t.Errorf("the hook saw %v, then %v", old, row)
	}
	var got string
	if err := s.db.QueryRowContext(t.Context(), "SELECT group_concat(name || nick || pay || pin) FROM staff WHERE pay > 10 AND nick = 'same'").Scan(&got); err != nil || !strings.Contains(got, "Cidsame310000") || !strings.Contains(got, "Annsame111234") {
		t.Errorf("stored is %q, %v", got, err)
	}
}

func TestActions(t *testing.T) {
	s := openWritable(t, Config{}, staff...)
	raise := func(ctx context.Context, tx Tx, rows iter.Seq2[Values, error]) error {
		for row, err := range rows {
			if err != nil {
				return err
			}
			// Later rows would not match the query any more: they were chosen before.
			if _, err := tx.ExecContext(ctx, "UPDATE staff SET pay = pay + 100"); err != nil {
				return err
			}
			if row["name"] == "Cid" {
				return errors.New("not Cid")
			}
		}
		return nil
	}
	below := Query{Table: "staff", Filters: []Filter{{Column: "pay", Op: OpLt, Values: []string{"100"}}}}
	if n, err := s.ActMany(t.Context(), ByQuery(below), raise, ""); n != 2 || err != nil {
		t.Errorf("all that match: %d, %v", n, err)
	}
	if n, err := s.ActMany(t.Context(), ByKeys("staff", []Key{keyOf(t, s, "staff", "1"), keyOf(t, s, "staff", "1")}), raise, ""); n != 1 || err != nil {
		t.Errorf("one, twice: %d, %v", n, err)
	}
	if _, err := s.db.ExecContext(t.Context(), "INSERT INTO staff (name, pay) VALUES ('Cid', 1)"); err != nil {
		t.Fatal(err)
	}
	var refused *HookError
	if _, err := s.ActMany(t.Context(), ByQuery(Query{Table: "staff"}), raise, ""); !errors.As(err, &refused) {
		t.Errorf("an action that fails: %v", err)
	}
	lost := func(context.Context, Tx, iter.Seq2[Values, error]) error {
		return fmt.Errorf("ask: %w", driver.ErrBadConn)
	}
	if _, err := s.ActMany(t.Context(), ByQuery(Query{Table: "staff"}), lost, ""); !errors.Is(err, ErrUnavailable) || errors.As(err, &refused) {
		t.Errorf("an action whose connection is lost: %v, want ErrUnavailable, which is not the action's own", err)
	}
	var pay string
	if err := s.db.QueryRowContext(t.Context(), "SELECT group_concat(pay) FROM staff").Scan(&pay); err != nil || pay != "310,320,1" {
		t.Errorf("the pay is %s, %v: what failed was not undone", pay, err)
	}
}
