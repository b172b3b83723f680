// This file tests that a write which the database undid because of another transaction is done
// again, whole.

package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
)

// overtaken is a driver's error of SQLITE_BUSY_SNAPSHOT: another transaction wrote what this one
// has read.
type overtaken struct{}

func (overtaken) Error() string { return "database is locked (517)" }
func (overtaken) Code() int     { return 517 }

// TestConflictsAreTriedAgain lets the last hook of each kind of write fail after all was written:
// what the try before has changed, the key too, is nothing that the next one may build on.
func TestConflictsAreTriedAgain(t *testing.T) {
	fails, ran := 0, 0
	hook := func(context.Context, Tx, Values) error {
		if ran++; ran <= fails {
			return fmt.Errorf("of the hook: %w", overtaken{})
		}
		return nil
	}
	open := func(t *testing.T) *Source {
		s, err := openWritable(t, Config{}, "CREATE TABLE t (name TEXT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)", "INSERT INTO t (name) VALUES ('a'), ('b'), ('c')").
			With(Config{Tables: map[string]TableConfig{"t": {Hooks: Hooks{AfterInsert: hook, AfterUpdate: hook, BeforeDelete: hook}}}}, Guard{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	renamed := Input{Fields: map[string]Field{"name": {Text: "z"}}}
	counted := Input{Fields: map[string]Field{"n": {Text: "7"}}}
	for name, c := range map[string]struct {
		write func(s *Source, token string) (any, error)
		want  any
		left  string // of the table
		runs  int    // of the hook, where nothing fails
	}{
		"insert": {func(s *Source, _ string) (any, error) {
			key, err := s.Insert(t.Context(), "t", renamed)
			return key.String(), err
		}, "z", "a0 b0 c0 z0", 1},
		"update of the key": {func(s *Source, token string) (any, error) {
			key, err := s.Update(t.Context(), "t", keyOf(t, s, "t", "a"), token, renamed)
			return key.String(), err
		}, "z", "b0 c0 z0", 1},
		"update of many": {func(s *Source, _ string) (any, error) {
			return s.UpdateMany(t.Context(), ByKeys("t", []Key{keyOf(t, s, "t", "a"), keyOf(t, s, "t", "b")}), counted, "")
		}, int64(2), "a7 b7 c0", 2},
		"delete of many": {func(s *Source, _ string) (any, error) {
			return s.DeleteMany(t.Context(), ByQuery(Query{Table: "t"}), "")
		}, int64(3), "", 3},
		"an action": {func(s *Source, _ string) (any, error) {
			return s.ActMany(t.Context(), ByQuery(Query{Table: "t"}), func(ctx context.Context, tx Tx, rows iter.Seq2[Values, error]) error {
				for row, err := range rows {
					if err != nil {
						return err
					}
					if _, err := tx.ExecContext(ctx, "UPDATE t SET n = n + 1 WHERE name = ?", row["name"]); err != nil {
						return err
					}
				}
				return hook(ctx, tx, nil)
			}, "")
		}, int64(3), "a1 b1 c1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			for n := range 4 { // tries that fail
				s := open(t)
				record, err := s.Edit(t.Context(), "t", keyOf(t, s, "t", "a"))
				if err != nil {
					t.Fatal(err)
				}
				fails, ran = n, 0
				got, err := c.write(s, record.Token)
				left := func() (text string) {
					if err := s.db.QueryRowContext(t.Context(), "SELECT COALESCE(group_concat(name || n, ' '), '') FROM (SELECT * FROM t ORDER BY name)").Scan(&text); err != nil {
						t.Fatal(err)
					}
					return text
				}()
				switch {
				case n < 3 && (err != nil || got != c.want || left != c.left || ran != n+c.runs):
					t.Errorf("%d conflicts: %v, %v; the table is %q, the hook ran %d times", n, got, err, left, ran)
				case n == 3 && (!errors.Is(err, ErrUnavailable) || left != "a0 b0 c0" || ran != 3):
					t.Errorf("3 conflicts: %v, %v; the table is %q, the hook ran %d times", got, err, left, ran)
				}
			}
		})
	}
}
